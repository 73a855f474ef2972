# SPDX-License-Identifier: Apache-2.0
"""A3, A4: identities that are attacked by those who have some rights, or once
had."""
import urllib.parse

import pytest
from berthlib import tokens
from berthlib.admin import Admin, add_user
from berthlib.aws import ADMIN, Aws
from berthlib.oci import Repository

HIDDEN = ["hidden/%d" % i for i in range(5)]


@pytest.fixture
def walled(own_server):
    """A server whose repositories but one are nobody's business."""
    server = own_server()
    admin = Admin(server.client())
    for name in HIDDEN + ["seen"]:
        Repository(admin.client, name).push_blob(b"content")
    return server, admin


@pytest.mark.backend
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 100])
def test_A4_where_a_page_ends_tells_no_name(walled, limit):
    """He comes to what he may see, and learns of nothing else."""
    _, admin = walled
    eve = Admin(add_user(admin, "eve", ("read-only", "seen")))
    told, found, after = [], [], ""
    for _ in range(len(HIDDEN) + 2):
        page = eve.get("/repositories?limit=%d&after=%s" % (
            limit, urllib.parse.quote(after, safe="")))
        found += page["repositories"]
        after = page["next"]
        told.append(after)
        if after is None:
            break
    assert found == ["seen"] and after is None
    assert not set(told) & set(HIDDEN), told
    for mark in ("~", "~x", "~hidden"):
        eve.fails(400, "INVALID", "GET", "/repositories?after=" + mark)


def test_A2_a_listing_is_no_wider_than_the_token(walled):
    """What a token is not good for it does not show, either."""
    server, admin = walled

    def listed(scope):
        made = admin.post("/users/admin/tokens", {"scope": scope})
        client = Admin(server.client("admin", made["token"]))
        return client.get("/repositories")["repositories"]

    assert listed("repository:seen:pull") == ["seen"]
    assert listed("repository:hidden/3:pull,push") == ["hidden/3"]
    assert listed("repository:hidden/4:push") == []
    assert listed("registry:catalog:*") == HIDDEN + ["seen"]
    got = tokens.bearer(admin.client, "repository:seen:pull").get(
        "/api/v1/repositories").expect(200).json()
    assert got["repositories"] == ["seen"]


@pytest.mark.backend
@pytest.mark.parametrize("end", ["disable", "rotate", "delete"])
def test_A3_a_key_ends_the_sessions_that_were_made_with_it(own_server, end):
    """Who found a key must not go on with what he made of it."""
    server = own_server()
    admin = Admin(server.client())
    repo = Repository(admin.client, "team/app")
    repo.push_image("one")
    add_user(admin, "eve", ("read-only", "*"))
    key = admin.post("/users/eve/keys")
    other = admin.post("/users/eve/keys")
    made = [Aws(server, one["id"], one["secret"])(
        "sts", "get-session-token")["Credentials"] for one in (key, other)]
    session, kept = [Aws.of(server, one) for one in made]
    login = server.client("AWS", made[0]["SessionToken"])
    session.identity()
    login.get(repo.manifest("one")).expect(200)
    path = "/users/eve/keys/" + key["id"]
    if end == "disable":
        admin.patch(path, {"disabled": True})
    elif end == "rotate":
        admin.post(path + "/rotate")
    else:
        admin.delete(path)
    session.fails("InvalidClientTokenId", "sts", "get-caller-identity")
    login.get(repo.manifest("one")).expect(401)
    kept.identity()
    if end == "disable":
        admin.patch(path, {"disabled": False})
        session.identity()
        login.get(repo.manifest("one")).expect(200)


@pytest.mark.backend
def test_what_is_denied_about_somebody_is_all_of_him(own_server):
    """iam:* about user/root is iam:*, whatever of his it is about; and who
    may do something to one kind of principal may not do it to others."""
    server = own_server()
    admin = Admin(server.client())
    for kind, name in (("users", "root"), ("users", "dev"), ("robots", "ci"),
                       ("roles", "job"), ("groups", "dev")):
        admin.post("/" + kind, {"name": name})
    arn = "arn:aws:iam::000000000000:"
    admin.put("/policies/but-root", {
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["iam:*", "berth:*"],
             "Resource": "*"},
            {"Effect": "Deny", "Action": ["iam:*", "berth:*"],
             "Resource": arn + "user/root"}]}, 201)
    helper = Admin(add_user(admin, "helper", ("but-root", "*")))
    helper.post("/users/dev/keys")
    for method, path, body in (
            ("POST", "keys", {}), ("GET", "keys", None),
            ("POST", "tokens", {}), ("GET", "tokens", None),
            ("PUT", "policies/administrator", None),
            ("DELETE", "policies/administrator", None),
            ("GET", "policies", None), ("PUT", "password", {
                "password": "another password of root"}),
            ("POST", "certificates", {"name": "DNS:x"})):
        helper.fails(403, "DENIED", method, "/users/root/" + path, body)
    admin.put("/policies/one-group", {
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iam:AttachPolicy",
             "Resource": [arn + "group/dev", arn + "robot/made"]},
            {"Effect": "Allow", "Action": "berth:CreateRobot",
             "Resource": "*"}]}, 201)
    one = Admin(add_user(admin, "one", ("one-group", "*")))
    one.put("/groups/dev/policies/read-only")
    one.fails(403, "DENIED", "PUT", "/users/dev/policies/read-only")
    for name, status in (("made", 201), ("other", 403)):
        reply = one.ask("POST", "/robots", {
            "name": name, "policies": [{"policy": "pull-only"}]})
        assert reply.status == status, str(reply)
    for target, decision in (("user/root", "explicitDeny"),
                             ("user/dev", "allowed"),
                             ("group/root", "allowed")):
        said = admin.post("/policies/simulate", {
            "principal": "helper", "action": "iam:CreateAccessKey",
            "target": target}, 200)
        assert said["decision"] == decision, said


@pytest.mark.backend
def test_A3_an_access_token_ends_with_what_it_was_given_for(own_server):
    """It may live for a day; what is to end sooner must not become one."""
    server = own_server("auth.access_token_life=24h", env=ADMIN)
    admin = Admin(server.client())
    made = admin.post("/me/tokens", {"expires_in": 600})
    session = Aws(server)("sts", "get-session-token", "--duration-seconds",
                          "900")["Credentials"]
    for user, secret, most in (("admin", made["token"], 600),
                               ("AWS", session["SessionToken"], 900)):
        got = tokens.ask(server.client(user, secret)).expect(200).json()
        claims = tokens.parts(got["token"])[1]
        assert most - 300 < claims["exp"] - claims["iat"] <= most
        assert abs(got["expires_in"] - claims["exp"] + claims["iat"]) <= 1
        tokens.Bearer(server.address, got["token"]).get("/v2/").expect(200)
    got = tokens.ask(admin.client).expect(200).json()
    assert got["expires_in"] == 86400
