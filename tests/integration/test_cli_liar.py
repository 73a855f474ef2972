# SPDX-License-Identifier: Apache-2.0
"""berth against a registry that lies, breaks off or wants its password."""
import http.server
import json
import os
import signal
import ssl
import subprocess
import threading

import pytest

from berthlib import layout, oci
from berthlib.cli import Berth
from berthlib.server import program

LAYER = b"the layer as it should be"
CONFIG = b"{}"
IMAGE = oci.image(CONFIG, [LAYER])


class Liar(http.server.ThreadingHTTPServer):
    """A registry that answers from a table: (method, path) to a function."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.table = {}
        self.asked = []  # (method, path, Authorization)
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()

    @property
    def address(self):
        return self.server_address

    @property
    def url(self):
        return "http://%s:%d" % self.address

    def on(self, method, path, status, body=b"", **headers):
        self.table[method, path] = (status, body, headers)

    def image(self, manifest=IMAGE, config=CONFIG, layer=LAYER, **headers):
        """Serve an image under any name, be it not what it says."""
        headers.setdefault("Content_Type", oci.MANIFEST)
        self.on("GET", "/v2/a/manifests/latest", 200, manifest, **headers)
        for name, data in ((CONFIG, config), (LAYER, layer)):
            self.on("GET", "/v2/a/blobs/" + oci.digest(name), 200, data)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.server.asked.append((self.command, self.path,
                                  self.headers.get("Authorization")))
        path = self.path.partition("?")[0]
        found = self.server.table.get((self.command, path), (404, b"", {}))
        status, body, headers = found
        self.send_response(status)
        headers.setdefault("Content_Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if headers["Content_Length"] != str(len(body)):
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer


@pytest.fixture
def liar():
    with Liar() as server:
        yield server
        server.shutdown()


@pytest.fixture
def berth(liar):
    return Berth(liar)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    layout.write(str(folder))
    return folder


def test_the_liar_can_tell_the_truth(liar, berth, tmp_path):
    liar.image()
    berth("export", "a", tmp_path / "out")
    _, blobs = layout.check(str(tmp_path / "out"))
    assert sorted(blobs.values()) == sorted([IMAGE, CONFIG, LAYER])


@pytest.mark.parametrize("lie", [
    {"layer": LAYER[:-1] + b"?"}, {"layer": LAYER[:-1]},
    {"layer": LAYER + b"!" * 100000}, {"config": b""},
    {"manifest": b"not JSON"}, {"manifest": b""},
    {"Docker_Content_Digest": oci.digest(b"another")},
    {"Content_Type": oci.INDEX}, {"Content_Type": "text/html"},
    {"Content_Length": str(len(IMAGE) + 1)}])
def test_what_is_not_what_it_says_is_not_kept(liar, berth, tmp_path, lie):
    liar.image(**lie)
    berth.fails("export", "a", tmp_path / "out")
    if os.path.exists(tmp_path / "out"):
        index, _ = layout.check(str(tmp_path / "out"))
        assert index["manifests"] == []
        assert not os.path.exists(tmp_path / "out" / ".partial")
    liar.image()
    berth("export", "a", tmp_path / "out")
    layout.check(str(tmp_path / "out"))


def test_manifest_by_digest_must_be_it(liar, berth):
    name = oci.digest(b"another")
    liar.on("GET", "/v2/a/manifests/" + name, 200, IMAGE,
            Content_Type=oci.MANIFEST, Docker_Content_Digest=oci.digest(IMAGE))
    berth.fails("inspect", "a@" + name)


def test_password_goes_to_the_registry_alone(liar, berth, source):
    """Neither a Location nor a redirect carries it to another address."""
    with Liar() as stranger:
        liar.on("POST", "/v2/a/blobs/uploads/", 202,
                Location=stranger.url + "/upload")
        stranger.on("PUT", "/upload", 201)
        liar.on("GET", "/v2/_catalog", 307, Location=stranger.url + "/list")
        stranger.on("GET", "/list", 200, b'{"repositories":["x"]}')
        berth.run("import", source, "a")
        assert berth("repositories").split() == ["x"]
        stranger.shutdown()
        assert [method for method, _, _ in stranger.asked].count("PUT") == 2
        assert {sent for _, _, sent in stranger.asked} == {None}
    assert {bool(sent) for _, _, sent in liar.asked} == {True}


def test_certificates_are_verified(liar, berth, tmp_path):
    """An authority is trusted when --ca names it, and not before."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
         "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
         "-out", cert, "-days", "2"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    liar.socket = context.wrap_socket(liar.socket, server_side=True)
    liar.on("GET", "/v2/_catalog", 200, b'{"repositories":["x"]}')
    url = liar.url.replace("http:", "https:")
    berth.fails("repositories", "--registry", url)
    assert liar.asked == []
    assert berth("repositories", "--registry", url, "--ca", cert) == "x\n"


def test_address_that_only_begins_alike(liar, berth, source):
    liar.on("POST", "/v2/a/blobs/uploads/", 202,
            Location=liar.url + ".invalid/upload")
    berth.fails("import", source, "a")


def test_words_of_the_registry_are_cleaned(liar, berth):
    """What a registry says in a list is escaped, and errors are told."""
    liar.on("GET", "/v2/_catalog", 200, b'{"repositories":["\\u001b[2J"]}')
    assert "\x1b" not in berth("repositories")
    liar.on("GET", "/v2/_catalog", 500, json.dumps(
        {"errors": [{"code": "X", "message": "broken \x1b[2J today"}]}
    ).encode())
    said = berth.fails("repositories")
    assert "broken" in said and "\x1b" not in said


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"repositories": 7}',
                                  b'{"repositories": [7]}', b"[" * 100000])
def test_list_that_is_none(liar, berth, body):
    liar.on("GET", "/v2/_catalog", 200, body)
    done = berth.run("repositories")
    assert done.returncode in (0, 1)


def test_interrupted_import_removes_what_it_unpacked(liar, berth, tmp_path,
                                                     source):
    """A signal in the middle of an upload leaves no temporary folder."""
    subprocess.run(["tar", "cf", tmp_path / "image.tar", "-C", source, "."],
                   check=True)
    hold = threading.Event()
    reached = threading.Event()

    def wait(handler):
        reached.set()
        hold.wait(30)
        Handler.answer(handler)

    (tmp_path / "tmp").mkdir()
    env = dict(berth.env, TMPDIR=str(tmp_path / "tmp"))
    Handler.do_POST = wait
    try:
        with subprocess.Popen([program("berth"), "import",
                               tmp_path / "image.tar", "a"], env=env,
                              stderr=subprocess.PIPE) as running:
            assert reached.wait(30)
            assert os.listdir(tmp_path / "tmp")
            running.send_signal(signal.SIGINT)
            said = running.communicate(timeout=30)[1].decode()
            assert running.returncode == 1 and "interrupted" in said
    finally:
        hold.set()
        Handler.do_POST = Handler.answer
    assert os.listdir(tmp_path / "tmp") == []
