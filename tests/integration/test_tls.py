# SPDX-License-Identifier: Apache-2.0
"""HTTPS: DKR-07, and A12, A17 and A18 as far as they are about TLS."""
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
from berthlib import tls
from berthlib.admin import Admin
from berthlib.oci import Repository, digest
from berthlib.server import program
from berthlib.wire import Client, Connection

NAMES = "DNS:localhost,IP:127.0.0.1"
OLD = "ALL:@SECLEVEL=0"
NO_EXTENDED_MASTER_SECRET = 1  # of OpenSSL; Python has no name for it
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return tls.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pairs(authority):
    """Certificates by the name they are made out for."""
    return {"localhost": authority.issue("first", NAMES),
            "other.test": authority.issue(
                "other", "DNS:other.test,DNS:*.wild.test"),
            "rsa.test": authority.issue("rsa", "DNS:rsa.test",
                                        key=["-newkey", "rsa:2048"])}


def options(chosen):
    return ["tls.certificate=" + ",".join(p.certificate for p in chosen),
            "tls.key=" + " , ".join(p.key for p in chosen)]


@pytest.fixture
def secure(own_server, authority, pairs):
    """A server that speaks HTTPS, with further options."""
    def make(*more, chosen=None):
        server = own_server(*options(chosen or pairs.values()), *more,
                            start=False)
        server.authority = authority
        return server.start()
    return make


def handshake(server, *words):
    """What openssl s_client says of a handshake."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", "%s:%d" % server.address,
         "-CAfile", server.authority.pair.certificate, *words],
        input="", capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


def raw(server, context=None, name="localhost"):
    """A connection that speaks TLS in that context."""
    sock = socket.create_connection(server.address, timeout=20)
    return (context or server.authority.context()).wrap_socket(
        sock, server_hostname=name)


def ask(sock):
    """The status line of a healthy answer; b"" where the end comes first."""
    said = b""
    sock.sendall(HEALTH)
    while not said.endswith(b"\r\n\r\nok\n"):
        more = sock.recv(65536)
        if not more:
            return b""
        said += more
    return said.split(b"\r\n")[0]


def cpu_seconds(server):
    with open("/proc/%d/stat" % server.process.pid, encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for_log(server, text, times=1):
    end = time.monotonic() + 20
    while server.tail(1 << 20).count(text) < times:
        assert time.monotonic() < end, server.tail()
        time.sleep(0.01)


def reload(server, times=1):
    server.process.send_signal(signal.SIGHUP)
    wait_for_log(server, '"event":"reloaded"', times)


def test_DKR_07_push_and_pull(secure):
    """Bodies of all sizes, whole, in chunks and in ranges."""
    server = secure()
    repo = Repository(server.client(), "over/tls")
    manifest = repo.push_image("t")
    assert repo.get(repo.manifest("t")).expect(200).body == manifest
    for size in (0, 1, 4096, 131072, 131073, 5000000):
        data = os.urandom(size)
        repo.push_blob(data)
        assert repo.get(repo.blob(digest(data))).expect(200).body == data
    part = repo.get(repo.blob(digest(data)),
                    headers={"Range": "bytes=131000-131099"})
    assert part.expect(206).body == data[131000:131100]


@pytest.mark.parametrize("version,name", [
    ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_DKR_07_versions(secure, version, name):
    """Both versions, the chain is complete, forward secrecy."""
    said = handshake(secure(), version)
    assert "Verification: OK" in said, said
    assert "New, %s, Cipher is " % name in said, said
    assert "Server Temp Key: X25519" in said, said


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_told_so(secure, version):
    said = handshake(secure(), version, "-cipher", OLD)
    assert "alert protocol version" in said, said


@pytest.mark.parametrize("cipher", [
    "AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256", "NULL",
    "ADH-AES128-GCM-SHA256"])
def test_weak_ciphers_are_not_spoken(secure, cipher):
    said = handshake(secure(), "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0")
    assert "Cipher is (NONE)" in said, said


@pytest.mark.parametrize("cipher", [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_strong_ciphers_are_spoken(secure, cipher):
    said = handshake(secure(), "-tls1_2", "-cipher", cipher)
    assert "Cipher is " + cipher in said, said


@pytest.mark.parametrize("asked,common_name", [
    ("localhost", "first"), ("unknown.test", "first"),
    ("other.test", "other"), ("OTHER.test", "other"),
    ("a.wild.test", "other"), ("a.b.wild.test", "first"),
    ("rsa.test", "rsa"), ("other.test:5000", "other"),
    ("a_b.wild.test", "first")])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_the_name_picks_the_certificate(secure, asked, common_name, version):
    """Exact names, wildcards, and names that carry a port, as some clients
    send them."""
    said = handshake(secure(), version, "-servername", asked)
    assert "subject=CN = %s\n" % common_name in said, said
    assert "Verification: OK" in said, said


def test_protocols(secure):
    server = secure()
    said = handshake(server, "-alpn", "h2,http/1.1")
    assert "ALPN protocol: http/1.1" in said, said
    said = handshake(server, "-alpn", "h2")
    assert "alert no application protocol" in said, said


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_sessions_are_resumed(secure, version, tmp_path):
    server = secure()
    kept = str(tmp_path / "session")
    first = subprocess.run(
        ["openssl", "s_client", "-connect", "%s:%d" % server.address,
         version, "-sess_out", kept, "-ign_eof"],
        input="GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
        capture_output=True, text=True, timeout=30)
    assert "200 OK" in first.stdout, first.stdout + first.stderr
    assert "Reused, TLSv1" in handshake(server, version, "-sess_in", kept)
    # A name with a port must not spoil what is signed in a resumption.
    assert "Reused, TLSv1" in handshake(server, version, "-sess_in", kept,
                                        "-servername", "other.test:5000")
    reload(server)
    assert "New, TLSv1" in handshake(server, version, "-sess_in", kept)


def test_no_renegotiation(secure):
    """A18: the client's wish ends the connection; the server lives on."""
    server = secure()
    done = subprocess.run(
        ["openssl", "s_client", "-connect", "%s:%d" % server.address,
         "-tls1_2"], input="R\n", capture_output=True, text=True, timeout=30)
    assert "RENEGOTIATING" in done.stdout + done.stderr
    assert server.client().get("/healthz").status == 200


def test_without_an_extended_master_secret(secure):
    """As clients of TLS 1.2 do that are some years old: their handshakes, too,
    are seen to end, and what follows has its own deadlines."""
    server = secure("limits.header_timeout=500ms")
    context = server.authority.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= NO_EXTENDED_MASTER_SECRET
    with raw(server, context) as sock:
        for _ in range(2):
            assert ask(sock) == b"HTTP/1.1 200 OK"
    with raw(server, context) as sock:
        sock.sendall(b"G")
        assert sock.recv(100).startswith(b"HTTP/1.1 408 ")


def test_small_answers_leave_at_once(secure):
    """A corked socket would hold each of them back for 200 ms."""
    took = []
    with raw(secure()) as sock:
        for _ in range(10):
            before = time.monotonic()
            assert ask(sock) == b"HTTP/1.1 200 OK"
            took.append(time.monotonic() - before)
    assert min(took) < 0.15, took


def test_http_on_the_port_of_https(secure):
    """In words that a client shows, and with the connection closed."""
    server = secure()
    with Connection(tuple(server.address)) as plain:
        plain.send(HEALTH)
        said = plain.reply()
        assert said.status == 400 and b"speaks HTTPS" in said.body
        assert plain.closed()


def test_the_realm_of_tokens_is_https(secure):
    server = secure("auth.challenge=bearer")
    asks = server.client().anonymous().get("/v2/").get("WWW-Authenticate")
    assert 'realm="https://' in asks, asks


def test_stalled_handshakes_cost_nothing(secure):
    """A18: whether the hello is half there or the answer to it is awaited,
    nothing turns; others are served meanwhile; the deadline of heads ends
    it."""
    server = secure("limits.header_timeout=3s")
    outgoing = ssl.MemoryBIO()
    half = server.authority.context().wrap_bio(
        ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    hello = outgoing.read()
    stalled = []
    for at in range(100):
        sock = socket.create_connection(server.address, timeout=20)
        sock.sendall(hello if at % 2 else hello[:20])
        stalled.append(sock)
    for sock in stalled[1::2]:
        assert sock.recv(1) == b"\x16"
    before = cpu_seconds(server)
    began = time.monotonic()
    with raw(server) as other:
        assert ask(other) == b"HTTP/1.1 200 OK"
    for sock in stalled:
        while sock.recv(65536):
            pass
        sock.close()
    # Sixty looks a second would be ten times as much, a spin all of it.
    spent = cpu_seconds(server) - before
    assert spent < 0.2 * (time.monotonic() - began) + 0.1, spent


def test_reset_in_the_middle_of_a_handshake(secure):
    server = secure()
    for size in (1, 5, 100):
        sock = socket.create_connection(server.address, timeout=20)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" * 2)
        sock.sendall((b"\x16\x03\x01\x02\x00" + b"\1" * 200)[:size])
        sock.close()
    junk = socket.create_connection(server.address, timeout=20)
    junk.sendall(b"\x16\x03\x01\x00\x05hello")
    assert junk.recv(100)[:1] in (b"", b"\x15")
    junk.close()
    assert server.client().get("/healthz").status == 200


def test_drain_closes_who_only_shook_hands(secure):
    server = secure()
    idle = raw(server)
    half = socket.create_connection(server.address, timeout=20)
    half.sendall(b"\x16\x03\x01")
    assert ask(idle) == b"HTTP/1.1 200 OK"
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 15
    assert half.recv(100) == b"" and idle.recv(100) == b""


def common_name(server):
    with raw(server) as sock:
        subject = dict(entry[0] for entry in sock.getpeercert()["subject"])
    return subject["commonName"]


def replace(pair, by):
    for old, new in ((pair.key, by.key), (pair.certificate, by.certificate)):
        with open(new, "rb") as source, open(old, "wb") as target:
            target.write(source.read())
        os.chmod(old, 0o600)


def test_reload_under_load(secure, authority):
    """New handshakes get the new certificate, and no request fails."""
    used = authority.issue("used", NAMES)
    others = [authority.issue("even", NAMES), authority.issue("odd", NAMES)]
    server = secure(chosen=[used])
    stop = threading.Event()
    failures, done = [], []

    def pull(keep):
        context = server.authority.context()
        sock = raw(server, context)
        while not stop.is_set():
            try:
                assert ask(sock) == b"HTTP/1.1 200 OK"
                if not keep:
                    sock.close()
                    sock = raw(server, context)
                done.append(keep)
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)
                return
        sock.close()

    threads = [threading.Thread(target=pull, args=(keep,))
               for keep in (True, False, False)]
    for thread in threads:
        thread.start()
    for turn in range(10):
        seen = len(done)
        while len(done) < seen + 3 and not failures:
            time.sleep(0.001)
        replace(used, others[turn % 2])
        reload(server, turn + 1)
        assert common_name(server) == ("even", "odd")[turn % 2]
    stop.set()
    for thread in threads:
        thread.join(30)
    assert not failures, failures
    assert set(done) == {True, False}


def test_a_bad_file_keeps_the_old_certificate(secure, authority):
    """And the log says which and why, without a byte of the key."""
    used = authority.issue("kept", NAMES)
    stranger = authority.issue("stranger", NAMES)
    server = secure(chosen=[used])
    replace_with = {
        "garbage": lambda: open(used.certificate, "w", encoding="ascii")
        .write("no certificate"),
        "the key of another": lambda: (
            replace(used, stranger),
            os.replace(stranger.certificate, used.certificate),
            authority.issue("again", NAMES),
            os.replace(os.path.join(authority.folder, "again.key"),
                       used.key)),
        "nothing": lambda: os.unlink(used.certificate)}
    for count, break_it in enumerate(replace_with.values(), 1):
        break_it()
        reload(server, count)
        wait_for_log(server, "certificates_kept", count)
        assert common_name(server) == "kept"
    assert used.certificate in server.tail()
    assert "PRIVATE" not in server.tail(1 << 20)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o666, 0o604])
def test_a_key_that_others_can_use_is_refused(pairs, tmp_path, mode):
    """A17."""
    pair = pairs["localhost"]
    key = tmp_path / "key"
    with open(pair.key, "rb") as file:
        key.write_bytes(file.read())
    key.chmod(mode)
    done = start_once(tmp_path, "tls.certificate=" + pair.certificate,
                      "tls.key=%s" % key)
    assert done.returncode == 1, done.stderr
    assert str(key) in done.stderr and "chmod" in done.stderr
    key.chmod(0o640)
    done = start_once(tmp_path, "tls.certificate=" + pair.certificate,
                      "tls.key=%s" % key, check=True)
    assert done.returncode == 0, done.stderr


def start_once(folder, *chosen, check=False):
    words = [program("berthd"), "--data", str(folder / "data"), "--listen",
             "127.0.0.1:0"] + (["--check-config"] if check else [])
    for option in chosen:
        words += ["--set", option]
    return subprocess.run(words, capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("wrong,said", [
    (["tls.certificate={first}"], "tls.key"),
    (["tls.key={key}"], "tls.key"),
    (["tls.certificate={first},{first}", "tls.key={key}"], "tls.key"),
    (["tls.certificate={first}", "tls.key={key}",
      "tls.client_auth=require"], "tls.client_ca"),
    (["tls.client_auth=request"], "tls.certificate")])
def test_options_that_do_not_fit(pairs, tmp_path, wrong, said):
    pair = pairs["localhost"]
    done = start_once(tmp_path, *(option.format(
        first=pair.certificate, key=pair.key) for option in wrong))
    assert done.returncode == 2, done.stderr
    assert said in done.stderr, done.stderr


@pytest.mark.parametrize("wrong", [
    {"certificate": "/nonexistent"}, {"key": "/nonexistent"},
    {"certificate": "{key}"}, {"key": "{certificate}"},
    {"certificate": "{other}"}, {"client_ca": "{key}"}])
def test_files_that_do_not_fit(pairs, tmp_path, wrong):
    """Found by --check-config already, and named."""
    pair = pairs["localhost"]
    files = {"certificate": pair.certificate, "key": pair.key,
             "client_ca": pair.certificate}
    known = dict(files, other=pairs["other.test"].certificate)
    for option, value in wrong.items():
        files[option] = value.format(**known)
    chosen = ["tls.%s=%s" % item for item in files.items()]
    for check in (True, False):
        done = start_once(tmp_path, "tls.client_auth=request", *chosen,
                          check=check)
        assert done.returncode in (1, 2), done.stderr
        assert files[list(wrong)[0]] in done.stderr, done.stderr


def test_no_flag_is_needed_beyond_loopback(pairs, tmp_path):
    done = subprocess.run(
        [program("berthd"), "--check-config", "--listen", "0.0.0.0:0",
         "--data", str(tmp_path)]
        + [word for option in pairs["localhost"].options()
           for word in ("--set", option)],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def client_pairs(authority, folder):
    stranger = tls.Authority(folder, "stranger")
    return {
        "good": authority.issue("node1", "DNS:node1.test,URI:spiffe://a/b",
                                "clientAuth"),
        "expired": authority.issue("old", "DNS:node1.test", "clientAuth", -1),
        "of a server": authority.issue("server", "DNS:node1.test"),
        "of a stranger": stranger.issue("fake", "DNS:node1.test",
                                        "clientAuth")}


def outcome(server, pair):
    """"200", or why there was none; both versions must agree."""
    found = set()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = server.authority.context(pair)
        context.maximum_version = version
        try:
            with raw(server, context) as sock:
                found.add(ask(sock).decode() or "closed")
        except (ssl.SSLError, ConnectionError) as error:
            found.add("refused" if error else "")
    return found


def test_client_certificates(secure, authority, tmp_path):
    """Only a verified one comes in where one is required; where one is only
    asked for, none is as good, and a bad one is refused."""
    pairs = client_pairs(authority, tmp_path)
    ca = "tls.client_ca=" + authority.pair.certificate
    for mode, without in (("require", {"refused"}),
                          ("request", {"HTTP/1.1 200 OK"})):
        server = secure(ca, "tls.client_auth=" + mode)
        assert outcome(server, None) <= without | {"refused", "closed"} \
            if mode == "require" else outcome(server, None) == without
        assert outcome(server, pairs["good"]) == {"HTTP/1.1 200 OK"}
        for name in ("expired", "of a server", "of a stranger"):
            said = outcome(server, pairs[name])
            assert said <= {"refused", "closed"}, (mode, name, said)
        for why in ("has expired", "no authority", "not valid for a client"):
            assert why in server.tail(1 << 20), why


def test_client_certificates_are_not_looked_at_by_default(secure, authority,
                                                          tmp_path):
    pairs = client_pairs(authority, tmp_path)
    server = secure()
    for pair in pairs.values():
        assert outcome(server, pair) == {"HTTP/1.1 200 OK"}


def test_another_client_authority_after_a_reload(secure, authority, tmp_path):
    """Also for those who have a session to resume."""
    trusted = tmp_path / "trusted.pem"
    with open(authority.pair.certificate, "rb") as file:
        trusted.write_bytes(file.read())
    server = secure("tls.client_ca=%s" % trusted, "tls.client_auth=require")
    pairs = client_pairs(authority, tmp_path)
    assert outcome(server, pairs["good"]) == {"HTTP/1.1 200 OK"}
    with open(tls.Authority(tmp_path, "new").pair.certificate, "rb") as file:
        trusted.write_bytes(file.read())
    reload(server)
    assert outcome(server, pairs["good"]) <= {"refused", "closed"}


def test_a_client_certificate_stands_for_its_owner(secure, authority):
    """By a name in it, and only where no other credentials are sent."""
    server = secure("tls.client_ca=" + authority.pair.certificate,
                    "tls.client_auth=request")
    Admin(server.client()).post("/users/admin/certificates",
                                {"name": "URI:spiffe://berth/ours"})
    for name, names, status in (
            ("ours", "DNS:x.test,URI:spiffe://berth/ours", 200),
            ("theirs", "DNS:x.test,URI:spiffe://berth/theirs", 401),
            ("nameless", "IP:127.0.0.1", 401)):
        pair = authority.issue(name, names, "clientAuth")
        shows = tls.Address.of(*server.address, authority.context(pair))
        client = Client(shows)
        assert client.get("/v2/_catalog").status == status, name
        client.close()
        wrong = Client(shows, "admin", "wrong")
        assert wrong.get("/v2/_catalog").status == 401, name
        wrong.close()
    assert Client(server.address).get("/v2/_catalog").status == 401
