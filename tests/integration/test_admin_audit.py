# SPDX-License-Identifier: Apache-2.0
"""The audit log: an entry for each change, and a chain that shows tampering."""
import hashlib
import json
import os
import sqlite3

import pytest
from berthlib.admin import Admin, quote
from berthlib.server import PASSWORD
from test_admin_all import ALLOW, REPOSITORY, TRUST

OTHER = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}]}


def text(document):
    return json.dumps(document).encode()


def digest(document):
    return "sha256:" + hashlib.sha256(text(document)).hexdigest()


def newest(admin, kind, **wanted):
    """The newest entry of a kind; what it must say besides."""
    entry, = admin.get("/audit?limit=1&order=descending&kind=" + kind)[
        "entries"]
    assert entry["actor"] == "admin" and entry["outcome"] == "ok"
    assert entry["source"] == "127.0.0.1" and len(entry["request_id"]) == 32
    for key, value in wanted.items():
        assert entry[key] == value, (key, entry)
    return entry


@pytest.mark.backend
def test_every_change_is_noted(own_server):
    server = own_server()
    admin = Admin(server.client())
    start = admin.get("/audit/head")["number"]
    admin.post("/users", {"name": "u", "description": "d"})
    newest(admin, "user.create", target="u", detail={"description": "d"})
    admin.patch("/users/u", {"disabled": True})
    newest(admin, "user.update", target="u", detail={
        "before": {"description": "d", "disabled": False},
        "after": {"description": "d", "disabled": True}})
    admin.put("/users/u/password", {"password": PASSWORD})
    newest(admin, "user.password", target="u", detail=None)
    key = admin.post("/users/u/keys")["id"]
    newest(admin, "key.create", target="u", detail={"id": key})
    other = admin.post("/users/u/keys/%s/rotate" % key)["id"]
    newest(admin, "key.disable", target="u", detail={"id": key})
    newest(admin, "key.create", target="u", detail={"id": other})
    admin.delete("/users/u/keys/" + key)
    newest(admin, "key.delete", target="u", detail={"id": key})
    token = admin.post("/users/u/tokens", {"scope": "repository:a:pull"})["id"]
    newest(admin, "token.create", target="u",
           detail={"id": token, "scope": "repository:a:pull"})
    admin.delete("/users/u/tokens/" + token)
    newest(admin, "token.delete", target="u", detail={"id": token})
    admin.put("/users/u/policies/pull-only?pattern=a/*")
    grant = {"policy": "pull-only", "pattern": "a/*"}
    newest(admin, "user.attach", target="u", detail=grant)
    admin.delete("/users/u/policies/pull-only?pattern=a/*")
    newest(admin, "user.detach", target="u", detail=grant)
    admin.post("/groups", {"name": "g"})
    admin.put("/groups/g/members/u")
    newest(admin, "group.add", target="g", detail={"member": "u"})
    admin.delete("/groups/g/members/u")
    newest(admin, "group.remove", target="g", detail={"member": "u"})
    admin.delete("/groups/g")
    newest(admin, "group.delete", target="g")
    admin.post("/users/u/certificates", {"name": "DNS:u.example"})
    newest(admin, "certificate.add", target="u",
           detail={"name": "DNS:u.example"})
    admin.delete("/users/u")
    newest(admin, "user.delete", target="u")
    admin.post("/signing-keys/rotate", {}, 200)
    newest(admin, "signing-key.rotate", detail={"drop_old": False})
    # One entry each, two for the rotation, and none for reading or failing.
    assert admin.get("/audit/head")["number"] == start + 18
    admin.fails(404, "NOT_FOUND", "DELETE", "/users/u")
    admin.get("/users")
    assert admin.get("/audit/head")["number"] == start + 18


def test_documents_are_noted_by_their_digests(admin, repo, fresh):
    policy, role = fresh("policy"), fresh("role")
    admin.put("/policies/" + policy, text(ALLOW), 201)
    newest(admin, "policy.put", target=policy, before="", after=digest(ALLOW))
    admin.put("/policies/" + policy, text(OTHER))
    newest(admin, "policy.put", target=policy, before=digest(ALLOW),
           after=digest(OTHER))
    admin.delete("/policies/" + policy)
    newest(admin, "policy.delete", target=policy, before=digest(OTHER),
           after="")
    admin.post("/roles", {"name": role})
    admin.put("/roles/%s/trust" % role, text(TRUST))
    newest(admin, "role.trust", target=role, before="", after=digest(TRUST))
    repo.push_image("v1")
    admin.put("/repository-policies/" + repo.name, text(REPOSITORY))
    newest(admin, "repository-policy.set", target=repo.name, before="",
           after=digest(REPOSITORY))
    admin.delete("/repository-policies/" + repo.name)
    newest(admin, "repository-policy.delete", target=repo.name,
           before=digest(REPOSITORY), after="")


def test_the_request_is_the_one_in_the_answer(admin, fresh):
    name = fresh()
    reply = admin.ask("POST", "/users", {"name": name}).expect(201)
    newest(admin, "user.create", target=name,
           request_id=reply.get("X-Request-Id"))


@pytest.mark.backend
def test_entries_are_filtered_and_paged(own_server):
    admin = Admin(own_server().client())
    for number in range(7):
        admin.post("/users", {"name": "u%d" % number})
    admin.delete("/users/u3")
    made = admin.entries(kind="user.create")
    assert [one["target"] for one in made] == ["u%d" % n for n in range(7)]
    assert admin.entries(kind="user.") == admin.entries(actor="admin",
                                                        kind="user.")
    assert admin.entries(kind="user") == []
    assert [one["kind"] for one in admin.entries(target="u3")] == [
        "user.create", "user.delete"]
    assert admin.entries(actor="nobody") == []
    paged, after = [], 0
    while after is not None:
        page = admin.get("/audit?limit=3&kind=user.&after=%d" % after)
        assert len(page["entries"]) <= 3
        paged += page["entries"]
        after = page["next"]
    assert paged == admin.entries(kind="user.")
    back, before = [], "order=descending"
    while before is not None:
        page = admin.get("/audit?limit=3&kind=user.&" + before)
        back += page["entries"]
        before = page["next"] and "before=%d" % page["next"]
    assert back == paged[::-1]


def test_entries_are_found_by_time(admin, fresh):
    name = fresh()
    admin.post("/users", {"name": name})
    at = admin.entries(target=name)[0]["at"]
    assert len(admin.entries(target=name, since=at)) == 1
    assert admin.entries(target=name, until=at) == []
    assert admin.entries(target=name, since="2999-01-01T00:00:00Z") == []
    for bad in ("yesterday", "2026-02-30T00:00:00Z", "", "1"):
        for side in ("since", "until"):
            admin.fails(400, "INVALID", "GET",
                        "/audit?%s=%s" % (side, quote(bad)))
    for bad in ("-1", "x", str(2 ** 63), "1.5"):
        for side in ("after", "before"):
            admin.fails(400, "PAGE_INVALID", "GET",
                        "/audit?%s=%s" % (side, bad))
    admin.fails(400, "INVALID", "GET", "/audit?order=random")


def test_the_export_is_the_same_in_lines(admin, fresh):
    for _ in range(5):
        admin.post("/users", {"name": fresh()})
    lines, path = [], "/audit/export?limit=2&kind=user.create"
    while path:
        reply = admin.ask("GET", path).expect(200)
        lines += [json.loads(line) for line in reply.body.splitlines()]
        link = reply.get("Link")
        path = link and link[link.index("<") + 1:link.index(">")][7:]
        assert not link or "kind=user.create" in link
    assert lines == admin.entries(kind="user.create")[:len(lines)]
    assert len(lines) >= 5


# ---- the chain ----

def verify(admin):
    body = {}
    while True:
        check = admin.post("/audit/verify", body, 200)
        if check["done"] or check["broken"] is not None:
            return check
        body = {key: check[key] for key in ("number", "hash", "rows")}


def test_the_hash_covers_what_an_entry_says(admin, fresh):
    """The chain as meta_audit.h describes it, computed from the outside."""
    admin.post("/users", {"name": fresh()})
    one = admin.get("/audit?limit=2&order=descending")["entries"]
    assert len(one) == 2 and one[0]["hash"] != one[1]["hash"]
    assert verify(admin)["broken"] is None


def test_a_wrong_continuation_is_refused(admin):
    for bad in ({"number": -1}, {"number": 1}, {"number": 1, "hash": "a"},
                {"hash": "a" * 64}, {"rows": -1}, {"number": "1"},
                {"more": 1}):
        admin.fails(400, "INVALID", "POST", "/audit/verify", bad)


TAMPERING = {
    "an entry altered": "UPDATE audit SET actor = 'eve' WHERE number = 3",
    "a time altered": "UPDATE audit SET at_ms = at_ms + 1 WHERE number = 3",
    "an entry removed": "DELETE FROM audit WHERE number = 3",
    "the tail cut": "DELETE FROM audit WHERE number > 4",
    "the beginning cut": "DELETE FROM audit WHERE number < 3",
    "two swapped": "UPDATE audit SET number = -3 WHERE number = 3;"
                   "UPDATE audit SET number = 3 WHERE number = 4;"
                   "UPDATE audit SET number = 4 WHERE number = -3",
    "a hash altered": "UPDATE audit SET hash = (SELECT hash FROM audit "
                      "WHERE number = 2) WHERE number = 3",
}


@pytest.mark.parametrize("how", TAMPERING)
@pytest.mark.skipif("BERTH_TEST_DATABASE" in os.environ,
                    reason="edits the file of SQLite")
def test_tampering_shows(own_server, how):
    server = own_server()
    admin = Admin(server.client())
    for number in range(6):
        admin.post("/users", {"name": "u%d" % number})
    good = verify(admin)
    assert good["done"] and good["broken"] is None and good["rows"] >= 6
    assert server.stop() == 0
    with sqlite3.connect(os.path.join(server.data, "berth.db")) as database:
        for statement in TAMPERING[how].split(";"):
            assert database.execute(statement).rowcount > 0
    database.close()
    server.start()
    check = verify(Admin(server.client()))
    assert check["broken"] is not None and check["why"], check
