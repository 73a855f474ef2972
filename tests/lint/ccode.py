# SPDX-License-Identifier: Apache-2.0
"""Lints of C code: who includes whom, sizes, names, format, documentation."""
import fnmatch
import re
import subprocess

from tree import (comments_of, fields_of, function_of, strip_c, strip_comments,
                  top_level)

# Who may include what. A folder alone allows all its headers; "folder/file.h"
# only that one. STYLE of the project: the arrows point down, never up.
LAYERS = {
    "base": ["base"],
    "conf": ["base", "conf"],
    "storage": ["base", "conf", "storage"],
    "auth": ["base", "conf", "auth", "storage/meta*.h",
             "storage/refname.h"],
    "scanner": ["base", "conf", "scanner", "storage/registry.h",
                "storage/blob.h", "storage/meta.h"],
    "scheduler": ["base", "conf", "scheduler", "storage/registry.h",
                  "storage/meta.h"],
    "server": ["base", "conf", "storage", "auth", "scanner", "scheduler",
               "server"],
    "cli": ["base", "cli", "storage/manifest.h", "storage/refname.h"],
    "agent": ["base", "conf", "scheduler", "agent"],
    "bench": ["base", "bench"],
}
DRIVER = re.compile(r"storage/\w*_driver\.h$")
DRIVERS_MEET_IN = "server/app.c"

# Headers of third parties, and the only files that may see them.
FENCES = {
    r"microhttpd\.h": r"server/http/mhd_\w+\.c",
    r"gnutls/.*\.h": r"server/http/tls_\w+\.[ch]",
    r"sqlite3\.h": r"storage/sql_sqlite\.c",
    r"libpq-fe\.h": r"storage/sql_pg\.c",
    r"curl/.*\.h": r"(base/httpc|cli/client)\.c",
    r"zstd\.h": r"scanner/inflate\.c",
    r"yaml\.h": r"conf/\w+\.[ch]",
    r"archive(_entry)?\.h": r"cli/\w+\.c",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def allowed(caller, path, header):
    if DRIVER.match(header) and caller == "server":
        return path == DRIVERS_MEET_IN
    return header.split("/")[0] in LAYERS[caller] or any(
        fnmatch.fnmatch(header, name) for name in LAYERS[caller])


def layers(tree):
    """Every include stays within the table of who may call whom."""
    for path in tree.c_files():
        caller = path.split("/")[0]
        for number, line in tree.lines(path):
            match = INCLUDE.match(line)
            if not match or not match[1]:
                continue
            if "/" not in match[1]:
                yield path, number, f'"{match[1]}" is not a full path'
            elif not allowed(caller, path, match[1]):
                yield path, number, f"{caller}/ may not include {match[1]}"


def fences(tree):
    """Third-party headers are included only by the files that wrap them."""
    archives = set()
    for path in tree.c_files():
        for number, line in tree.lines(path):
            match = INCLUDE.match(line)
            if not match or not match[2]:
                continue
            for header, place in FENCES.items():
                if not re.fullmatch(header, match[2]):
                    continue
                if not re.fullmatch(place, path):
                    yield path, number, f"<{match[2]}> belongs to {place}"
                elif header.startswith("archive"):
                    archives.add(path)
                    if len(archives) > 1:
                        yield path, number, "a second file uses libarchive"


FUNCTION_LINES, COMPLEXITY, FILE_LINES, HEADER_LINES = 60, 15, 600, 200
PARAMETERS, NESTING, COLUMNS = 6, 3, 80
MCCABE = re.compile(r"(\d+)\t\d+\t\d+\t(\d+)\t(\d+)\t(.+)\(\d+\): (.+)")


def functions_too_big(tree, paths):
    if not paths:
        return
    out = subprocess.run(["pmccabe", *paths], cwd=tree.root, check=True,
                         capture_output=True, text=True).stdout
    for line in out.splitlines():
        match = MCCABE.match(line)
        if not match:
            continue
        complexity, first, lines = (int(match[i]) for i in (1, 2, 3))
        if complexity > COMPLEXITY:
            yield match[4], first, (f"{match[5]} has complexity {complexity}, "
                                    f"over {COMPLEXITY}")
        if lines > FUNCTION_LINES:
            yield match[4], first, (f"{match[5]} has {lines} lines, "
                                    f"over {FUNCTION_LINES}")


def weighed(parameters):
    """How many things a caller must think of: err is on every function, and a
    callback's context is half of the callback, as is the connection that the
    HTTP library hands to its own."""
    return len([p for p in parameters if p not in
                ("struct err *err", "void *context", "struct err *",
                 "void *", "struct MHD_Connection *wire")])


def sizes(tree):
    """Functions, files, parameter lists, nesting and lines stay small."""
    yield from functions_too_big(tree, tree.c_files(suffixes=(".c",)))
    for path in tree.c_files():
        limit = HEADER_LINES if path.endswith(".h") else FILE_LINES
        lines = tree.lines(path)
        if len(lines) > limit:
            yield path, limit + 1, f"{len(lines)} lines, over {limit}"
        for number, line in lines:
            if len(line.expandtabs(8)) > COLUMNS:
                yield path, number, f"over {COLUMNS} columns"
        stripped = strip_c(tree.text(path))
        for number, line in enumerate(stripped.split("\n"), 1):
            # The format is fixed, so tabs before a keyword are its nesting.
            if re.match(r"\t{%d,}(if|for|while|do|switch)\b" % (NESTING + 1),
                        line):
                yield path, number, f"nested deeper than {NESTING}"
        for number, text, _ in top_level(stripped):
            function = function_of(text)
            if function and weighed(function[2]) > PARAMETERS:
                yield path, number, (f"{function[1]} takes "
                                     f"{weighed(function[2])} parameters, "
                                     f"over {PARAMETERS}")


BANNED = ("strcpy strcat strncpy strncat sprintf vsprintf strtok gets atoi "
          "atol strtol gmtime localtime ctime mktemp system popen alloca")
BANNED_CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED.split()))


def banned(tree):
    """Names that invite overruns or surprises are not called."""
    for path in tree.c_files(product_only=False):
        text = strip_comments(tree.text(path))
        for number, line in enumerate(text.split("\n"), 1):
            for match in BANNED_CALL.finditer(line):
                yield path, number, f"{match[1]}() is banned"


FORMAT = re.compile(r"(.+?):(\d+):\d+: error: .*clang-format-violations")


def formatting(tree):
    """The code is as clang-format writes it."""
    paths = tree.c_files(product_only=False)
    if not paths:
        return
    out = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths],
                         cwd=tree.root, capture_output=True, text=True)
    seen = False
    for line in out.stderr.splitlines():
        match = FORMAT.match(line)
        if match:
            seen = True
            yield match[1], int(match[2]), "is not as clang-format writes it"
    if out.returncode != 0 and not seen:
        yield paths[0], 1, "clang-format failed: " + out.stderr.strip()


def under_comment(raw, line):
    """Does a comment stand above line, in its own paragraph?"""
    at = line - 2
    while at >= 0 and raw[at].strip():
        if raw[at].rstrip().endswith("*/"):
            return True
        at -= 1
    return False


def documented(tree):
    """Every function of a product header stands in a paragraph whose comment
    explains it; a comment may explain several that belong together."""
    for path in tree.c_files(suffixes=(".h",)):
        raw = tree.text(path).split("\n")
        for number, text, _ in top_level(strip_c(tree.text(path))):
            function = function_of(text)
            if not function or "static" in function[0].split():
                continue
            if not under_comment(raw, number):
                yield path, number, f"{function[1]} has no comment"


NAME = re.compile(r"(\w+)\s*(?:\[[^]]*\]\s*)*(?::\s*\w+)?$")


def field_name(declaration):
    """What a declaration without its semicolon declares."""
    pointer = re.search(r"\(\s*\*\s*(\w+)", declaration)
    match = pointer or NAME.search(declaration)
    return match[1] if match else declaration


def fields(tree):
    """Every field of a struct in a product header is explained: on its line,
    right above it, or above a run of fields that have no comment else."""
    for path in tree.c_files(suffixes=(".h",)):
        text = tree.text(path)
        comments = comments_of(text)
        starts = {first for first, _, _ in comments}
        above = {last for _, last, whole in comments if whole}
        covered = set()  # Last lines of fields that a comment above explains.
        for first, last, declaration in fields_of(strip_c(text)):
            if starts.intersection(range(first, last + 1)):
                continue
            if first - 1 in above or first - 1 in covered:
                covered.add(last)
                continue
            yield path, first, f"{field_name(declaration)} has no comment"
