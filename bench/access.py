#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What it costs to decide who may do what: processor time per request of one
berthd for each kind of caller, measured in turn. See README.md."""

import argparse
import http.client
import json
import os
import shutil
import statistics
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from rows import Bench  # noqa: E402
from servers import (KINDS, PASSWORD, REPOSITORY, BenchError,  # noqa: E402
                     digest_of, make_content)

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
POLICIES = 20
SIZE = 4096


class Access(KINDS["berth"]):
    """Started with --anonymous full, or without."""

    anonymous = False
    user = None  # NAME:PASSWORD of the load; None: without

    def command(self):
        return super().command() + (
            ["--anonymous", "full"] if self.anonymous else [])

    def credentials(self):
        return self.user


def call(server, method, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    headers = dict(server.headers())
    headers["Content-Type"] = "application/json"
    connection.request(method, "/api/v1" + path, json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status not in (200, 201, 204):
        raise BenchError("%s %s answers %d" % (method, path, answer.status))
    connection.close()


def add_user(server, name, condition):
    """A user whom the last of many policies lets pull."""
    call(server, "POST", "/users", {"name": name, "password": PASSWORD})
    for number in range(POLICIES):
        last = number == POLICIES - 1
        statement = {
            "Effect": "Allow",
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": "arn:aws:ecr:*:*:repository/" + (
                REPOSITORY if last else "other%02d/*" % number)}
        if last and condition:
            statement["Condition"] = {
                "IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
        policy = "%s-%02d" % (name, number)
        call(server, "PUT", "/policies/" + policy, {
            "Version": "2012-10-17", "Statement": [statement]})
        call(server, "PUT", "/users/%s/policies/%s" % (name, policy), {})


def start(bench, blobs, manifest, anonymous):
    server = Access(os.path.join(bench.directory, "full" if anonymous
                                 else "none"))
    server.anonymous = anonymous
    server.user = "admin:" + PASSWORD
    server.start()
    server.fill(blobs, manifest)
    if not anonymous:
        add_user(server, "cached", False)
        add_user(server, "asked", True)
    return server


def sample(bench, server, user, path, seconds):
    """Microseconds of the server's processor time per request."""
    server.user = user
    bench.load(server, "get", "--connections", 16, "--requests", 64, path)
    before = server.cpu_seconds()
    done = bench.load(server, "get", "--connections", 16, "--duration",
                      "%dms" % int(seconds * 1000), path)
    return (server.cpu_seconds() - before) / done["requests"] * 1e6


def measure(bench, options):
    blobs, manifest = make_content([SIZE])
    full = start(bench, blobs, manifest, True)
    none = start(bench, blobs, manifest, False)
    admin = "admin:" + PASSWORD
    rows = [
        ("--anonymous full, no credentials", full, None),
        ("--anonymous full, a password", full, admin),
        ("an administrator", none, admin),
        ("%d policies" % POLICIES, none, "cached:" + PASSWORD),
        ("%d policies, asked each time" % POLICIES, none,
         "asked:" + PASSWORD)]
    try:
        for what, path in (("manifest GET", full.manifest_path()),
                           ("blob GET 4KiB",
                            full.blob_path(digest_of(blobs[0])))):
            taken = [[] for _ in rows]
            for turn in range(options.rounds):
                for at in range(len(rows)):
                    at = (at + turn) % len(rows)
                    _, server, user = rows[at]
                    taken[at].append(sample(bench, server, user, path,
                                            options.seconds))
            report(what, rows, taken)
    finally:
        full.remove()
        none.remove()


def report(what, rows, taken):
    print("%-34s %10s %10s" % (what, "us CPU", "ratio"))
    base = statistics.median(taken[1])
    for (name, _, _), values in zip(rows, taken):
        middle = statistics.median(values)
        print("  %-32s %10.2f %10.3f" % (name, middle, middle / base))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--berthd",
                        default=os.path.join(TOP, "build/bin/berthd"))
    parser.add_argument("--load",
                        default=os.path.join(TOP, "build/bin/berth-load"))
    parser.add_argument("--directory", default=None)
    options = parser.parse_args()
    KINDS["berth"].program = os.path.abspath(options.berthd)
    options.load = os.path.abspath(options.load)
    directory = tempfile.mkdtemp(prefix="berth-access-", dir=options.directory)
    try:
        measure(Bench(options, directory, [b""], b""), options)
    except BenchError as error:
        sys.exit("access.py: %s" % error)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
