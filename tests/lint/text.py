# SPDX-License-Identifier: Apache-2.0
"""Lints of any text: licence line, unfinished work, places of one machine."""
import os
import re

NEEDS_LICENCE = (".c", ".h", ".def", ".py", ".sh", ".cmake", ".sql", ".pml")
LICENCE = "SPDX-License-Identifier: Apache-2.0"
BINARY = (".png", ".gz", ".tar", ".zst", ".bin", ".db")
CORPUS = "tests/fuzz/corpus/"


def readable(tree):
    return [p for p in tree.paths
            if not p.endswith(BINARY) and not p.startswith(CORPUS)]


def licence(tree):
    """The first line, or the second of a script, names the licence."""
    for path in readable(tree):
        lines = tree.text(path).splitlines()[:2]
        script = bool(lines) and lines[0].startswith("#!")
        named = (path.endswith(NEEDS_LICENCE) or script or
                 os.path.basename(path) == "CMakeLists.txt")
        if not named:
            continue
        at = 1 if script else 0
        if len(lines) <= at or LICENCE not in lines[at]:
            yield path, at + 1, f"does not say {LICENCE}"


# Written in pieces, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(
    ("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")


def unfinished(tree):
    """Work is finished or an issue: the code holds no notes to self."""
    for path in readable(tree):
        for number, line in tree.lines(path):
            match = UNFINISHED.search(line)
            if match:
                yield path, number, f"{match[1]} belongs in an issue"


PLACES = re.compile(r"(?<![\w.])/(wor" r"k|hom" r"e|roo" r"t|User" r"s)/\w+")


def places(tree):
    """No path of the machine on which something was written."""
    for path in readable(tree):
        for number, line in tree.lines(path):
            match = PLACES.search(line)
            if match:
                yield path, number, f"{match[0]} is a place of one machine"
