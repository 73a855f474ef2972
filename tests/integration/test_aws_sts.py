# SPDX-License-Identifier: Apache-2.0
"""Signed requests and the Security Token Service, by the real aws command, by
boto3, and by requests that botocore signed and somebody changed."""
import glob
import itertools
import json
import re
import time
import xml.etree.ElementTree

import boto3
import pytest
from berthlib.aws import ADMIN, FORM, KEY, SECRET, Aws, form, sha256, sign
from berthlib.server import Server
from berthlib.wire import Client

ROOT_ARN = "arn:aws:iam::000000000000:user/admin"
WHO = form(Action="GetCallerIdentity")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server whose administrator has an access key."""
    one = Server(tmp_path_factory.mktemp("sts"), env=ADMIN).start()
    yield one
    one.finish()
    one.remove()


@pytest.fixture(scope="module")
def admin(server):
    return Aws(server)


def post(server, body, headers):
    client = Client(server.address)
    try:
        return client.request("POST", "/", body, headers)
    finally:
        client.close()


def error(reply):
    """The code of a Query error, whose form is checked."""
    root = xml.etree.ElementTree.fromstring(reply.body)
    space = "{https://sts.amazonaws.com/doc/2011-06-15/}"
    assert root.tag == space + "ErrorResponse"
    found = root.find(space + "Error")
    assert found.findtext(space + "Message")
    kind = found.findtext(space + "Type")
    assert kind == ("Sender" if reply.status < 500 else "Receiver")
    assert root.findtext(space + "RequestId") == reply.get("x-amzn-RequestId")
    return found.findtext(space + "Code")


# ---- who asks


def test_cli_tells_who_one_is(admin):
    said = admin("sts", "get-caller-identity")
    assert said["Arn"] == ROOT_ARN and said["Account"] == "000000000000"
    assert re.fullmatch("AIDA[0-9]{16}", said["UserId"])


def test_boto3_tells_who_one_is(admin):
    client = boto3.client(
        "sts", endpoint_url=admin.url, region_name="us-east-1",
        aws_access_key_id=KEY, aws_secret_access_key=SECRET,
        verify=admin.server.authority and
        admin.server.authority.pair.certificate)
    got = client.get_caller_identity()
    assert got["Arn"] == ROOT_ARN
    assert got["ResponseMetadata"]["RequestId"]


def test_any_region_and_service_is_this_one(server):
    for service in ("sts", "ecr", "iam"):
        headers = sign(server, WHO, service=service)
        post(server, WHO, headers).expect(200)


def test_every_answer_has_a_request_id(server):
    reply = post(server, WHO, sign(server, WHO)).expect(200)
    name = reply.get("x-amzn-RequestId")
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name)
    assert name.encode() in reply.body
    assert reply.get("Content-Type") == "text/xml"


# ---- what is refused


def test_cli_wrong_secret(server):
    Aws(server, secret="wrong").fails(
        "SignatureDoesNotMatch", "sts", "get-caller-identity")


def test_cli_unknown_key(server):
    Aws(server, key="AKIANOBODYNOBODYNOBO").fails(
        "InvalidClientTokenId", "sts", "get-caller-identity")


@pytest.mark.parametrize("by, code", [
    ("-20m", "SignatureDoesNotMatch"), ("+20m", "SignatureDoesNotMatch")])
def test_cli_skewed_clock(admin, by, code):
    """The command says when it signed; a clock that is off is told so."""
    text = admin.fails(code, "sts", "get-caller-identity",
                       before=["faketime", "-f", by])
    assert re.search(r"Signature (expired|not yet current): \d{8}T\d{6}Z is "
                     r"(now earlier|still later) than", text), text


def test_cli_small_skew(admin):
    for by in ("-14m", "+14m"):
        assert admin("sts", "get-caller-identity",
                     before=["faketime", "-f", by])["Arn"] == ROOT_ARN


def test_unsigned_is_refused(server):
    reply = post(server, WHO, [("Content-Type", FORM)]).expect(403)
    assert error(reply) == "MissingAuthenticationToken"


def test_password_is_no_signature(server):
    """A browser would send one wherever a page tells it to."""
    client = server.client()
    reply = client.request("POST", "/", WHO, [("Content-Type", FORM)])
    assert error(reply.expect(403)) == "MissingAuthenticationToken"


def test_changed_body(server):
    headers = sign(server, WHO)
    other = form(Action="GetSessionToken")
    reply = post(server, other, headers).expect(403)
    assert error(reply) == "SignatureDoesNotMatch"
    post(server, WHO, headers).expect(200)


def test_changed_headers(server):
    for name, value in (("Content-Type", "application/json"),
                        ("X-Amz-Date", "20150830T123600Z")):
        headers = [(n, value if n == name else v)
                   for n, v in sign(server, WHO)]
        assert (name, value) in headers
        post(server, WHO, headers).expect(403)


def test_other_host(server):
    headers = sign(server, WHO)
    reply = post(server, WHO, headers + [("Host", "registry.example")])
    assert error(reply.expect(403)) == "SignatureDoesNotMatch"


def test_target_must_be_signed(server):
    """Nobody on the way turns a request into another operation."""
    headers = sign(server, b"{}", {"Content-Type": "application/x-amz-json-1.1"})
    reply = post(server, b"{}", headers + [("X-Amz-Target", "A.Delete")])
    assert reply.expect(400).json()["__type"] == "InvalidSignatureException"


@pytest.mark.parametrize("header", [
    "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a",
    "AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request, "
    "SignedHeaders=host;x-amz-date"])
def test_incomplete_header(server, header):
    reply = post(server, WHO, [("Authorization", header),
                               ("Content-Type", FORM)]).expect(400)
    assert error(reply) == "IncompleteSignature"


def test_content_hash_must_agree(server):
    good = {"Content-Type": FORM, "X-Amz-Content-SHA256": sha256(WHO)}
    post(server, WHO, sign(server, WHO, good)).expect(200)
    for value in ("UNSIGNED-PAYLOAD", sha256(b"")):
        bad = dict(good, **{"X-Amz-Content-SHA256": value})
        reply = post(server, WHO, sign(server, WHO, bad)).expect(403)
        assert error(reply) == "SignatureDoesNotMatch"


def test_header_sets_of_the_sdks(server):
    """botocore's, Go's and JavaScript's sets of signed fields."""
    post(server, WHO, sign(server, WHO)).expect(200)
    go = {"Content-Type": FORM, "Content-Length": str(len(WHO)),
          "Amz-Sdk-Invocation-Id": "7a0b1b9e-3a3f-4a57-8a1b-b2cf7ab3e2a6",
          "Amz-Sdk-Request": "attempt=1; max=3"}
    post(server, WHO, sign(server, WHO, go)).expect(200)
    script = {"Content-Type": FORM, "X-Amz-Content-SHA256": sha256(WHO),
              "X-Amz-User-Agent": "aws-sdk-js/3.0   os/linux",
              "Amz-Sdk-Invocation-Id": "1", "Amz-Sdk-Request": "attempt=1"}
    post(server, WHO, sign(server, WHO, script)).expect(200)
    dated = {"Content-Type": FORM, "Date": "now"}
    post(server, WHO, sign(server, WHO, dated)).expect(200)


# ---- what is asked for


def test_no_action(server):
    body = b"Version=2011-06-15"
    reply = post(server, body, sign(server, body)).expect(400)
    assert error(reply) == "MissingAction"


@pytest.mark.parametrize("fields", [
    {"Action": "AssumeRoot"}, {"Action": "getCallerIdentity"},
    {"Action": "GetCallerIdentity", "Version": "2010-05-08"},
    {"Action": "x" * 300}])
def test_unknown_action(server, fields):
    body = form(**fields)
    reply = post(server, body, sign(server, body)).expect(400)
    assert error(reply) == "InvalidAction"


@pytest.mark.parametrize("body", [
    b"Action=GetCallerIdentity&Action=AssumeRole&Version=2011-06-15",
    b"Action=%", b"Action=GetCallerIdentity&Version=2011-06-15&a=%00"])
def test_forms_that_are_none(server, body):
    reply = post(server, body, sign(server, body)).expect(400)
    assert error(reply) == "ValidationError"


def test_large_forms(server):
    fields = b"&".join(b"a%d=1" % i for i in range(2000))
    reply = post(server, fields, sign(server, fields)).expect(413)
    assert error(reply) == "RequestEntityTooLarge"
    long = WHO + b"&a=" + b"x" * 200000
    reply = post(server, long, sign(server, long)).expect(413)
    assert error(reply) == "RequestEntityTooLarge"


def test_unknown_target(server):
    kind = {"Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AmazonNothing_V20000101.Get"}
    reply = post(server, b"{}", sign(server, b"{}", kind)).expect(400)
    assert reply.json()["__type"] == "UnknownOperationException"
    assert reply.get("Content-Type") == "application/x-amz-json-1.1"


def test_only_post(server):
    client = Client(server.address)
    reply = client.get("/").expect(405)
    assert "POST" in reply.get("Allow")
    client.close()


# ---- sessions of one's own


def test_session_of_oneself(server, admin):
    given = admin("sts", "get-session-token")["Credentials"]
    assert given["AccessKeyId"].startswith("ASIA")
    session = Aws.of(server, given)
    assert session.identity() == ROOT_ARN
    session.fails("AccessDenied", "sts", "get-session-token")


def test_session_needs_its_token(server, admin):
    given = admin("sts", "get-session-token")["Credentials"]
    without = Aws(server, given["AccessKeyId"], given["SecretAccessKey"])
    without.fails("InvalidClientTokenId", "sts", "get-caller-identity")
    other = Aws(server, KEY, SECRET, given["SessionToken"])
    other.fails("InvalidClientTokenId", "sts", "get-caller-identity")
    changed = Aws(server, given["AccessKeyId"], given["SecretAccessKey"],
                  given["SessionToken"][:-2] + "AA")
    changed.fails("InvalidClientTokenId", "sts", "get-caller-identity")


@pytest.mark.parametrize("seconds", [0, 899, 129601])
def test_session_length(server, seconds):
    body = form(Action="GetSessionToken", DurationSeconds=seconds)
    reply = post(server, body, sign(server, body)).expect(400)
    assert error(reply) == "ValidationError"


# ---- keys and roles, made by the admin API


@pytest.fixture(scope="module")
def manage(server):
    """Calls of the admin API, as the administrator."""
    client = server.client()

    def call(method, path, body=None, status=(200, 201, 204)):
        data = None if body is None else json.dumps(body).encode()
        reply = client.request(method, "/api/v1" + path, data,
                               [("Content-Type", "application/json")])
        reply.expect(*(status if isinstance(status, tuple) else (status,)))
        return reply.json() if reply.body else None

    yield call


@pytest.fixture(scope="module")
def eve(server, manage):
    """A user of whom the administrator has made a key."""
    manage("POST", "/users", {"name": "eve", "password": "eve's long secret"})
    key = manage("POST", "/users/eve/keys", {})
    made = Aws(server, key["id"], key["secret"])
    assert made.identity() == "arn:aws:iam::000000000000:user/eve"
    return made


def trust(principal, **condition):
    statement = {"Effect": "Allow", "Principal": {"AWS": principal},
                 "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


EVE = "arn:aws:iam::000000000000:user/eve"


def role_arn(name):
    return "arn:aws:iam::000000000000:role/" + name


@pytest.fixture(scope="module")
def role(manage):
    """Make a role of the test's own: role(trust, ...)."""
    count = itertools.count(1)

    def make(document, **more):
        name = "role-%d" % next(count)
        manage("POST", "/roles", dict(name=name, trust=document, **more))
        return name

    return make


def assume(who, name, *words):
    return who("sts", "assume-role", "--role-arn", role_arn(name),
               "--role-session-name", "ci-7", *words)


def test_assumed_role(server, eve, role):
    name = role(trust(EVE))
    said = assume(eve, name)
    arn = "arn:aws:sts::000000000000:assumed-role/%s/ci-7" % name
    assert said["AssumedRoleUser"]["Arn"] == arn
    assert re.fullmatch("AROA[0-9]{16}:ci-7",
                        said["AssumedRoleUser"]["AssumedRoleId"])
    session = Aws.of(server, said["Credentials"])
    asked = session("sts", "get-caller-identity")
    assert asked["Arn"] == arn
    assert asked["UserId"] == said["AssumedRoleUser"]["AssumedRoleId"]


def test_not_trusted(admin, eve, role):
    """Not even the administrator, unless the role says so."""
    name = role(trust("arn:aws:iam::000000000000:user/other"))
    for who in (eve, admin):
        text = who.fails("AccessDenied", "sts", "assume-role", "--role-arn",
                         role_arn(name), "--role-session-name", "ci")
        assert "is not authorized to perform: sts:AssumeRole on resource: " \
            + role_arn(name) in text
    text = eve.fails("AccessDenied", "sts", "assume-role", "--role-arn",
                     role_arn("missing"), "--role-session-name", "ci")
    assert role_arn("missing") in text


def test_conditions_of_trust(eve, role):
    name = role(trust(EVE, StringEquals={"sts:ExternalId": "42",
                                         "sts:RoleSessionName": "ci-7"}))
    with pytest.raises(Exception, match="AccessDenied"):
        assume(eve, name)
    with pytest.raises(Exception, match="AccessDenied"):
        assume(eve, name, "--external-id", "43")
    assume(eve, name, "--external-id", "42")


def test_length_of_a_session(eve, role):
    name = role(trust(EVE), session_max=1800)
    eve.fails("ValidationError", "sts", "assume-role", "--role-arn",
              role_arn(name), "--role-session-name", "ci",
              "--duration-seconds", "1801")
    said = assume(eve, name, "--duration-seconds", "900")
    left = said["Credentials"]["Expiration"]
    ends = time.mktime(time.strptime(left[:19], "%Y-%m-%dT%H:%M:%S"))
    assert 800 < ends - time.mktime(time.gmtime()) < 1000


def test_chained_roles(server, eve, role):
    first = role(trust(EVE))
    arn = "arn:aws:sts::000000000000:assumed-role/%s/ci-7" % first
    second = role(trust(arn), session_max=7200)
    session = Aws.of(server, assume(eve, first)["Credentials"])
    chained = Aws.of(server, assume(session, second)["Credentials"])
    assert chained.identity().endswith("/%s/ci-7" % second)
    session.fails("ValidationError", "sts", "assume-role", "--role-arn",
                  role_arn(second), "--role-session-name", "ci",
                  "--duration-seconds", "7200")


def test_policy_of_a_session(server, eve, role, manage):
    name = role(trust(EVE))
    manage("PUT", "/roles/%s/policies/administrator" % name, {})
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]})
    said = assume(eve, name, "--policy", policy)
    assert 0 < said["PackedPolicySize"] <= 100
    Aws.of(server, said["Credentials"]).identity()
    eve.fails("MalformedPolicyDocument", "sts", "assume-role", "--role-arn",
              role_arn(name), "--role-session-name", "ci", "--policy", "{}")
    eve.fails("PackedPolicyTooLarge", "sts", "assume-role", "--role-arn",
              role_arn(name), "--role-session-name", "ci", "--policy",
              policy + " " * 2048)


@pytest.mark.parametrize("words", [
    ["--policy-arns", "arn=arn:aws:iam::aws:policy/ReadOnlyAccess"],
    ["--tags", "Key=a,Value=b"], ["--source-identity", "eve"]])
def test_what_would_be_ignored_is_refused(eve, role, words):
    name = role(trust(EVE))
    eve.fails("ValidationError", "sts", "assume-role", "--role-arn",
              role_arn(name), "--role-session-name", "ci", *words)


def test_role_that_is_gone(server, eve, role, manage):
    name = role(trust(EVE))
    session = Aws.of(server, assume(eve, name)["Credentials"])
    session.identity()
    manage("PATCH", "/roles/" + name, {"disabled": True})
    session.fails("InvalidClientTokenId", "sts", "get-caller-identity")
    manage("PATCH", "/roles/" + name, {"disabled": False})
    session.identity()
    manage("DELETE", "/roles/" + name)
    session.fails("InvalidClientTokenId", "sts", "get-caller-identity")


def faketime_library():
    for path in glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"):
        return path
    raise AssertionError("no libfaketime: install faketime")


def test_session_that_has_ended(own_server):
    """By a server and a client whose clocks stand two hours ahead."""
    server = own_server(env=ADMIN)
    said = Aws(server)("sts", "get-session-token", "--duration-seconds", "900")
    server.stop()
    server.env.update(LD_PRELOAD=faketime_library(), FAKETIME="+2h",
                      FAKETIME_DONT_FAKE_MONOTONIC="1")
    server.start()
    session = Aws.of(server, said["Credentials"])
    session.fails("ExpiredToken", "sts", "get-caller-identity",
                  before=["faketime", "-f", "+2h"])
    assert Aws(server)("sts", "get-caller-identity",
                       before=["faketime", "-f", "+2h"])["Arn"] == ROOT_ARN


def test_disabled_and_deleted_key(server, manage):
    manage("POST", "/robots", {"name": "builder"})
    key = manage("POST", "/robots/builder/keys", {})
    robot = Aws(server, key["id"], key["secret"])
    assert robot.identity() == "arn:aws:iam::000000000000:robot/builder"
    path = "/robots/builder/keys/" + key["id"]
    manage("PATCH", path, {"disabled": True})
    robot.fails("InvalidClientTokenId", "sts", "get-caller-identity")
    manage("PATCH", path, {"disabled": False})
    robot.identity()
    manage("PATCH", "/robots/builder", {"disabled": True})
    robot.fails("InvalidClientTokenId", "sts", "get-caller-identity")
    manage("PATCH", "/robots/builder", {"disabled": False})
    manage("DELETE", path)
    robot.fails("InvalidClientTokenId", "sts", "get-caller-identity")


def test_use_of_a_key_is_noted(server, manage):
    """Within a second or so: nobody waits for it."""
    manage("POST", "/robots", {"name": "noted"})
    key = manage("POST", "/robots/noted/keys", {})
    assert manage("GET", "/robots/noted/keys")["keys"][0]["used"] is None
    Aws(server, key["id"], key["secret"]).identity()
    end = time.monotonic() + 20
    used = None
    while used is None and time.monotonic() < end:
        used = manage("GET", "/robots/noted/keys")["keys"][0]["used"]
        time.sleep(0.1)
    assert used


def test_no_secret_in_the_log(server, admin):
    given = admin("sts", "get-session-token")["Credentials"]
    Aws.of(server, given).identity()
    with open(server.log, "rb") as file:
        log = file.read()
    for secret in (SECRET, given["SecretAccessKey"], given["SessionToken"]):
        assert secret.encode() not in log
