# SPDX-License-Identifier: Apache-2.0
"""Every operation of the admin API once, and its answer as documented."""
import pytest
from berthlib.admin import DOCUMENT, Admin, quote
from berthlib.oci import Repository
from berthlib.server import PASSWORD

ALLOW = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]}
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "*"},
     "Action": "sts:AssumeRole"}]}
REPOSITORY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}
REGISTRY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage",
     "Resource": "*"}]}


def keys_and_tokens(admin, base):
    key = admin.post(base + "/keys", {"description": "ci"})
    assert admin.get(base + "/keys")["keys"][0]["id"] == key["id"]
    assert admin.patch(base + "/keys/" + key["id"],
                       {"disabled": True})["disabled"]
    other = admin.post(base + "/keys/%s/rotate" % key["id"])
    assert other["id"] != key["id"]
    for one in (key, other):
        admin.delete(base + "/keys/" + one["id"])
    token = admin.post(base + "/tokens", {
        "description": "ci", "scope": "repository:a/*:pull",
        "expires_in": 60})
    shown, = [one for one in admin.get(base + "/tokens")["tokens"]
              if one["id"] == token["id"]]
    assert shown["scope"] == "repository:a/*:pull" and shown["expires"]
    admin.delete(base + "/tokens/" + token["id"])


def attachments(admin, base):
    admin.put(base + "/policies/pull-only?pattern=team/*")
    assert {"policy": "pull-only", "pattern": "team/*", "group": None} in (
        admin.get(base + "/policies")["policies"])
    admin.delete(base + "/policies/pull-only?pattern=team/*")
    assert admin.get(base + "/policies")["policies"] == []


def owner(admin, base):
    keys_and_tokens(admin, base)
    attachments(admin, base)
    assert admin.get(base + "/groups") == {"groups": []}
    name = "URI:spiffe://example/" + base
    assert admin.post(base + "/certificates", {"name": name})["name"] == name
    assert admin.get(base + "/certificates") == {"certificates": [name]}
    admin.delete(base + "/certificates?name=" + quote(name))


def users(admin):
    admin.post("/users", {"name": "u", "password": PASSWORD})
    assert admin.get("/users?limit=1")["next"] == "admin"
    assert admin.patch("/users/u", {"description": "d"})["description"] == "d"
    assert admin.get("/users/u")["has_password"]
    admin.put("/users/u/password", {"password": "another one"})
    owner(admin, "/users/u")
    admin.delete("/users/u")


def robots(admin):
    made = admin.post("/robots", {
        "name": "r", "expires_in": 3600,
        "policies": [{"policy": "pull-only", "pattern": "a/*"}]})
    assert made["token"]["token"].startswith("brt_") and made["expires"]
    admin.delete("/robots/r/policies/pull-only?pattern=a/*")
    assert admin.get("/robots")["robots"][0]["name"] == "r"
    assert admin.patch("/robots/r", {"expires_in": None})["expires"] is None
    assert admin.get("/robots/r")["expires"] is None
    owner(admin, "/robots/r")
    admin.delete("/robots/r")


def roles(admin):
    admin.post("/roles", {"name": "o", "trust": TRUST, "session_max": 900})
    assert admin.get("/roles")["roles"][0]["session_max"] == 900
    assert admin.patch("/roles/o", {"session_max": 1000})["session_max"] == 1000
    assert admin.get("/roles/o")["name"] == "o"
    assert admin.get("/roles/o/trust") == TRUST
    admin.put("/roles/o/trust", TRUST)
    attachments(admin, "/roles/o")
    admin.delete("/roles/o")


def groups(admin):
    admin.post("/groups", {"name": "g", "description": "d"})
    assert admin.get("/groups")["groups"][0]["name"] == "g"
    assert admin.patch("/groups/g", {"description": "e"})["description"] == "e"
    admin.put("/groups/g/members/admin")
    assert admin.get("/groups/g/members")["members"] == ["admin"]
    assert admin.get("/users/admin/groups") == {"groups": ["g"]}
    admin.delete("/groups/g/members/admin")
    assert admin.get("/groups/g")["name"] == "g"
    attachments(admin, "/groups/g")
    admin.delete("/groups/g")


def policies(admin):
    admin.put("/policies/p", ALLOW, 201)
    admin.put("/policies/p", ALLOW, 204)
    assert admin.get("/policies/p") == ALLOW
    names = [one["name"] for one in admin.get("/policies")["policies"]]
    assert names[-1] == "p" and "administrator" in names
    admin.delete("/policies/p")
    told = admin.post("/policies/simulate", {
        "principal": "admin", "action": "ecr:PutImage", "repository": "a/b"},
        200)
    assert told["decision"] == "allowed"


def repositories(admin, client):
    repo = Repository(client, "team/app")
    repo.push_image("v1")
    assert admin.get("/repositories")["repositories"] == ["team/app"]
    about = admin.get("/repositories/team/app")
    assert about["tags"] == 1 and about["images"] == 1 and about["bytes"] > 0
    image, = admin.get("/images/team/app")["images"]
    assert image["tags"] == ["v1"]
    admin.put("/repository-policies/team/app?force=false", REPOSITORY)
    assert admin.get("/repository-policies/team/app") == REPOSITORY
    admin.delete("/repository-policies/team/app")
    admin.put("/registry/policy", REGISTRY)
    assert admin.get("/registry/policy") == REGISTRY
    admin.delete("/registry/policy")


def issuers(admin):
    issuer = {"url": "https://issuer.example", "audiences": ["a", "b"]}
    admin.put("/issuers", issuer, 201)
    admin.put("/issuers", dict(issuer, private_addresses=True), 200)
    shown, = admin.get("/issuers")["issuers"]
    assert shown["audiences"] == ["a", "b"] and shown["private_addresses"]
    admin.delete("/issuers?url=" + quote(issuer["url"]))


def audit(admin):
    assert admin.get("/audit?limit=1&order=descending")["entries"]
    reply = admin.ask("GET", "/audit/export?limit=2").expect(200)
    assert reply.body.count(b"\n") == 2 and reply.get("Link")
    head = admin.get("/audit/head")
    check = admin.post("/audit/verify", {}, 200)
    assert check["done"] and check["broken"] is None
    assert (check["number"], check["hash"]) == (head["number"], head["hash"])


@pytest.mark.backend
def test_every_operation_answers_as_documented(own_server):
    server = own_server()
    client = server.client()
    admin = Admin(client)
    assert admin.get("")["api"] == "v1"
    who = admin.get("/whoami")
    assert who["name"] == "admin" and who["policies"]
    admin.put("/me/password", {"old": PASSWORD, "new": PASSWORD + "2"})
    client.password = PASSWORD + "2"
    keys_and_tokens(admin, "/me")
    users(admin)
    robots(admin)
    roles(admin)
    groups(admin)
    policies(admin)
    repositories(admin, client)
    issuers(admin)
    assert admin.post("/signing-keys/rotate", {"drop_old": True}, 200)["kid"]
    audit(admin)
    documented = {(method.upper(), path)
                  for path, methods in DOCUMENT["paths"].items()
                  for method in methods}
    assert admin.seen == documented
