# SPDX-License-Identifier: Apache-2.0
"""OCI-040 to OCI-042: HEAD of blobs and manifests."""
import pytest
from berthlib import oci


@pytest.mark.backend
def test_OCI_040_blob(repo):
    for body in (b"", b"x", b"y" * 70000):
        name = repo.push_blob(body)
        got = repo.head(repo.blob(name)).expect(200)
        assert got.get("Content-Length") == str(len(body))


@pytest.mark.backend
def test_OCI_040_manifest(repo):
    data = repo.push_image("one")
    for ref in ("one", oci.digest(data)):
        got = repo.head(repo.manifest(ref)).expect(200)
        assert got.get("Content-Length") == str(len(data))
        assert got.get("Content-Type") == oci.MANIFEST


def test_OCI_041_digest_header(repo):
    data = repo.push_image("one")
    for ref in ("one", oci.digest(data)):
        got = repo.head(repo.manifest(ref)).expect(200)
        assert got.get("Docker-Content-Digest") == oci.digest(data)
    for algorithm in ("sha256", "sha512"):
        name = repo.push_blob(b"which", algorithm)
        got = repo.head(repo.blob(name)).expect(200)
        assert got.get("Docker-Content-Digest") == name


def test_OCI_042_absent(repo):
    for ref in ("none", oci.digest(b"none"), oci.digest(b"", "sha512")):
        repo.head(repo.manifest(ref)).expect(404)
    repo.head(repo.blob(oci.digest(b"none"))).expect(404)
    repo.push_image("one")
    for ref in ("none", oci.digest(b"none"), oci.digest(b"", "sha512")):
        got = repo.head(repo.manifest(ref)).expect(404)
        assert got.body == b""
    repo.head(repo.blob(oci.digest(b"none"))).expect(404)
    repo.get("/v2/").expect(200)
