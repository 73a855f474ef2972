#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every lint over the tree, and over a fixture that it must refuse.

usage: run.py [LINT...]

A lint yields (path, line, message). tests/lint/fixtures/LINT/ is a small tree
whose EXPECT lists each path:line that the lint must name, and no other: a lint
that cannot fail is worthless.
"""
import os
import sys

import ccode
import tables
import text
from tree import folder_tree, working_tree

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

LINTS = {
    "layers": ccode.layers,
    "fences": ccode.fences,
    "sizes": ccode.sizes,
    "banned": ccode.banned,
    "formatting": ccode.formatting,
    "documented": ccode.documented,
    "fields": ccode.fields,
    "licence": text.licence,
    "unfinished": text.unfinished,
    "places": text.places,
    "error_kinds": tables.error_kinds,
    "generated": tables.generated,
}

# The fixtures are no programs: what the generator would say is in a file.
FIXTURE_ARGUMENTS = {
    "generated": {"generate": lambda tree, name: tree.text("want/" + name)},
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def refuses_fixture(name, lint):
    """Does the lint name exactly the places the fixture expects?"""
    root = os.path.join(HERE, "fixtures", name)
    want = set(read(os.path.join(root, "EXPECT")).split())
    found = lint(folder_tree(root), **FIXTURE_ARGUMENTS.get(name, {}))
    got = {f"{path}:{line}" for path, line, _ in found}
    for place in sorted(want - got):
        print(f"fixtures/{name}/{place}: was not found")
    for place in sorted(got - want):
        print(f"fixtures/{name}/{place}: was found, but is fine")
    return bool(want) and got == want


def accepts_tree(lint, tree):
    found = sorted(set(lint(tree)))
    for path, line, message in found:
        print(f"{path}:{line}: {message}")
    return not found


def main(names):
    unknown = [n for n in names if n not in LINTS]
    if unknown:
        print(f"there is no lint {unknown[0]}; there are {' '.join(LINTS)}")
        return 2
    tree = working_tree(TOP)
    passed = failed = 0
    for name, lint in LINTS.items():
        if names and name not in names:
            continue
        for what, fine in ((f"{name} can fail", refuses_fixture(name, lint)),
                           (name, accepts_tree(lint, tree))):
            print("passed" if fine else "failed", what)
            passed += fine
            failed += not fine
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
