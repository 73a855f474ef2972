# SPDX-License-Identifier: Apache-2.0
"""Starts, watches and stops a real berthd in a directory of its own."""
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.parse
import uuid

from . import tls
from .wire import Client

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__)))))
PASSWORD = "correct-horse-battery"
START_S = 20
STOP_S = 20
BAD_LOG = re.compile(
    rb"AddressSanitizer|LeakSanitizer|ThreadSanitizer|MemorySanitizer"
    rb"|runtime error:|[Aa]ssert")


def program(name):
    """The path of one of the built programs."""
    folder = os.environ.get("BERTH_BIN", os.path.join(ROOT, "build", "bin"))
    return os.path.join(os.path.abspath(folder), name)


class Database:
    """A fresh PostgreSQL database, made and dropped through psql."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.admin = url
        self.name = "berth_" + uuid.uuid4().hex[:16]
        self.url = urllib.parse.urlunsplit(
            parts._replace(path="/" + self.name))
        self._run("CREATE DATABASE " + self.name)

    def _run(self, sql):
        subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d",
                        self.admin, "-c", sql], check=True,
                       stdout=subprocess.DEVNULL)

    def drop(self):
        self._run("DROP DATABASE IF EXISTS %s WITH (FORCE)" % self.name)


class Server:
    """One berthd.  start/stop/kill may be repeated: the data stay.

    authority is who issued its certificate, where its options name one.
    """

    authority = None

    def __init__(self, folder, options=(), arguments=(), env=None):
        self.folder = str(folder)
        self.data = os.path.join(self.folder, "data")
        self.log = os.path.join(self.folder, "berthd.log")
        self.options = list(options)
        self.arguments = list(arguments)
        self.env = dict(os.environ, BERTH_ADMIN_PASSWORD=PASSWORD)
        self.env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        self.env.update(env or {})
        self.process = None
        self.address = None
        self.database = None
        self.clients = []
        os.makedirs(self.data, exist_ok=True)
        self._back_ends()

    def _back_ends(self):
        named = {option.split("=", 1)[0] for option in self.options}
        url = os.environ.get("BERTH_TEST_DATABASE")
        if url and "storage.database" not in named:
            self.database = Database(url)
            self.options.append("storage.database=" + self.database.url)
        if os.environ.get("BERTH_TEST_TLS") and "tls.certificate" not in named:
            self.authority = tls.Authority(self.folder)
            self.options += self.authority.issue(
                "server", "DNS:localhost,IP:127.0.0.1").options()
        if "auth.free_tries" not in named:
            # Many tests guess at one server, all from one address.
            self.options.append("auth.free_tries=1000")
        if os.geteuid() != 0:
            # Tests look at the descriptors of what they started.
            self.options.append("server.core_dumps=true")
        blobs = os.environ.get("BERTH_TEST_BLOBS")
        if blobs and "storage.blobs" not in named:
            self.options.append("storage.blobs=" + blobs)

    def command(self):
        words = [program("berthd"), "--data", self.data,
                 "--listen", "127.0.0.1:0"]
        for option in self.options:
            words += ["--set", option]
        return words + self.arguments

    def start(self):
        path = os.path.join(self.data, "berthd.address")
        if os.path.exists(path):
            os.unlink(path)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), env=self.env, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd=self.folder)
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError("berthd left with %d:\n%s" % (
                    self.process.returncode, self.tail()))
            line = self._address_line(path)
            if line:
                host, port = line.rsplit(":", 1)
                self.address = tls.Address.of(
                    host, int(port),
                    self.authority and self.authority.context())
                return self
            time.sleep(0.005)
        self.kill()
        raise AssertionError("berthd is not ready:\n" + self.tail())

    @staticmethod
    def _address_line(path):
        try:
            with open(path, encoding="ascii") as file:
                line = file.read()
        except FileNotFoundError:
            return None
        return line.strip() if line.endswith("\n") else None

    def client(self, user="admin", password=PASSWORD):
        fresh = Client(self.address, user, password)
        self.clients.append(fresh)
        return fresh

    def _drop_clients(self):
        for client in self.clients:
            client.close()
        self.clients = []

    def stop(self):
        """SIGTERM; the exit status, or a failure when it does not go."""
        self._drop_clients()
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("berthd ignores SIGTERM:\n" + self.tail())

    def kill(self):
        """SIGKILL: what a power cut leaves of the process."""
        self._drop_clients()
        self.process.kill()
        self.process.wait()

    def restart(self, hard=False):
        if hard:
            self.kill()
        else:
            code = self.stop()
            assert code == 0, "exit %d\n%s" % (code, self.tail())
        return self.start()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def tail(self, size=6000):
        with open(self.log, "rb") as file:
            return file.read()[-size:].decode("utf-8", "replace")

    def finish(self):
        """Stop, and fail on a bad exit, a sanitizer's report or an assert."""
        code = self.stop() if self.running() else self.process.returncode
        if self.database:
            self.database.drop()
        with open(self.log, "rb") as file:
            log = file.read()
        bad = BAD_LOG.search(log)
        assert not bad, log[bad.start():][:6000].decode("utf-8", "replace")
        assert code == 0, "berthd exits with %d:\n%s" % (code, self.tail())
        assert not os.path.exists(os.path.join(
            self.data, "berthd.address")), "berthd.address is left behind"

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
