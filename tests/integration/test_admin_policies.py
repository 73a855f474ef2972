# SPDX-License-Identifier: Apache-2.0
"""Policies, attachments, what belongs to repositories, and whom we believe."""
import json

import pytest
from berthlib import oci
from berthlib.admin import Admin, quote
from berthlib.oci import Repository
from test_admin_all import ALLOW, REGISTRY, REPOSITORY, TRUST
from test_admin_people import SECRET, as_user


@pytest.fixture
def user(admin, fresh):
    name = fresh("user")
    admin.post("/users", {"name": name, "password": SECRET})
    return name


def statement(action, resource="*", effect="Allow"):
    return {"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": action, "Resource": resource}]}


def test_a_policy_is_kept_byte_for_byte(admin, fresh):
    policy = "/policies/" + fresh("policy")
    body = (b' {"Version":"2012-10-17",\n\t"Statement" : [{"Effect":"Allow",'
            b'"Action":"ecr:*","Resource":"*"}] } ')
    admin.put(policy, body, 201)
    assert admin.ask("GET", policy).expect(200).body == body
    for bad in (b"", b"{}", b"[]", TRUST, {"Statement": [{"Effect": "Maybe"}]},
                b"\xff"):
        admin.fails(400, "INVALID", "PUT", policy, bad)
    assert admin.ask("GET", policy).expect(200).body == body


def test_the_message_says_where_a_policy_is_wrong(admin, fresh):
    said = admin.fails(400, "INVALID", "PUT", "/policies/" + fresh("policy"),
                       statement("ecr:*", effect="Maybe"))
    assert "Effect" in said


def test_ready_made_policies_stay(admin):
    for name in ("administrator", "power-user", "read-only", "pull-only",
                 "push-pull"):
        admin.fails(409, "CONFLICT", "PUT", "/policies/" + name, ALLOW)
        admin.fails(409, "CONFLICT", "DELETE", "/policies/" + name)
        assert admin.get("/policies/" + name)["Statement"]
    text = admin.ask("GET", "/policies/pull-only?pattern=team/*").body
    assert b"repository/team/*" in text


def test_an_attached_policy_is_not_deleted(admin, user, fresh):
    policy = fresh("policy")
    admin.put("/policies/" + policy, ALLOW, 201)
    admin.put("/users/%s/policies/%s" % (user, policy))
    admin.fails(409, "CONFLICT", "DELETE", "/policies/" + policy)
    admin.delete("/users/%s/policies/%s" % (user, policy))
    admin.delete("/policies/" + policy)
    admin.fails(404, "NOT_FOUND", "DELETE", "/policies/" + policy)
    admin.fails(404, "NOT_FOUND", "GET", "/policies/" + policy)


def test_what_is_attached_is_there_and_fits(admin, user, fresh):
    policy = fresh("policy")
    admin.put("/policies/" + policy, ALLOW, 201)
    base = "/users/%s/policies/" % user
    admin.fails(404, "NOT_FOUND", "PUT", base + "nothing")
    admin.fails(400, "INVALID", "PUT", base + policy + "?pattern=a")
    admin.fails(400, "INVALID", "PUT", base + "administrator?pattern=a")
    admin.fails(400, "INVALID", "PUT", base + "pull-only?pattern=%0A")
    admin.fails(404, "NOT_FOUND", "DELETE", base + policy)
    admin.fails(404, "NOT_FOUND", "PUT", "/users/nobody/policies/" + policy)
    assert admin.get(base[:-1])["policies"] == []


def test_a_policy_counts_at_once(server, admin, user, fresh):
    policy = fresh("policy")
    own = as_user(server, user)
    own.fails(403, "DENIED", "GET", "/users")
    admin.put("/policies/" + policy, statement("iam:ListUsers"), 201)
    admin.put("/users/%s/policies/%s" % (user, policy))
    own.get("/users")
    admin.put("/policies/" + policy, statement("iam:ListUsers", "*", "Deny"))
    own.fails(403, "DENIED", "GET", "/users")


def test_a_policy_may_be_about_one_user(server, admin, user, fresh):
    """What stands in the path is what is asked about."""
    policy, other = fresh("policy"), fresh("other")
    admin.post("/users", {"name": other})
    arn = admin.get("/users/" + user)["arn"]
    admin.put("/policies/" + policy,
              statement(["iam:GetUser", "iam:UpdateUser"], arn), 201)
    admin.put("/users/%s/policies/%s" % (user, policy))
    own = as_user(server, user)
    own.get("/users/" + user)
    own.patch("/users/" + user, {"description": "me"})
    own.fails(403, "DENIED", "GET", "/users/" + other)
    own.fails(403, "DENIED", "PATCH", "/users/" + other, {"disabled": True})
    own.fails(403, "DENIED", "GET", "/users/nobody")
    own.fails(403, "DENIED", "GET", "/users/%s/keys" % user)


def test_simulation_tells_the_decision_and_why(admin, user):
    admin.put("/users/%s/policies/pull-only?pattern=team/*" % user)
    ask = {"principal": user, "action": "ecr:BatchGetImage",
           "repository": "team/app"}
    told = admin.post("/policies/simulate", ask, 200)
    assert told["decision"] == "allowed" and "pull-only" in str(told)
    for change in ({"repository": "other"}, {"action": "ecr:PutImage"},
                   {"principal": "anonymous"}):
        told = admin.post("/policies/simulate", dict(ask, **change), 200)
        assert told["decision"] != "allowed", told
    for bad in ({"action": "ecr:Nothing"}, {"action": None}, {"more": 1}):
        admin.fails(400, "INVALID", "POST", "/policies/simulate",
                    dict(ask, **bad))
    admin.fails(404, "NOT_FOUND", "POST", "/policies/simulate",
                dict(ask, principal="nobody"))
    admin.fails(400, "NAME_INVALID", "POST", "/policies/simulate",
                dict(ask, repository="UPPER"))


# ---- repositories ----

def test_a_repository_is_described(admin, repo):
    admin.fails(404, "REPOSITORY_UNKNOWN", "GET", "/repositories/" + repo.name)
    admin.fails(404, "REPOSITORY_UNKNOWN", "GET", "/images/" + repo.name)
    image = repo.push_image("v1")
    repo.push_manifest("v2", image)
    other = repo.push_image("v3", seed="other")
    about = admin.get("/repositories/" + repo.name)
    assert (about["tags"], about["images"]) == (3, 2)
    assert about["bytes"] >= len(image) + len(other)
    tags = {one["digest"]: one["tags"]
            for one in admin.pages("/images/" + repo.name, "images", 1)}
    assert tags == {oci.digest(image): ["v1", "v2"],
                    oci.digest(other): ["v3"]}
    for bad in ("UPPER", "a..b", "a//b"):
        reply = admin.client.get("/api/v1/repositories/" + bad)
        assert reply.status in (400, 404), str(reply)


def test_a_name_may_end_like_another_route(admin, api, name):
    """What repositories are called is no part of the routes."""
    for end in ("policy", "images", "tags"):
        repo = Repository(api, "%s/%s" % (name, end))
        repo.push_image("v1")
        assert admin.get("/repositories/" + repo.name)["name"] == repo.name
        assert admin.get("/images/" + repo.name)["images"]


@pytest.mark.backend
def test_repositories_are_listed_to_whom_they_are_shown(
        server, admin, api, user, name):
    names = ["%s/%s" % (name, part) for part in ("a/x", "a/y", "b/x")]
    for one in names:
        Repository(api, one).push_image("v1")
    admin.put("/users/%s/policies/read-only?pattern=%s/a/*" % (user, name))
    own = as_user(server, user)
    assert own.pages("/repositories", "repositories", 2) == names[:2]
    listed = admin.pages("/repositories", "repositories", 2)
    assert listed == sorted(listed) and set(names) <= set(listed)
    own.get("/repositories/" + names[0])
    # What is hidden and what is not there look alike.
    hidden = own.fails(403, "DENIED", "GET", "/repositories/" + names[2])
    absent = own.fails(403, "DENIED", "GET", "/repositories/%s/c" % name)
    assert hidden.replace(names[2], "") == absent.replace(name + "/c", "")


def test_a_repository_policy_is_set_and_removed(server, admin, user, repo):
    path = "/repository-policies/" + repo.name
    admin.fails(404, "REPOSITORY_UNKNOWN", "PUT", path, REPOSITORY)
    repo.push_image("v1")
    own = server.client(user, SECRET)
    own.get(repo.manifest("v1")).expect(401, 403)
    admin.fails(404, "NOT_FOUND", "GET", path)
    admin.put(path, REPOSITORY)
    own.get(repo.manifest("v1")).expect(200)
    admin.fails(400, "INVALID", "PUT", path, ALLOW)
    admin.fails(400, "INVALID", "PUT", path + "?force=maybe", REPOSITORY)
    assert admin.get(path) == REPOSITORY
    admin.delete(path)
    own.get(repo.manifest("v1")).expect(401, 403)
    admin.fails(404, "NOT_FOUND", "DELETE", path)


def test_the_registry_policy_is_set_and_removed(own_server):
    admin = Admin(own_server().client())
    admin.fails(404, "NOT_FOUND", "GET", "/registry/policy")
    admin.fails(400, "INVALID", "PUT", "/registry/policy", ALLOW)
    admin.put("/registry/policy", REGISTRY)
    assert admin.get("/registry/policy") == REGISTRY
    admin.delete("/registry/policy")
    admin.fails(404, "NOT_FOUND", "DELETE", "/registry/policy")


DENY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}]}


def test_nobody_locks_himself_out_by_mistake(own_server):
    server = own_server()
    admin = Admin(server.client())
    Repository(admin.client, "team/app").push_image("v1")
    path = "/repository-policies/team/app"
    said = admin.fails(409, "CONFLICT", "PUT", path, DENY)
    assert "force" in said
    admin.fails(409, "CONFLICT", "PUT", path + "?force=false", DENY)
    admin.fails(404, "NOT_FOUND", "GET", path)
    admin.put(path + "?force=true", DENY)
    admin.fails(403, "DENIED", "GET", path)
    admin.fails(403, "DENIED", "PUT", path, REPOSITORY)
    deny = json.loads(json.dumps(DENY))
    deny["Statement"][0]["Resource"] = "*"
    admin.fails(409, "CONFLICT", "PUT", "/registry/policy", deny)
    admin.put("/registry/policy", REGISTRY)


# ---- whom we believe ----

def test_issuers_are_checked(admin, fresh):
    url = "https://%s.example" % fresh()
    good = {"url": url, "audiences": ["berth"]}
    for bad in ({"url": "http://a.example"}, {"url": "file:///etc/passwd"},
                {"url": url + "?a"}, {"url": url + "#a"},
                {"url": "https://" + "a" * 600},
                {"audiences": []}, {"audiences": ["a b"]},
                {"audiences": [""]}, {"audiences": "berth"},
                {"audiences": [1]}, {"audiences": ["a" * 600]},
                {"jwks_url": "http://127.0.0.1/"}, {"more": 1},
                {"private_addresses": "yes"}):
        admin.fails(400, "INVALID", "PUT", "/issuers", dict(good, **bad))
    admin.put("/issuers", good, 201)
    shown, = [one for one in admin.get("/issuers")["issuers"]
              if one["url"] == url]
    assert shown["jwks_url"] is None and shown["audiences"] == ["berth"]
    admin.fails(400, "INVALID", "DELETE", "/issuers")
    admin.delete("/issuers?url=" + quote(url))
    admin.fails(404, "NOT_FOUND", "DELETE", "/issuers?url=" + quote(url))


def test_a_name_in_certificates_stands_for_one(admin, user, fresh):
    robot, name = fresh("robot"), "DNS:%s.example" % fresh()
    admin.post("/robots", {"name": robot})
    base = "/users/%s/certificates" % user
    for bad in ("", "build.example", "DNS:", "DNS:a b", "IP:127.0.0.1"):
        admin.fails(400, "INVALID", "POST", base, {"name": bad})
    admin.post(base, {"name": name})
    admin.fails(409, "EXISTS", "POST", "/robots/%s/certificates" % robot,
                {"name": name})
    admin.fails(404, "NOT_FOUND", "DELETE",
                "/robots/%s/certificates?name=%s" % (robot, quote(name)))
    admin.delete(base + "?name=" + quote(name))
    admin.fails(404, "NOT_FOUND", "DELETE", base + "?name=" + quote(name))
