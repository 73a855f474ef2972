# SPDX-License-Identifier: Apache-2.0
"""The admin API, with every answer held against docs/openapi.json."""
import json
import os
import re
import urllib.parse

import jsonschema

from .server import ROOT

with open(os.path.join(ROOT, "docs", "openapi.json"), encoding="utf-8") as _f:
    DOCUMENT = json.load(_f)
JSON = {"Content-Type": "application/json"}
SECRET = "a password of a test's user"
_validators = {}


def _validator(schema):
    key = json.dumps(schema, sort_keys=True)
    if key not in _validators:
        _validators[key] = jsonschema.Draft202012Validator(
            dict(schema, components=DOCUMENT["components"]))
    return _validators[key]


def _pattern(path):
    text = re.escape(path).replace(r"\{name\}", "(.+)")
    return re.compile(re.sub(r"\\\{\w+\\\}", "([^/]+)", text) + "$")


_PATHS = [(_pattern(path), path) for path in DOCUMENT["paths"]]


def find(method, path):
    """The pattern and the operation that a request is for."""
    plain = urllib.parse.unquote(path.split("?")[0])
    for matches, pattern in _PATHS:
        operation = DOCUMENT["paths"][pattern].get(method.lower())
        if operation and matches.match(plain):
            return pattern, operation
    raise AssertionError("%s %s is not documented" % (method, path))


def _parameters(operation):
    for one in operation.get("parameters", ()):
        if "$ref" in one:
            one = DOCUMENT["components"]["parameters"][
                one["$ref"].rsplit("/", 1)[1]]
        yield one


def _check_query(operation, path):
    known = {one["name"] for one in _parameters(operation)
             if one["in"] == "query"}
    sent = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query,
                                 keep_blank_values=True)
    assert set(sent) <= known, "not documented: %s" % (set(sent) - known)


def _check_reply(operation, reply):
    answers = operation["responses"]
    described = answers.get(str(reply.status))
    if described is None:
        assert reply.status >= 400, "%d is not documented\n%s" % (
            reply.status, reply)
        described = DOCUMENT["components"]["responses"]["Failure"]
    assert reply.get("Cache-Control") == "no-store", str(reply)
    assert reply.get("X-Content-Type-Options") == "nosniff", str(reply)
    assert not [name for name, _ in reply.headers
                if name.lower().startswith("access-control")], str(reply)
    if "content" not in described:
        assert reply.body == b"", str(reply)
        return
    (kind, content), = described["content"].items()
    assert reply.get("Content-Type") == kind, str(reply)
    if kind == "application/json":
        _validator(content["schema"]).validate(reply.json())


class Admin:
    """Calls as one user; seen collects (method, pattern) of good answers."""

    def __init__(self, client):
        self.client = client
        self.seen = set()

    def ask(self, method, path, body=None, headers=JSON):
        """The reply, whatever it says, once it is as documented."""
        path = "/api/v1" + path
        pattern, operation = find(method, path)
        _check_query(operation, path)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        reply = self.client.request(
            method, path, body, headers if method != "GET" else ())
        _check_reply(operation, reply)
        if reply.status < 400:
            self.seen.add((method, pattern))
        return reply

    def get(self, path):
        return self.ask("GET", path).expect(200).json()

    def post(self, path, body=None, status=201):
        reply = self.ask("POST", path, {} if body is None else body)
        return reply.expect(status).json()

    def put(self, path, body=None, status=204):
        self.ask("PUT", path, body).expect(status)

    def patch(self, path, body):
        return self.ask("PATCH", path, body).expect(200).json()

    def delete(self, path):
        self.ask("DELETE", path).expect(204)

    def fails(self, status, code, method, path, body=None, headers=JSON):
        """A failure with that code; its message."""
        if method == "POST" and body is None:
            body = {}
        reply = self.ask(method, path, body, headers).expect(status)
        error = reply.json()["error"]
        assert error["code"] == code, str(reply)
        return error["message"]

    def pages(self, path, member, limit):
        """Every entry of a listing, read in pages of that many."""
        after, out = None, []
        while True:
            where = "%s?limit=%d" % (path, limit)
            if after is not None:
                where += "&after=" + urllib.parse.quote(str(after), safe="")
            page = self.get(where)
            out += page[member]
            after = page["next"]
            if after is None:
                return out

    def entries(self, **filters):
        """Audit entries, oldest first."""
        return self.get("/audit?limit=1000&" + urllib.parse.urlencode(
            filters))["entries"]


def quote(text):
    return urllib.parse.quote(text, safe="")


def add_user(admin, name, *grants):
    """A client of a new user who has these (policy, pattern)."""
    admin.post("/users", {"name": name, "password": SECRET})
    for policy, pattern in grants:
        admin.put("/users/%s/policies/%s?pattern=%s" % (
            name, policy, quote(pattern)))
    return admin.client.clone(user=name, password=SECRET)


def add_policy(admin, name, *actions, resource="*"):
    """A policy that allows these."""
    admin.put("/policies/" + name, {
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": list(actions),
            "Resource": resource}]}, 201)


def set_policy(admin, repository, *statements):
    """Set the policy of a repository."""
    admin.put("/repository-policies/" + repository, {
        "Version": "2012-10-17", "Statement": list(statements)})
