# SPDX-License-Identifier: Apache-2.0
"""TOK-01 to TOK-13, A1 to A3: Docker's token protocol."""
import datetime
import json
import re

import pytest
from berthlib import oci, tokens
from berthlib.oci import Repository
from berthlib.server import PASSWORD
from berthlib.tokens import Bearer, access, ask, bearer, challenge, post
from berthlib.wire import Connection

PULL = "repository:%s:pull"
PUSH = "repository:%s:pull,push"
ALL = "repository:%s:*"
SECRET = "a-password-of-eve's"


def admin(client, method, path, body=None):
    """A call of the admin API that must go well."""
    data = None if body is None else json.dumps(body).encode()
    return client.request(
        method, "/api/v1" + path, data,
        {"Content-Type": "application/json"} if data else ()).expect(
            200, 201, 204)


def user(client, name, policy=None, pattern="*"):
    """A client of a new user."""
    admin(client, "POST", "/users", {"name": name, "password": SECRET})
    if policy:
        admin(client, "PUT", "/users/%s/policies/%s?pattern=%s" % (
            name, policy, pattern))
    return client.clone(user=name, password=SECRET)


@pytest.fixture
def eve(api, name):
    """A user who may push to her own repositories alone."""
    return user(api, "eve" + name.rsplit("/", 1)[1], "push-pull",
                name + "/*")


# ---- TOK-01: the challenge ----

ROUTES = [
    ("GET", "/tags/list", "pull"),
    ("GET", "/manifests/latest", "pull"),
    ("HEAD", "/manifests/latest", "pull"),
    ("GET", "/blobs/" + oci.digest(b""), "pull"),
    ("HEAD", "/blobs/" + oci.digest(b""), "pull"),
    ("GET", "/referrers/" + oci.digest(b""), "pull"),
    ("PUT", "/manifests/latest", "pull,push"),
    ("POST", "/blobs/uploads/", "pull,push"),
    ("PATCH", "/blobs/uploads/1", "pull,push"),
    ("PUT", "/blobs/uploads/1?digest=" + oci.digest(b""), "pull,push"),
    ("GET", "/blobs/uploads/1", "pull,push"),
    ("DELETE", "/blobs/uploads/1", "pull,push"),
    ("DELETE", "/manifests/" + oci.digest(b""), "delete"),
    ("DELETE", "/blobs/" + oci.digest(b""), "delete"),
]


@pytest.mark.parametrize("method, place, actions", ROUTES)
def test_TOK_01_each_route_names_its_scope(api, method, place, actions):
    reply = api.anonymous().request(method, "/v2/a/b" + place)
    scheme, said = challenge(reply.error(401, "UNAUTHORIZED"))
    assert scheme == "Bearer"
    assert said == {"realm": "http%s://%s:%d/token" % (
        ("s" if api.address.tls else "",) + api.address),
        "service": "berth", "scope": "repository:a/b:" + actions}


def test_TOK_01_what_has_no_repository(api):
    plain = api.anonymous()
    assert "scope" not in challenge(plain.get("/v2/"))[1]
    said = challenge(plain.get("/v2/_catalog"))[1]
    assert said["scope"] == "registry:catalog:*"


def test_TOK_01_a_mount_names_both_sides(api):
    reply = api.anonymous().request(
        "POST", "/v2/a/blobs/uploads/?mount=%s&from=b/c" % oci.digest(b""))
    assert challenge(reply)[1]["scope"] == \
        "repository:a:pull,push repository:b/c:pull"


def test_TOK_01_says_what_is_wrong_with_a_token(api, repo):
    """error= comes with a token alone: none for a missing or wrong one of
    another kind."""
    other = bearer(api, PULL % "some/other")
    said = challenge(other.get(repo.base + "/tags/list"))[1]
    assert said["error"] == "insufficient_scope"
    assert said["scope"] == PULL % repo.name
    said = challenge(Bearer(api.address, other.token + "A").get("/v2/"))[1]
    assert said["error"] == "invalid_token"
    for client in api.anonymous(), api.clone(password="wrong"):
        assert "error" not in challenge(client.get("/v2/"))[1]


@pytest.mark.parametrize("host", ['evil"; realm="x', "a b", "a\\b", "a,b"])
def test_A12_a_host_cannot_write_the_realm(api, host):
    reply = api.anonymous().request("GET", "/v2/", headers={"Host": host})
    if reply.status == 401:
        scheme, said = challenge(reply)
        assert scheme == "Bearer" and set(said) == {"realm", "service"}
        assert host not in said["realm"]
    else:
        reply.expect(400)


def test_TOK_01_the_realm_is_the_external_url(own_server):
    server = own_server("server.external_url=https://registry.example")
    reply = server.client().anonymous().request(
        "GET", "/v2/", headers={"Host": "evil.example"})
    assert challenge(reply)[1]["realm"] == "https://registry.example/token"


def test_TOK_01_basic_where_configured(own_server):
    server = own_server("auth.challenge=basic")
    api = server.client()
    reply = api.anonymous().get("/v2/")
    assert reply.get("WWW-Authenticate").startswith("Basic "), str(reply)
    bearer(api).get("/v2/").expect(200)


# ---- TOK-02: the parameters of GET ----

def test_TOK_02_several_scopes_each_a_list(api):
    got = ask(api, "repository:a:pull repository:b/c:push",
              "registry:catalog:*", "repository:a:push").expect(200).json()
    assert access(got["token"]) == {
        "a": ["pull", "push"], "b/c": ["push"], "catalog": ["*"]}


def test_TOK_02_blanks_may_be_written_either_way(api):
    for blank in "+", "%20":
        reply = api.get("/token?scope=repository:a:pull%srepository:b:pull"
                        % blank).expect(200)
        assert access(reply.json()["token"]) == {"a": ["pull"], "b": ["pull"]}


def test_TOK_02_parameters_that_say_nothing(api):
    ask(api, account="admin", client_id="docker", unknown="x").expect(200)
    api.get("/token").expect(200)
    ask(api, service="other").error(400, "UNSUPPORTED")


def test_TOK_02_anonymously(api, own_server):
    got = ask(api.anonymous(), PULL % "a").expect(200).json()
    assert access(got["token"]) == {}
    open_to_all = own_server(arguments=["--anonymous", "pull"]).client()
    got = ask(open_to_all.anonymous(), PUSH % "a").expect(200).json()
    assert access(got["token"]) == {"a": ["pull"]}
    Bearer(open_to_all.address, got["token"]).get("/v2/").expect(200)


# ---- TOK-03: what is granted ----

@pytest.mark.parametrize("change", [
    {"password": "wrong"}, {"user": "nobody"}, {"password": ""}])
def test_TOK_03_bad_credentials(api, change):
    wrong = api.clone(**change)
    reply = ask(wrong, PULL % "a").error(401, "UNAUTHORIZED")
    assert reply.get("WWW-Authenticate").startswith("Basic "), str(reply)
    post(api.anonymous(), grant_type="password", username=wrong.user,
         password=wrong.password or "x").error(401, "UNAUTHORIZED")


def test_TOK_03_no_rights_is_less_and_no_error(eve, name):
    mine = name + "/mine"
    got = ask(eve, ALL % mine, ALL % "other", ALL % name,
              "registry:catalog:*").expect(200).json()
    assert set(access(got["token"])) <= {mine, "catalog"}
    assert access(got["token"])[mine][:2] == ["pull", "push"]
    assert access(tokens.token(eve, ALL % "other")) == {}


def test_TOK_03_what_is_granted_is_no_more_than_may_be_done(eve, name):
    mine = Repository(bearer(eve, ALL % (name + "/mine"), ALL % "other"),
                      name + "/mine")
    mine.push_image("one")
    other = Repository(mine.client, "other")
    other.client.request("POST", other.uploads).error(401, "UNAUTHORIZED")


# ---- TOK-04: the reply ----

def test_TOK_04_the_reply(api):
    reply = ask(api, PULL % "a").expect(200)
    got = reply.json()
    assert reply.get("Content-Type") == "application/json"
    assert reply.get("Cache-Control") == "no-store"
    assert got["token"] == got["access_token"]
    assert got["expires_in"] >= 60
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
                        got["issued_at"])
    assert "refresh_token" not in got


def test_TOK_04_a_refresh_token_only_when_it_is_wanted(api):
    for wanted, there in (("true", True), ("false", False), ("", False)):
        got = ask(api, offline_token=wanted).expect(200).json()
        assert ("refresh_token" in got) == there
    got = ask(api.anonymous(), offline_token="true").expect(200).json()
    assert "refresh_token" not in got


def test_TOK_04_a_life_of_a_minute_at_least(own_server):
    api = own_server("auth.access_token_life=60s").client()
    got = ask(api).expect(200).json()
    assert got["expires_in"] == 60
    claims = tokens.parts(got["token"])[1]
    assert claims["exp"] - claims["iat"] == 60
    server = own_server("auth.access_token_life=59s", start=False)
    with pytest.raises(AssertionError, match="access_token_life"):
        server.start()
    server.process = None


# ---- TOK-05: POST ----

def test_TOK_05_a_password(api):
    reply = post(api.anonymous(), grant_type="password", username="admin",
                 password=PASSWORD,
                 scope="repository:a:pull repository:b:push").expect(200)
    got = reply.json()
    assert access(got["access_token"]) == {"a": ["pull"], "b": ["push"]}
    assert got["scope"] == "repository:a:pull repository:b:push"
    assert got["expires_in"] >= 60 and "refresh_token" not in got
    Bearer(api.address, got["access_token"]).get("/v2/").expect(200)


def test_TOK_05_the_granted_scope_is_told(eve, name):
    got = post(eve.anonymous(), grant_type="password", username=eve.user,
               password=SECRET,
               scope=(PULL + " ") % (name + "/a") + ALL % "other").json()
    assert got["scope"] == PULL % (name + "/a")


@pytest.mark.parametrize("odd", [
    "with blank", "with+plus", "100%25", "a&b=c", "ä€", "co:lon", '"\\'])
def test_TOK_05_every_password_can_be_posted(own_server, odd):
    server = own_server(env={"BERTH_ADMIN_PASSWORD": odd + " padding"})
    post(server.client().anonymous(), grant_type="password", username="admin",
         password=odd + " padding").expect(200)


@pytest.mark.parametrize("fields, status", [
    ({"grant_type": None}, 400),
    ({"grant_type": "client_credentials"}, 400),
    ({"grant_type": "PASSWORD"}, 400),
    ({"service": None}, 400),
    ({"service": "other"}, 400),
    ({"client_id": None}, 400),
    ({"username": None}, 400),
    ({"password": None}, 400),
    ({"username": ""}, 400),
    ({"username": "ad:min"}, 401),
    ({"username": "x" * 5000}, 401),
    ({"grant_type": "refresh_token"}, 400),
    ({"grant_type": "refresh_token", "refresh_token": "brr_x"}, 401),
])
def test_TOK_05_what_is_missing_or_odd(api, fields, status):
    form = {"grant_type": "password", "username": "admin",
            "password": PASSWORD}
    form.update(fields)
    post(api.anonymous(), **form).error(status, "UNSUPPORTED", "UNAUTHORIZED")


def test_TOK_05_only_a_form_of_a_bounded_size(api):
    plain = api.anonymous()
    for kind in "application/json", "text/plain", "":
        plain.request("POST", "/token", b"grant_type=password",
                      {"Content-Type": kind}).error(400, "UNSUPPORTED")
    for chunked in None, 1000:
        plain.request("POST", "/token", b"a=" + b"x" * 30000, tokens.FORM,
                      chunked).error(413, "SIZE_INVALID")
    plain.request("POST", "/token", b"grant_type=%zz", tokens.FORM).error(
        400, "UNSUPPORTED")
    plain.request("POST", "/token", b"", tokens.FORM).error(
        400, "UNSUPPORTED")


def test_TOK_05_whatever_the_header_says_the_form_counts(api):
    got = post(api, grant_type="password", username="admin", password="wrong")
    got.error(401, "UNAUTHORIZED")


# ---- TOK-06: refresh tokens ----

def refresh(client, text, **more):
    return post(client.anonymous(), grant_type="refresh_token",
                refresh_token=text, **more)


def keep(client):
    return ask(client, offline_token="true").expect(200).json()[
        "refresh_token"]


@pytest.mark.backend
def test_TOK_06_a_refresh_token_stands_for_a_password(api):
    posted = post(api.anonymous(), grant_type="password", username="admin",
                  password=PASSWORD, access_type="offline").json()
    for text in keep(api), posted["refresh_token"]:
        got = refresh(api, text, scope=PUSH % "a").expect(200).json()
        assert got["refresh_token"] == text
        assert access(got["access_token"]) == {"a": ["pull", "push"]}
        assert tokens.parts(got["access_token"])[1]["sub"] == "admin"


def test_TOK_06_it_is_good_nowhere_else(api):
    text = keep(api)
    api.clone(password=text).get("/v2/").error(401, "UNAUTHORIZED")
    Bearer(api.address, text).get("/v2/").error(401, "UNAUTHORIZED")
    ask(Bearer(api.address, text)).error(401, "UNAUTHORIZED")
    refresh(api, text[:-1]).error(401, "UNAUTHORIZED")
    refresh(api, text + "x").error(401, "UNAUTHORIZED")
    refresh(api, ask(api).json()["token"]).error(401, "UNAUTHORIZED")


def test_TOK_06_it_is_for_one_service(own_server):
    server = own_server()
    text = keep(server.client())
    server.options.append("auth.service=another")
    server.restart()
    post(server.client().anonymous(), grant_type="refresh_token",
         refresh_token=text, service="another").error(401, "UNAUTHORIZED")


@pytest.mark.disk
def test_TOK_06_it_outlives_a_restart(own_server):
    server = own_server()
    text = keep(server.client())
    server.restart(hard=True)
    refresh(server.client(), text).expect(200)


def test_TOK_06_only_a_password_is_worth_one(api, eve):
    """What is limited, or ends by itself, must not be made unlimited."""
    made = admin(eve, "POST", "/me/tokens", {"scope": PULL % "*"}).json()
    limited = eve.clone(password=made["token"])
    got = ask(limited, offline_token="true").expect(200).json()
    assert "refresh_token" not in got
    posted = post(api.anonymous(), grant_type="password", username=eve.user,
                  password=made["token"], access_type="offline").expect(200)
    assert "refresh_token" not in posted.json()


def test_TOK_06_no_secret_is_stored_or_logged(own_server):
    import glob
    import os
    server = own_server()
    text = keep(server.client())
    refresh(server.client(), text).expect(200)
    refresh(server.client(), text + "x").error(401, "UNAUTHORIZED")
    server.stop()
    secret = text.rsplit("_", 1)[1].encode()
    for path in [server.log] + glob.glob(os.path.join(server.data, "berth*")):
        with open(path, "rb") as file:
            assert secret not in file.read(), path


# ---- TOK-07, A2: scopes ----

@pytest.mark.parametrize("scope, granted", [
    ("repository:a:pull", {"a": ["pull"]}),
    ("repository(plugin):a:pull", {"a": ["pull"]}),
    ("repository:a/b/c:push,pull", {"a/b/c": ["pull", "push"]}),
    ("repository:a:*", {"a": ["pull", "push", "delete"]}),
    ("repository:a:pull,admin", {"a": ["pull"]}),
    ("registry:catalog:*", {"catalog": ["*"]}),
    ("registry:other:*", {}),
    ("aws:x:pull", {}),
    ("repository:host:5000/a:pull", {}),
    ("repository", {}),
    ("", {}),
])
def test_TOK_07_the_grammar(api, scope, granted):
    assert access(tokens.token(api, scope)) == granted


def test_TOK_07_one_that_cannot_be_read_harms_no_other(api):
    got = tokens.token(api, "repository:A:pull repository:b:pull", "::",
                       PULL % "c")
    assert access(got) == {"b": ["pull"], "c": ["pull"]}


def test_A9_many_scopes(api):
    names = ["r%d" % i for i in range(100)]
    got = tokens.token(api, *[PULL % name for name in names])
    assert set(access(got)) == set(names)
    Bearer(api.address, got).get("/v2/r99/tags/list").error(
        404, "NAME_UNKNOWN")
    for scopes in ([PULL % ("r%d" % i) for i in range(101)],
                   [" ".join(PULL % name for name in names[:51])] * 2
                   + [PULL % ("s%d" % i) for i in range(50)]):
        ask(api, *scopes).error(413, "SIZE_INVALID")
    ask(api, *[PULL % "same"] * 110).expect(200)


@pytest.mark.parametrize("scope", [
    "repository:%s/:pull", "repository:%s/*:pull", "repository:*:pull",
    "repository:%s%%2Fb:pull", "repository:%s:PULL", "repository:%s:Pull",
    "Repository:%s:pull", "repository:%s:pull:push", "repository::pull",
    "repository:%s/../%s:pull"])
def test_A2_scopes_that_grant_nothing(api, repo, scope):
    name = repo.name
    repo.push_image("one")
    scope = scope.replace("%s", name).replace("%%", "%")
    got = tokens.token(api, scope)
    assert access(got) == {}
    Bearer(api.address, got).get(repo.base + "/tags/list").error(
        401, "UNAUTHORIZED")


def test_A2_a_token_is_good_for_its_own_repository(api, name):
    """Neither for one below it, nor above it, nor beginning alike."""
    for place in (name, name + "/b", name + "b", name[:-1] + "zz"):
        Repository(api, place).push_image("one")
    mine = bearer(api, PUSH % name)
    mine.get("/v2/%s/tags/list" % name).expect(200)
    for place in (name + "/b", name + "b", name[:-1] + "zz"):
        mine.get("/v2/%s/tags/list" % place).error(401, "UNAUTHORIZED")
    below = bearer(api, PUSH % (name + "/b"))
    below.get("/v2/%s/tags/list" % name).error(401, "UNAUTHORIZED")


def test_A2_other_spellings_of_a_name_open_nothing(api, name):
    Repository(api, name + "/b").push_image("one")
    mine = bearer(api, PULL % name)
    for place in (name + "%2Fb", name + "/b/", name + "//b", name + "/./b",
                  name.upper() + "/b", "x/../" + name + "/b"):
        mine.get("/v2/%s/tags/list" % place).expect(400, 401, 404)


@pytest.mark.backend
def test_A2_a_mount_takes_rights_on_both_sides(api, name):
    source, target = name + "/source", name + "/target"
    digest = Repository(api, source).push_blob(b"mounted " + name.encode())
    place = "/v2/%s/blobs/uploads/?mount=%s" % (target, digest)
    for scopes, query in (([PUSH % target], "&from=" + source),
                          ([PUSH % target], ""),
                          ([PUSH % target, PULL % (source + "/x")],
                           "&from=" + source)):
        bearer(api, *scopes).request("POST", place + query).expect(202)
    bearer(api, PUSH % source).request(
        "POST", place + "&from=" + source).error(401, "UNAUTHORIZED")
    both = bearer(api, PUSH % target, PULL % source)
    both.request("POST", place + "&from=" + source).expect(201)


def test_A6_a_session_needs_the_scope_of_a_push(api, name):
    """The same user's session, but a token that is only good for pulls."""
    repo = Repository(api, name)
    digest = repo.push_blob(b"x")
    body, place = b"a session", repo.start()
    weak = bearer(api, PULL % name)
    weak.get(repo.blob(digest)).expect(200)
    for method, target in (
            ("PATCH", place), ("GET", place), ("DELETE", place),
            ("PUT", oci.finish(place, oci.digest(body)))):
        weak.request(method, target, body if method[0] == "P" else None
                     ).error(401, "UNAUTHORIZED")
    strong = bearer(api, PUSH % name)
    strong.request("PATCH", place, body).expect(202)
    strong.request("PUT", oci.finish(place, oci.digest(body)), b"").expect(201)


# ---- TOK-08: the token ----

def test_TOK_08_head_and_claims(api):
    got = tokens.token(api, PUSH % "a/b")
    head, claims, signature = tokens.parts(got)
    assert head["alg"] == "ES256" and head["typ"] == "JWT" and head["kid"]
    assert len(signature) == 64
    assert claims["sub"] == "admin" and claims["aud"] == "berth"
    assert claims["iss"] == "berth"
    assert claims["nbf"] <= claims["iat"] < claims["exp"]
    assert claims["access"] == [{"type": "repository", "name": "a/b",
                                 "actions": ["pull", "push"]}]
    again = tokens.parts(tokens.token(api, PUSH % "a/b"))[1]
    assert claims["jti"] != again["jti"]
    assert tokens.parts(tokens.token(api.anonymous()))[1]["sub"] == ""


# ---- TOK-09, A1: verification ----

def test_TOK_09_every_resource_is_covered(api, name):
    """Who has pushed with a password still needs the scope with a token."""
    repo = Repository(api, name)
    digest = repo.push_blob(b"x")
    pull, push = bearer(api, PULL % name), bearer(api, PUSH % name)
    pull.get(repo.blob(digest)).expect(200)
    pull.request("POST", repo.uploads).error(401, "UNAUTHORIZED")
    push.request("POST", repo.uploads).expect(202)
    push.request("DELETE", repo.blob(digest)).error(401, "UNAUTHORIZED")
    push.get("/v2/_catalog").error(401, "UNAUTHORIZED")
    bearer(api, "registry:catalog:*").get("/v2/_catalog").expect(200)
    bearer(api, ALL % name).request("DELETE", repo.blob(digest)).expect(202)


def test_TOK_09_a_token_is_no_way_to_administer(api):
    mine = bearer(api, ALL % "a", "registry:catalog:*")
    for path in "/users", "/audit", "/me/tokens":
        mine.get("/api/v1" + path).expect(401, 403)


def refused(api, text):
    Bearer(api.address, text).get("/v2/").error(401, "UNAUTHORIZED")
    Bearer(api.address, text).get("/v2/a/tags/list").error(
        401, "UNAUTHORIZED")


def test_A1_no_head_chooses_its_key(api, tmp_path):
    head, claims, _ = tokens.parts(tokens.token(api, ALL % "a"))
    jwk = api.get("/.well-known/jwks.json").expect(200).json()["keys"][0]
    key = tokens.Key(tmp_path)
    kid = head["kid"]
    for forged in (
            {"alg": "ES256", "typ": "JWT"},
            {"alg": "ES256", "kid": kid},
            {"alg": "ES256", "kid": kid, "jwk": key.jwk()},
            {"alg": "ES256", "jwk": key.jwk()},
            {"alg": "ES256", "jwk": dict(key.jwk(), kid=kid)},
            {"alg": "ES256", "kid": kid, "x5c": key.certificate()},
            {"alg": "ES256", "kid": kid,
             "jku": "http://%s:%d/.well-known/jwks.json" % api.address},
            {"alg": "ES256", "kid": "unknown"},
            {"alg": "ES256", "kid": ""},
            {"alg": "ES256", "kid": kid + "\0"},
            {"alg": "ES256", "kid": "x" * 5000}):
        refused(api, key.sign(forged, claims))
    good = key.sign({"alg": "ES256", "kid": kid}, claims)
    assert len(tokens.parts(good)[2]) == 64
    for alg in "none", "None", "HS256", "HS384", "HS512", "", "ES256 ":
        unsigned = {"alg": alg, "kid": kid, "typ": "JWT"}
        plain = tokens.part(unsigned) + "." + tokens.part(claims)
        refused(api, plain + ".")
        refused(api, plain)
        for secret in (json.dumps(jwk).encode(), tokens.decode(jwk["x"]),
                       b"\x04" + tokens.decode(jwk["x"])
                       + tokens.decode(jwk["y"]), b""):
            refused(api, tokens.hs256(unsigned, claims, secret))


def test_A1_no_claim_can_be_changed(api):
    text = tokens.token(api, PULL % "a")
    head, claims, signature = text.split(".")
    _, said, _ = tokens.parts(text)
    for change in ({"exp": said["exp"] + 1}, {"sub": "root"}, {"aud": "x"},
                   {"access": []}, {"nbf": 0}, {"principal": 2}):
        refused(api, ".".join((head, tokens.part(dict(said, **change)),
                               signature)))
    twice = json.dumps(said)[:-1] + ',"access":[]}'
    refused(api, ".".join((head, tokens.encode(twice.encode()), signature)))
    for odd in (text + "=", text + "==", text[:-1], text + "A", text + ".",
                "." + text, head + "." + claims, head, "..", "",
                text.replace(".", ". "), text.upper(),
                head + "=." + claims + "." + signature,
                ".".join((head, claims, signature[:-4])),
                ".".join((head, claims, "A" * 86)),
                ".".join((head, claims, signature, signature))):
        refused(api, odd)
    Bearer(api.address, text).get("/v2/").expect(200)


def test_A1_huge_and_deep_tokens_are_refused(own_server):
    api = own_server("limits.header_bytes=1MiB").client()
    deep = b"[" * 10000 + b"]" * 10000
    deep = b'{"alg":"ES256","kid":' + deep + b"}"
    for text in (tokens.encode(deep) + ".e30.AAAA",
                 tokens.part({"alg": "ES256"}) + "." + "A" * 900000 + ".AAAA",
                 "." * 100000, "A" * 900000):
        refused(api, text)
    Bearer(api.address, tokens.token(api)).get("/v2/").expect(200)


def test_A1_a_token_of_another_server_is_none(api, own_server):
    """Same names, other keys; and the same keys for another service."""
    server = own_server()
    other = server.client()
    refused(api, tokens.token(other, ALL % "a"))
    text = tokens.token(other, ALL % "a")
    server.options.append("auth.service=another")
    server.restart()
    refused(server.client(), text)
    server.options[-1] = "server.external_url=https://elsewhere.example"
    server.restart()
    refused(server.client(), text)
    server.options.pop()
    server.restart()
    if server.database or not any("memory" in o for o in server.options):
        Bearer(server.client().address, text).get("/v2/").expect(200)


def test_A1_an_access_token_is_worth_no_other(api):
    """Else one that was stolen would never end."""
    text = tokens.token(api, ALL % "a")
    ask(Bearer(api.address, text), ALL % "a").error(401, "UNAUTHORIZED")
    post(api.anonymous(), grant_type="password", username="admin",
         password=text).error(401, "UNAUTHORIZED")
    api.clone(password=text).get("/v2/").error(401, "UNAUTHORIZED")


# ---- A3: what is taken away ----

def test_A3_a_right_that_is_taken_away(api, eve, name):
    """Policies count anew for each request, whatever the token says."""
    repo = Repository(api, name + "/mine")
    repo.push_image("one")
    mine = bearer(eve, PUSH % repo.name)
    mine.get(repo.base + "/tags/list").expect(200)
    admin(api, "DELETE", "/users/%s/policies/push-pull?pattern=%s/*" % (
        eve.user, name))
    mine.get(repo.base + "/tags/list").expect(401, 403)
    mine.request("POST", repo.uploads).expect(401, 403)


@pytest.mark.backend
def test_A3_an_owner_who_is_disabled_or_gone(api, eve):
    text, kept = tokens.token(eve), keep(eve)
    path = "/users/" + eve.user
    Bearer(api.address, text).get("/v2/").expect(200)
    admin(api, "PATCH", path, {"disabled": True})
    refused(api, text)
    refresh(api, kept).error(401, "UNAUTHORIZED")
    eve.get("/v2/").error(401, "UNAUTHORIZED")
    admin(api, "PATCH", path, {"disabled": False})
    refresh(api, kept).expect(200)
    admin(api, "DELETE", path)
    admin(api, "POST", "/users", {"name": eve.user, "password": SECRET})
    refused(api, text)
    refresh(api, kept).error(401, "UNAUTHORIZED")


@pytest.mark.backend
def test_A3_another_password_ends_refresh_tokens(api, eve):
    kept = keep(eve)
    refresh(api, kept).expect(200)
    admin(api, "PUT", "/users/%s/password" % eve.user,
          {"password": "another password"})
    refresh(api, kept).error(401, "UNAUTHORIZED")


def test_A3_an_api_token_that_is_deleted(api, eve, name):
    made = admin(eve, "POST", "/me/tokens",
                 {"scope": PULL % (name + "/*")}).json()
    for client in (Bearer(api.address, made["token"]),
                   eve.clone(password=made["token"])):
        client.get("/v2/").expect(200)
        got = tokens.token(client, ALL % (name + "/a"), ALL % "b")
        assert access(got) == {name + "/a": ["pull"]}
    admin(eve, "DELETE", "/me/tokens/" + made["id"])
    refused(api, made["token"])
    eve.clone(password=made["token"]).get("/v2/").error(401, "UNAUTHORIZED")


def test_A3_anonymous_tokens_end_with_the_openness(own_server):
    server = own_server(arguments=["--anonymous", "pull"])
    Repository(server.client(), "a").push_image("one")
    text = tokens.token(server.client().anonymous(), PULL % "a")
    Bearer(server.address, text).get("/v2/a/tags/list").expect(200)
    server.arguments = []
    server.restart()
    Bearer(server.address, text).get("/v2/a/tags/list").error(
        401, "UNAUTHORIZED")


# ---- TOK-10: keys ----

def keys(client):
    reply = client.anonymous().get("/.well-known/jwks.json").expect(200)
    return [key["kid"] for key in reply.json()["keys"]]


def test_TOK_10_the_keys_are_published(api):
    reply = api.anonymous().get("/.well-known/jwks.json").expect(200)
    for key in reply.json()["keys"]:
        assert key["kty"] == "EC" and key["crv"] == "P-256"
        assert key["alg"] == "ES256" and key["use"] == "sig"
        assert len(tokens.decode(key["x"])) == 32
        assert len(tokens.decode(key["y"])) == 32
        assert not set(key) & {"d", "k", "p", "q"}
    head = tokens.parts(tokens.token(api))[0]
    assert head["kid"] in keys(api)
    api.request("HEAD", "/.well-known/jwks.json").expect(200)


@pytest.mark.backend
def test_TOK_10_keys_change_with_overlap(own_server):
    api = own_server().client()
    old = tokens.token(api)
    admin(api, "POST", "/signing-keys/rotate", {"drop_old": False})
    assert len(keys(api)) == 2
    Bearer(api.address, old).get("/v2/").expect(200)
    admin(api, "POST", "/signing-keys/rotate", {"drop_old": True})
    refused(api, old)
    new = tokens.token(api)
    assert keys(api) == [tokens.parts(new)[0]["kid"]]
    Bearer(api.address, new).get("/v2/").expect(200)


@pytest.mark.disk
@pytest.mark.backend
def test_TOK_10_keys_outlive_a_restart(own_server):
    server = own_server()
    text, before = tokens.token(server.client()), keys(server.client())
    server.restart(hard=True)
    assert keys(server.client()) == before
    Bearer(server.address, text).get("/v2/").expect(200)


def test_TOK_10_private_keys_are_not_stored_in_the_clear(own_server):
    """A lost file of the server's key is said, and nothing is made up."""
    import os
    server = own_server()
    if server.database is None and any("memory" in o for o in server.options):
        pytest.skip("the database dies with the process")
    server.stop()
    path = os.path.join(server.data, "server.key")
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path, encoding="ascii") as file:
        kept = file.read()
    os.unlink(path)
    with pytest.raises(AssertionError, match="server's key"):
        server.start()
    with open(path, "w", encoding="ascii") as file:
        file.write(kept)
    server.start()


def test_OCI_070_a_token_that_ends_during_a_transfer(own_server):
    """What was begun in time is finished; what begins later is not."""
    api = own_server().client()
    repo = Repository(api, "a")
    place, body = repo.start(), b"0123456789" * 10000
    mine = bearer(api, PUSH % "a")
    with Connection(api.address) as conn:
        conn.send(mine.head("PATCH", place, [("Expect", "100-continue")],
                            len(body)))
        assert conn._until(b"\r\n\r\n", "").startswith(b"HTTP/1.1 100")
        conn.sock.sendall(body[:50000])
        admin(api, "POST", "/signing-keys/rotate", {"drop_old": True})
        refused(api, mine.token)
        conn.sock.sendall(body[50000:])
        conn.reply("PATCH").expect(202)
    again = bearer(api, PUSH % "a")
    again.request("PUT", oci.finish(place, oci.digest(body)), b"").expect(201)


# ---- TOK-11 to TOK-13 ----

def test_TOK_11_actions(api, name):
    """Legacy clients ask for "*"."""
    repo = Repository(bearer(api, ALL % name), name)
    repo.push_image("one")
    repo.get(repo.manifest("one")).expect(200)
    repo.delete(repo.manifest("one")).expect(202)


def test_TOK_12_basic_on_every_request(api, repo, eve):
    repo.push_image("one")
    api.clone().get(repo.manifest("one")).expect(200)
    made = admin(eve, "POST", "/me/tokens", {}).json()
    for name in eve.user, "anything":
        eve.clone(user=name, password=made["token"]).get("/v2/").expect(
            200, 401)
    eve.clone(password=made["token"]).get("/v2/").expect(200)


def test_TOK_12_a_failed_one_is_not_anonymous(own_server):
    server = own_server(arguments=["--anonymous", "pull"])
    api = server.client()
    Repository(api, "a").push_image("one")
    api.anonymous().get("/v2/a/tags/list").expect(200)
    api.clone(password="wrong").get("/v2/a/tags/list").error(
        401, "UNAUTHORIZED")
    ask(api.clone(password="wrong"), PULL % "a").error(401, "UNAUTHORIZED")
    Bearer(api.address, "x.y.z").get("/v2/a/tags/list").error(
        401, "UNAUTHORIZED")
    api.anonymous().request("GET", "/v2/a/tags/list", headers={
        "Authorization": "Unknown x"}).error(401, "UNAUTHORIZED")


@pytest.mark.parametrize("method, place", [
    ("PATCH", "/blobs/uploads/1"), ("PUT", "/manifests/one"),
    ("POST", "/blobs/uploads/")])
def test_TOK_13_the_challenge_comes_before_the_body(api, repo, method, place):
    """Nobody waits for a body whose sender has to log in first."""
    head = api.anonymous().head(method, repo.base + place, [
        ("Content-Type", oci.MANIFEST), ("Content-Length", "100000000")])
    with Connection(api.address) as conn:
        conn.send(head)
        reply = conn.reply(method)
        assert challenge(reply)[0] == "Bearer"


def test_TOK_13_the_dance_starts_on_any_url(api, name):
    """As a client does: ask, be challenged, get a token, ask again."""
    repo = Repository(api.anonymous(), name)
    said = challenge(repo.client.request("POST", repo.uploads))[1]
    assert said["realm"].endswith("/token")
    with_token = bearer(api, said["scope"])
    reply = with_token.request("POST", repo.uploads).expect(202)
    place = reply.get("Location")
    body = b"layer of " + name.encode()
    plain = api.anonymous().request("PATCH", place, body)
    assert challenge(plain)[1]["scope"] == PUSH % name
    with_token.request("PATCH", place, body).expect(202)
    with_token.request("PUT", "%s?digest=%s" % (
        place, oci.digest(body)), b"").expect(201)


def test_TOK_13_expires_in_tells_the_truth(api):
    got = ask(api).json()
    claims = tokens.parts(got["token"])[1]
    issued = datetime.datetime.fromisoformat(
        got["issued_at"].replace("Z", "+00:00"))
    assert claims["exp"] - claims["iat"] == got["expires_in"]
    assert abs(issued.timestamp() - claims["iat"]) < 2
