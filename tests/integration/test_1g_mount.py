# SPDX-License-Identifier: Apache-2.0
"""OCI-080 to OCI-083: mounting a blob of another repository."""
import pytest
from berthlib import oci, tokens
from berthlib.oci import Repository


@pytest.fixture
def other(api, name):
    return Repository(api, name + "/source")


def mount(repo, digest, source=None):
    query = "?mount=" + digest
    if source is not None:
        query += "&from=" + source
    return repo.client.request("POST", repo.uploads + query)


def session(repo, reply):
    """A mount that was not done is a session like any other."""
    place = reply.expect(202).get("Location")
    assert place.startswith(repo.uploads), str(reply)
    body = b"pushed after all"
    repo.client.request("PUT", oci.finish(place, oci.digest(body)),
                        body).expect(201)


@pytest.mark.backend
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_OCI_080_mount(repo, other, algorithm):
    body = b"mounted " + repo.name.encode()
    digest = other.push_blob(body, algorithm)
    reply = mount(repo, digest, other.name).expect(201)
    assert reply.get("Docker-Content-Digest") == digest
    assert repo.get(reply.get("Location")).expect(200).body == body
    assert repo.get(repo.blob(digest)).expect(200).body == body
    # The two memberships are apart.
    other.delete(other.blob(digest)).expect(202)
    other.get(other.blob(digest)).error(404, "BLOB_UNKNOWN")
    assert repo.get(repo.blob(digest)).expect(200).body == body


def test_OCI_080_percent_encoded(repo, other):
    digest = other.push_blob(b"coded " + repo.name.encode())
    mount(repo, digest.replace(":", "%3A"),
          other.name.replace("/", "%2F")).expect(201)


def test_OCI_080_into_itself(repo):
    digest = repo.push_blob(b"self " + repo.name.encode())
    mount(repo, digest, repo.name).expect(201)
    repo.get(repo.blob(digest)).expect(200)


@pytest.mark.backend
def test_OCI_081_absent_in_source(repo, other):
    digest = oci.digest(b"nowhere " + repo.name.encode())
    session(repo, mount(repo, digest, other.name))
    other.push_blob(b"the source exists now")
    session(repo, mount(repo, digest, other.name))
    repo.get(repo.blob(digest)).error(404, "BLOB_UNKNOWN")


def test_OCI_081_in_another_than_the_source(repo, other, api, name):
    """The blob exists, but not in the repository that was named."""
    third = Repository(api, name + "/third")
    digest = third.push_blob(b"third " + name.encode())
    other.push_blob(b"the source exists")
    reply = mount(repo, digest, other.name).expect(201, 202)
    if reply.status == 202:
        session(repo, reply)
        repo.get(repo.blob(digest)).error(404, "BLOB_UNKNOWN")


def test_OCI_081_deleted_in_source(repo, other):
    digest = other.push_blob(b"deleted " + repo.name.encode())
    other.delete(other.blob(digest)).expect(202)
    session(repo, mount(repo, digest, other.name))
    repo.get(repo.blob(digest)).error(404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("source", [
    "UPPER", "..", "a//b", "", "a%00b", "x" * 300])
def test_OCI_081_bad_source(repo, source):
    """A name that cannot be a repository holds nothing to mount."""
    digest = oci.digest(b"bad source")
    mount(repo, digest, source).expect(202, 400)


def test_OCI_081_bad_digest(repo, other):
    mount(repo, "sha256:bad", other.name).expect(202, 400)
    mount(repo, "", other.name).expect(202, 400)


@pytest.mark.backend
def test_OCI_082_without_from(repo, other):
    digest = other.push_blob(b"anywhere " + repo.name.encode())
    reply = mount(repo, digest).expect(201, 202)
    if reply.status == 201:
        repo.get(repo.blob(digest)).expect(200)
    session(repo, mount(repo, oci.digest(b"nowhere " + repo.name.encode())))


def test_OCI_082_without_from_after_delete(repo, other):
    digest = other.push_blob(b"gone " + repo.name.encode())
    other.delete(other.blob(digest)).expect(202)
    session(repo, mount(repo, digest))
    repo.get(repo.blob(digest)).error(404, "BLOB_UNKNOWN")


def test_OCI_083_mount_needs_authority(repo, other):
    digest = other.push_blob(b"mine " + repo.name.encode())
    for client in (repo.client.anonymous(),
                   repo.client.clone(password="wrong")):
        stranger = Repository(client, repo.name)
        for source in (None, other.name):
            mount(stranger, digest, source).error(401, "UNAUTHORIZED")
    repo.get(repo.blob(digest)).error(404, "BLOB_UNKNOWN", "NAME_UNKNOWN")


def test_OCI_083_a_token_covers_both_sides(repo, other):
    """Half of it is a push without the mount, and tells nothing."""
    digest = other.push_blob(b"theirs " + repo.name.encode())
    push = "repository:%s:pull,push" % repo.name
    half = Repository(tokens.bearer(repo.client, push), repo.name)
    for source in (other.name, None):
        session(half, mount(half, digest, source))
    pull = tokens.bearer(repo.client, "repository:%s:pull" % repo.name,
                         "repository:%s:pull" % other.name)
    mount(Repository(pull, repo.name), digest, other.name).error(
        401, "UNAUTHORIZED")
    whole = tokens.bearer(repo.client, push,
                          "repository:%s:pull" % other.name)
    mount(Repository(whole, repo.name), digest, other.name).expect(201)


def test_OCI_083_anonymous_pull_does_not_mount(own_server):
    server = own_server(arguments=["--anonymous", "pull"])
    source = Repository(server.client(), "source")
    digest = source.push_blob(b"public")
    stranger = Repository(source.client.anonymous(), "target")
    mount(stranger, digest, "source").error(401, "UNAUTHORIZED")
