# SPDX-License-Identifier: Apache-2.0
"""What the rows say of several principals, and A2 to A6 with them: sessions,
mounts, listings, and what who may not read can find out."""
import json
import threading
import urllib.parse

import pytest
from berthlib import oci
from berthlib.admin import Admin, add_policy, add_user, set_policy
from berthlib.oci import Repository, next_link, pages

BODY = b"what several want " * 50
EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": [
    "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability", "ecr:DescribeRepositories"]}


@pytest.fixture
def user(admin, fresh):
    return lambda *grants: add_user(admin, fresh("user"), *grants)


@pytest.fixture
def pair(api, name):
    return Repository(api, name + "/one"), Repository(api, name + "/two")


def as_user(client, repo):
    return Repository(client, repo.name)


def mount(repo, digest, source=None):
    query = "?mount=" + digest
    if source is not None:
        query += "&from=" + source.name
    return repo.client.request("POST", repo.uploads + query)


def alike(one, two):
    """What two replies tell, but for what every reply has of its own."""
    def told(reply):
        own = ("Date", "Location", "Docker-Upload-UUID", "X-Request-Id",
               "Content-Length")
        return (reply.status, reply.body, [
            (name, value) for name, value in reply.headers
            if name not in own])
    assert told(one) == told(two)


# ---- sessions


@pytest.mark.backend
def test_OCI_067_session_of_another_user(repo, user):
    repo.push_blob(b"makes the repository")
    alice = as_user(user(("push-pull", repo.name)), repo)
    bob = as_user(user(("push-pull", repo.name)), repo)
    place = alice.start()
    alice.client.request("PATCH", place, BODY[:100]).expect(202)
    for stranger in (bob, repo):
        for method, body in (("GET", None), ("PATCH", BODY), ("PUT", BODY),
                             ("DELETE", None)):
            where = place
            if method == "PUT":
                where = oci.finish(place, oci.digest(BODY))
            stranger.client.request(method, where, body).error(
                404, "BLOB_UPLOAD_UNKNOWN")
    assert alice.get(place).expect(204).get("Range") == "0-99"
    alice.client.request("PUT", oci.finish(place, oci.digest(BODY)),
                         BODY[100:]).expect(201)
    assert bob.get(bob.blob(oci.digest(BODY))).expect(200).body == BODY


def test_OCI_067_who_may_only_read(repo, user):
    repo.push_blob(b"makes the repository")
    place = repo.start()
    reader = as_user(user(("pull-only", repo.name)), repo)
    for method in ("PATCH", "PUT", "DELETE"):
        reader.client.request(method, oci.finish(
            place, oci.digest(BODY)), BODY).error(403, "DENIED")


def test_A6_a_right_that_ends_during_a_session(repo, user, admin):
    repo.push_blob(b"makes the repository")
    alice = as_user(user(("push-pull", repo.name)), repo)
    place = alice.start()
    alice.client.request("PATCH", place, BODY[:9]).expect(202)
    admin.delete("/users/%s/policies/push-pull?pattern=%s" % (
        alice.client.user, urllib.parse.quote(repo.name, safe="")))
    alice.client.request("PATCH", place, BODY[9:]).error(403, "DENIED")
    alice.client.request("PUT", oci.finish(place, oci.digest(BODY)),
                         BODY).error(403, "DENIED")
    repo.get(repo.blob(oci.digest(BODY))).error(404, "BLOB_UNKNOWN")


# ---- mounts


@pytest.mark.backend
def test_OCI_081_source_that_the_caller_may_not_read(pair, user):
    """It is answered as a blob that is not there, and no blob comes of it."""
    source, target = pair
    target.push_blob(b"makes the repository")
    digest = source.push_blob(b"secret " + source.name.encode())
    eve = as_user(user(("push-pull", target.name)), target)
    reply = mount(eve, digest, source).expect(202)
    alike(reply, mount(eve, oci.digest(b"nowhere"), source))
    alike(reply, mount(eve, digest, Repository(eve.client, "no/such")))
    eve.get(eve.blob(digest)).error(404, "BLOB_UNKNOWN")
    place = reply.get("Location")
    eve.client.request("PUT", oci.finish(place, oci.digest(BODY)),
                       BODY).expect(201)


def test_A2_mount_with_rights_on_one_side(pair, user, admin):
    source, target = pair
    target.push_blob(b"makes the repository")
    digest = source.push_blob(b"one side " + source.name.encode())
    reader = as_user(user(("pull-only", source.name)), target)
    mount(reader, digest, source).error(403, "DENIED")
    both = as_user(user(("pull-only", source.name),
                        ("push-pull", target.name)), target)
    target.get(target.blob(digest)).error(404, "BLOB_UNKNOWN")
    mount(both, digest, source).expect(201)
    assert both.get(both.blob(digest)).expect(200)

    # The right may come from the source's own policy.
    other = source.push_blob(b"by policy " + source.name.encode())
    pusher = as_user(user(("push-pull", target.name)), target)
    mount(pusher, other, source).expect(202)
    set_policy(admin, source.name, {
        "Effect": "Allow", "Action": "ecr:GetDownloadUrlForLayer",
        "Principal": {"AWS": "arn:aws:iam::000000000000:user/" +
                             pusher.client.user}})
    mount(pusher, other, source).expect(201)
    # ... and be taken by it.
    set_policy(admin, source.name, {
        "Effect": "Deny", "Action": "ecr:GetDownloadUrlForLayer",
        "Principal": "*"})
    mount(both, other, source).expect(202)


@pytest.mark.backend
def test_OCI_082_only_from_what_the_caller_can_pull(pair, user, api, name):
    source, target = pair
    target.push_blob(b"makes the repository")
    digest = source.push_blob(b"hidden " + source.name.encode())
    eve = as_user(user(("push-pull", target.name),
                       ("pull-only", name + "/three")), target)
    alike(mount(eve, digest).expect(202), mount(eve, oci.digest(b"nowhere")))
    eve.get(eve.blob(digest)).error(404, "BLOB_UNKNOWN")
    Repository(api, name + "/three").push_blob(
        b"hidden " + source.name.encode())
    mount(eve, digest).expect(201)


# ---- membership, and what can be found out


@pytest.mark.backend
def test_A5_known_digest(pair, user):
    """Who knows a digest gets it where he may read and it is, nowhere else."""
    source, own = pair
    image = source.push_image("one", seed=source.name)
    digest = json.loads(image)["layers"][0]["digest"]
    own.push_blob(b"makes the repository")
    eve = user(("push-pull", own.name))
    there, here = as_user(eve, source), as_user(eve, own)
    for method in ("GET", "HEAD"):
        for path in (there.blob(digest), there.manifest("one"),
                     there.manifest(oci.digest(image)), there.tags,
                     there.referrers(oci.digest(image))):
            eve.request(method, path).error(403, "DENIED")
        for path in (here.blob(digest), here.manifest(oci.digest(image))):
            eve.request(method, path).error(
                404, "BLOB_UNKNOWN", "MANIFEST_UNKNOWN")
    here.get(here.blob(digest), {"Range": "bytes=0-0"}).error(
        404, "BLOB_UNKNOWN")
    # A manifest that names it opens nothing.
    here.put("stolen", image).error((400, 404), "MANIFEST_BLOB_UNKNOWN")
    # The same content pushed is his, and gone with his alone.
    layer = source.get(source.blob(digest)).expect(200).body
    assert here.push_blob(layer) == digest
    own.delete(own.blob(digest)).expect(202)
    here.get(here.blob(digest)).error(404, "BLOB_UNKNOWN")
    source.get(source.blob(digest)).expect(200)


def test_A4_private_and_absent_look_alike(repo, user):
    repo.push_image("one")
    absent = Repository(repo.client, repo.name[:-1] + "x")
    clients = (user(), repo.client.anonymous())
    for client in clients:
        for method in ("GET", "HEAD"):
            for path in ("/manifests/one", "/tags/list",
                         "/blobs/" + oci.digest(BODY)):
                one = client.request(method, repo.base + path)
                two = client.request(method, absent.base + path)
                one.expect(401, 403)
                two.body = two.body.replace(absent.name.encode(),
                                            repo.name.encode())
                two.headers = [
                    (key, value.replace(absent.name, repo.name))
                    for key, value in two.headers]
                alike(one, two)


@pytest.mark.backend
def test_A3_rights_end_at_once(repo, user, admin):
    repo.push_image("one")
    nobody = Repository(repo.client.anonymous(), repo.name)
    eve = as_user(user(), repo)
    for _ in range(3):
        nobody.get(nobody.manifest("one")).error(401, "UNAUTHORIZED")
        eve.get(eve.manifest("one")).error(403, "DENIED")
        set_policy(admin, repo.name, EVERYBODY)
        nobody.get(nobody.manifest("one")).expect(200)
        eve.get(eve.manifest("one")).expect(200)
        nobody.put("two", b"{}").error(401, "UNAUTHORIZED")
        admin.delete("/repository-policies/" + repo.name)


def test_A3_conditions_are_of_each_request(repo, user, admin):
    repo.push_image("one")
    eve = as_user(user(), repo)
    set_policy(admin, repo.name, dict(EVERYBODY, Condition={
        "StringLike": {"aws:UserAgent": "good/*"},
        "IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]}}))
    for agent, status in (("good/1", 200), ("bad/1", 403)) * 2:
        eve.get(eve.manifest("one"), {"User-Agent": agent}).expect(status)


# ---- making repositories


def test_A2_making_a_repository_is_a_right_of_its_own(repo, user, admin,
                                                      fresh, api, name):
    policy = fresh("push")
    add_policy(admin, policy, "ecr:*Layer*", "ecr:PutImage", "ecr:Batch*",
               resource="arn:aws:ecr:*:*:repository/%s*" % repo.name)
    eve = as_user(user((policy, "*")), repo)
    single = "?digest=" + oci.digest(BODY)
    eve.client.request("POST", eve.uploads).error(403, "DENIED")
    eve.client.request("POST", eve.uploads + single, BODY).error(
        403, "DENIED")
    eve.put("one", oci.index([]), oci.INDEX).error(403, "DENIED")
    source = Repository(api, name + "/source")
    digest = source.push_blob(BODY)
    mount(eve, digest, source).error(403, "DENIED")
    api.get(repo.tags).error(404, "NAME_UNKNOWN")
    repo.push_blob(b"makes the repository")
    eve.push_image("one")
    # Outside of his pattern he may not even say so.
    other = Repository(eve.client, "elsewhere/" + fresh())
    other.client.request("POST", other.uploads).error(403, "DENIED")


# ---- listings

NAMES = ["a", "a/b", "a/b/c", "a-b", "aa", "b", "b/a", "library/x",
         "library/xy", "z"]


@pytest.fixture
def catalog(own_server):
    client = own_server("registry.page_max=10",
                        "auth.challenge=bearer").client()
    for name in NAMES:
        Repository(client, name).push_blob(b"content")
    return client


def listed(client):
    found = pages(client, "/v2/_catalog", "repositories")
    return [name for page in found for name in page]


@pytest.mark.backend
def test_DKR_03_only_what_the_caller_may_see(catalog):
    admin = Admin(catalog)
    some = add_user(admin, "some", ("read-only", "a/*"),
                    ("pull-only", "library/x"), ("push-pull", "z"))
    seen = ["a/b", "a/b/c", "library/x", "z"]
    assert listed(catalog) == sorted(NAMES)
    assert listed(some) == seen
    for n in (1, 2, 3, 4):
        found = pages(some, "/v2/_catalog?n=%d" % n, "repositories")
        assert [name for page in found for name in page] == seen
        assert [len(page) for page in found[:-1]] == [n] * (len(found) - 1)
        assert len(found) == -(-len(seen) // n)
    got = some.get("/v2/_catalog?last=a%2Fb&n=1").expect(200)
    assert got.json()["repositories"] == ["a/b/c"]
    assert listed(add_user(admin, "none")) == []
    catalog.anonymous().get("/v2/_catalog").error(401, "UNAUTHORIZED")
    # Policies of repositories count, too, and at once.
    set_policy(admin, "b", EVERYBODY)
    set_policy(admin, "library/x", {
        "Effect": "Deny", "Principal": "*",
        "Action": ["ecr:Describe*", "ecr:Batch*"]})
    assert listed(some) == ["a/b", "a/b/c", "b", "z"]


def test_DKR_03_token_for_the_catalog(catalog):
    some = add_user(Admin(catalog), "some", ("pull-only", "a*"))

    def bearer(scope):
        got = some.get("/token?service=berth&scope=" + scope).expect(200)
        return {"Authorization": "Bearer " + got.json()["token"]}

    def ask(scope):
        return some.request("GET", "/v2/_catalog", None, bearer(scope))

    got = ask("registry:catalog:*").expect(200)
    assert got.json()["repositories"] == ["a", "a-b", "a/b", "a/b/c", "aa"]
    got = ask("repository:a:pull")
    got.error(401, "UNAUTHORIZED", "DENIED")
    challenge = got.get("WWW-Authenticate")
    assert 'scope="registry:catalog:*"' in challenge, challenge
    assert 'error="insufficient_scope"' in challenge, challenge


def test_DKR_03_a_page_looks_at_so_many_and_tells_no_name(own_server):
    """Behind many repositories that he may not see there is one that he may:
    he comes there in several pages, and learns no other name."""
    server = own_server()
    client = server.client()
    digest = Repository(client, "secret/first").push_blob(b"mounted")

    def make(first):
        own = client.clone()
        for at in range(first, 1100, 4):
            repo = Repository(own, "secret/%04d" % at)
            mount(repo, digest, Repository(own, "secret/first")).expect(201)
        own.close()

    threads = [threading.Thread(target=make, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Repository(client, "zoo").push_blob(b"seen")
    eve = add_user(Admin(client), "eve", ("read-only", "zoo"))
    found, link = [], "/v2/_catalog?n=5"
    turns = 0
    while link:
        assert "secret" not in link
        got = eve.get(link).expect(200)
        found += got.json()["repositories"]
        link = next_link(got)
        turns += 1
    assert found == ["zoo"]
    assert turns == 2
    eve.get("/v2/_catalog?last=~forged").error(400, "UNSUPPORTED")
