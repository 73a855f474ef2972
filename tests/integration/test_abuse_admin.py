# SPDX-License-Identifier: Apache-2.0
"""A4, A8, A9, A10, A16 and A17 at the admin API: who may not, must not."""
import json
import os

import pytest
from berthlib.admin import DOCUMENT, Admin, find
from berthlib.oci import Repository
from berthlib.server import PASSWORD
from test_admin_all import ALLOW
from test_admin_people import SECRET, as_user

OPEN = {"/api/v1", "/api/v1/whoami", "/api/v1/repositories"}


@pytest.fixture
def user(admin, fresh):
    name = fresh("user")
    admin.post("/users", {"name": name, "password": SECRET})
    return name


def operations():
    for path, methods in DOCUMENT["paths"].items():
        for method in methods:
            yield method.upper(), path


def filled(path, name):
    for place in ("user", "robot", "role", "group", "member", "policy"):
        path = path.replace("{%s}" % place, name)
    return path.replace("{id}", "BERTHXXXXXXXXXXXXXXX").replace(
        "{name}", "team/app")[len("/api/v1"):]


def refused(client, method, path, name, statuses):
    reply = client.ask(method, filled(path, name),
                       {} if method in ("POST", "PUT", "PATCH") else None)
    assert reply.status in statuses, str(reply)


def test_nobody_may_without_credentials(server, admin):
    nobody = Admin(server.client().anonymous())
    for method, path in operations():
        refused(nobody, method, path, "admin", (401,))


def test_a_user_without_rights_may_nothing(server, admin, user):
    own = as_user(server, user)
    for method, path in operations():
        if path in OPEN or path.startswith("/api/v1/me/"):
            continue
        refused(own, method, path, "admin", (403,))
    assert own.get("/repositories")["repositories"] == []
    assert not admin.get("/users/admin")["disabled"]


def test_a_user_reads_nobody_else(server, admin, user):
    """What is there and what is not look alike to whom it is not shown."""
    own = as_user(server, user)
    for kind in ("users", "robots", "roles", "groups", "policies"):
        told = {own.fails(403, "DENIED", "GET", "/%s/%s" % (kind, name))
                .replace(name, "NAME") for name in ("admin", "zzzzz")}
        assert len(told) == 1, told


# CVE-2019-16097: nobody makes himself more than he is.

def test_making_users_makes_no_administrator(server, admin, user, fresh):
    policy = fresh("policy")
    admin.put("/policies/" + policy, {
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Resource": "*",
             "Action": ["iam:CreateUser", "berth:CreateRobot"]}]}, 201)
    admin.put("/users/%s/policies/%s" % (user, policy))
    own = as_user(server, user)
    child, robot = fresh("child"), fresh("robot")
    for member in ("administrator", "admin", "role", "policies", "groups",
                   "id", "kind", "disabled", "account"):
        own.fails(400, "INVALID", "POST", "/users",
                  {"name": child, member: True})
    own.post("/users", {"name": child, "password": SECRET})
    assert as_user(server, child).get("/whoami")["policies"] == []
    own.fails(403, "DENIED", "POST", "/robots", {
        "name": robot, "policies": [{"policy": "administrator"}]})
    admin.fails(404, "NOT_FOUND", "GET", "/robots/" + robot)
    token = own.post("/robots", {"name": robot})["token"]["token"]
    assert Admin(server.client(robot, token)).get("/whoami")["policies"] == []
    for method, path in (("PUT", "/users/%s/policies/administrator" % user),
                         ("PUT", "/users/%s/password" % "admin"),
                         ("POST", "/users/admin/tokens"),
                         ("POST", "/users/admin/keys")):
        own.fails(403, "DENIED", method, path, {})


def test_a_robot_makes_nobody(server, admin, fresh):
    robot = fresh("robot")
    token = admin.post("/robots", {"name": robot, "policies": [
        {"policy": "power-user"}]})["token"]["token"]
    own = Admin(server.client(robot, token))
    own.fails(403, "DENIED", "POST", "/users", {"name": fresh()})
    own.fails(403, "DENIED", "POST", "/robots", {"name": fresh()})
    own.fails(403, "DENIED", "PUT", "/robots/%s/policies/administrator" % robot)
    own.fails(403, "DENIED", "PATCH", "/robots/" + robot, {"expires_in": None})
    own.fails(403, "DENIED", "PUT", "/me/password",
              {"old": token, "new": "a new password"})


def test_a_token_makes_nothing_that_outlives_it(server, admin, user):
    own = as_user(server, user)
    key = own.post("/me/keys")["id"]
    token = own.post("/me/tokens", {"expires_in": 60})["token"]
    limited = Admin(server.client(user, token))
    for path in ("/me/tokens", "/me/keys", "/me/keys/%s/rotate" % key):
        limited.fails(403, "DENIED", "POST", path)
    assert len(own.get("/me/keys")["keys"]) == 1
    assert len(own.get("/me/tokens")["tokens"]) == 1
    # To take a key out of use is for everybody, to bring it back is not.
    limited.patch("/me/keys/" + key, {"disabled": True})
    limited.fails(403, "DENIED", "PATCH", "/me/keys/" + key,
                  {"disabled": False})
    assert own.get("/me/keys")["keys"][0]["disabled"]
    own.patch("/me/keys/" + key, {"disabled": False})


# CVE-2022-31666 and its kin: ids of somebody else's.

def test_ids_of_others_are_no_ids_here(server, admin, user, fresh):
    other = fresh("other")
    admin.post("/users", {"name": other, "password": SECRET})
    own, theirs = as_user(server, user), as_user(server, other)
    key = theirs.post("/me/keys")["id"]
    token = theirs.post("/me/tokens")["id"]
    for client, base in ((own, "/me"), (admin, "/users/" + user),
                         (admin, "/me"), (admin, "/robots/" + other)):
        client.fails(404, "NOT_FOUND", "DELETE", "%s/keys/%s" % (base, key))
        client.fails(404, "NOT_FOUND", "PATCH", "%s/keys/%s" % (base, key),
                     {"disabled": True})
        client.fails(404, "NOT_FOUND", "POST",
                     "%s/keys/%s/rotate" % (base, key))
        client.fails(404, "NOT_FOUND", "DELETE",
                     "%s/tokens/%s" % (base, token))
    assert [one["disabled"] for one in theirs.get("/me/keys")["keys"]] == [
        False]
    assert len(theirs.get("/me/tokens")["tokens"]) == 1


# A16: pages of other sites.

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data",
         "text/plain", "", "application/jsonx", "text/json")


@pytest.mark.parametrize("kind", FORMS)
def test_A16_a_form_changes_nothing(admin, fresh, kind):
    headers = {"Content-Type": kind} if kind else {}
    name = fresh()
    for method, path in operations():
        _, operation = find(method, path)
        if "requestBody" not in operation:
            continue
        body = json.dumps({"name": name}).encode()
        reply = admin.ask(method, filled(path, "nobody"), body, headers)
        assert reply.status in (400, 404), str(reply)
    admin.fails(400, "INVALID", "POST", "/users", {"name": name}, headers)
    admin.fails(404, "NOT_FOUND", "GET", "/users/" + name)
    assert admin.get("/me/keys")["keys"] == []


def test_A16_no_other_origin_is_let_in(api, admin):
    headers = {"Origin": "https://evil.example",
               "Access-Control-Request-Method": "DELETE",
               "Access-Control-Request-Headers": "content-type"}
    for method in ("OPTIONS", "GET"):
        for path in ("/api/v1/users", "/api/v1/users/admin", "/api/v1/x"):
            reply = api.request(method, path, None, headers)
            assert not [name for name, _ in reply.headers
                        if name.lower().startswith("access-control")], (
                            str(reply))


def test_A16_text_of_people_is_data(admin, fresh):
    nasty = "</script><script>alert(1)</script>\"'&\\ \u2028"
    name = fresh()
    admin.post("/users", {"name": name, "description": nasty})
    assert admin.get("/users/" + name)["description"] == nasty
    reply = admin.ask("GET", "/users/" + name)
    assert reply.get("Content-Type") == "application/json"


# A17: secrets.

@pytest.mark.disk
def test_A17_secrets_are_shown_once_and_kept_nowhere(own_server):
    server = own_server("log.level=debug")
    admin = Admin(server.client())
    admin.post("/users", {"name": "u", "password": SECRET})
    robot = admin.post("/robots", {"name": "r"})["token"]["token"]
    key = admin.post("/users/u/keys")["secret"]
    token = admin.post("/users/u/tokens")["token"]
    Admin(server.client("u", token)).get("/whoami")
    as_user(server, "u").put("/me/password",
                             {"old": SECRET, "new": "changed password"})
    secrets = [SECRET, "changed password", PASSWORD, robot, key, token,
               token.rsplit("_", 1)[1], robot.rsplit("_", 1)[1]]
    said = ""
    for path in ("/users", "/users/u", "/users/u/keys", "/users/u/tokens",
                 "/robots/r", "/robots/r/tokens", "/audit?limit=1000",
                 "/whoami", "/me/tokens", "/me/keys"):
        said += json.dumps(admin.get(path))
    assert not [one for one in secrets if one in said]
    for kind in ("scrypt", "$7$", "$scrypt", "hash\": \"$"):
        assert kind not in said
    assert server.stop() == 0
    for folder, _, files in os.walk(server.folder):
        for file in files:
            with open(os.path.join(folder, file), "rb") as opened:
                data = opened.read()
            assert not [one for one in secrets if one.encode() in data], file


# A9, A10: numbers and documents.

def test_A10_hostile_documents_are_refused(admin, fresh):
    policy = "/policies/" + fresh("policy")
    deep = b'{"Statement":' + b"[" * 5000 + b"]" * 5000 + b"}"
    wide = b'{"Statement":[' + b",".join([b"{}"] * 20000) + b"]}"
    for body in (deep, wide, b'{"Statement":[],"Statement":[]}',
                 b"{" + b'"a":' * 20000, b"\x00", b'"' + b"\\" * 60000):
        reply = admin.ask("PUT", policy, body)
        assert reply.status in (400, 413), str(reply)
    admin.fails(404, "NOT_FOUND", "GET", policy)


def test_A9_names_in_paths_are_only_names(admin, api):
    for bad in ("..", ".", "%2e%2e", "a%2Fb", "%00", "a%0Ab", "x" * 5000,
                "%ff", "*", "'%20OR%20'1'='1"):
        for base in ("/users/", "/robots/", "/roles/", "/groups/",
                     "/policies/"):
            reply = api.request("GET", "/api/v1" + base + bad)
            assert reply.status in (400, 404, 414), str(reply)
            reply = api.request("DELETE", "/api/v1" + base + bad)
            assert reply.status in (400, 404, 409, 414), str(reply)
    assert admin.get("/users/admin")["name"] == "admin"


# A8: the door does not open with another switch.

def test_A8_anonymous_access_opens_nothing_here(own_server):
    server = own_server(arguments=["--anonymous", "full"])
    nobody = Admin(server.client().anonymous())
    Repository(server.client(), "team/app").push_image("v1")
    for method, path in operations():
        if path in OPEN or "/images/" in path or "/repositories/" in path:
            continue
        refused(nobody, method, path, "admin", (401, 403))
    assert nobody.get("/whoami")["kind"] == "anonymous"
    assert nobody.get("/repositories")["repositories"] == ["team/app"]


def test_A4_a_disabled_user_looks_like_an_unknown_one(server, admin, user):
    admin.patch("/users/" + user, {"disabled": True})
    told = [Admin(server.client(name, password)).fails(
        401, "UNAUTHENTICATED", "GET", "/whoami")
        for name, password in ((user, SECRET), (user, "wrong password"),
                               ("nobody", SECRET))]
    assert len(set(told)) == 1, told


def test_policies_of_others_do_not_leak(server, admin, user, fresh):
    policy = fresh("policy")
    admin.put("/policies/" + policy, ALLOW, 201)
    own = as_user(server, user)
    own.fails(403, "DENIED", "GET", "/policies/" + policy)
    own.fails(403, "DENIED", "POST", "/policies/simulate",
              {"principal": "admin", "action": "ecr:PutImage"})
