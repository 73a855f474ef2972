# SPDX-License-Identifier: Apache-2.0
"""OCI-020 to OCI-025: pulling manifests."""
import pytest
from berthlib import oci
from berthlib.oci import Repository


@pytest.mark.backend
def test_OCI_020_exact_bytes(repo):
    odd = repo.push_image("odd", **{"annotations": {"é": "\u2028 \\/ \t"}})
    padded = b"  \n" + odd + b"\n\n "
    repo.push_manifest("padded", padded)
    for ref, data in (("odd", odd), (oci.digest(odd), odd),
                      ("padded", padded), (oci.digest(padded), padded)):
        got = repo.get(repo.manifest(ref)).expect(200)
        assert got.body == data
        assert got.get("Content-Length") == str(len(data))


@pytest.mark.backend
def test_OCI_021_digest_header_by_tag_and_digest(repo):
    data = repo.push_image("one")
    for ref in ("one", oci.digest(data)):
        got = repo.get(repo.manifest(ref)).expect(200)
        assert got.get("Docker-Content-Digest") == oci.digest(data)


@pytest.mark.backend
def test_OCI_021_in_the_algorithm_asked_for(repo):
    data = repo.push_image("one")
    name = oci.digest(data, "sha512")
    repo.put(name, data).expect(201)
    for ref, wanted in ((name, name), (oci.digest(data), oci.digest(data))):
        for fetch in (repo.get, repo.head):
            got = fetch(repo.manifest(ref)).expect(200)
            assert got.get("Docker-Content-Digest") == wanted


def test_OCI_022_unknown_manifest(repo):
    repo.push_image("one")
    repo.get(repo.manifest("none")).error(404, "MANIFEST_UNKNOWN")
    repo.get(repo.manifest(oci.digest(b"no"))).error(404, "MANIFEST_UNKNOWN")
    repo.get(repo.manifest(oci.digest(b"no", "sha512"))).error(
        404, "MANIFEST_UNKNOWN")


def test_OCI_022_unknown_repository(repo):
    for ref in ("latest", oci.digest(b"no")):
        repo.get(repo.manifest(ref)).error(404, "NAME_UNKNOWN")


def test_OCI_022_manifest_of_another_repository(repo, api, name):
    data = repo.push_image("one")
    other = Repository(api, name + "/other")
    other.push_image("one", "else")
    other.get(other.manifest(oci.digest(data))).error(404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize("kind", [
    oci.MANIFEST, oci.DOCKER_MANIFEST])
def test_OCI_023_content_type(repo, kind):
    data = repo.push_image("one", kind=kind)
    for ref in ("one", oci.digest(data)):
        for fetch in (repo.get, repo.head):
            got = fetch(repo.manifest(ref)).expect(200)
            assert got.get("Content-Type") == kind
            assert got.get("Content-Length") == str(len(data))


def test_OCI_023_no_parameters(repo):
    data = repo.push_image("one")
    repo.put("two", data, oci.MANIFEST + "; charset=utf-8").expect(201)
    got = repo.get(repo.manifest("two")).expect(200)
    assert got.get("Content-Type") == oci.MANIFEST


@pytest.mark.parametrize("accept", [
    None, "", "*/*", "application/*", oci.MANIFEST, oci.MANIFEST.upper(),
    "%s, %s" % (oci.INDEX, oci.MANIFEST), "application/*;q=0.1",
    oci.INDEX + ";q=1.0, */*;q=0.5", "text/plain, %s;q=0.2" % oci.MANIFEST,
    oci.MANIFEST + "; charset=utf-8"])
def test_OCI_024_accept_serves(repo, accept):
    data = repo.push_image("one")
    headers = {} if accept is None else {"Accept": accept}
    got = repo.get(repo.manifest("one"), headers).expect(200)
    assert got.body == data


def test_OCI_024_several_accept_headers(repo):
    data = repo.push_image("one")
    got = repo.get(repo.manifest("one"), [
        ("Accept", oci.INDEX), ("Accept", oci.DOCKER_LIST),
        ("Accept", oci.MANIFEST)]).expect(200)
    assert got.body == data


@pytest.mark.parametrize("accept", [
    oci.INDEX, oci.DOCKER_MANIFEST, "text/*", oci.MANIFEST + ";q=0",
    "*/*;q=0"])
def test_OCI_024_accept_excludes(repo, accept):
    """What is stored is never converted into what is wanted."""
    repo.push_image("one")
    repo.get(repo.manifest("one"), {"Accept": accept}).error(
        406, "UNSUPPORTED")


def test_OCI_025_etag_and_cache_control(repo):
    data = repo.push_image("one")
    tag = '"%s"' % oci.digest(data)
    by_tag = repo.get(repo.manifest("one")).expect(200)
    by_digest = repo.get(repo.manifest(oci.digest(data))).expect(200)
    assert by_tag.get("ETag") == tag
    assert by_digest.get("ETag") == tag
    assert "no-cache" in by_tag.get("Cache-Control")
    assert "immutable" in by_digest.get("Cache-Control")


def test_OCI_025_blob_etag(repo):
    name = repo.push_blob(b"cached for ever")
    got = repo.get(repo.blob(name)).expect(200)
    assert got.get("ETag") == '"%s"' % name
    assert "immutable" in got.get("Cache-Control")
    same = repo.get(repo.blob(name), {"If-None-Match": got.get("ETag")})
    same.expect(304)


@pytest.mark.parametrize("form", ['"%s"', 'W/"%s"', '"x", "%s"', "*"])
def test_OCI_025_not_modified(repo, form):
    data = repo.push_image("one")
    value = form % oci.digest(data) if "%s" in form else form
    for ref in ("one", oci.digest(data)):
        for fetch in (repo.get, repo.head):
            got = fetch(repo.manifest(ref), {"If-None-Match": value})
            got.expect(304)
            assert got.body == b""
            assert got.get("ETag") == '"%s"' % oci.digest(data)
    repo.get("/v2/").expect(200)


def test_OCI_025_modified(repo):
    old = repo.push_image("one")
    new = repo.push_image("one", "other")
    for value in ('"%s"' % oci.digest(old), '"nothing"', "nonsense"):
        got = repo.get(repo.manifest("one"), {"If-None-Match": value})
        assert got.expect(200).body == new
