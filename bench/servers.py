# SPDX-License-Identifier: Apache-2.0
"""The servers under test: how each is started, filled, watched and ended."""

import base64
import ctypes
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

PASSWORD = "bench-0123456789"
REPOSITORY = "bench/pull"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """What ends the run with one line."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make_certificate(directory):
    """An EC key and a certificate of it, as two files."""
    files = (os.path.join(directory, "certificate.pem"),
             os.path.join(directory, "key.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-out", files[0], "-keyout", files[1]],
        check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return files


class Server:
    """One server on a port and a directory of its own."""

    name = None
    program = None
    can_push = True
    ready_path = "/v2/"  # answers 200 when the server is ready

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.process = None
        self.certificate = None  # files of it and its key: speak TLS

    # What a kind of server says of itself.
    def prepare(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def credentials(self):
        return None

    @classmethod
    def missing(cls):
        """Why it cannot run here, or None."""
        if shutil.which(cls.program):
            return None
        return "%s is not installed" % cls.program

    # Starting and ending.
    def start(self, timed=False):
        """Start it and return the seconds until its first 200. A timed
        start goes without the guard against our own death, which would
        have Python fork first."""
        os.makedirs(self.directory, exist_ok=True)
        self.prepare()
        with open(os.path.join(self.directory, "log"), "ab") as log:
            begun = time.monotonic()
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=self.environment(), cwd=self.directory,
                preexec_fn=None if timed else die_with_parent)
        while not self.answers(self.ready_path):
            if self.process.poll() is not None:
                raise BenchError("%s ended at once; see %s/log"
                                 % (self.name, self.directory))
            if time.monotonic() - begun > 30:
                raise BenchError("%s does not get ready" % self.name)
        return time.monotonic() - begun

    def warm(self):
        """Have it check the password, which is costly once."""
        if not self.answers("/v2/"):
            raise BenchError("%s does not answer 200 to GET /v2/" % self.name)

    def answers(self, path):
        request = "GET %s HTTP/1.1\r\nHost: bench\r\n" % path
        for key, value in self.headers().items():
            request += "%s: %s\r\n" % (key, value)
        try:
            with self.secured(socket.create_connection(
                    ("127.0.0.1", self.port), 5)) as s:
                s.sendall((request + "Connection: close\r\n\r\n").encode())
                return s.recv(12).startswith(b"HTTP/1.1 200")
        except OSError:
            time.sleep(0.0003)
            return False

    def secured(self, plain):
        if not self.certificate:
            return plain
        return self.tls_context().wrap_socket(plain)

    @staticmethod
    def tls_context():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def stop(self):
        if not self.process:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    # Filling.
    def headers(self):
        if not self.credentials():
            return {}
        token = base64.b64encode(self.credentials().encode()).decode()
        return {"Authorization": "Basic " + token}

    def push_blob(self, connection, data):
        connection.request("POST", "/v2/%s/blobs/uploads/" % REPOSITORY,
                           headers=self.headers())
        answer = connection.getresponse()
        answer.read()
        location = answer.getheader("Location") or ""
        if answer.status != 202 or not location:
            raise BenchError("%s: POST answers %d"
                             % (self.name, answer.status))
        if "://" in location:
            location = "/" + location.split("://", 1)[1].split("/", 1)[1]
        location += "&" if "?" in location else "?"
        headers = self.headers()
        headers["Content-Type"] = "application/octet-stream"
        connection.request("PUT", location + "digest=" + digest_of(data),
                           data, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise BenchError("%s: PUT answers %d"
                             % (self.name, answer.status))

    def fill(self, blobs, manifest):
        """Store what the pulls fetch."""
        if self.certificate:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=120,
                context=self.tls_context())
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                    timeout=120)
        for data in blobs:
            self.push_blob(connection, data)
        headers = self.headers()
        headers["Content-Type"] = MANIFEST_TYPE
        connection.request("PUT", self.manifest_path(), manifest, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise BenchError("%s: the manifest gets %d"
                             % (self.name, answer.status))
        connection.close()

    def manifest_path(self):
        return "/v2/%s/manifests/latest" % REPOSITORY

    def blob_path(self, digest):
        return "/v2/%s/blobs/%s" % (REPOSITORY, digest)

    # Watching.
    def pids(self):
        """The process and its children."""
        pid = self.process.pid
        found = [pid]
        try:
            path = "/proc/%d/task/%d/children" % (pid, pid)
            with open(path, encoding="ascii") as children:
                found += [int(child) for child in children.read().split()]
        except OSError:
            pass
        return found

    def cpu_seconds(self):
        total = 0
        for pid in self.pids():
            with open("/proc/%d/stat" % pid, encoding="utf-8") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def memory(self, key):
        """VmRSS or VmHWM of all its processes, in MB."""
        total = 0
        for pid in self.pids():
            with open("/proc/%d/status" % pid, encoding="utf-8") as status:
                for line in status:
                    if line.startswith(key + ":"):
                        total += int(line.split()[1])
        return total * 1024 / 1e6

    def forget_peak(self):
        """Begin VmHWM anew."""
        for pid in self.pids():
            try:
                path = "/proc/%d/clear_refs" % pid
                with open(path, "w", encoding="ascii") as refs:
                    refs.write("5")
            except OSError:
                pass


class Berth(Server):
    """berthd with Basic authentication on every request."""

    name = "berth"
    program = "berthd"  # its path is set by the command line
    ready_path = "/readyz"

    @classmethod
    def missing(cls):
        if os.access(cls.program, os.X_OK):
            return None
        return "%s is not built" % cls.program

    def prepare(self):
        pass

    def command(self):
        command = [self.program, "--data",
                   os.path.join(self.directory, "data"),
                   "--listen", "127.0.0.1:%d" % self.port]
        if self.certificate:
            command += ["--set", "tls.certificate=%s" % self.certificate[0],
                        "--set", "tls.key=%s" % self.certificate[1]]
        return command

    def database(self):
        return os.path.join(self.directory, "data", "berth.db")

    def environment(self):
        """The password is said once: whenever it is said, the start waits
        for one scrypt."""
        if os.path.exists(self.database()):
            return dict(os.environ)
        return dict(os.environ, BERTH_ADMIN_PASSWORD=PASSWORD)

    def credentials(self):
        return "admin:" + PASSWORD


REGISTRY_CONFIG = """\
version: 0.1
storage:
  filesystem:
    rootdirectory: %(directory)s/data
http:
  addr: 127.0.0.1:%(port)d
"""


class Registry(Server):
    """docker-registry as it comes: access log on, no authentication."""

    name = "registry"
    program = "docker-registry"

    def prepare(self):
        path = os.path.join(self.directory, "config.yml")
        with open(path, "w", encoding="utf-8") as config:
            config.write(REGISTRY_CONFIG % vars(self))

    def command(self):
        return [self.program, "serve",
                os.path.join(self.directory, "config.yml")]


NGINX_CONFIG = """\
daemon off;
pid %(directory)s/pid;
error_log %(directory)s/error.log;
worker_processes auto;
worker_rlimit_nofile %(files)d;
events { worker_connections %(connections)d; }
http {
    access_log %(directory)s/access.log;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    default_type application/octet-stream;
    client_body_temp_path %(directory)s/body;
    proxy_temp_path %(directory)s/proxy;
    fastcgi_temp_path %(directory)s/fastcgi;
    uwsgi_temp_path %(directory)s/uwsgi;
    scgi_temp_path %(directory)s/scgi;
    server {
        listen 127.0.0.1:%(port)d backlog=4096%(tls)s;
        root %(directory)s/root;
        location = /v2/ { return 200 "{}"; }
    }
}
"""


class Nginx(Server):
    """The same bytes as static files, access log on."""

    name = "nginx"
    program = "nginx"
    can_push = False

    def prepare(self):
        import resource
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        os.makedirs(os.path.join(self.directory, "root"), exist_ok=True)
        # its workers give up root and must still reach the files
        os.chmod(self.directory, 0o755)
        tls = ""
        if self.certificate:
            tls = (" ssl; ssl_certificate %s; ssl_certificate_key %s; "
                   "ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites "
                   "TLS_AES_128_GCM_SHA256" % self.certificate)
        values = dict(vars(self), files=files, connections=files - 100,
                      tls=tls)
        path = os.path.join(self.directory, "nginx.conf")
        with open(path, "w", encoding="utf-8") as config:
            config.write(NGINX_CONFIG % values)

    def command(self):
        return [self.program, "-p", self.directory, "-c",
                os.path.join(self.directory, "nginx.conf")]

    def store(self, path, data):
        target = os.path.join(self.directory, "root", path.lstrip("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(data)

    def fill(self, blobs, manifest):
        for data in blobs:
            self.store(self.blob_path(digest_of(data)), data)
        self.store(self.manifest_path(), manifest)


KINDS = {"berth": Berth, "registry": Registry, "nginx": Nginx}


def make_manifest(layers, config):
    return json.dumps({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG_TYPE, "size": len(config),
                   "digest": digest_of(config)},
        "layers": [{"mediaType": LAYER_TYPE, "size": len(layer),
                    "digest": digest_of(layer)} for layer in layers],
    }, indent=3).encode()


def make_content(sizes):
    """Incompressible layers of those sizes and behind them a config; and
    their manifest."""
    layers = [os.urandom(size) for size in sizes]
    config = json.dumps({"architecture": "amd64", "os": "linux",
                         "rootfs": {"type": "layers", "diff_ids": []}})
    config = config.encode()
    return layers + [config], make_manifest(layers, config)
