# SPDX-License-Identifier: Apache-2.0
"""Every row of the acceptance lists has a test, and rows.tsv says where."""
import glob
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
ROW = re.compile(r"^\| ?((?:OCI|IMG|DKR|TOK)-\d+)", re.M)
TEST = re.compile(r"^def (test_([A-Z]+_?\d+)_\w+)\(", re.M)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def ids():
    return read(os.path.join(HERE, "ids.txt")).split()


def rows():
    """{id: (files, remains)} of rows.tsv."""
    found = {}
    for line in read(os.path.join(HERE, "rows.tsv")).splitlines():
        if line.startswith("#"):
            continue
        row, files, remains = line.split("\t")
        assert row not in found, row + " stands twice"
        found[row] = (files.split(), remains)
    return found


def functions():
    """{id: {file}} of the test functions."""
    found = {}
    for path in glob.glob(os.path.join(HERE, "test_*.py")):
        for _, row in TEST.findall(read(path)):
            found.setdefault(row.replace("_", "-"), set()).add(
                os.path.basename(path))
    return found


def test_every_id_has_a_row():
    assert list(rows()) == ids()


def test_every_row_has_its_tests():
    found = functions()
    for row, (files, _) in rows().items():
        assert set(files) == found.get(row, set()), row


def test_no_test_names_an_unknown_row():
    assert set(functions()) <= set(ids())


def test_no_two_tests_of_one_name():
    """In one file the second would silently replace the first."""
    for path in glob.glob(os.path.join(HERE, "test_*.py")):
        names = [name for name, _ in TEST.findall(read(path))]
        assert len(names) == len(set(names)), path


def test_ids_are_those_of_the_acceptance_list():
    """Only where the list lies beside the tree."""
    path = os.path.join(TOP, "..", "shared", "acceptance", "oci.md")
    if not os.path.exists(path):
        return
    listed = ROW.findall(read(path))
    assert listed == [row for row in ids() if "-" in row]
