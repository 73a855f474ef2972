# SPDX-License-Identifier: Apache-2.0
"""OCI-030 to OCI-035: pulling blobs, whole and in ranges."""
import random
import threading

import pytest
from berthlib import oci
from berthlib.oci import Repository

SIZE = 5000
BODY = random.Random(1).randbytes(SIZE)


@pytest.fixture
def blob(repo):
    return repo.blob(repo.push_blob(BODY))


@pytest.mark.backend
@pytest.mark.parametrize("size", [0, 1, 4096, 100000, 3 << 20])
def test_OCI_030_exact_bytes(repo, size):
    body = random.Random(size).randbytes(size)
    name = repo.push_blob(body)
    got = repo.get(repo.blob(name)).expect(200)
    assert got.get("Content-Length") == str(size)
    assert got.body == body


@pytest.mark.backend
def test_OCI_030_visible_in_its_repository_only(repo, api, name):
    digest = repo.push_blob(b"mine " + name.encode())
    other = Repository(api, name + "/other")
    other.get(other.blob(digest)).error(
        404, "BLOB_UNKNOWN", "NAME_UNKNOWN")
    other.push_blob(b"now it exists")
    other.get(other.blob(digest)).error(404, "BLOB_UNKNOWN")


@pytest.mark.backend
def test_OCI_031_digest_in_the_algorithm_asked_for(repo):
    short = repo.push_blob(BODY)
    long = repo.push_blob(BODY, "sha512")
    for name in (short, long):
        for fetch in (repo.get, repo.head):
            got = fetch(repo.blob(name)).expect(200)
            assert got.get("Docker-Content-Digest") == name
        assert repo.get(repo.blob(name)).body == BODY


def test_OCI_031_sha512_is_an_identity_of_its_own(repo):
    """A blob pushed by one name is not there by the other."""
    repo.push_blob(b"only sha512", "sha512")
    repo.get(repo.blob(oci.digest(b"only sha512"))).error(
        404, "BLOB_UNKNOWN")


def test_OCI_032_unknown(repo):
    repo.push_blob(b"makes the repository")
    for algorithm in ("sha256", "sha512"):
        name = oci.digest(b"absent", algorithm)
        repo.get(repo.blob(name)).error(404, "BLOB_UNKNOWN")


def partial(repo, blob, value, first, last):
    got = repo.get(blob, {"Range": value}).expect(206)
    assert got.get("Content-Range") in (
        "bytes %d-%d/%d" % (first, last, SIZE),
        "bytes %d-%d/*" % (first, last)), str(got)
    assert got.get("Content-Length") == str(last - first + 1)
    assert got.body == BODY[first:last + 1]


@pytest.mark.backend
def test_OCI_033_range_first_to_last(repo, blob):
    partial(repo, blob, "bytes=500-1499", 500, 1499)
    partial(repo, blob, "bytes=0-0", 0, 0)
    partial(repo, blob, "bytes=0-%d" % (SIZE - 1), 0, SIZE - 1)
    partial(repo, blob, "Bytes=1-2", 1, 2)


def test_OCI_033_range_to_the_end(repo, blob):
    partial(repo, blob, "bytes=500-", 500, SIZE - 1)
    partial(repo, blob, "bytes=%d-" % (SIZE - 1), SIZE - 1, SIZE - 1)


@pytest.mark.backend
def test_OCI_033_range_suffix(repo, blob):
    partial(repo, blob, "bytes=-500", SIZE - 500, SIZE - 1)
    partial(repo, blob, "bytes=-1", SIZE - 1, SIZE - 1)
    partial(repo, blob, "bytes=-999999", 0, SIZE - 1)


def test_OCI_033_range_clipped_at_the_end(repo, blob):
    partial(repo, blob, "bytes=4000-99999", 4000, SIZE - 1)
    partial(repo, blob, "bytes=0-99999999999999999999", 0, SIZE - 1)


def test_OCI_033_range_of_sha512(repo):
    name = repo.push_blob(BODY, "sha512")
    partial(repo, repo.blob(name), "bytes=10-19", 10, 19)
    got = repo.get(repo.blob(name), {"Range": "bytes=10-19"})
    assert got.get("Docker-Content-Digest") == name


@pytest.mark.parametrize("value", [
    "bytes=500-0", "bytes=%d-" % SIZE, "bytes=%d-%d" % (SIZE, SIZE + 9),
    "bytes=99999-", "bytes=-0"])
def test_OCI_034_range_not_satisfiable(repo, blob, value):
    got = repo.get(blob, {"Range": value}).expect(416)
    assert got.get("Content-Range") == "bytes */%d" % SIZE, str(got)


def test_OCI_034_range_of_an_empty_blob(repo):
    name = repo.push_blob(b"")
    got = repo.get(repo.blob(name), {"Range": "bytes=0-"}).expect(416, 200)
    assert BODY not in got.body


def test_OCI_035_accept_ranges(repo, blob):
    for fetch in (repo.get, repo.head):
        assert fetch(blob).expect(200).get("Accept-Ranges") == "bytes"


def test_OCI_035_if_range(repo, blob):
    tag = repo.head(blob).get("ETag")
    partial_of = {"Range": "bytes=10-19", "If-Range": tag}
    assert repo.get(blob, partial_of).expect(206).body == BODY[10:20]
    for other in ('"another"', "W/" + tag,
                  "Sun, 06 Nov 1994 08:49:37 GMT"):
        got = repo.get(blob, {"Range": "bytes=10-19", "If-Range": other})
        assert got.expect(200).body == BODY


@pytest.mark.parametrize("value", [
    "bytes=0-1,4-5", "bytes=" + ",".join("%d-%d" % (i, i)
                                         for i in range(0, 2000, 2))])
def test_OCI_035_many_ranges(repo, blob, value):
    """Answered whole, or with one range; never with a list of parts."""
    got = repo.get(blob, {"Range": value}).expect(200, 206, 416)
    assert "multipart" not in got.get("Content-Type", ""), str(got)
    if got.status == 200:
        assert got.body == BODY


@pytest.mark.parametrize("value", [
    "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "lines=1-2", "bytes 0-1",
    "bytes=1-2-3", "bytes=0x1-2", "bytes=-1-2", "bytes=18446744073709551616-",
    "bytes=+1-2"])
def test_OCI_035_malformed_ranges(repo, blob, value):
    """An invalid Range is ignored, or refused; never half obeyed."""
    got = repo.get(blob, {"Range": value}).expect(200, 400, 416)
    if got.status == 200:
        assert got.body == BODY


def test_OCI_035_head_ignores_range(repo, blob):
    got = repo.head(blob, {"Range": "bytes=0-9"}).expect(200, 206)
    length = SIZE if got.status == 200 else 10
    assert got.get("Content-Length") == str(length)


@pytest.mark.backend
def test_OCI_035_parallel_ranges(repo):
    body = random.Random(2).randbytes(1 << 20)
    target = repo.blob(repo.push_blob(body))
    piece, found, failures = 1 << 16, {}, []

    def fetch(part):
        client = repo.client.clone()
        try:
            for at in range(part * piece, len(body), piece * 4):
                got = client.get(target, headers={
                    "Range": "bytes=%d-%d" % (at, at + piece - 1)})
                found[at] = got.expect(206).body
        except BaseException as error:
            failures.append(error)
        client.close()

    threads = [threading.Thread(target=fetch, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    assert b"".join(found[at] for at in sorted(found)) == body
