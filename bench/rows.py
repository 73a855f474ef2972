# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: what is measured, and how one sample is taken."""

import json
import os
import subprocess
import time

import seed
from servers import (KINDS, MANIFEST_TYPE, BenchError, die_with_parent,
                     make_certificate, make_manifest)

KIB = 1024
MIB = 1024 * 1024
GIB = 1024 * 1024 * 1024
LISTED = 100000  # tags, and repositories, of which pages are asked for
SIZES = {"4KiB": 4 * KIB, "1MiB": MIB, "10MiB": 10 * MIB, "100MiB": 100 * MIB}


class Bench:
    """What the rows share: the filled servers, and where to make others."""

    def __init__(self, options, directory, blobs, manifest):
        self.options = options
        self.directory = directory
        self.blobs = blobs
        self.manifest = manifest
        self.filled = {}  # name -> a running Server with the content
        self.secured = {}  # the same in TLS, made when first asked for
        self.certificate = None  # of these
        self.seeded = {}  # what -> a stopped Berth with a large store
        self.digests = {}  # "1MiB" -> digest
        self.small_manifest = make_manifest([blobs[0]], blobs[-1])
        self.number = 0

    def fresh(self, name):
        """A server with an empty store, not started."""
        self.number += 1
        return KINDS[name](os.path.join(
            self.directory, "%s-%d" % (name, self.number)))

    def secure(self, name):
        """A running server with the content, that speaks TLS."""
        if name not in self.secured:
            if not self.certificate:
                self.certificate = make_certificate(self.directory)
            server = self.fresh(name)
            self.secured[name] = server
            server.certificate = self.certificate
            server.start()
            server.fill(self.blobs, self.manifest)
        return self.secured[name]

    def large(self, what, fill):
        """A Berth whose store `fill` made large, in its first use."""
        if what not in self.seeded:
            server = self.fresh("berth")
            server.start()
            server.stop()
            fill(server.database())
            self.seeded[what] = server
        return self.seeded[what]

    def seconds(self):
        return 0.5 if self.options.quick else self.options.seconds

    def load_command(self, server, mode, arguments):
        command = [self.options.load, "--mode", mode,
                   "--port", str(server.port)]
        if server.credentials():
            command += ["--user", server.credentials()]
        if server.certificate:
            command += ["--tls"]
        return command + [str(argument) for argument in arguments]

    def load(self, server, mode, *arguments):
        """Run the load program to its end; its JSON as a dict."""
        done = subprocess.run(
            self.load_command(server, mode, arguments), timeout=300,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent,
            check=False)
        return read_result(server, done.returncode, done.stdout, done.stderr)

    def start_load(self, server, mode, *arguments, stdin=None):
        return subprocess.Popen(
            self.load_command(server, mode, arguments),
            stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=die_with_parent)


def read_result(server, code, output, errors):
    try:
        result = json.loads(output)
    except ValueError:
        raise BenchError("%s: %s" % (server.name, errors.decode().strip()
                                     or "no result")) from None
    if code != 0:
        raise BenchError("%s: %d errors, the last answer was %d"
                         % (server.name, result["errors"],
                            result["last_error_status"]))
    return result


class Goal:
    """What a median must be: at least or at most `bound`, itself or as a
    ratio to the median of another server in the same run."""

    def __init__(self, key, sign, bound, other=None):
        self.key = key  # of the sample
        self.sign = sign  # ">=" or "<="
        self.bound = bound
        self.other = other

    def __str__(self):
        return "%s%s %s %g" % (self.key, "/" + self.other
                               if self.other else "", self.sign, self.bound)

    def reached(self, medians):
        """medians(server, key) -> number or None; None if unknown."""
        mine = medians("berth", self.key)
        if mine is None:
            return None
        if self.other:
            theirs = medians(self.other, self.key)
            if not theirs:
                return None
            mine /= theirs
        return mine >= self.bound if self.sign == ">=" else mine <= self.bound


class Row:
    """One line of the table. A sample is a dict with value, and perhaps
    cpu (per unit of work) and rss (peak, MB)."""

    unit = ""
    cpu_unit = ""
    servers = ("berth", "registry", "nginx")

    def __init__(self, name):
        self.name = name
        self.goals = []  # of Goal

    def sample(self, bench, name):
        raise NotImplementedError


class Rate(Row):
    """Small answers: requests per second."""

    unit = "/s"
    cpu_unit = "us/request"

    def __init__(self, name, mode, connections, what):
        super().__init__(name)
        self.mode = mode
        self.connections = connections
        self.what = what

    def path(self, bench, server):
        if self.what == "manifest":
            return server.manifest_path()
        return server.blob_path(bench.digests[self.what])

    @staticmethod
    def server(bench, name):
        return bench.filled[name]

    def options(self):
        """More options of the load program."""
        return []

    def sample(self, bench, name):
        server = self.server(bench, name)
        server.forget_peak()
        before = server.cpu_seconds()
        result = bench.load(server, self.mode,
                            "--connections", self.connections,
                            "--duration", "%dms" % (bench.seconds() * 1000),
                            "--accept", MANIFEST_TYPE, *self.options(),
                            self.path(bench, server))
        cpu = server.cpu_seconds() - before
        return {"value": result["rps"], "rss": server.memory("VmHWM"),
                "cpu": cpu / result["requests"] * 1e6, "load": result}


class Pull(Rate):
    """Bodies: GiB per second."""

    unit = "GiB/s"
    cpu_unit = "s/GiB"

    def __init__(self, size, connections):
        super().__init__("pull %s c%d" % (size, connections), "get",
                         connections, size)

    def sample(self, bench, name):
        sample = super().sample(bench, name)
        result = sample["load"]
        sample["value"] = result["gib_per_s"]
        sample["cpu"] = (sample["cpu"] * result["requests"] / 1e6
                         / (result["bytes"] / GIB))
        return sample


class SecureRate(Rate):
    servers = ("berth", "nginx")

    @staticmethod
    def server(bench, name):
        return bench.secure(name)


class SecurePull(Pull):
    servers = ("berth", "nginx")

    @staticmethod
    def server(bench, name):
        return bench.secure(name)


class Handshakes(SecureRate):
    """Each with one request behind it, per second of the server's time."""

    unit = "/cpu-s"

    def options(self):
        return ["--fresh"]

    def sample(self, bench, name):
        sample = super().sample(bench, name)
        sample["value"] = 1e6 / sample["cpu"]
        return sample


class Push(Row):
    """Unique bodies into an empty store that is removed afterwards."""

    unit = "GiB/s"
    cpu_unit = "s/GiB"
    servers = ("berth", "registry")

    def __init__(self, style, size, connections):
        super().__init__("push %s %s c%d" % (style, size, connections))
        self.mode = "push-chunked" if style == "docker" else "push"
        self.size = size
        self.connections = connections

    def requests(self, bench):
        most = {"1MiB": 256, "10MiB": 48, "100MiB": 8}[self.size]
        if self.connections > 1 and self.size == "100MiB":
            most = 16
        if bench.options.quick:
            most //= 8
        return max(most, self.connections)

    def sample(self, bench, name):
        server = bench.fresh(name)
        try:
            server.start()
            server.warm()
            os.sync()
            server.forget_peak()
            before = server.cpu_seconds()
            result = bench.load(server, self.mode,
                                "--connections", self.connections,
                                "--requests", self.requests(bench),
                                "--size", SIZES[self.size])
            cpu = server.cpu_seconds() - before
            return {"value": result["gib_per_s"],
                    "cpu": cpu / (result["bytes"] / GIB),
                    "rss": server.memory("VmHWM"), "load": result}
        finally:
            server.remove()


class Quiet(Row):
    """The latency of a manifest while eight uploads are under way."""

    unit = "ms p99"
    servers = ("berth", "registry")

    def sample(self, bench, name):
        server = bench.fresh(name)
        uploads = None
        try:
            server.start()
            server.fill([bench.blobs[0], bench.blobs[-1]],
                        bench.small_manifest)
            size, count = "100MiB", 24
            if bench.options.quick:
                size, count = "10MiB", 64
            uploads = bench.start_load(server, "push", "--connections", 8,
                                       "--requests", count,
                                       "--size", SIZES[size])
            wait_for_cpu(server)
            result = bench.load(server, "get", "--connections", 1,
                                "--duration", "%dms" %
                                min(1000, bench.seconds() * 1000),
                                "--accept", MANIFEST_TYPE,
                                server.manifest_path())
            still = uploads.poll() is None
            output, errors = uploads.communicate(timeout=300)
            read_result(server, uploads.returncode, output, errors)
            return {"value": result["p99_ms"], "load": result,
                    "uploads_outlasted": still}
        finally:
            if uploads and uploads.poll() is None:
                uploads.kill()
                uploads.wait()
            server.remove()


def wait_for_cpu(server):
    """Wait until the uploads have begun: the server works."""
    before = server.cpu_seconds()
    for _ in range(500):
        if server.cpu_seconds() - before >= 0.05:
            break
        time.sleep(0.01)


class Start(Row):
    """From exec to the first 200. The store is empty; `first` makes it."""

    unit = "ms"
    servers = ("berth", "registry", "nginx")

    def __init__(self, name, again):
        super().__init__(name)
        self.again = again

    def sample(self, bench, name):
        server = bench.fresh(name)
        try:
            seconds = server.start(timed=True)
            if self.again:
                server.stop()
                seconds = server.start(timed=True)
            return {"value": seconds * 1000}
        finally:
            server.remove()


class StartLarge(Row):
    """The same beside that many manifests; the others' stores are empty."""

    unit = "ms"
    servers = ("berth", "registry")

    def __init__(self, manifests):
        super().__init__("start with %d manifests" % manifests)
        self.manifests = manifests

    def sample(self, bench, name):
        if name != "berth":
            return Start("", True).sample(bench, name)
        server = bench.large(self.manifests, lambda path: seed.manifests(
            path, self.manifests))
        try:
            return {"value": server.start(timed=True) * 1000}
        finally:
            server.stop()


class Page(Row):
    """How much longer a page from the middle of a list takes than the
    first."""

    unit = "x first page"
    servers = ("berth",)

    def __init__(self, what, path, last):
        super().__init__("middle page of %d %s" % (LISTED, what))
        self.path = path
        self.last = last

    @staticmethod
    def fill(path):
        seed.tags(path, "seed/tags", LISTED)
        seed.repositories(path, LISTED)

    def rate(self, bench, server, path):
        return bench.load(server, "get", "--connections", 1, "--duration",
                          "%dms" % (bench.seconds() * 250), path)["rps"]

    def sample(self, bench, name):
        server = bench.large("lists", self.fill)
        first = self.path + "?n=100"
        middle = first + "&last=" + self.last
        try:
            server.start()
            server.warm()
            order = (first, middle, middle, first)
            rates = [self.rate(bench, server, path) for path in order]
            return {"value": (rates[0] + rates[3]) / (rates[1] + rates[2])}
        finally:
            server.stop()


class IdleMemory(Row):
    """Resident memory a second after the start."""

    unit = "MB"

    def sample(self, bench, name):
        server = bench.fresh(name)
        try:
            server.start()
            time.sleep(1)
            return {"value": server.memory("VmRSS")}
        finally:
            server.remove()


class IdleConnections(Row):
    """Memory with many idle connections, and the manifest rate beside them
    as a share of the rate without."""

    unit = "MB"

    def __init__(self, name, connections):
        super().__init__(name)
        self.connections = connections

    def rate(self, bench, server):
        return bench.load(server, "get", "--connections", 64, "--duration",
                          "%dms" % (bench.seconds() * 1000), "--accept",
                          MANIFEST_TYPE, server.manifest_path())["rps"]

    def sample(self, bench, name):
        server = bench.fresh(name)
        holder = None
        try:
            server.start()
            server.fill([bench.blobs[0], bench.blobs[-1]],
                        bench.small_manifest)
            alone = self.rate(bench, server)
            holder = bench.start_load(server, "idle", "--connections",
                                      self.connections, "/v2/",
                                      stdin=subprocess.PIPE)
            if not holder.stdout.readline():
                raise BenchError("%s: %s" % (
                    name, holder.stderr.read().decode().strip()))
            memory = server.memory("VmRSS")
            beside = self.rate(bench, server)
            output, _ = holder.communicate(b"", timeout=60)
            return {"value": memory, "rate_share": beside / alone,
                    "closed": json.loads(output)["closed"]}
        finally:
            if holder and holder.poll() is None:
                holder.kill()
                holder.wait()
            server.remove()


def rate_rows():
    rows = [
        Rate("manifest GET c64", "get", 64, "manifest"),
        Rate("manifest GET c512", "get", 512, "manifest"),
        Rate("manifest HEAD c64", "head", 64, "manifest"),
        Rate("blob HEAD c64", "head", 64, "1MiB"),
    ]
    rows[0].goals = [Goal("value", ">=", 50, "registry"),
                     Goal("value", ">=", 0.8, "nginx")]
    rows[3].goals = [Goal("value", ">=", 50, "registry")]
    return rows


def pull_rows():
    rows = [Pull(size, connections) for size in SIZES
            for connections in (1, 8, 32)]
    for row in rows:
        if row.what == "4KiB":
            continue
        row.goals = [Goal("value", ">=", 0.85, "nginx"),
                     Goal("cpu", "<=", 1.25, "nginx")]
        if row.connections == 32:
            row.goals.append(Goal("rss", "<=", 20))
    return rows


def secure_rows():
    rows = [SecureRate("TLS manifest GET c64", "get", 64, "manifest"),
            SecurePull("100MiB", 1),
            Handshakes("TLS handshakes c8", "get", 8, "manifest")]
    rows[1].name = "TLS " + rows[1].name
    for row, bound in zip(rows, (0.8, 0.75, 0.4)):
        row.goals = [Goal("value", ">=", bound, "nginx")]
    return rows


def push_rows():
    rows = [Push(style, size, connections) for style in ("mono", "docker")
            for size in ("1MiB", "10MiB", "100MiB") for connections in (1, 8)]
    for row in rows:
        speed, cpu = 3.3 if row.connections == 1 else 2.7, 0.36
        if row.size == "1MiB":
            speed, cpu = 4, 0.22
        row.goals = [Goal("value", ">=", speed, "registry"),
                     Goal("cpu", "<=", cpu, "registry")]
        if row.connections == 8:
            row.goals.append(Goal("rss", "<=", 64))
    return rows


def other_rows(idle_connections):
    quiet = Quiet("manifest p99 during 8 uploads")
    quiet.goals = [Goal("value", "<=", 0.05, "registry")]
    again = Start("start again", True)
    again.goals = [Goal("value", "<=", 1, "registry")]
    memory = IdleMemory("idle memory")
    memory.goals = [Goal("value", "<=", 10)]
    idle = IdleConnections("%d idle connections" % idle_connections,
                           idle_connections)
    idle.goals = [Goal("value", "<=", 200),
                  Goal("rate_share", ">=", 0.8)]
    return [quiet, Start("start first", False), again, memory, idle]


def large_rows():
    rows = [StartLarge(100000), StartLarge(1000000)]
    for row in rows:
        row.goals = [Goal("value", "<=", 1, "registry")]
    pages = [Page("tags", "/v2/seed/tags/tags/list",
                  "v%07d" % (LISTED // 2)),
             Page("repositories", "/v2/_catalog",
                  "seed/%07d" % (LISTED // 2))]
    for row in pages:
        row.goals = [Goal("value", "<=", 1.5)]
    return rows + pages


def all_rows(idle_connections):
    return (rate_rows() + pull_rows() + secure_rows() + push_rows() +
            other_rows(idle_connections) + large_rows())
