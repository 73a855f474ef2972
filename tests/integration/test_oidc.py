# SPDX-License-Identifier: Apache-2.0
"""Web identities: tokens of an OpenID Connect issuer, exchanged for sessions of
roles by the unchanged aws command and by Docker's clients; and hostile ones."""
import itertools
import json
import os
import subprocess
import time
import urllib.parse

import pytest
from berthlib.aws import FORM, Aws, Denied
from berthlib.issuer import (
    CONFIGURATION, Issuer, IssuerProcess, Key, by_secret, token)
from berthlib.oci import Repository
from berthlib.server import Server
from berthlib.wire import Client, Connection

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT = "urn:ietf:params:oauth:token-type:jwt"
ROLE = "arn:aws:iam::000000000000:role/"
TIMEOUT_S = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("oidc")).start()
    yield one
    one.finish()
    one.remove()


@pytest.fixture(scope="module")
def manage(server):
    """Calls of the admin API, as the administrator."""
    client = server.client()

    def call(method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        reply = client.request(method, "/api/v1" + path, data,
                               [("Content-Type", "application/json")])
        reply.expect(200, 201, 204)
        return reply.json() if reply.body else None

    return call


def trust(issuer, **condition):
    statement = {
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::000000000000:oidc-provider/"
                                   + issuer.host}}
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def make_issuer(manage, tmp_path):
    """Issuers that the account knows, and a role that trusts each."""
    made = []
    names = itertools.count(1)

    def make(path="", row=None):
        folder = tmp_path / ("issuer-%d" % next(names))
        folder.mkdir()
        issuer = Issuer(folder, path)
        made.append(issuer)
        manage("PUT", "/issuers", issuer.row(**(row or {})))
        issuer.role = "role-%d" % issuer.http.server_address[1]
        manage("POST", "/roles", {"name": issuer.role,
                                  "trust": trust(issuer)})
        manage("PUT", "/roles/%s/policies/push-pull?pattern=team/*"
               % issuer.role)
        return issuer

    yield make
    for issuer in made:
        manage("DELETE", "/issuers?url=" + urllib.parse.quote(issuer.url))
        manage("DELETE", "/roles/" + issuer.role)
        issuer.close()


@pytest.fixture
def issuer(make_issuer):
    return make_issuer()


def post(server, path, fields):
    client = Client(server.address)
    try:
        return client.request("POST", path, urllib.parse.urlencode(
            fields).encode(), [("Content-Type", FORM)])
    finally:
        client.close()


def exchange(server, issuer, text, **more):
    return post(server, "/token", dict({
        "grant_type": EXCHANGE, "subject_token_type": JWT, "role": issuer.role,
        "subject_token": text}, **more))


def password(server, issuer, **more):
    """A token of the issuer's as a password for Docker's clients."""
    reply = exchange(server, issuer, issuer.token(), **more).expect(200)
    return reply.json()["access_token"]


# ---- the aws command


def web(server, issuer, text, *words):
    return Aws(server, key=None)(
        "sts", "assume-role-with-web-identity", "--role-arn",
        ROLE + issuer.role, "--role-session-name", "job-7",
        "--web-identity-token", text, *words)


def test_cli_web_identity(server, issuer):
    said = web(server, issuer, issuer.token())
    arn = "arn:aws:sts::000000000000:assumed-role/%s/job-7" % issuer.role
    assert said["AssumedRoleUser"]["Arn"] == arn
    assert said["SubjectFromWebIdentityToken"] == "repo:team/app:main"
    assert said["Audience"] == "berth"
    assert said["Provider"].endswith(":oidc-provider/" + issuer.host)
    assert Aws.of(server, said["Credentials"]).identity() == arn


def takes_one_address_for_all():
    """Version 1, and 2 from 2.13 on: older ones ask Amazon's own STS."""
    said = subprocess.run(["aws", "--version"], capture_output=True,
                          timeout=TIMEOUT_S).stdout.decode()
    number = [int(n) for n in said.split("/")[1].split()[0].split(".")[:2]]
    return number[0] == 1 or number >= [2, 13]


def test_cli_finds_the_token_in_a_file(server, issuer, tmp_path):
    """As in a job: two variables, and every command is a role's session."""
    path = tmp_path / "token"
    path.write_text(issuer.token())
    if not takes_one_address_for_all():
        said = web(server, issuer, "file://%s" % path)
        assert Aws.of(server, said["Credentials"]).identity()
        return
    aws = Aws(server, key=None)
    env = aws.env(AWS_WEB_IDENTITY_TOKEN_FILE=str(path),
                  AWS_ROLE_ARN=ROLE + issuer.role,
                  AWS_ROLE_SESSION_NAME="job-8", AWS_ENDPOINT_URL=aws.url)
    said = aws("sts", "get-caller-identity", env=env)
    assert said["Arn"].endswith("assumed-role/%s/job-8" % issuer.role)


@pytest.mark.parametrize("code, change", [
    ("InvalidIdentityToken", {"aud": "somebody-else"}),
    ("ExpiredTokenException", {"exp": 1700000000}),
    ("InvalidIdentityToken", {"exp": 4000000000}),
    ("InvalidIdentityToken", {"nbf": 4000000000}),
    ("InvalidIdentityToken", {"iss": "https://127.0.0.1:1"}),
    ("InvalidIdentityToken", {"sub": None})])
def test_cli_is_told_what_is_wrong(server, issuer, code, change):
    with pytest.raises(Denied) as denied:
        web(server, issuer, issuer.token(**change))
    assert denied.value.code == code, denied.value


def test_cli_not_trusted(server, make_issuer):
    """A role trusts one issuer, not whoever else the account knows."""
    first, second = make_issuer(), make_issuer()
    with pytest.raises(Denied, match="Not authorized to perform "
                                     "sts:AssumeRoleWithWebIdentity"):
        web(server, first, second.token())


def test_conditions_on_claims(server, issuer, manage):
    host = issuer.host
    document = trust(issuer, StringLike={
        host + ":sub": "repo:team/*", host + ":ref": "refs/heads/main"},
        Bool={host + ":protected": "true"})
    manage("PUT", "/roles/%s/trust" % issuer.role, document)
    good = {"ref": "refs/heads/main", "protected": True}
    exchange(server, issuer, issuer.token(**good)).expect(200)
    for change in ({"sub": "repo:other/app"}, {"ref": "refs/heads/x"},
                   {"ref": None}, {"protected": False}, {"protected": None}):
        text = issuer.token(**dict(good, **change))
        exchange(server, issuer, text).error(403, "DENIED")


# ---- Docker's clients


def test_docker_login_and_push(server, issuer, tmp_path):
    """What a job does that has docker alone."""
    secret = password(server, issuer)
    host = "%s:%d" % tuple(server.address)
    docker = ["docker", "--config", str(tmp_path / "docker")]
    done = subprocess.run(
        docker + ["login", "-u", "AWS", "--password-stdin", host],
        input=secret.encode(), capture_output=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr.decode()

    admin = Repository(server.client(), "team/base")
    admin.push_image("one")
    skopeo = ["skopeo", "copy", "--src-tls-verify=false",
              "--dest-tls-verify=false",
              "--authfile", str(tmp_path / "docker" / "config.json")]
    done = subprocess.run(
        skopeo + ["docker://%s/team/base:one" % host,
                  "docker://%s/team/app:one" % host],
        capture_output=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr.decode()
    done = subprocess.run(
        skopeo + ["docker://%s/team/base:one" % host,
                  "docker://%s/secret/app:one" % host],
        capture_output=True, timeout=TIMEOUT_S)
    assert done.returncode != 0
    assert b"denied" in done.stderr, done.stderr


def test_exchange_answers_as_rfc_8693(server, issuer):
    reply = exchange(server, issuer, issuer.token()).expect(200)
    said = reply.json()
    assert said["issued_token_type"] == \
        "urn:ietf:params:oauth:token-type:access_token"
    assert said["token_type"] == "N_A" and said["username"] == "AWS"
    assert 3500 < said["expires_in"] <= 3600
    assert reply.get("Cache-Control") == "no-store"
    client = Client(server.address, "AWS", said["access_token"])
    client.get("/v2/").expect(200)
    client.close()


def test_exchange_takes_arns_and_resources(server, issuer):
    text = issuer.token()
    exchange(server, issuer, text, role=ROLE + issuer.role).expect(200)
    fields = {"grant_type": EXCHANGE, "subject_token": text,
              "resource": ROLE + issuer.role,
              "subject_token_type":
                  "urn:ietf:params:oauth:token-type:id_token"}
    post(server, "/token", fields).expect(200)


def test_exchange_limits_by_scopes(server, issuer):
    Repository(server.client(), "team/scoped").push_image("one")
    secret = password(server, issuer, scope="repository:team/scoped:pull")
    client = Client(server.address, "AWS", secret)
    repo = Repository(client, "team/scoped")
    repo.get(repo.manifest("one")).expect(200)
    other = Repository(client, "team/base2")
    other.get(other.manifest("one")).expect(401, 403, 404)
    client.request("POST", "/v2/team/scoped/blobs/uploads/", b"").expect(
        401, 403)
    client.close()
    exchange(server, issuer, issuer.token(),
             scope="repository:A B:pull").expect(400)


@pytest.mark.parametrize("change", [
    {"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"},
    {"subject_token_type": ""}, {"subject_token": ""}, {"role": ""}])
def test_exchange_forms_that_are_none(server, issuer, change):
    exchange(server, issuer, issuer.token(), **change).expect(400)


def test_a_session_token_is_no_bearer_token(server, issuer):
    secret = password(server, issuer)
    client = Client(server.address)
    client.request("GET", "/v2/", None, [
        ("Authorization", "Bearer " + secret)]).expect(401)
    client.close()


def test_a_role_ends_its_passwords(server, issuer, manage):
    client = Client(server.address, "AWS", password(server, issuer))
    client.get("/v2/").expect(200)
    manage("PATCH", "/roles/" + issuer.role, {"disabled": True})
    client.get("/v2/").expect(401)
    manage("PATCH", "/roles/" + issuer.role, {"disabled": False})
    client.close()


# ---- tokens that nobody should take (A1)


def refused(server, issuer, text):
    exchange(server, issuer, text).error(401, "UNAUTHORIZED")
    reply = post(server, "/", {
        "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15",
        "RoleArn": ROLE + issuer.role, "RoleSessionName": "job",
        "WebIdentityToken": text})
    reply.expect(400)
    assert b"<Code>InvalidIdentityToken</Code>" in reply.body, reply.body


def test_A1_algorithms_that_issuers_use(server, issuer):
    issuer.keys = [Key(name, name)
                   for name in ("ES256", "ES384", "RS256", "PS256", "EdDSA")]
    for key in issuer.keys:
        exchange(server, issuer, token(issuer.claims(), key)).expect(200)


def test_A1_no_signature(server, issuer):
    claims = issuer.claims()
    for head in ({"alg": "none"}, {"alg": "none", "kid": "first"},
                 {"alg": "None", "kid": "first"}, {"kid": "first"}):
        refused(server, issuer, token(claims, head=head, signature=b""))
    good = issuer.token()
    refused(server, issuer, good.rsplit(".", 1)[0] + ".")
    refused(server, issuer, good.rsplit(".", 1)[0])
    exchange(server, issuer, good).expect(200)


def test_A1_public_key_as_a_secret(server, issuer):
    issuer.keys = [Key("first", "RS256")]
    claims = issuer.claims()
    key = issuer.keys[0]
    for secret in (key.pem(), json.dumps(key.jwk()).encode(), b""):
        for alg in ("HS256", "RS256"):
            refused(server, issuer, token(
                claims, head={"alg": alg, "kid": "first"},
                signature=by_secret(secret)))


def test_A1_keys_in_the_token_itself(server, issuer):
    mine = Key("mine")
    claims = issuer.claims()
    for more in ({"jwk": mine.jwk()}, {"jku": "https://127.0.0.1:1/keys"},
                 {"x5u": "https://127.0.0.1:1/"}):
        for kid in ("first", "mine"):
            head = dict({"alg": "ES256", "kid": kid}, **more)
            refused(server, issuer, token(claims, mine, head))


def test_A1_keys_of_another_issuer(server, make_issuer):
    first, second = make_issuer(), make_issuer("/tenant")
    exchange(server, second, second.token()).expect(200)
    refused(server, first, token(first.claims(), second.keys[0]))
    refused(server, first, token(first.claims(), Key("first")))


def test_A1_odd_heads(server, issuer):
    key, claims = issuer.keys[0], issuer.claims()
    for more in ({"crit": ["b64"], "b64": False}, {"typ": "at+jwt"},
                 {"kid": "../first"}, {"kid": "f" * 5000}, {"kid": 1}):
        head = dict({"alg": "ES256", "kid": "first"}, **more)
        refused(server, issuer, token(claims, key, head))


def test_A1_huge_and_deep(server, issuer):
    refused(server, issuer, issuer.token(more="x" * 13000))
    deep = []
    for _ in range(200):
        deep = [deep]
    refused(server, issuer, issuer.token(more=deep))
    post(server, "/token", {"grant_type": EXCHANGE, "role": issuer.role,
                            "subject_token_type": JWT,
                            "subject_token": "x" * 100000}).expect(413)


# ---- issuers that cannot be trusted, or reached (A13)


def unavailable(server, issuer):
    exchange(server, issuer, issuer.token()).expect(503)
    reply = post(server, "/", {
        "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15",
        "RoleArn": ROLE + issuer.role, "RoleSessionName": "job",
        "WebIdentityToken": issuer.token()}).expect(400)
    assert b"<Code>IDPCommunicationError</Code>" in reply.body


def test_A13_redirects_are_not_followed(server, make_issuer):
    elsewhere = make_issuer()
    issuer = make_issuer()
    for path in (CONFIGURATION, "/keys"):
        issuer.says[path] = (302, {"Location": elsewhere.url + path}, b"")
    asked = len(elsewhere.asked)
    unavailable(server, issuer)
    assert len(elsewhere.asked) == asked


@pytest.mark.parametrize("body", [
    b"", b"{}", b"<html>", b'{"issuer":"https://other.example"}',
    b"[" * 100000, b"x" * 1000000])
def test_A13_configurations_that_are_none(server, issuer, body):
    issuer.says[CONFIGURATION] = (200, {}, body)
    unavailable(server, issuer)
    assert issuer.asked == [CONFIGURATION]


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_A13_failures_are_no_keys(server, issuer, status):
    body = json.dumps(issuer.document("/keys")).encode()
    issuer.says["/keys"] = (status, {}, body)
    unavailable(server, issuer)


def test_A13_private_addresses_need_leave(server, make_issuer):
    issuer = make_issuer(row={"private_addresses": False})
    unavailable(server, issuer)
    assert issuer.asked == []


def test_A13_certificates_are_checked(server, make_issuer):
    issuer = make_issuer(row={"ca_file": ""})
    unavailable(server, issuer)
    assert issuer.asked == []


@pytest.mark.parametrize("url", [
    "file:///etc/passwd", "http://192.0.2.1/keys", "gopher://127.0.0.1:1/",
    "https://a@127.0.0.1:1/", 7])
def test_A13_other_schemes(server, issuer, url):
    issuer.says[CONFIGURATION] = (200, {}, json.dumps(
        {"issuer": issuer.url, "jwks_uri": url}).encode())
    unavailable(server, issuer)


def test_an_unreachable_issuer_is_asked_once_a_minute(server, issuer):
    issuer.says[CONFIGURATION] = (500, {}, b"")
    for _ in range(5):
        exchange(server, issuer, issuer.token()).expect(503)
    assert len(issuer.asked) == 1


def test_keys_are_fetched_once(server, issuer):
    for _ in range(5):
        exchange(server, issuer, issuer.token()).expect(200)
    assert issuer.asked == [CONFIGURATION, "/keys"]
    stranger = Key("unheard-of")
    for _ in range(5):
        refused(server, issuer, token(issuer.claims(), stranger))
    assert issuer.asked == [CONFIGURATION, "/keys"]


def test_rotated_keys(server, issuer, manage):
    """At once where the row says anew where the keys are; else a minute later
    (tests/unit/auth/test_oidc.c has that)."""
    old = issuer.token()
    exchange(server, issuer, old).expect(200)
    issuer.keys = [Key("second")]
    manage("PUT", "/issuers", issuer.row(jwks_url=issuer.url + "/keys"))
    exchange(server, issuer, issuer.token()).expect(200)
    refused(server, issuer, old)


def test_a_provider_of_its_own_rotates_its_keys(server, manage, tmp_path):
    """Its next key is published before it signs, so nobody notices; and what
    was learned of it counts while it is away."""
    provider = IssuerProcess(tmp_path)
    provider.role = "role-of-process"
    manage("PUT", "/issuers", provider.row())
    manage("POST", "/roles", {"name": provider.role,
                              "trust": trust(provider)})
    kids = set()
    exchange(server, provider, provider.token()).expect(200)
    kids.add(provider.rotate())
    text = provider.token()
    exchange(server, provider, text).expect(200)
    kids.add(provider.rotate())
    assert len(kids) == 2
    # Of a key that was not yet published when the server looked.
    refused(server, provider, provider.token())
    provider.close()
    exchange(server, provider, text).expect(200)
    manage("DELETE", "/issuers?url=" + urllib.parse.quote(provider.url))
    manage("DELETE", "/roles/" + provider.role)


def test_a_deleted_issuer_is_trusted_no_more(server, issuer, manage):
    text = issuer.token()
    exchange(server, issuer, text).expect(200)
    manage("DELETE", "/issuers?url=" + urllib.parse.quote(issuer.url))
    refused(server, issuer, text)
    manage("PUT", "/issuers", issuer.row())
    exchange(server, issuer, text).expect(200)


def test_who_is_slow_holds_nobody_up(server, make_issuer):
    """While one issuer keeps the server waiting others are served."""
    slow, quick = make_issuer(), make_issuer()
    slow.hold.clear()
    client = Client(server.address)
    body = urllib.parse.urlencode({
        "grant_type": EXCHANGE, "subject_token_type": JWT,
        "role": slow.role, "subject_token": slow.token()}).encode()
    head = client.head("POST", "/token", [("Content-Type", FORM)], len(body))
    with Connection(server.address) as waiting:
        waiting.send(head + body)
        exchange(server, quick, quick.token()).expect(200)
        server.client().get("/v2/").expect(200)
        slow.hold.set()
        waiting.reply("POST").expect(200)


def test_what_was_done_is_in_the_audit_log(server, issuer, manage):
    exchange(server, issuer, issuer.token()).expect(200)
    refused(server, issuer, token(issuer.claims(), Key("first")))
    actor = "%s repo:team/app:main" % issuer.host
    end = time.monotonic() + 20
    mine = []
    while not mine and time.monotonic() < end:
        rows = manage("GET", "/audit?kind=role.assume&n=100")["entries"]
        mine = [row for row in rows if row["actor"] == actor]
        time.sleep(0.05)
    assert [row["outcome"] for row in mine] == ["ok"], rows
    assert mine[0]["target"] == issuer.role
    assert any(row["outcome"] == "failed" for row in rows), rows
    assert issuer.token().split(".")[2] not in json.dumps(rows)


def test_no_secret_in_the_log(server, issuer):
    text = issuer.token()
    secret = exchange(server, issuer, text).expect(200).json()["access_token"]
    with open(server.log, "rb") as file:
        log = file.read()
    assert secret.encode() not in log
    assert text.split(".")[2].encode() not in log


def test_issuer_with_a_path(server, make_issuer):
    issuer = make_issuer("/realms/one")
    exchange(server, issuer, issuer.token()).expect(200)
    assert issuer.asked[0] == "/realms/one" + CONFIGURATION


def test_program_without_issuers_needs_no_curl(server):
    """Nothing of it is loaded until somebody exchanges a token."""
    fresh = Server(os.path.join(server.folder, "fresh")).start()
    try:
        with open("/proc/%d/maps" % fresh.process.pid) as file:
            assert "libcurl" not in file.read()
    finally:
        fresh.finish()
