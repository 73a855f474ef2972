# SPDX-License-Identifier: Apache-2.0
"""OCI-097 to OCI-102: media types, sizes, tag lists, and when a push shows."""
import json
import threading

import pytest
from berthlib import oci
from berthlib.wire import WireError

from test_1h_manifest_push import parts, stored  # noqa: F401

MIB = 1 << 20


@pytest.mark.parametrize("parameters", [
    "; charset=utf-8", ";charset=\"utf-8\"", " ; a=b; c=d"])
def test_OCI_097_parameters_are_ignored(repo, parts, parameters):
    data = oci.image(*parts)
    repo.put("one", data, oci.MANIFEST + parameters).expect(201)
    got = repo.get(repo.manifest("one")).expect(200)
    assert got.get("Content-Type") == oci.MANIFEST


@pytest.mark.parametrize("said", [
    oci.INDEX, oci.DOCKER_MANIFEST, oci.DOCKER_LIST])
def test_OCI_097_body_says_otherwise(repo, parts, said):
    data = oci.image(*parts)
    repo.put("one", data, said).error(400, "MANIFEST_INVALID")
    repo.get(repo.manifest("one")).expect(404)


@pytest.mark.parametrize("kind", [oci.MANIFEST, oci.INDEX])
@pytest.mark.parametrize("named", [True, False])
def test_OCI_097_layers_and_manifests(repo, parts, kind, named):
    """One document must not be an image to one and an index to another."""
    document = json.loads(oci.image(*parts))
    document["manifests"] = []
    document["mediaType"] = kind
    if not named:
        del document["mediaType"]
    repo.put("one", oci.dump(document), kind).error(400, "MANIFEST_INVALID")
    del document["layers"]
    repo.put("one", oci.dump(document), kind).error(400, "MANIFEST_INVALID")


def test_OCI_097_image_as_index_and_back(repo, parts):
    image = json.loads(oci.image(*parts))
    del image["mediaType"]
    repo.put("one", oci.dump(image), oci.INDEX).error(
        400, "MANIFEST_INVALID")
    index = json.loads(oci.index([]))
    del index["mediaType"]
    repo.put("one", oci.dump(index), oci.MANIFEST).error(
        400, "MANIFEST_INVALID")


@pytest.mark.parametrize("data", [
    b"", b"{", b"[]", b"null", b"{}", b'"text"', b"\x00", b"{}{}",
    b'{"schemaVersion":1}', b'{"schemaVersion":2}',
    b'{"schemaVersion":"2","layers":[]}'])
def test_OCI_097_no_manifest(repo, data):
    repo.push_image("first")
    for kind in (oci.MANIFEST, oci.INDEX, oci.DOCKER_MANIFEST):
        repo.put("one", data, kind).error(400, "MANIFEST_INVALID")
    repo.get(repo.manifest("one")).expect(404)


@pytest.mark.parametrize("kind", [
    "text/plain", "application/json", "application/octet-stream", "x",
    oci.CONFIG])
def test_OCI_097_unknown_types(repo, parts, kind):
    document = json.loads(oci.image(*parts))
    document["mediaType"] = kind
    repo.put("one", oci.dump(document), kind).error(
        (400, 415), "MANIFEST_INVALID", "UNSUPPORTED")


def grown(config, layers, size):
    """An image manifest of exactly this size."""
    document = json.loads(oci.image(config, layers))
    document["annotations"] = {"pad": ""}
    document["annotations"]["pad"] = "p" * (size - len(oci.dump(document)))
    data = oci.dump(document)
    assert len(data) == size
    return data


@pytest.mark.backend
@pytest.mark.parametrize("size", [100000, 3900000, 4 * MIB])
def test_OCI_098_large_manifests(repo, parts, size):
    stored(repo, "large", grown(*parts, size))


@pytest.mark.parametrize("chunked", [None, 65536])
def test_OCI_098_too_large(repo, parts, chunked):
    data = grown(*parts, 4 * MIB + 1)
    reply = repo.client.request(
        "PUT", repo.manifest("large"), data,
        [("Content-Type", oci.MANIFEST)], chunked=chunked)
    reply.error(413, "SIZE_INVALID")
    repo.get(repo.manifest("large")).expect(404)


def test_OCI_098_limit_is_an_option(own_server):
    server = own_server("registry.manifest_max=64KiB")
    repo = oci.Repository(server.client(), "small")
    config = b"{}"
    repo.push_blob(config)
    stored(repo, "fits", grown(config, [], 65536))
    repo.put("over", grown(config, [], 65537)).error(413, "SIZE_INVALID")


def tagged(repo, name, data, tags):
    query = "?" + "&".join("tag=" + tag for tag in tags)
    return repo.put(name + query, data)


@pytest.mark.backend
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_OCI_099_tag_list(repo, parts, algorithm):
    data = oci.image(*parts)
    name = oci.digest(data, algorithm)
    tags = ["t%02d" % n for n in range(12)]
    reply = tagged(repo, name, data, tags).expect(201)
    listed = [tag.strip() for value in reply.all("OCI-Tag")
              for tag in value.split(",")]
    assert sorted(listed) == tags, str(reply)
    assert reply.get("Docker-Content-Digest") == name
    assert repo.get(repo.tags).json()["tags"] == tags
    for tag in tags:
        assert repo.get(repo.manifest(tag)).expect(200).body == data
    assert repo.get(repo.manifest(name)).expect(200).body == data


def test_OCI_099_tags_move(repo):
    repo.push_image("moved", "old")
    data = repo.push_image("first", "new")
    tagged(repo, oci.digest(data), data, ["moved", "fresh"]).expect(201)
    assert repo.get(repo.manifest("moved")).body == data
    assert repo.get(repo.tags).json()["tags"] == ["first", "fresh", "moved"]


def test_OCI_099_bad_tag_in_the_list(repo, parts):
    """All or none: the good tag beside the bad one is not made."""
    data = oci.image(*parts)
    for bad in ("-bad", "", "a%2Fb", "a" * 129):
        tagged(repo, oci.digest(data), data, ["good", bad]).error(
            400, "MANIFEST_INVALID", "NAME_INVALID")
    repo.get(repo.manifest("good")).expect(404)
    repo.get(repo.manifest(oci.digest(data))).expect(404)


def test_OCI_099_too_many_tags(repo, own_server, parts):
    data = oci.image(*parts)
    name = oci.digest(data)
    tagged(repo, name, data, ["t%d" % n for n in range(100)]).expect(414)
    tagged(repo, name, data, ["t" * 9000]).expect(414)
    tags = ["t%d" % n for n in range(1000)]
    try:
        tagged(repo, name, data, tags).expect(414)
    except WireError as error:
        # So many parameters end the connection before they are looked at.
        assert "closed after b''" in str(error), error
    assert repo.get(repo.manifest("t0")).status == 404
    server = own_server("registry.tags_per_push=10")
    other = oci.Repository(server.client(), "few")
    other.push_blob(b"{}")
    data = oci.image(b"{}", [])
    name = oci.digest(data)
    got = tagged(other, name, data, tags[:11]).expect(414)
    assert got.json()["errors"][0]["code"] in oci.CODES, str(got)
    tagged(other, name, data, tags[:10]).expect(201)


def test_OCI_099_tag_list_on_a_tag(repo, parts):
    """Beside a tag in the path the list is refused, or obeyed, not both."""
    data = oci.image(*parts)
    reply = tagged(repo, "base", data, ["more"]).expect(201, 400)
    have = repo.get(repo.tags)
    tags = have.json()["tags"] if have.status == 200 else []
    if reply.status == 400:
        assert tags == []
    elif reply.all("OCI-Tag"):
        assert tags == ["base", "more"]
    else:
        assert tags == ["base"]


def test_OCI_099_no_tag_no_header(repo, parts):
    reply = repo.put("one", oci.image(*parts)).expect(201)
    assert reply.get("OCI-Tag") in (None, "one")


@pytest.mark.backend
def test_OCI_100_subject_header(repo):
    image = repo.push_image("image")
    _, reply = repo.push_artifact(oci.descriptor(image, oci.MANIFEST))
    assert reply.get("OCI-Subject") == oci.digest(image)
    index = oci.index([(image, oci.MANIFEST)],
                      subject=oci.descriptor(image, oci.MANIFEST))
    reply = repo.put("index", index, oci.INDEX).expect(201)
    assert reply.get("OCI-Subject") == oci.digest(image)
    assert repo.put("image", image).get("OCI-Subject") is None


@pytest.mark.backend
def test_OCI_101_same_bytes_again(repo):
    data = repo.push_image("one")
    for _ in range(2):
        repo.put("one", data).expect(201)
        repo.put(oci.digest(data), data).expect(201)
    assert repo.get(repo.tags).json()["tags"] == ["one"]


def test_OCI_101_other_bytes_move_a_mutable_tag(repo):
    old = repo.push_image("one", "old")
    new = repo.push_image("one", "new")
    assert repo.get(repo.manifest("one")).body == new
    assert repo.get(repo.manifest(oci.digest(old))).body == old


@pytest.mark.backend
@pytest.mark.disk
def test_OCI_102_durable_before_201(own_server):
    """Whatever was answered 201 is there after a kill."""
    server = own_server()
    repo = oci.Repository(server.client(), "durable")
    images = {}
    for n in range(5):
        images["t%d" % n] = repo.push_image("t%d" % n, str(n))
    server.restart(hard=True)
    repo = oci.Repository(server.client(), "durable")
    assert repo.get(repo.tags).json()["tags"] == sorted(images)
    for tag, data in images.items():
        assert repo.get(repo.manifest(tag)).expect(200).body == data
        document = json.loads(data)
        for entry in [document["config"]] + document["layers"]:
            body = repo.get(repo.blob(entry["digest"])).expect(200).body
            assert oci.digest(body) == entry["digest"]


@pytest.mark.backend
def test_OCI_102_atomic(repo):
    """A reader sees the old image or the new one, whole, never neither."""
    images = [repo.push_image("flip", str(n)) for n in range(2)]
    stop = threading.Event()
    failures = []

    def read():
        client = repo.client.clone()
        try:
            while not stop.is_set():
                got = client.get(repo.manifest("flip")).expect(200)
                assert got.body in images
                digest = got.get("Docker-Content-Digest")
                assert digest == oci.digest(got.body)
                client.get(repo.manifest(digest)).expect(200)
        except BaseException as error:
            failures.append(error)
        client.close()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for n in range(30):
        repo.push_manifest("flip", images[n % 2])
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
