# SPDX-License-Identifier: Apache-2.0
"""A3, A4 and A17: revocation, enumeration, guessing, and where secrets go."""
import base64
import glob
import json
import os
import re
import subprocess
import time

import pytest
from berthlib.admin import Admin
from berthlib.aws import ADMIN, KEY, SECRET, Aws, Denied
from berthlib.oci import Repository
from berthlib.server import PASSWORD, Database, Server, program
from berthlib.wire import Client

PROXY = "server.trusted_proxies=127.0.0.0/8"
GUESSES = "auth.free_tries=5"
EVE = "eve's own password"
PULL = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": "*", "Action": [
        "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
        "ecr:BatchCheckLayerAvailability"]}]}


@pytest.fixture
def place(own_server):
    """A server of its own, its administrator, and eve, who may pull."""
    server = own_server("auth.challenge=bearer")
    admin = Admin(server.client())
    admin.post("/users", {"name": "eve", "password": EVE})
    admin.put("/users/eve/policies/read-only")
    repo = Repository(admin.client, "team/app")
    repo.push_image("one")
    return server, admin, repo


def with_header(server, value):
    """A client that shows this in Authorization."""
    client = Client(server.address)

    def ask(target, method="GET"):
        return client.request(method, target, None,
                              [("Authorization", value)])
    return ask


def bearer(server, token):
    return with_header(server, "Bearer " + token)


def token(client, scope="repository:team/app:pull", offline=False):
    """What /token gives."""
    return client.get("/token?service=berth&scope=%s%s" % (
        scope, "&offline_token=true&client_id=x" if offline else "")).expect(
            200).json()


# ---- A3: what was taken away does not work any more ----

def test_A3_anonymous_token_after_the_repository_is_private(place):
    server, admin, repo = place
    admin.put("/repository-policies/team/app", PULL)
    nobody = Client(server.address)
    ask = bearer(server, token(nobody)["token"])
    ask(repo.manifest("one")).expect(200)
    admin.delete("/repository-policies/team/app")
    ask(repo.manifest("one")).error((401, 403), "UNAUTHORIZED", "DENIED")


def test_A3_access_token_is_no_more_than_its_owner(place):
    server, admin, repo = place
    eve = server.client("eve", EVE)
    ask = bearer(server, token(eve)["token"])
    ask(repo.manifest("one")).expect(200)
    admin.delete("/users/eve/policies/read-only")
    ask(repo.manifest("one")).error((401, 403), "UNAUTHORIZED", "DENIED")
    admin.put("/users/eve/policies/read-only")
    ask(repo.manifest("one")).expect(200)
    admin.patch("/users/eve", {"disabled": True})
    ask(repo.manifest("one")).error(401, "UNAUTHORIZED")
    admin.patch("/users/eve", {"disabled": False})
    ask(repo.manifest("one")).expect(200)
    admin.delete("/users/eve")
    ask(repo.manifest("one")).error(401, "UNAUTHORIZED")


def test_A3_password(place):
    server, admin, repo = place
    eve = server.client("eve", EVE)
    refresh = token(eve, offline=True)["refresh_token"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = ("grant_type=refresh_token&service=berth&client_id=x&"
            "scope=repository:team/app:pull&refresh_token=" + refresh).encode()
    nobody = Client(server.address)
    nobody.request("POST", "/token", body, form).expect(200)
    eve.get(repo.manifest("one")).expect(200)
    admin.put("/users/eve/password", {"password": "another password"})
    eve.get(repo.manifest("one")).error(401, "UNAUTHORIZED")
    assert nobody.request("POST", "/token", body, form).status == 401
    server.client("eve", "another password").get(
        repo.manifest("one")).expect(200)


def test_A3_group(place):
    server, admin, repo = place
    admin.post("/users", {"name": "bob", "password": EVE})
    admin.post("/groups", {"name": "readers"})
    admin.put("/groups/readers/policies/read-only")
    bob = server.client("bob", EVE)
    bob.get(repo.manifest("one")).error(403, "DENIED")
    admin.put("/groups/readers/members/bob")
    bob.get(repo.manifest("one")).expect(200)
    admin.delete("/groups/readers/members/bob")
    bob.get(repo.manifest("one")).error(403, "DENIED")


def test_A3_api_token(place):
    server, admin, repo = place
    made = admin.post("/users/eve/tokens", {})
    ways = [bearer(server, made["token"]), with_header(
        server, server.client("eve", made["token"]).credentials())]
    for ask in ways:
        ask(repo.manifest("one")).expect(200)
        ask(repo.manifest("one")).expect(200)
    admin.delete("/users/eve/tokens/" + made["id"])
    for ask in ways:
        ask(repo.manifest("one")).error(401, "UNAUTHORIZED")


def test_A3_robot(place):
    server, admin, repo = place
    made = admin.post("/robots", {"name": "ci", "policies": [
        {"policy": "pull-only", "pattern": "*"}]})
    ask = bearer(server, made["token"]["token"])
    ask(repo.manifest("one")).expect(200)
    admin.delete("/robots/ci")
    ask(repo.manifest("one")).error(401, "UNAUTHORIZED")


def test_A3_access_key(own_server):
    server = own_server(env=ADMIN)
    admin = Admin(server.client())
    admin.post("/users", {"name": "eve", "password": EVE})
    made = admin.post("/users/eve/keys", {})
    aws = Aws(server, made["id"], made["secret"])
    assert aws("sts", "get-caller-identity")["Arn"].endswith(":user/eve")
    admin.patch("/users/eve/keys/" + made["id"], {"disabled": True})
    with pytest.raises(Denied):
        aws("sts", "get-caller-identity")
    admin.patch("/users/eve/keys/" + made["id"], {"disabled": False})
    aws("sts", "get-caller-identity")
    admin.patch("/users/eve", {"disabled": True})
    with pytest.raises(Denied):
        aws("sts", "get-caller-identity")


@pytest.mark.backend
@pytest.mark.postgres
def test_A3_on_every_server(own_server):
    """Revoked here, refused there a moment later."""
    here = own_server()
    key = os.path.join(here.data, "server.key")
    there = own_server("storage.database=" + here.database.url,
                       "auth.server_key=" + key)
    admin = Admin(here.client())
    admin.post("/users", {"name": "eve", "password": EVE})
    eve = there.client("eve", EVE)
    eve.get("/v2/").expect(200)
    admin.patch("/users/eve", {"disabled": True})
    end = time.monotonic() + 30
    while eve.get("/v2/").status == 200:
        assert time.monotonic() < end, "still known"
        time.sleep(0.05)
    eve.get("/v2/").error(401, "UNAUTHORIZED")


# ---- A4: nothing tells who and what there is ----

def shape(reply, *names):
    """A reply without what differs from one request to the next."""
    text = "%d %s\n%s" % (reply.status, sorted(
        (name, value) for name, value in reply.headers
        if name not in ("Date", "X-Request-Id", "Content-Length")),
        reply.body.decode())
    for name in names:
        text = text.replace(name, "NAME")
    return re.sub(r'"request_?id":"[^"]*"', "", text, flags=re.I)


def test_A4_wrong_logins_look_alike(place):
    server, admin, _ = place
    admin.post("/users", {"name": "off", "password": EVE})
    admin.patch("/users/off", {"disabled": True})
    admin.post("/users", {"name": "mute"})
    admin.post("/robots", {"name": "ci"})
    admin.post("/roles", {"name": "deploy"})
    for target in ("/v2/", "/v2/team/app/tags/list", "/v2/absent/tags/list",
                   "/token?service=berth", "/api/v1/whoami"):
        seen = {shape(Client(server.address, name, word).get(target))
                for name, word in (
                    ("eve", "wrong"), ("nobody", "wrong"), ("off", EVE),
                    ("off", "wrong"), ("mute", ""), ("mute", "wrong"),
                    ("ci", "wrong"), ("deploy", "wrong"), ("AWS", "wrong"),
                    ("eve", "brt_AAAA_wrong"), ("eve", ""), ("", "wrong"),
                    ("x" * 300, "wrong"))}
        assert len(seen) == 1, seen


def test_A4_private_and_absent_look_alike(place):
    """To one who may do nothing, and to one who is nobody."""
    server, admin, repo = place
    admin.post("/users", {"name": "bob", "password": EVE})
    digest = json.loads(repo.get(repo.manifest("one")).body)["config"][
        "digest"]
    absent = Repository(repo.client, "team/no1")
    uuid = "00000000-0000-4000-8000-000000000000"
    for client in (server.client("bob", EVE), Client(server.address)):
        for method, where in (
                ("GET", lambda one: one.manifest("one")),
                ("HEAD", lambda one: one.manifest("one")),
                ("GET", lambda one: one.blob(digest)),
                ("GET", lambda one: one.tags),
                ("GET", lambda one: one.referrers(digest)),
                ("DELETE", lambda one: one.manifest("one")),
                ("POST", lambda one: one.uploads),
                ("GET", lambda one: one.uploads + uuid)):
            seen = [shape(client.request(method, where(one)), one.name)
                    for one in (repo, absent)]
            assert seen[0] == seen[1]
            assert seen[0][:3] in ("401", "403"), seen[0]


def cpu_s(server):
    with open("/proc/%d/stat" % server.process.pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_A4_unknown_and_known_names_cost_the_same(own_server):
    """Time of the processor, which does not depend on what else runs."""
    server = own_server("auth.password_cost=15")
    admin = Admin(server.client())
    admin.post("/users", {"name": "eve", "password": EVE})
    spent = []
    for name in ("eve", "nobody"):
        before = cpu_s(server)
        for i in range(12):
            Client(server.address, name, "wrong %d" % i).get("/v2/").expect(
                401)
        spent.append(cpu_s(server) - before)
    assert 0.5 < spent[0] / spent[1] < 2, spent


# ---- A4: guessing is slow ----

def come(server, user, password, source):
    return Client(server.address, user, password).request(
        "GET", "/v2/", None, [("X-Forwarded-For", source)])


def guess(server, user, source, count):
    """The statuses of so many guesses."""
    return [come(server, user, "guess %d" % i, source).status
            for i in range(count)]


def slowed(reply):
    reply.error(429, "TOOMANYREQUESTS")
    assert 1 <= int(reply.get("Retry-After")) <= 900
    return reply


def held_up(ask, fail):
    """What one gets who comes before the wait is over: where the machine was
    slower than the wait, each failure that counts doubles it."""
    for _ in range(8):
        reply = ask()
        if reply.status == 429:
            return reply
        fail()
    return reply


def test_A4_guessing_is_slowed_down(own_server):
    server = own_server(PROXY, GUESSES)
    admin = Admin(server.client())
    admin.post("/users", {"name": "eve", "password": EVE})
    for user in ("eve", "nobody"):
        seen = guess(server, user, "192.0.2.1", 12)
        assert seen[:5] == [401] * 5 and 429 in seen[5:], seen
    # Whether the name exists still does not show; nor if it was right.
    replies = [slowed(held_up(
        lambda: come(server, user, word, "192.0.2.1"),
        lambda: guess(server, user, "192.0.2.1", 6)))
               for user, word in (("eve", "x"), ("nobody", "x"), ("eve", EVE))]
    assert len({re.sub(r"\d+", "N", shape(one)) for one in replies}) == 1
    for door in ("/api/v1/whoami", "/token?service=berth"):
        got = held_up(
            lambda: Client(server.address, "eve", EVE).request(
                "GET", door, None, [("X-Forwarded-For", "192.0.2.1")]),
            lambda: guess(server, "eve", "192.0.2.1", 6)).expect(429)
        assert int(got.get("Retry-After")) >= 1
    come(server, "eve", EVE, "192.0.2.2").expect(200)


def test_A4_an_address_is_slowed_down(own_server):
    server = own_server(PROXY, "auth.free_tries=1")
    seen = [come(server, "user %d" % i, "x", "192.0.2.1").status
            for i in range(20)]
    assert seen[:10] == [401] * 10 and 429 in seen[10:], seen
    slowed(come(server, "admin", PASSWORD, "192.0.2.1"))
    come(server, "admin", PASSWORD, "192.0.2.2").expect(200)


def flood(server, user, tries=1):
    """Wrong passwords from more addresses than a name has free tries."""
    for i in range(25 * tries):
        come(server, user, "wrong", "203.0.113.%d" % i)


def test_A4_nobody_can_be_locked_out(own_server):
    """Who has been here before is not held up by what others do."""
    server = own_server(PROXY, "auth.free_tries=1", "auth.password_cache=0s")
    come(server, "admin", PASSWORD, "192.0.2.1").expect(200)
    flood(server, "admin")
    slowed(come(server, "admin", PASSWORD, "198.51.100.1"))
    come(server, "admin", PASSWORD, "192.0.2.1").expect(200)
    for i in range(15):
        come(server, "user %d" % i, "x", "192.0.2.1")
    slowed(come(server, "another", "x", "192.0.2.1"))
    come(server, "admin", PASSWORD, "192.0.2.1").expect(200)


@pytest.mark.backend
def test_A4_a_restart_forgives_nothing(own_server):
    server = own_server(PROXY, "auth.free_tries=1", "auth.password_cache=0s")
    come(server, "admin", PASSWORD, "192.0.2.1").expect(200)
    flood(server, "admin")
    guess(server, "nobody", "192.0.2.9", 8)
    server.restart()
    # Who began to count anew would have twenty failures free.
    strangers = iter(range(1, 100))
    slowed(held_up(
        lambda: come(server, "admin", PASSWORD,
                     "198.51.100.%d" % next(strangers)),
        lambda: come(server, "admin", "wrong",
                     "198.51.100.%d" % next(strangers))))
    come(server, "admin", PASSWORD, "192.0.2.1").expect(200)


def test_A4_failures_and_denials_are_written_down(place):
    server, admin, repo = place
    admin.post("/users", {"name": "bob", "password": EVE})
    Client(server.address, "eve", "wrong").get("/v2/").expect(401)
    Client(server.address, "hunter2", "wrong").get("/v2/").expect(401)
    server.client("bob", EVE).get(repo.manifest("one")).expect(403)
    Client(server.address).get(repo.manifest("one")).expect(401)
    server.restart()
    admin = Admin(server.client())
    wrong = admin.entries(kind="auth.failure")
    assert [one["actor"] for one in wrong].count("eve") == 1
    assert "hunter2" not in json.dumps(admin.entries())
    denied = admin.entries(kind="access.denied")
    assert len(denied) == 1, denied
    assert denied[0]["actor"] == "bob" and denied[0]["target"] == "team/app"
    assert denied[0]["detail"]["action"] == "ecr:BatchGetImage"


# ---- A17: where secrets are, and are not ----

def offline(server, flag):
    return subprocess.run(
        server.command() + [flag], capture_output=True, text=True, timeout=60,
        cwd=server.folder, env=server.env)


def files(server):
    """Everything that the server has written but the secrets' own files."""
    out = {}
    for path in glob.glob(server.folder + "/**", recursive=True):
        name = os.path.basename(path)
        if os.path.isfile(path) and name != "server.key":
            with open(path, "rb") as file:
                out[path] = file.read()
    return out


def proc(server, name):
    with open("/proc/%d/%s" % (server.process.pid, name), "rb") as file:
        return file.read()


def holds(text, secret):
    secret = secret.encode()
    return secret in text or base64.b64encode(secret).rstrip(b"=") in text


class Secrets:
    """Drives every kind of credential, and remembers each secret."""

    def __init__(self, server):
        self.server = server
        self.known = {"password": PASSWORD, "secret key": SECRET}
        self.replies = []
        self.admin = Admin(server.client())

    def say(self, reply):
        self.replies.append(reply.body + str(reply.headers).encode())
        return reply

    def passwords(self):
        self.known["of eve"] = EVE
        self.known["wrong"] = "a wrong password 4711"
        self.known["as a name"] = "typed-where-the-name-belongs"
        self.admin.post("/users", {"name": "eve", "password": EVE})
        self.admin.put("/users/eve/policies/read-only")
        for user, word in (("eve", EVE), ("eve", self.known["wrong"]),
                           (self.known["as a name"], EVE), ("nobody", EVE)):
            for target in ("/v2/", "/api/v1/whoami", "/token?service=berth",
                           "/v2/absent/tags/list"):
                self.say(Client(self.server.address, user, word).get(target))

    def tokens(self):
        api = self.admin.post("/users/eve/tokens", {})
        self.known["api token"] = api["token"].rsplit("_", 1)[1]
        eve = self.server.client("eve", EVE)
        made = token(eve, offline=True)
        self.known["refresh token"] = made["refresh_token"].rsplit("_", 1)[1]
        for name, value in (("access token", made["token"]),
                            ("garbled token", made["token"][:-6] + "AAAAAA")):
            self.known[name] = value.rsplit(".", 1)[1]
            self.say(bearer(self.server, value)("/v2/"))
        for value in (api["token"], api["token"][:-4] + "AAAA",
                      made["refresh_token"]):
            self.say(bearer(self.server, value)("/v2/"))
        self.say(eve.request("POST", "/token", (
            "grant_type=password&username=eve&password=%s&service=berth&"
            "client_id=x" % self.known["wrong"].replace(" ", "+")).encode(),
            {"Content-Type": "application/x-www-form-urlencoded"}))

    def keys(self):
        aws = Aws(self.server)
        aws("sts", "get-caller-identity")
        made = self.admin.post("/users/eve/keys", {})
        self.known["key of eve"] = made["secret"]
        Aws(self.server, made["id"], made["secret"])(
            "sts", "get-caller-identity")
        with pytest.raises(Denied) as failed:
            Aws(self.server, KEY, made["secret"])("sts", "get-caller-identity")
        self.replies.append(str(failed.value).encode())
        session = Aws(self.server, made["id"], made["secret"])(
            "sts", "get-session-token")["Credentials"]
        self.known["session key"] = session["SecretAccessKey"]
        self.known["session token"] = session["SessionToken"][12:]
        Aws.of(self.server, session)("sts", "get-caller-identity")
        self.say(Client(self.server.address, "AWS",
                        session["SessionToken"]).get("/v2/").expect(200))


@pytest.mark.disk
def test_A17_secrets_stay_where_they_belong(own_server):
    server = own_server("log.level=debug", env=ADMIN)
    seen = Secrets(server)
    seen.passwords()
    seen.tokens()
    seen.keys()
    seen.replies.append(json.dumps(seen.admin.entries()).encode())
    seen.replies.append(server.client().get("/metrics").body)
    texts = {"answer %d" % i: one for i, one in enumerate(seen.replies)}
    for name in ("cmdline", "environ"):
        texts[name] = proc(server, name)
    assert server.stop() == 0
    done = offline(server, "--reset-admin")
    assert done.returncode == 0, done.stderr
    path = os.path.join(server.data, "admin.credentials")
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path, encoding="ascii") as file:
        fresh = dict(line.strip().split("=", 1) for line in file)
    os.unlink(path)
    seen.known["reset"] = fresh["password"]
    done = offline(server, "--rotate-server-key")
    assert done.returncode == 0, done.stderr
    texts["output"] = (done.stdout + done.stderr).encode()
    texts.update(files(server))
    for where, text in texts.items():
        for what, secret in seen.known.items():
            assert not holds(text, secret), "%s in %s" % (what, where)
    del server.env["BERTH_ADMIN_PASSWORD"]
    server.start()
    server.client("admin", fresh["password"]).get("/v2/").expect(200)
    Aws(server)("sts", "get-caller-identity")


def test_A17_no_core_and_no_look_into_the_process(own_server):
    server = own_server("server.core_dumps=false")
    limits = proc(server, "limits").decode()
    assert re.search(r"Max core file size +0 +0 ", limits), limits
    assert os.stat("/proc/%d/environ" % server.process.pid).st_uid == 0


def test_A17_offline_work_wants_no_server(own_server):
    server = own_server()
    for flag in ("--reset-admin", "--rotate-server-key"):
        done = offline(server, flag)
        assert done.returncode == 1
        assert "another berthd uses the data directory" in done.stderr
    server.client().get("/v2/").expect(200)


def test_A17_a_password_of_the_database(own_server, tmp_path):
    """It does not show in the list of processes, and a file that others can
    read is warned about."""
    url = "postgresql://berth:hunter2hunter2@127.0.0.1:1/none"
    done = subprocess.Popen(
        [program("berthd"), "--data", str(tmp_path / "data"), "--set",
         "storage.database=" + url], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    said = done.communicate(timeout=60)[0]
    assert done.returncode == 1 and b"hunter2" not in said, said
    path = tmp_path / "berth.yaml"
    path.write_text("storage:\n  database: %s\n" % url)
    for mode, warned in ((0o644, True), (0o600, False)):
        path.chmod(mode)
        said = subprocess.run(
            [program("berthd"), "--config", str(path), "--data",
             str(tmp_path / "data")], capture_output=True, timeout=60).stderr
        assert (b"config_readable" in said) == warned, said
        assert b"hunter2" not in said, said


@pytest.mark.backend
@pytest.mark.postgres
def test_A17_the_command_line_is_overwritten(tmp_path):
    database = Database(os.environ["BERTH_TEST_DATABASE"])
    secret = "hunter2hunter2"
    mark = "&" if "?" in database.url else "?"
    server = Server(tmp_path, ["storage.database=%s%spassword=%s" % (
        database.url, mark, secret)])
    try:
        server.start()
        line = proc(server, "cmdline")
        assert secret.encode() not in line and b"xxxxxxxx" in line
    finally:
        server.finish()
        database.drop()
