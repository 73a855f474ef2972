# SPDX-License-Identifier: Apache-2.0
"""OCI-110 to OCI-115: listing tags."""
import pytest
from berthlib import oci
from berthlib.oci import next_link, pages

TAGS = sorted(["0", "9", "A", "B.c", "Z", "_", "_a", "a", "a-b", "a.b", "a_b",
               "aa", "latest", "v1", "v1.2", "v1.2.3", "v10", "v2", "z" * 128,
               "sha256-" + "0" * 64])


@pytest.fixture
def listed(repo):
    """A repository with all of TAGS, pushed out of order."""
    data = repo.push_image(TAGS[7])
    for tag in reversed(TAGS):
        repo.push_manifest(tag, data)
    return repo


def tags(repo, query=""):
    got = repo.get(repo.tags + query).expect(200)
    return got.json()["tags"], next_link(got)


@pytest.mark.backend
def test_OCI_110_list(repo):
    repo.push_image("one")
    got = repo.get(repo.tags).expect(200)
    assert got.get("Content-Type").split(";")[0] == "application/json"
    assert got.json() == {"name": repo.name, "tags": ["one"]}


@pytest.mark.backend
def test_OCI_110_empty_is_no_null(repo):
    data = repo.push_image()
    assert repo.get(repo.tags).expect(200).json() == {
        "name": repo.name, "tags": []}
    repo.push_manifest("one", data)
    repo.delete(repo.manifest("one")).expect(202)
    assert repo.get(repo.tags).expect(200).json()["tags"] == []


def test_OCI_110_unknown_repository(repo):
    repo.get(repo.tags).error(404, "NAME_UNKNOWN")
    repo.get(repo.tags + "?n=0").error(404, "NAME_UNKNOWN")


@pytest.mark.backend
def test_OCI_111_byte_order(listed):
    found, link = tags(listed)
    assert found == TAGS
    assert link is None


@pytest.mark.backend
@pytest.mark.parametrize("n", [1, 2, 3, 7, 19, 20, 21, 1000])
def test_OCI_112_pages_of_n(listed, n):
    found = pages(listed.client, listed.tags + "?n=%d" % n, "tags")
    assert [tag for page in found for tag in page] == TAGS
    assert all(len(page) == n for page in found[:-1])
    assert 0 < len(found[-1]) <= n


def test_OCI_112_zero(listed):
    for query in ("?n=0", "?n=0&last=a", "?n=00"):
        assert tags(listed, query) == ([], None)


@pytest.mark.parametrize("n", [
    "-1", "abc", "", "1.5", "0x10", "%2B1", "1%20", "1e3", "-0", "--1",
    "%00", "1,2"])
def test_OCI_112_garbage(listed, n):
    listed.get(listed.tags + "?n=" + n).error(400, "UNSUPPORTED")


@pytest.mark.backend
def test_OCI_113_last_is_exclusive(listed):
    for at in (0, 5, len(TAGS) - 2, len(TAGS) - 1):
        assert tags(listed, "?last=" + TAGS[at]) == (TAGS[at + 1:], None)
        found, _ = tags(listed, "?n=3&last=" + TAGS[at])
        assert found == TAGS[at + 1:at + 4]


def test_OCI_113_last_need_not_exist(listed):
    for last in ("!", "5", "M", "a-c", "v1.2.2", "zzz", "~", "latest0"):
        wanted = [tag for tag in TAGS if tag > last]
        assert tags(listed, "?last=" + last)[0] == wanted
    assert tags(listed, "?last=")[0] == TAGS


def test_OCI_113_percent_decoded(listed):
    assert tags(listed, "?last=%76%31%2E%32")[0] == \
        TAGS[TAGS.index("v1.2") + 1:]
    assert tags(listed, "?last=a&n=%32")[0] == \
        TAGS[TAGS.index("a") + 1:][:2]


@pytest.mark.backend
def test_OCI_114_link(listed):
    got = listed.get(listed.tags + "?n=4").expect(200)
    link = got.get("Link")
    assert link.startswith("<%s?" % listed.tags), link
    assert link.endswith('>; rel="next"'), link
    assert "n=4" in link and "last=" in link


def test_OCI_114_none_on_the_last_page(listed):
    count = len(TAGS)
    assert tags(listed, "?n=%d" % count)[1] is None
    assert tags(listed, "?n=%d" % (count + 1))[1] is None
    assert tags(listed, "?n=5&last=" + TAGS[-6])[1] is None
    assert tags(listed, "?n=4&last=" + TAGS[-6])[1] is not None
    assert tags(listed, "?n=4&last=~") == ([], None)


@pytest.mark.parametrize("n", [
    "1000000000", "2147483648", "9223372036854775808",
    "99999999999999999999999999999999"])
def test_OCI_114_huge_n(listed, n):
    """Clamped (or refused, once it is no number), never allocated."""
    got = listed.get(listed.tags + "?n=" + n).expect(200, 400)
    if got.status == 200:
        assert got.json()["tags"] == TAGS


@pytest.mark.backend
def test_OCI_114_clamped_to_page_max(own_server):
    server = own_server("registry.page_max=10")
    repo = oci.Repository(server.client(), "paged")
    data = repo.push_image("t00")
    names = ["t%02d" % n for n in range(25)]
    for name in names:
        repo.push_manifest(name, data)
    for query in ("", "?n=11", "?n=1000000"):
        found = pages(repo.client, repo.tags + query, "tags")
        assert [len(page) for page in found] == [10, 10, 5], query
        assert [tag for page in found for tag in page] == names


@pytest.mark.backend
def test_OCI_115_prefixes_page_correctly(listed):
    for n in (1, 2):
        found = pages(listed.client, listed.tags + "?n=%d&last=v" % n, "tags")
        assert [tag for page in found for tag in page] == [
            "v1", "v1.2", "v1.2.3", "v10", "v2", "z" * 128]
    assert tags(listed, "?last=v1&n=1")[0] == ["v1.2"]
    assert tags(listed, "?last=v1.2&n=1")[0] == ["v1.2.3"]


def test_OCI_115_marker_that_was_deleted(listed):
    first, link = tags(listed, "?n=5")
    listed.delete(listed.manifest(first[-1])).expect(202)
    got = listed.get(link).expect(200)
    assert got.json()["tags"] == TAGS[5:10]
