# SPDX-License-Identifier: Apache-2.0
"""OCI-120 to OCI-128: referrers."""
import json

import pytest
from berthlib import oci
from berthlib.oci import next_link, pages

SIGNATURE = "application/vnd.test.signature"
BOM = "application/vnd.test.bom+json"


def index_of(repo, name, query=""):
    got = repo.get(repo.referrers(name) + query).expect(200)
    assert got.get("Content-Type") == oci.INDEX, str(got)
    document = got.json()
    assert document["schemaVersion"] == 2
    assert document["mediaType"] == oci.INDEX
    return document["manifests"]


def digests(entries):
    return sorted(entry["digest"] for entry in entries)


@pytest.fixture
def subject(repo):
    """An image, as the descriptor that artifacts refer to."""
    return oci.descriptor(repo.push_image("image"), oci.MANIFEST)


@pytest.mark.backend
def test_OCI_120_index(repo, subject):
    data, _ = repo.push_artifact(subject)
    other, _ = repo.push_artifact(subject, annotations={"a": "b"})
    assert digests(index_of(repo, subject["digest"])) == sorted(
        [oci.digest(data), oci.digest(other)])


def test_OCI_120_head(repo, subject):
    repo.push_artifact(subject)
    target = repo.referrers(subject["digest"])
    head = repo.head(target).expect(200)
    assert head.get("Content-Length") == str(len(repo.get(target).body))


@pytest.mark.backend
def test_OCI_121_never_404(repo, subject):
    absent = oci.digest(b"never pushed")
    assert index_of(repo, subject["digest"]) == []
    assert index_of(repo, absent) == []
    assert index_of(repo, oci.digest(b"", "sha512")) == []


def test_OCI_121_unknown_repository(repo):
    assert index_of(repo, oci.digest(b"never pushed")) == []


def test_OCI_122_invalid_digest(repo, subject):
    for bad in ("sha256:bad", "latest", "sha256:", "a" * 64,
                subject["digest"].upper(), subject["digest"] + "0"):
        repo.get(repo.referrers(bad)).error(400, "DIGEST_INVALID")


@pytest.mark.backend
def test_OCI_123_descriptor(repo, subject):
    notes = {"org.opencontainers.image.created": "2026-01-01", "é": "ü\n"}
    data, _ = repo.push_artifact(subject, kind=BOM, annotations=notes)
    assert index_of(repo, subject["digest"]) == [{
        "mediaType": oci.MANIFEST, "digest": oci.digest(data),
        "size": len(data), "artifactType": BOM, "annotations": notes}]


def test_OCI_123_type_of_the_config(repo, subject):
    data = repo.push_image("refers", "2", subject=subject)
    entry, = index_of(repo, subject["digest"])
    assert entry["artifactType"] == oci.CONFIG
    assert entry["digest"] == oci.digest(data)
    assert not entry.get("annotations")


def test_OCI_123_index_as_referrer(repo, subject):
    plain = oci.index([], subject=subject)
    typed = oci.index([], subject=subject, artifactType=BOM)
    repo.push_manifest("plain", plain, oci.INDEX)
    repo.push_manifest("typed", typed, oci.INDEX)
    found = {e["digest"]: e for e in index_of(repo, subject["digest"])}
    assert "artifactType" not in found[oci.digest(plain)]
    assert found[oci.digest(typed)]["artifactType"] == BOM
    for entry in found.values():
        assert entry["mediaType"] == oci.INDEX


def test_OCI_123_pushed_by_sha512(repo, subject):
    repo.push_blob(b"{}")
    data = oci.artifact(subject)
    name = oci.digest(data, "sha512")
    repo.put(name, data).expect(201)
    assert digests(index_of(repo, subject["digest"])) == [name]


@pytest.mark.backend
def test_OCI_124_pages(own_server):
    server = own_server("registry.page_max=4")
    repo = oci.Repository(server.client(), "paged")
    subject = oci.descriptor(repo.push_image("image"), oci.MANIFEST)
    wanted = sorted(oci.digest(repo.push_artifact(
        subject, annotations={"n": str(n)})[0]) for n in range(10))
    found, target, count = [], repo.referrers(subject["digest"]), 0
    while target:
        got = repo.get(target).expect(200)
        assert got.get("Content-Type") == oci.INDEX
        assert got.json()["schemaVersion"] == 2
        found += got.json()["manifests"]
        target, count = next_link(got), count + 1
        assert count < 10
    assert count == 3
    assert digests(found) == wanted


def test_OCI_124_pages_keep_the_filter(own_server):
    server = own_server("registry.page_max=3")
    repo = oci.Repository(server.client(), "paged")
    subject = oci.descriptor(repo.push_image("image"), oci.MANIFEST)
    for n in range(8):
        repo.push_artifact(subject, kind=(BOM, SIGNATURE)[n % 2],
                           annotations={"n": str(n)})
    target = repo.referrers(subject["digest"]) + "?artifactType=" + \
        BOM.replace("+", "%2B")
    found = pages(repo.client, target, "manifests")
    assert [len(page) for page in found] == [3, 1]
    assert all(e["artifactType"] == BOM for page in found for e in page)


@pytest.mark.backend
def test_OCI_125_filter(repo, subject):
    bom, _ = repo.push_artifact(subject, kind=BOM)
    repo.push_artifact(subject, kind=SIGNATURE)
    target = repo.referrers(subject["digest"])
    got = repo.get(target + "?artifactType=" + BOM.replace("+", "%2B"))
    assert got.expect(200).get("OCI-Filters-Applied") == "artifactType"
    assert digests(got.json()["manifests"]) == [oci.digest(bom)]
    none = repo.get(target + "?artifactType=application/vnd.none")
    assert none.expect(200).json()["manifests"] == []
    assert none.get("OCI-Filters-Applied") == "artifactType"
    whole = repo.get(target)
    assert whole.get("OCI-Filters-Applied") is None
    assert len(whole.json()["manifests"]) == 2


def test_OCI_126_at_once(repo, subject):
    for n in range(3):
        data, _ = repo.push_artifact(subject, annotations={"n": str(n)})
        assert oci.digest(data) in digests(
            index_of(repo, subject["digest"]))


def test_OCI_126_fallback_tag_beside_the_list(repo, subject):
    """A client that keeps the tag up to date makes nothing appear twice."""
    data, _ = repo.push_artifact(subject)
    fallback = oci.index([(data, oci.MANIFEST)])
    repo.push_manifest(subject["digest"].replace(":", "-"), fallback,
                       oci.INDEX)
    assert digests(index_of(repo, subject["digest"])) == [oci.digest(data)]


def test_OCI_126_moved_tag_keeps_the_referrer(repo, subject):
    first, _ = repo.push_artifact(subject, "sig", annotations={"n": "1"})
    second, _ = repo.push_artifact(subject, "sig", annotations={"n": "2"})
    assert digests(index_of(repo, subject["digest"])) == sorted(
        [oci.digest(first), oci.digest(second)])


@pytest.mark.backend
def test_OCI_127_deleted_referrer(repo, subject):
    keep, _ = repo.push_artifact(subject, annotations={"n": "1"})
    gone, _ = repo.push_artifact(subject, annotations={"n": "2"})
    repo.delete(repo.manifest(oci.digest(gone))).expect(202)
    assert digests(index_of(repo, subject["digest"])) == [oci.digest(keep)]


@pytest.mark.backend
def test_OCI_127_deleted_subject(repo, subject):
    data, _ = repo.push_artifact(subject)
    repo.delete(repo.manifest(subject["digest"])).expect(202)
    assert digests(index_of(repo, subject["digest"])) == [oci.digest(data)]
    got = repo.get(repo.manifest(oci.digest(data))).expect(200)
    assert got.body == data


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
def test_OCI_128_fallback_tags(repo, subject, suffix):
    tag = subject["digest"].replace(":", "-") + suffix
    repo.push_blob(b"{}")
    data = oci.artifact(None)
    repo.push_manifest(tag, data)
    index = oci.index([(data, oci.MANIFEST)])
    repo.push_manifest(tag, index, oci.INDEX)
    assert json.loads(repo.get(repo.manifest(tag)).body) == json.loads(index)
    assert tag in repo.get(repo.tags).json()["tags"]
    repo.delete(repo.manifest(tag)).expect(202)
    repo.get(repo.manifest(tag)).expect(404)


def test_OCI_128_same_subject_in_another_repository(repo, subject, api, name):
    """Referrers are a repository's own."""
    repo.push_artifact(subject)
    other = oci.Repository(api, name + "/other")
    other.push_image("image", "else")
    assert index_of(other, subject["digest"]) == []
