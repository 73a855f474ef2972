#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long run of mixed load on one berthd: do memory, descriptors and latency
stay flat?  Pushes, pulls, tag moves, deletes, resumed and abandoned uploads,
wrong passwords and broken connections, at a steady pace.

    bench/soak.py                    # an hour; prints a line every minute
    bench/soak.py --minutes 5        # does it work?

Ends with the first quarter (after a warm-up) against the last one, and with
status 1 if memory or descriptors grew by more than a tenth or any answer was
not what it should be.  Latency is printed and not judged: it is the machine's
as much as berthd's.
"""
import argparse
import base64
import hashlib
import http.client
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
IMAGE = "application/vnd.oci.image.manifest.v1+json"
PASSWORD = "soak-password"
KEEP = 30  # images that a worker keeps before it deletes the oldest


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Worker(threading.Thread):
    """One repository and its load."""

    def __init__(self, number, address, pace_s, stop):
        super().__init__(daemon=True)
        self.address, self.pace_s, self.stop = address, pace_s, stop
        self.random = random.Random(number)
        self.base = "/v2/soak/worker%d" % number
        token = base64.b64encode(b"admin:" + PASSWORD.encode()).decode()
        self.headers = {"Authorization": "Basic " + token}
        self.http = None
        self.images = []  # (manifest digest, bytes, blob, tag)
        self.latencies = []
        self.requests = 0
        self.wrong = []

    def send(self, method, path, body=None, want=(200,), **headers):
        if self.http is None:
            self.http = http.client.HTTPConnection(*self.address, timeout=60)
        since = time.monotonic()
        self.http.request(method, path, body, {**self.headers, **headers})
        reply = self.http.getresponse()
        data = reply.read()
        self.requests += 1
        if method == "GET" and "/manifests/" in path:
            self.latencies.append(time.monotonic() - since)
        if reply.status not in want:
            self.wrong.append("%s %s: %d" % (method, path, reply.status))
        return reply, data

    def push(self):
        blob = self.random.randbytes(self.random.choice([200, 9000, 300000]))
        reply, _ = self.send("POST", self.base + "/blobs/uploads/",
                             want=(202,))
        location = reply.headers["Location"]
        half = self.random.randrange(len(blob) + 1)
        self.send("PATCH", location, blob[:half], want=(202,))
        self.send("PUT", location + "?digest=" + digest_of(blob),
                  blob[half:], want=(201,))
        entry = {"mediaType": "application/vnd.soak", "size": len(blob),
                 "digest": digest_of(blob)}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": IMAGE,
                               "config": entry, "layers": []}).encode()
        tag = "t%d" % self.random.randrange(10)
        self.send("PUT", self.base + "/manifests/" + tag, manifest,
                  want=(201,), **{"Content-Type": IMAGE})
        self.images.append((digest_of(manifest), manifest, blob))
        if len(self.images) > KEEP:
            self.forget()

    def forget(self):
        digest, _, blob = self.images.pop(0)
        self.send("DELETE", self.base + "/manifests/" + digest, want=(202,))
        self.send("DELETE", self.base + "/blobs/" + digest_of(blob),
                  want=(202,))

    def pull(self):
        if not self.images:
            return
        digest, manifest, blob = self.random.choice(self.images)
        _, data = self.send("GET", self.base + "/manifests/" + digest)
        _, layer = self.send("GET", self.base + "/blobs/" + digest_of(blob))
        if data != manifest or layer != blob:
            self.wrong.append("other bytes than were pushed")

    def listing(self):
        self.send("GET", self.base + "/tags/list", want=(200, 404))
        self.send("GET", "/v2/_catalog?n=5")

    def abandon(self):
        """An upload that ends, one that is left, and a body cut short."""
        reply, _ = self.send("POST", self.base + "/blobs/uploads/",
                             want=(202,))
        location = reply.headers["Location"]
        self.send("PATCH", location, b"x" * 5000, want=(202,))
        with socket.create_connection(self.address, timeout=60) as raw:
            raw.sendall(("PATCH %s HTTP/1.1\r\nHost: soak\r\n"
                         "Authorization: %s\r\nContent-Length: 90000\r\n\r\n"
                         % (location, self.headers["Authorization"])).encode()
                        + b"y" * 7000)
        for _ in range(600):  # the cut request holds it until it is noticed
            reply, _ = self.send("DELETE", location, want=(204, 409))
            if reply.status == 204:
                return
            time.sleep(0.05)
        self.wrong.append("a cut upload stays busy")

    def mistake(self):
        self.send("GET", self.base + "/manifests/absent", want=(404,))
        self.send("PUT", self.base + "/manifests/bad", b"{", want=(400,),
                  **{"Content-Type": IMAGE})
        if self.random.random() < 0.1:
            self.send("GET", "/v2/", want=(401,),
                      Authorization="Basic bm9ib2R5OndybmdvbmU=")

    def run(self):
        steps = ([self.push] * 3 + [self.pull] * 8 +
                 [self.listing, self.abandon, self.mistake])
        while not self.stop.wait(self.pace_s * self.random.uniform(0.5, 1.5)):
            try:
                self.random.choice(steps)()
            except (OSError, http.client.HTTPException) as failure:
                self.wrong.append(repr(failure))
                self.http = None


def status_of(pid):
    """Resident KiB (all, anonymous), threads and descriptors."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    return {"rss_kib": int(fields["VmRSS"].split()[0]),
            "anonymous_kib": int(fields["RssAnon"].split()[0]),
            "threads": int(fields["Threads"]),
            "descriptors": len(os.listdir("/proc/%d/fd" % pid))}


def quantile(values, part):
    ordered = sorted(values)
    return ordered[int(part * (len(ordered) - 1))] if ordered else 0.0


def sample(pid, workers, since):
    taken = status_of(pid)
    latencies = []
    for worker in workers:
        mine, worker.latencies = worker.latencies, []
        latencies += mine
    taken.update(minute=round((time.monotonic() - since) / 60, 1),
                 requests=sum(worker.requests for worker in workers),
                 wrong=sum(len(worker.wrong) for worker in workers),
                 p50_ms=round(quantile(latencies, 0.5) * 1000, 2),
                 p99_ms=round(quantile(latencies, 0.99) * 1000, 2))
    return taken


def start(folder, program):
    data = os.path.join(folder, "data")
    log = open(os.path.join(folder, "log"), "wb")
    process = subprocess.Popen(
        [program, "--data", data, "--listen", "127.0.0.1:0"],
        env=dict(os.environ, BERTH_ADMIN_PASSWORD=PASSWORD),
        stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    path = os.path.join(data, "berthd.address")
    for _ in range(1000):
        if os.path.exists(path) or process.poll() is not None:
            break
        time.sleep(0.02)
    with open(path, encoding="ascii") as file:
        host, port = file.read().strip().rsplit(":", 1)
    return process, (host, int(port))


def compare(samples):
    """The first quarter after the warm-up against the last one."""
    settled = samples[len(samples) // 10:]
    quarter = max(1, len(settled) // 4)
    flat = True
    for name in ("rss_kib", "anonymous_kib", "descriptors", "threads",
                 "p50_ms", "p99_ms"):
        first = statistics.median(row[name] for row in settled[:quarter])
        last = statistics.median(row[name] for row in settled[-quarter:])
        print("%-14s first quarter %10.2f  last quarter %10.2f" % (
            name, first, last))
        if name in ("rss_kib", "descriptors"):
            flat = flat and last <= first * 1.1 + 8
    return flat


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--workers", type=int, default=6)
    options.add_argument("--pace", type=float, default=0.1,
                         help="seconds between two steps of a worker")
    options.add_argument("--berthd",
                         default=os.path.join(ROOT, "build/bin/berthd"))
    options.add_argument("--directory", help="where the data lies meanwhile")
    options.add_argument("--json", help="write every sample here")
    asked = options.parse_args()

    folder = tempfile.mkdtemp(prefix="berth-soak-", dir=asked.directory)
    process, address = start(folder, asked.berthd)
    stop = threading.Event()
    workers = [Worker(number, address, asked.pace, stop)
               for number in range(asked.workers)]
    since = time.monotonic()
    samples = []
    try:
        for worker in workers:
            worker.start()
        while time.monotonic() - since < asked.minutes * 60:
            time.sleep(min(60, asked.minutes * 6))
            samples.append(sample(process.pid, workers, since))
            print(json.dumps(samples[-1]), flush=True)
    finally:
        stop.set()
        for worker in workers:
            worker.join(90)
        process.terminate()
        code = process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)
    if asked.json:
        with open(asked.json, "w", encoding="ascii") as file:
            json.dump(samples, file, indent=1)
    wrong = [text for worker in workers for text in worker.wrong]
    for text in wrong[:20]:
        print("wrong:", text)
    flat = compare(samples)
    print("berthd exits with %d; %d answers were wrong" % (code, len(wrong)))
    return 0 if flat and not wrong and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
