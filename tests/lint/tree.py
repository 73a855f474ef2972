# SPDX-License-Identifier: Apache-2.0
"""The files a lint looks at, and C source cut into what a lint can judge."""
import os
import re
import subprocess

PRODUCT = ("base", "conf", "storage", "auth", "scanner", "scheduler", "server",
           "cli", "agent", "bench")
FIXTURES = "tests/lint/fixtures/"


class Tree:
    """A folder and the paths of its files, relative to it."""

    def __init__(self, root, paths):
        self.root = root
        self.paths = sorted(paths)
        self.texts = {}

    def full(self, path):
        return os.path.join(self.root, path)

    def text(self, path):
        if path not in self.texts:
            with open(self.full(path), encoding="utf-8",
                      errors="replace") as file:
                self.texts[path] = file.read()
        return self.texts[path]

    def lines(self, path):
        """Pairs of line number and line."""
        return list(enumerate(self.text(path).splitlines(), 1))

    def has(self, path):
        return path in self.paths

    def c_files(self, product_only=True, suffixes=(".c", ".h")):
        return [p for p in self.paths if p.endswith(suffixes) and
                (p.split("/")[0] in PRODUCT or not product_only)]


def working_tree(root):
    """What git tracks or would track, without the lints' own fixtures."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"],
                         cwd=root, check=True, capture_output=True, text=True)
    return Tree(root, [p for p in out.stdout.splitlines()
                       if not p.startswith(FIXTURES) and
                       os.path.isfile(os.path.join(root, p))])


def folder_tree(root):
    """Every file below root but EXPECT."""
    paths = []
    for folder, _, names in os.walk(root):
        for name in names:
            paths.append(os.path.relpath(os.path.join(folder, name), root))
    return Tree(root, [p for p in paths if p != "EXPECT"])


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'
                   r"'(?:\\.|[^'\\\n])*'", re.S)


# A macro that stands for a whole declaration, without a semicolon.
LONE_MACRO = re.compile(r"^[A-Z][A-Z0-9_]*\([^;{}()]*\)$", re.M)


def blank(match):
    """Keeps newlines and quotes, so that positions stay what they were."""
    text = match.group(0)
    inner = re.sub(r"[^\n]", " ", text)
    return '"' + inner[2:] + '"' if text[0] == '"' else inner


def strip_c(text):
    """C without comments, string contents and preprocessor lines."""
    text = TOKEN.sub(blank, text)
    out, in_directive = [], False
    for line in text.split("\n"):
        directive = in_directive or line.lstrip().startswith("#")
        in_directive = directive and line.endswith("\\")
        out.append(" " * len(line) if directive else line)
    return LONE_MACRO.sub(blank, "\n".join(out))


def strip_comments(text):
    """C without comments and string contents, directives kept."""
    return TOKEN.sub(blank, text)


def top_level(stripped):
    """The declarations and function heads of a file: (line, text, ends_with).

    ends_with is ";" for a declaration, "{" for what has a body.
    """
    depth, start, found = 0, 0, []
    for at, char in enumerate(stripped):
        if char == "{":
            if depth == 0:
                found.append((start, stripped[start:at], "{"))
            depth += 1
        elif char == "}":
            depth -= 1
            start = at + 1 if depth == 0 else start
        elif char == ";" and depth == 0:
            found.append((start, stripped[start:at], ";"))
            start = at + 1
    result = []
    for begin, text, end in found:
        lead = len(text) - len(text.lstrip())
        line = stripped.count("\n", 0, begin + lead) + 1
        if text.strip():
            result.append((line, text.strip(), end))
    return result


STRUCT = re.compile(r"\b(?:struct|union)\b[\w\s]*\{")


def line_at(text, position):
    return text.count("\n", 0, position) + 1


def fields_of(stripped):
    """The fields of every struct: (first line, last line, declaration)."""
    found = []
    for match in STRUCT.finditer(stripped):
        depth, start = 1, match.end()
        for at in range(match.end(), len(stripped)):
            depth += (stripped[at] == "{") - (stripped[at] == "}")
            if depth == 0:
                break
            if stripped[at] == ";" and depth == 1:
                text = stripped[start:at]
                first = start + len(text) - len(text.lstrip())
                found.append((line_at(stripped, first),
                              line_at(stripped, at), " ".join(text.split())))
                start = at + 1
    return sorted(set(found))


def comments_of(text):
    """(first line, last line, does it begin its line) of each comment."""
    return [(line_at(text, m.start()), line_at(text, m.end()),
             not text[text.rfind("\n", 0, m.start()) + 1:m.start()].strip())
            for m in TOKEN.finditer(text) if m[0].startswith("/")]


ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)\s*(?=[;{]|$|\w|__)", re.S)
ANNOTATION = re.compile(r"\b(?:REQUIRES|EXCLUDES|ACQUIRE|RELEASE|PRINTF_LIKE|"
                        r"[A-Z][A-Z0-9_]*)\s*\([^()]*\)")
FUNCTION = re.compile(r"^(?P<head>[\w\s*]+?[\s*])(?P<name>\w+)\s*"
                      r"\((?P<parameters>.*)\)$", re.S)


def split_parameters(text):
    """The parameters between a function's parentheses."""
    depth, parts = 0, [""]
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    parts = [" ".join(p.split()) for p in parts]
    return [] if parts in ([""], ["void"]) else parts


def function_of(text):
    """(head, name, parameters) if text declares a function."""
    text = ANNOTATION.sub("", ATTRIBUTE.sub("", text)).strip()
    match = FUNCTION.match(text)
    if not match or "=" in text or match["head"].split()[0] == "typedef":
        return None
    return (match["head"].strip(), match["name"],
            split_parameters(match["parameters"]))
