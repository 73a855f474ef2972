# SPDX-License-Identifier: Apache-2.0
"""The contract of the program: start, first login, configuration, signals."""
import os
import re
import signal
import stat
import subprocess
import time

import pytest
from berthlib import oci
from berthlib.oci import Repository
from berthlib.server import program
from berthlib.wire import Connection


def run(*words, env=None):
    return subprocess.run(
        [program("berthd"), *words], capture_output=True, text=True,
        timeout=30, stdin=subprocess.DEVNULL,
        env=dict(os.environ, **(env or {})))


def test_help_version_and_example(tmp_path):
    shown = run("--help")
    assert shown.returncode == 0 and "--listen" in shown.stdout
    assert re.search(r"\d+\.\d+\.\d+", run("--version").stdout)
    example = run("--example-config")
    assert example.returncode == 0
    path = tmp_path / "berth.yaml"
    path.write_text(example.stdout)
    checked = run("--config", str(path), "--check-config", "--data",
                  str(tmp_path))
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("words", [
    ["--no-such-flag"], ["--listen"], ["--listen", "nonsense"],
    ["--set", "registry.no_such=1"], ["--set", "registry.delete=perhaps"],
    ["--set", "registry.page_max=0"], ["--anonymous", "some"],
    ["--config", "/nonexistent/berth.yaml"], ["--roles", "cook"],
    ["--listen", "0.0.0.0:0"], ["stray"]])
def test_wrong_usage_exits_with_2(tmp_path, words):
    done = run("--data", str(tmp_path), *words)
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip()
    assert not list(tmp_path.iterdir())


def test_wrong_configuration_names_file_and_line(tmp_path):
    path = tmp_path / "berth.yaml"
    path.write_text("registry:\n  delete: true\n  colour: blue\n")
    done = run("--config", str(path), "--data", str(tmp_path))
    assert done.returncode == 2
    assert "berth.yaml" in done.stderr and "3" in done.stderr
    assert "colour" in done.stderr


def test_flags_override_the_file(own_server, tmp_path):
    path = tmp_path / "berth.yaml"
    path.write_text("registry:\n  delete: false\n  page_max: 3\n")
    server = own_server("registry.delete=true",
                        arguments=["--config", str(path)])
    repo = Repository(server.client(), "both")
    data = repo.push_image("t0")
    for n in range(5):
        repo.push_manifest("t%d" % n, data)
    assert len(repo.get(repo.tags).json()["tags"]) == 3
    repo.delete(repo.manifest("t0")).expect(202)


def test_second_server_on_one_folder(own_server):
    server = own_server()
    done = run("--data", server.data, "--listen", "127.0.0.1:0")
    assert done.returncode == 1, done.stderr
    assert server.client().get("/v2/").status == 200
    assert os.path.exists(os.path.join(server.data, "berthd.address"))


def test_taken_address(own_server, tmp_path):
    server = own_server()
    done = run("--data", str(tmp_path), "--listen", "%s:%d" % server.address,
               env={"BERTH_ADMIN_PASSWORD": "x" * 12})
    assert done.returncode == 1, done.stderr


def credentials(server):
    path = os.path.join(server.data, "admin.credentials")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path) as file:
        return dict(line.strip().split("=", 1) for line in file if "=" in line)


def test_random_first_password(own_server):
    found = []
    for _ in range(2):
        server = own_server(start=False)
        del server.env["BERTH_ADMIN_PASSWORD"]
        server.start()
        first = credentials(server)
        assert first["user"] == "admin" and len(first["password"]) >= 16
        client = server.client("admin", first["password"])
        client.get("/v2/").expect(200)
        server.client("admin", "").get("/v2/").expect(401)
        server.client("admin", "admin").get("/v2/").expect(401)
        server.restart()
        assert credentials(server) == first
        server.client("admin", first["password"]).get("/v2/").expect(200)
        found.append(first["password"])
    assert found[0] != found[1]


def test_given_password_is_written_nowhere(own_server):
    server = own_server()
    server.client().get("/v2/").expect(200)
    assert not os.path.exists(os.path.join(server.data, "admin.credentials"))
    secret = server.env["BERTH_ADMIN_PASSWORD"].encode()
    server.stop()
    for base, _, files in os.walk(server.folder):
        for name in files:
            with open(os.path.join(base, name), "rb") as file:
                assert secret not in file.read(), name


@pytest.mark.backend
def test_password_survives_and_changes(own_server):
    server = own_server()
    server.restart()
    server.client().get("/v2/").expect(200)
    server.stop()
    server.env["BERTH_ADMIN_PASSWORD"] = "another-password-2"
    server.start()
    server.client("admin", "another-password-2").get("/v2/").expect(200)
    server.client().get("/v2/").expect(401)


def test_data_are_private(own_server):
    server = own_server()
    Repository(server.client(), "private").push_image("one")
    for base, folders, files in os.walk(server.data):
        for name in folders + files:
            mode = os.lstat(os.path.join(base, name)).st_mode
            assert not mode & 0o022, os.path.join(base, name)


def test_log_lines(own_server):
    """One line a request, with its id, and no client bytes run loose."""
    server = own_server("log.format=json")
    client = server.client()
    reply = client.get("/v2/absent/tags/list?x=%22%0a%7b%01").expect(404)
    client.get("/v2/a%22%0a%1b%5b31m%01/tags/list").expect(400)
    client.get("http://user:in-the-host@x/v2/absent/tags/list").expect(404)
    ident = reply.get("X-Request-Id")
    client.anonymous().get("/v2/", headers={
        "User-Agent": 'evil"\xe9{}\\', "Authorization":
        "Basic " + "c2VjcmV0OnNlY3JldA=="}).expect(401)
    server.stop()
    with open(server.log, "rb") as file:
        lines = file.read().decode().splitlines()
    entries = [oci.json.loads(line) for line in lines if line]
    mine = [entry for entry in entries if ident and ident in str(entry)]
    assert len(mine) >= 1, lines
    assert "404" in str(mine)
    text = "\n".join(lines)
    for secret in ("c2VjcmV0OnNlY3JldA==", "correct-horse", client.
                   credentials().split()[1], "in-the-host", "\x1b", "\x01"):
        assert secret not in text, secret


def test_drain_lets_a_request_end(own_server):
    """SIGTERM: new ones are refused, the one under way is answered."""
    server = own_server()
    repo = Repository(server.client(), "drained")
    body = b"x" * 5000
    with Connection(server.address) as conn:
        conn.send(repo.client.head("POST", "%s?digest=%s" % (
            repo.uploads, oci.digest(body)), [], len(body)) + body[:2000])
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.process.poll() is None
        conn.send(body[2000:])
        assert conn.reply("POST").status == 201
    assert server.process.wait(10) == 0


def test_stop_does_not_wait_for_the_idle(own_server):
    server = own_server()
    idle = [Connection(server.address) for _ in range(20)]
    clients = [server.client().clone() for _ in range(5)]
    for client in clients:
        client.get("/v2/").expect(200)
    since = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    assert time.monotonic() - since < 5
    for one in idle + clients:
        one.close()


def test_stop_gives_up_on_the_stalled(own_server):
    server = own_server("server.drain_timeout=500ms")
    repo = Repository(server.client(), "stalled")
    with Connection(server.address) as conn:
        conn.send(repo.client.head("POST", repo.uploads, [], 1000) + b"x")
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0


def test_sighup_reloads(own_server, tmp_path):
    path = tmp_path / "berth.yaml"
    path.write_text("log:\n  access: true\n  format: json\n")
    server = own_server(arguments=["--config", str(path)])
    client = server.client()
    client.get("/v2/").expect(200)
    path.write_text("log:\n  access: nonsense\n  format: json\n")
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    client.get("/v2/").expect(200)
    path.write_text("log:\n  access: false\n  format: json\n")
    server.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    before = os.path.getsize(server.log)
    for _ in range(50):
        client.get("/v2/").expect(200)
    time.sleep(0.3)
    assert os.path.getsize(server.log) - before < 1000


def test_signals_at_once_are_borne(own_server):
    server = own_server()
    for _ in range(20):
        server.process.send_signal(signal.SIGHUP)
    server.client().get("/v2/").expect(200)
    server.process.send_signal(signal.SIGTERM)
    try:
        server.process.send_signal(signal.SIGTERM)
    except ProcessLookupError:
        pass
    assert server.process.wait(10) == 0


def test_what_only_the_start_needed_is_given_back(own_server):
    """Of the tables with which the linker binds a library, the first thing
    in its file, nothing is needed once it runs."""
    server = own_server()

    def resident():
        with open("/proc/%d/smaps" % server.process.pid) as maps:
            found = re.search(
                r"r--p 00000000 .*libcrypto.*\n"
                r"Size: +(\d+) kB\n(?:.*\n)*?Rss: +(\d+) kB", maps.read())
        return int(found.group(2)) / int(found.group(1))

    deadline = time.monotonic() + 10
    while resident() > 0.5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    server.client().get("/v2/").expect(200)


def test_sigpipe_is_borne(own_server):
    """Clients that go away in the middle of a download."""
    server = own_server()
    repo = Repository(server.client(), "left")
    target = repo.blob(repo.push_blob(bytes(8 << 20)))
    for _ in range(10):
        with Connection(server.address) as conn:
            conn.send(repo.client.head("GET", target))
            conn.sock.recv(100)
    assert len(repo.get(target).expect(200).body) == 8 << 20
