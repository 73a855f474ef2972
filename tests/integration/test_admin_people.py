# SPDX-License-Identifier: Apache-2.0
"""Users, robots, roles, groups and their credentials through the admin API."""
import pytest
from berthlib import aws
from berthlib.admin import Admin, quote
from berthlib.oci import Repository
from test_admin_all import TRUST

SECRET = "a password of somebody"


def as_user(server, name, password=SECRET):
    return Admin(server.client(name, password))


@pytest.fixture
def user(admin, fresh):
    """A user without any right."""
    name = fresh("user")
    admin.post("/users", {"name": name, "password": SECRET})
    return name


# ---- users ----

def test_a_user_logs_in_until_disabled(server, admin, user):
    own = as_user(server, user)
    assert own.get("/whoami")["name"] == user
    admin.patch("/users/" + user, {"disabled": True})
    own.fails(401, "UNAUTHENTICATED", "GET", "/whoami")
    admin.patch("/users/" + user, {"disabled": False})
    own.get("/whoami")
    admin.delete("/users/" + user)
    own.fails(401, "UNAUTHENTICATED", "GET", "/whoami")
    admin.fails(404, "NOT_FOUND", "GET", "/users/" + user)


def test_a_password_is_changed_with_the_old_one(server, admin, user):
    own = as_user(server, user)
    said = own.fails(403, "DENIED", "PUT", "/me/password",
                     {"old": "wrong password", "new": "new password"})
    assert "old password" in said
    own.fails(400, "INVALID", "PUT", "/me/password",
              {"old": SECRET, "new": "short"})
    own.fails(400, "INVALID", "PUT", "/me/password",
              {"old": SECRET, "new": "x" * 513})
    own.fails(400, "INVALID", "PUT", "/me/password", {"new": "new password"})
    own.put("/me/password", {"old": SECRET, "new": "new password"})
    own.fails(401, "UNAUTHENTICATED", "GET", "/whoami")
    as_user(server, user, "new password").get("/whoami")
    admin.put("/users/%s/password" % user, {"password": SECRET})
    as_user(server, user).get("/whoami")


def test_names_are_checked_and_taken_once(admin, fresh):
    name = fresh()
    admin.post("/users", {"name": name})
    for kind in ("users", "robots", "roles"):
        admin.fails(409, "EXISTS", "POST", "/" + kind, {"name": name})
        admin.fails(409, "EXISTS", "POST", "/" + kind, {"name": "anonymous"})
        for bad in ("", "a b", "a/b", "<b>", "é", "x" * 65):
            admin.fails(400, "INVALID", "POST", "/" + kind, {"name": bad})
    mail = "x" * 100 + "@example.com"
    assert admin.post("/users", {"name": mail})["name"] == mail
    admin.fails(400, "INVALID", "POST", "/robots", {"name": mail})
    admin.delete("/users/" + quote(mail))


def test_bodies_are_strict(admin, fresh):
    said = admin.fails(400, "INVALID", "POST", "/users",
                       {"name": fresh(), "administrator": True})
    assert '"administrator"' in said
    for body in (b"[]", b"1", b"null", b"", b"{", b'{"name": 1}',
                 b'{"name": "a", "name": "b"}', b'{"name": "a\\u0000b"}',
                 b'{"name": "\xff"}', b'{"name": null}',
                 b'{"name": ' + b"[" * 2000 + b"]" * 2000 + b"}"):
        admin.fails(400, "INVALID", "POST", "/users", body)
    admin.fails(413, "TOO_LARGE", "POST", "/users", b" " * 65537)
    admin.fails(400, "INVALID", "PATCH", "/users/admin", {"disabled": 1})
    admin.fails(400, "INVALID", "PATCH", "/users/admin", {"expires_in": 5})
    admin.fails(400, "INVALID", "PATCH", "/users/admin", {"description": "\n"})


def test_kinds_are_kept_apart(admin, user):
    for kind in ("robots", "roles"):
        for method in ("GET", "DELETE"):
            admin.fails(404, "NOT_FOUND", method, "/%s/%s" % (kind, user))
        admin.fails(404, "NOT_FOUND", "PATCH", "/%s/%s" % (kind, user),
                    {"disabled": True})
    admin.fails(404, "NOT_FOUND", "GET", "/robots/%s/keys" % user)
    admin.fails(404, "NOT_FOUND", "POST", "/robots/%s/tokens" % user)
    assert not admin.get("/users/" + user)["disabled"]


@pytest.mark.backend
def test_listings_come_in_pages(admin, fresh):
    names = sorted(fresh() for _ in range(7))
    for name in names:
        admin.post("/users", {"name": name})
    for limit in (1, 3, 1000):
        listed = [one["name"]
                  for one in admin.pages("/users", "users", limit)]
        assert listed == sorted(listed) and len(set(listed)) == len(listed)
        assert [one for one in listed if one in names] == names
    for bad in ("0", "-1", "abc", "1e3", "", str(2 ** 64)):
        admin.fails(400, "PAGE_INVALID", "GET", "/users?limit=" + bad)
    assert admin.get("/users?after=%F4%8F%BF%BF")["users"] == []
    assert admin.get("/users?limit=9999999")["users"]


def test_the_last_administrator_stays(own_server):
    server = own_server()
    admin = Admin(server.client())
    admin.post("/groups", {"name": "g"})
    for call in (("DELETE", "/users/admin", None),
                 ("PATCH", "/users/admin", {"disabled": True}),
                 ("DELETE", "/users/admin/policies/administrator", None)):
        admin.fails(409, "CONFLICT", *call)
    admin.post("/users", {"name": "other", "password": SECRET})
    admin.put("/groups/g/policies/administrator")
    admin.put("/groups/g/members/other")
    admin.delete("/users/admin")
    other = as_user(server, "other")
    other.fails(409, "CONFLICT", "DELETE", "/groups/g/members/other")
    other.fails(409, "CONFLICT", "DELETE", "/groups/g")
    other.get("/users")


# ---- robots ----

def test_a_robots_token_works_until_it_is_deleted(server, admin, fresh, name):
    robot = fresh("robot")
    made = admin.post("/robots", {"name": robot, "policies": [
        {"policy": "push-pull", "pattern": name + "/*"}]})
    client = server.client(robot, made["token"]["token"])
    Repository(client, name + "/app").push_image("v1")
    client.request("POST", "/v2/%sx/blobs/uploads/" % name).expect(401, 403)
    admin.delete("/robots/%s/tokens/%s" % (robot, made["token"]["id"]))
    client.request("GET", "/v2/").expect(401)


def test_a_robot_ends_when_it_expires(server, admin, fresh):
    robot = fresh("robot")
    made = admin.post("/robots", {"name": robot, "expires_in": 3600})
    assert made["expires"]
    client = Admin(server.client(robot, made["token"]["token"]))
    client.get("/whoami")
    admin.patch("/robots/" + robot, {"disabled": True})
    client.fails(401, "UNAUTHENTICATED", "GET", "/whoami")
    for bad in (0, -1, 10 ** 15):
        admin.fails(400, "INVALID", "PATCH", "/robots/" + robot,
                    {"expires_in": bad})
        admin.fails(400, "INVALID", "POST", "/robots",
                    {"name": fresh(), "expires_in": bad})


def test_a_robot_with_a_wrong_policy_is_not_made(admin, fresh):
    robot = fresh("robot")
    for policies in ([{"policy": "nothing"}], [{"pattern": "a"}],
                     [{"policy": "pull-only", "more": 1}], ["pull-only"],
                     [{"policy": "pull-only"}] * 101,
                     [{"policy": "administrator", "pattern": "team/*"}]):
        reply = admin.ask("POST", "/robots",
                          {"name": robot, "policies": policies})
        assert reply.status in (400, 404), str(reply)
    admin.fails(404, "NOT_FOUND", "GET", "/robots/" + robot)


# ---- roles ----

def test_a_role_has_a_trust_and_bounds(admin, fresh):
    role = fresh("role")
    for bad in ({"session_max": 899}, {"session_max": 43201},
                {"session_max": "900"}, {"trust": {}}, {"trust": "x"},
                {"trust": {"Statement": []}}, {"password": SECRET}):
        admin.fails(400, "INVALID", "POST", "/roles", dict(bad, name=role))
    admin.post("/roles", {"name": role})
    admin.fails(404, "NOT_FOUND", "GET", "/roles/%s/trust" % role)
    admin.put("/roles/%s/trust" % role, TRUST)
    admin.fails(400, "INVALID", "PUT", "/roles/%s/trust" % role, b"{}")
    assert admin.get("/roles/%s/trust" % role) == TRUST
    admin.fails(404, "NOT_FOUND", "GET", "/users/%s" % role)


# ---- groups ----

def test_a_group_gives_its_policies_to_its_members(server, admin, user, fresh):
    group = fresh("group")
    own = as_user(server, user)
    admin.post("/groups", {"name": group})
    admin.put("/groups/%s/policies/administrator" % group)
    own.fails(403, "DENIED", "GET", "/users")
    admin.put("/groups/%s/members/%s" % (group, user))
    own.get("/users")
    assert own.get("/whoami")["groups"] == [group]
    assert {"policy": "administrator", "pattern": "*", "group": group} in (
        admin.get("/users/%s/policies" % user)["policies"])
    admin.delete("/groups/%s/members/%s" % (group, user))
    own.fails(403, "DENIED", "GET", "/users")
    admin.put("/groups/%s/members/%s" % (group, user))
    admin.delete("/groups/" + group)
    own.fails(403, "DENIED", "GET", "/users")
    assert admin.get("/users/%s/groups" % user) == {"groups": []}


def test_members_are_users_and_robots(admin, user, fresh):
    group, role = fresh("group"), fresh("role")
    admin.post("/groups", {"name": group})
    admin.post("/roles", {"name": role})
    for bad in (role, "nobody", group):
        admin.fails(404, "NOT_FOUND", "PUT",
                    "/groups/%s/members/%s" % (group, bad))
    admin.fails(404, "NOT_FOUND", "PUT", "/groups/nothing/members/" + user)
    admin.fails(404, "NOT_FOUND", "DELETE",
                "/groups/%s/members/%s" % (group, user))
    for _ in range(2):
        admin.put("/groups/%s/members/%s" % (group, user))
    assert admin.pages("/groups/%s/members" % group, "members", 1) == [user]


# ---- credentials ----

def test_tokens_are_limited_by_their_scope(server, admin, user, name):
    admin.put("/users/%s/policies/push-pull?pattern=%s/*" % (user, name))
    own = as_user(server, user)
    token = own.post("/me/tokens", {"scope": "repository:%s/a:pull" % name})
    client = server.client(user, token["token"])
    limited = Admin(client)
    assert limited.get("/whoami")["limited"]
    Repository(own.client, name + "/a").push_image("v1")
    client.get("/v2/%s/a/manifests/v1" % name).expect(200)
    client.request("POST", "/v2/%s/a/blobs/uploads/" % name).expect(401, 403)
    for method, path in (("GET", "/me/tokens"), ("POST", "/me/tokens"),
                         ("GET", "/me/keys"), ("POST", "/me/keys"),
                         ("GET", "/users")):
        reply = limited.ask(method, path, {} if method == "POST" else None)
        assert reply.status in (401, 403), str(reply)


def test_a_scope_is_never_empty(admin, user):
    for bad in ("", " ", "repository", "repository:UPPER:pull"):
        admin.fails(400, "INVALID", "POST", "/users/%s/tokens" % user,
                    {"scope": bad})
    assert admin.get("/users/%s/tokens" % user)["tokens"] == []


def test_a_token_ends(server, admin, user):
    own = as_user(server, user)
    token = own.post("/me/tokens", {"expires_in": 3600})
    client = Admin(server.client(user, token["token"]))
    assert client.get("/whoami")["credential"] == "api-token"
    own.delete("/me/tokens/" + token["id"])
    client.fails(401, "UNAUTHENTICATED", "GET", "/whoami")
    own.fails(404, "NOT_FOUND", "DELETE", "/me/tokens/" + token["id"])


def test_keys_are_bounded_and_rotated(server, admin, user):
    own = as_user(server, user)
    ids = [own.post("/me/keys")["id"] for _ in range(8)]
    own.fails(409, "CONFLICT", "POST", "/me/keys")
    fresh_key = own.post("/me/keys/%s/rotate" % ids[0])
    listed = {one["id"]: one for one in own.get("/me/keys")["keys"]}
    assert listed[ids[0]]["disabled"] and not listed[ids[1]]["disabled"]
    assert fresh_key["id"] in listed
    own.fails(400, "INVALID", "PATCH", "/me/keys/" + ids[1], {})
    own.delete("/me/keys/" + ids[1])
    own.fails(404, "NOT_FOUND", "DELETE", "/me/keys/" + ids[1])


def test_an_access_key_signs_what_it_asks(server, admin, user):
    key = as_user(server, user).post("/me/keys")
    client = server.client().anonymous()

    def ask(method, path, body=b"", secret=key["secret"]):
        headers = {"Content-Type": "application/json"}
        return client.request(method, path, body or None, aws.sign(
            server, body, headers, method, path, key=key["id"], secret=secret,
            service="berth"))

    who = ask("GET", "/api/v1/whoami").expect(200).json()
    assert (who["name"], who["credential"]) == (user, "access-key")
    ask("GET", "/api/v1/whoami", secret="x" * 40).expect(401)
    token = ask("POST", "/api/v1/me/tokens", b"{}").expect(201).json()["id"]
    ask("DELETE", "/api/v1/me/tokens/" + token).expect(204)
    used = as_user(server, user).get("/me/keys")["keys"][0]["used"]
    assert used is None or used.endswith("Z")
    admin.patch("/users/%s/keys/%s" % (user, key["id"]), {"disabled": True})
    ask("GET", "/api/v1/whoami").expect(401)
