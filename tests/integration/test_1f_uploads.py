# SPDX-License-Identifier: Apache-2.0
"""OCI-050 to OCI-060: the ways to push a blob."""
import re

import pytest
from berthlib import oci
from berthlib.wire import Connection

BODY = bytes(range(256)) * 20
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OCTETS = ("Content-Type", "application/octet-stream")


def absent(repo, data, algorithm="sha256"):
    reply = repo.get(repo.blob(oci.digest(data, algorithm)))
    reply.error(404, "BLOB_UNKNOWN", "NAME_UNKNOWN")


def created(repo, reply, data, algorithm="sha256"):
    """201, and the Location is where the blob now is."""
    name = oci.digest(data, algorithm)
    reply.expect(201)
    assert reply.get("Docker-Content-Digest") == name, str(reply)
    got = repo.get(reply.get("Location")).expect(200)
    assert got.body == data
    assert got.asked.split(" ")[1] == repo.blob(name)


def patch(repo, place, data, first=None, form="%d-%d"):
    headers = [OCTETS]
    if first is not None:
        headers.append(("Content-Range",
                        form % (first, first + len(data) - 1)))
    return repo.client.request("PATCH", place, data, headers)


def close(repo, place, name, data=None, headers=()):
    return repo.client.request("PUT", oci.finish(place, name), data,
                               [OCTETS] + list(headers))


def test_OCI_050_session(repo):
    places = set()
    for _ in range(3):
        reply = repo.client.request("POST", repo.uploads).expect(202)
        place = reply.get("Location")
        assert place.startswith(repo.uploads), str(reply)
        assert UUID.search(place), str(reply)
        assert reply.get("Range") in (None, "0-0"), str(reply)
        assert reply.get("Content-Length") == "0"
        places.add(place)
    assert len(places) == 3


def test_OCI_051_path_is_enough(repo):
    place = repo.start()
    assert "?" not in place
    reply = close(repo, place.split("?")[0], oci.digest(BODY), BODY)
    created(repo, reply, BODY)


def test_OCI_051_other_queries_are_borne(repo):
    place = repo.start() + "?digest=%s&_state=abc&x" % oci.digest(BODY)
    assert patch(repo, place, BODY).expect(202)
    created(repo, repo.client.request("PUT", place), BODY)


@pytest.mark.backend
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_OCI_052_monolithic_put(repo, algorithm):
    reply = close(repo, repo.start(), oci.digest(BODY, algorithm), BODY)
    created(repo, reply, BODY, algorithm)


def test_OCI_052_percent_encoded_digest(repo):
    name = oci.digest(BODY).replace(":", "%3A")
    created(repo, close(repo, repo.start(), name, BODY), BODY)


def test_OCI_052_large_body(repo):
    data = BODY * 2000
    created(repo, close(repo, repo.start(), oci.digest(data), data), data)


@pytest.mark.backend
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_OCI_053_single_post(repo, algorithm):
    reply = repo.client.request(
        "POST", repo.uploads + "?digest=" + oci.digest(BODY, algorithm),
        BODY, [OCTETS])
    created(repo, reply, BODY, algorithm)


def test_OCI_053_single_post_in_chunked_coding(repo):
    reply = repo.client.request(
        "POST", repo.uploads + "?digest=" + oci.digest(BODY), BODY, [OCTETS],
        chunked=700)
    created(repo, reply, BODY)


def test_OCI_054_wrong_digest(repo):
    wrong = oci.digest(b"something else")
    place = repo.start()
    close(repo, place, wrong, BODY).error(400, "DIGEST_INVALID")
    absent(repo, BODY)
    absent(repo, b"something else")
    reply = repo.client.request(
        "POST", repo.uploads + "?digest=" + wrong, BODY, [OCTETS])
    reply.error(400, "DIGEST_INVALID")
    absent(repo, b"something else")
    place = repo.start()
    patch(repo, place, BODY).expect(202)
    close(repo, place, wrong).error(400, "DIGEST_INVALID")
    absent(repo, BODY)


def test_OCI_054_body_shorter_than_its_length(repo):
    place = repo.start()
    name = oci.digest(BODY)
    conn_head = repo.client.head(
        "PUT", oci.finish(place, name), [OCTETS], len(BODY) + 10)
    conn = Connection(repo.client.address)
    conn.send(conn_head + BODY)
    conn.sock.shutdown(1)
    conn.closed(5)
    conn.close()
    absent(repo, BODY)


BAD = ["sha256:baddigeststring", "sha999:" + "a" * 64, "sha256:", "nonsense",
       "md5:" + "a" * 32]


@pytest.mark.parametrize("bad", BAD)
def test_OCI_055_post_only(repo, bad):
    reply = repo.client.request(
        "POST", repo.uploads + "?digest=" + bad, BODY, [OCTETS])
    reply.error(400, "DIGEST_INVALID")
    absent(repo, BODY)


@pytest.mark.parametrize("bad", BAD)
def test_OCI_055_post_and_put(repo, bad):
    close(repo, repo.start(), bad, BODY).error(400, "DIGEST_INVALID")
    absent(repo, BODY)


@pytest.mark.parametrize("bad", BAD)
def test_OCI_055_chunked(repo, bad):
    place = repo.start()
    place = patch(repo, place, BODY, 0).expect(202).get("Location")
    close(repo, place, bad).error(400, "DIGEST_INVALID")
    place = repo.start()
    place = patch(repo, place, BODY[:100], 0).expect(202).get("Location")
    close(repo, place, bad, BODY[100:], [
        ("Content-Range", "100-%d" % (len(BODY) - 1))]).error(
            400, "DIGEST_INVALID")
    absent(repo, BODY)


@pytest.mark.parametrize("bad", BAD)
def test_OCI_055_streamed(repo, bad):
    place = patch(repo, repo.start(), BODY).expect(202).get("Location")
    close(repo, place, bad).error(400, "DIGEST_INVALID")
    absent(repo, BODY)


def test_OCI_055_no_digest(repo):
    place = repo.start()
    repo.client.request("PUT", place, BODY, [OCTETS]).error(
        400, "DIGEST_INVALID")
    absent(repo, BODY)


@pytest.mark.backend
def test_OCI_056_chunks(repo):
    place = repo.start()
    for at in range(0, len(BODY), 1500):
        piece = BODY[at:at + 1500]
        reply = patch(repo, place, piece, at).expect(202)
        assert reply.get("Range") == "0-%d" % (at + len(piece) - 1)
        place = reply.get("Location")
        assert place.startswith(repo.uploads)
    created(repo, close(repo, place, oci.digest(BODY)), BODY)


@pytest.mark.parametrize("form", [
    "bytes %d-%d/5120", "bytes %d-%d/*", "bytes %d-%d", "%d-%d/5120"])
def test_OCI_056_other_forms_of_content_range(repo, form):
    place = repo.start()
    reply = patch(repo, place, BODY[:100], 0, form).expect(202)
    assert reply.get("Range") == "0-99"
    reply = patch(repo, place, BODY[100:], 100, form).expect(202)
    created(repo, close(repo, place, oci.digest(BODY)), BODY)


def out_of_order(repo, reply, end):
    reply.expect(416)
    assert reply.get("Range") == "0-%d" % end, str(reply)
    assert reply.get("Location").startswith(repo.uploads), str(reply)


@pytest.mark.backend
@pytest.mark.parametrize("first", [0, 99, 101, 200, 1 << 40])
def test_OCI_057_out_of_order_chunk(repo, first):
    place = repo.start()
    patch(repo, place, BODY[:100], 0).expect(202)
    out_of_order(repo, patch(repo, place, BODY[100:200], first), 99)
    assert repo.get(place).expect(204).get("Range") == "0-99"
    patch(repo, place, BODY[100:], 100).expect(202)
    created(repo, close(repo, place, oci.digest(BODY)), BODY)


def test_OCI_057_first_chunk_not_at_zero(repo):
    place = repo.start()
    out_of_order(repo, patch(repo, place, BODY[100:200], 100), 0)
    patch(repo, place, BODY, 0).expect(202)
    created(repo, close(repo, place, oci.digest(BODY)), BODY)


def test_OCI_058_out_of_order_final_chunk(repo):
    place = repo.start()
    patch(repo, place, BODY[:100], 0).expect(202)
    name = oci.digest(BODY)
    for first in (0, 99, 101, 5000):
        last = first + len(BODY) - 101
        reply = close(repo, place, name, BODY[100:], [
            ("Content-Range", "%d-%d" % (first, last))])
        out_of_order(repo, reply, 99)
    absent(repo, BODY)
    reply = close(repo, place, name, BODY[100:], [
        ("Content-Range", "100-%d" % (len(BODY) - 1))])
    created(repo, reply, BODY)


@pytest.mark.backend
def test_OCI_059_streamed_patch(repo):
    place = repo.start()
    reply = patch(repo, place, BODY).expect(202)
    assert reply.get("Range") == "0-%d" % (len(BODY) - 1)
    created(repo, close(repo, reply.get("Location"), oci.digest(BODY)), BODY)


@pytest.mark.parametrize("piece", [1, 1000, 100000])
def test_OCI_059_chunked_coding(repo, piece):
    data = BODY if piece == 1 else BODY * 40
    place = repo.start()
    reply = repo.client.request("PATCH", place, data, [OCTETS],
                                chunked=piece).expect(202)
    assert reply.get("Range") == "0-%d" % (len(data) - 1)
    created(repo, close(repo, reply.get("Location"), oci.digest(data)), data)


def test_OCI_059_several_streams_append(repo):
    place = repo.start()
    for at in (0, 1000, 2000):
        patch(repo, place, BODY[at:at + 1000]).expect(202)
    created(repo, close(repo, place, oci.digest(BODY[:3000])), BODY[:3000])


@pytest.mark.backend
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_OCI_060_closing_put(repo, algorithm):
    name = oci.digest(BODY, algorithm)
    place = patch(repo, repo.start(), BODY[:3000], 0).get("Location")
    reply = close(repo, place, name, BODY[3000:], [
        ("Content-Range", "3000-%d" % (len(BODY) - 1))])
    created(repo, reply, BODY, algorithm)
    again = repo.name + algorithm
    data = again.encode() + BODY
    place = patch(repo, repo.start(), data, 0).get("Location")
    reply = close(repo, place, oci.digest(data, algorithm))
    created(repo, reply, data, algorithm)


def test_OCI_060_last_chunk_without_content_range(repo):
    place = patch(repo, repo.start(), BODY[:10], 0).get("Location")
    created(repo, close(repo, place, oci.digest(BODY), BODY[10:]), BODY)


def test_OCI_060_last_chunk_in_chunked_coding(repo):
    place = patch(repo, repo.start(), BODY[:10], 0).get("Location")
    reply = repo.client.request(
        "PUT", oci.finish(place, oci.digest(BODY)), BODY[10:], [OCTETS],
        chunked=333)
    created(repo, reply, BODY)


def test_OCI_060_session_is_gone_afterwards(repo):
    place = repo.start()
    name = oci.digest(BODY)
    close(repo, place, name, BODY).expect(201)
    repo.get(place).error(404, "BLOB_UPLOAD_UNKNOWN")
    patch(repo, place, b"x").error(404, "BLOB_UPLOAD_UNKNOWN")
    close(repo, place, name, BODY).error(404, "BLOB_UPLOAD_UNKNOWN")
    repo.delete(place).error(404, "BLOB_UPLOAD_UNKNOWN")
