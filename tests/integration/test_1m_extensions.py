# SPDX-License-Identifier: Apache-2.0
"""OCI-150 to OCI-152: the ns parameter and extensions."""
import select
import socket

import pytest
from berthlib import oci


def test_OCI_150_ns_is_borne(repo):
    data = repo.push_image("one")
    blob = repo.push_blob(b"blob")
    for ns in ("docker.io", "127.0.0.1:1", "", ".."):
        for fetch in (repo.get, repo.head):
            for target in (repo.manifest("one"), repo.blob(blob),
                           repo.manifest(oci.digest(data))):
                got = fetch("%s?ns=%s" % (target, ns)).expect(200)
                # Nothing but this server was asked, so none is named.
                assert got.get("OCI-Namespace") is None


def test_OCI_151_no_upstream_is_asked(repo):
    """No request makes this server call another, with or without secrets."""
    repo.push_image("one")
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        ns = "127.0.0.1:%d" % trap.getsockname()[1]
        repo.get(repo.manifest("absent") + "?ns=" + ns).error(
            404, "MANIFEST_UNKNOWN")
        repo.get(repo.blob(oci.digest(b"no")) + "?ns=" + ns).error(
            404, "BLOB_UNKNOWN")
        repo.get("/v2/absent/name/manifests/x?ns=" + ns).error(
            404, "NAME_UNKNOWN")
        ready, _, _ = select.select([trap], [], [], 0.2)
        assert not ready, "the server called an upstream"


def test_OCI_152_discover(api):
    reply = api.get("/v2/_oci/ext/discover").expect(200)
    assert reply.get("Content-Type").startswith("application/json")
    extensions = reply.json()["extensions"]
    assert extensions, str(reply)
    for entry in extensions:
        assert entry["name"].startswith("_"), str(reply)
        assert entry["url"], str(reply)
        assert entry["endpoints"], str(reply)
        for endpoint in entry["endpoints"]:
            if "{" not in endpoint and "<" not in endpoint:
                api.get(endpoint).expect(200)
    assert any("_catalog" in str(entry["endpoints"]) or
               entry["name"] == "_catalog" for entry in extensions)


@pytest.mark.parametrize("word", [
    "_oci", "_catalog", "_docker", "_chainguard", "_other"])
def test_OCI_152_reserved_names(api, name, word):
    """No repository can take the place of an extension."""
    for stem in (word, word + "/x", name + "/" + word):
        target = "/v2/%s/blobs/uploads/" % stem
        api.request("POST", target).expect(400, 404, 405)
    api.get("/v2/_other/ext/none").expect(404, 400)
    api.get("/v2/%s/_other/none" % name).expect(404, 400)
