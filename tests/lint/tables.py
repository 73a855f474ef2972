# SPDX-License-Identifier: Apache-2.0
"""Lints of the .def tables against what must follow them."""
import os
import re
import subprocess

from tree import strip_comments

ROW = re.compile(r"^\s*ERR\(\s*([A-Z0-9_]+)\s*,", re.M)
ERRORS = "base/errors.def"
DOCUMENT = "docs/ERRORS.md"
PROTOCOL_TABLES = ("server/oci/oci_error.c", "server/aws/aws_error.c")


def rows(tree):
    """(line, kind, text after the name) of each row of errors.def."""
    if not tree.has(ERRORS):
        return []
    text = tree.text(ERRORS)
    bare = strip_comments(text)
    return [(bare.count("\n", 0, m.start(1)) + 1, m[1], text[m.end():])
            for m in ROW.finditer(bare)]


def error_kinds(tree):
    """Every kind of failure is explained, and each protocol has its answer."""
    kinds = rows(tree)
    if not kinds:
        yield ERRORS, 1, "holds no row"
    document = tree.text(DOCUMENT) if tree.has(DOCUMENT) else ""
    tables = [t for t in PROTOCOL_TABLES if tree.has(t)]
    for line, kind, rest in kinds:
        summary = re.match(r'\s*"((?:\\.|[^"\\])*)"', rest)
        if not summary or not summary[1].strip():
            yield ERRORS, line, f"{kind} has no summary"
        if not re.search(r"\b%s\b" % kind, document):
            yield ERRORS, line, f"{kind} is not in {DOCUMENT}"
        for table in tables:
            if not re.search(r"\bERR_%s\b" % kind,
                             strip_comments(tree.text(table))):
                yield ERRORS, line, f"{kind} has no row in {table}"


# What the generator writes, and where it is kept.
GENERATED = {
    "berth.1": "docs/berth.1",
    "berth.bash": "docs/berth.bash",
    "berth.fish": "docs/berth.fish",
    "berth.zsh": "docs/berth.zsh",
    "berthd.8": "docs/berthd.8",
    "options": "docs/OPTIONS.md",
    "errors": "docs/ERRORS.md",
    "example": "conf/registry.conf.example",
}


def run_generator(tree, name):
    program = os.path.join(tree.root, "build/docs/generate")
    return subprocess.run([program, name], check=True, capture_output=True,
                          text=True).stdout


def generated(tree, generate=run_generator):
    """Generated documents are what their tables say today."""
    for name, path in GENERATED.items():
        try:
            want = generate(tree, name)
        except (OSError, subprocess.CalledProcessError) as failure:
            yield path, 1, f"cannot be generated: {failure}"
            continue
        have = tree.text(path) if tree.has(path) else ""
        if have == want:
            continue
        pairs = zip(have.splitlines() + [None], want.splitlines() + [None])
        line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), 1)
        yield path, line, "differs; run: cmake --build build --target documents"
