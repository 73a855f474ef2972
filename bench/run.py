#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Berth, docker-registry and nginx side by side. See README.md."""

import argparse
import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import report  # noqa: E402
import rows as rows_module  # noqa: E402
import servers as servers_module  # noqa: E402
from servers import KINDS, BenchError, digest_of, make_content  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONGESTION = "/proc/sys/net/ipv4/tcp_congestion_control"
INSIDE = "--inside-namespace"


def parse(arguments):
    parser = argparse.ArgumentParser(
        description="Measure Berth, docker-registry and nginx in turn.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", default="", metavar="REGEX",
                        help="only the rows whose name it finds")
    parser.add_argument("--servers", default="berth,registry,nginx")
    parser.add_argument("--seconds", type=float, default=2.0,
                        help="of each timed sample (2)")
    parser.add_argument("--quick", action="store_true",
                        help="one short round: does it all work?")
    parser.add_argument("--minutes", type=float, default=60.0,
                        help="begin no further round after that (60)")
    parser.add_argument("--json", metavar="FILE",
                        help="write every sample there")
    parser.add_argument("--berthd",
                        default=os.path.join(TOP, "build/bin/berthd"))
    parser.add_argument("--load",
                        default=os.path.join(TOP, "build/bin/berth-load"))
    parser.add_argument("--directory", default=TOP,
                        help="on the disk to measure (the source tree)")
    parser.add_argument("--list", action="store_true",
                        help="print the names of the rows")
    parser.add_argument(INSIDE, action="store_true", dest="inside",
                        help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds = 1
    for name in options.servers.split(","):
        if name not in KINDS:
            parser.error("no such server: " + name)
    return options


def enter_namespace():
    """Start again in a network namespace of our own; does not return."""
    unshare = ["unshare", "-n"]
    if os.geteuid() != 0:
        unshare = ["unshare", "-rn"]
    os.execvp("unshare", unshare + [sys.executable,
                                    os.path.abspath(__file__), INSIDE]
              + sys.argv[1:])


def write_setting(path, value):
    try:
        with open(path, "w", encoding="ascii") as setting:
            setting.write(value)
    except OSError:
        pass


def set_up_network():
    """Loopback up, reno; returns what the kernel says it uses."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    write_setting(CONGESTION, "reno")
    write_setting("/proc/sys/net/ipv4/ip_local_port_range", "1024 65000")
    write_setting("/proc/sys/net/core/somaxconn", "4096")
    with open(CONGESTION, encoding="ascii") as setting:
        return setting.read().strip()


def hash_rate():
    """GiB/s of SHA-256 in one thread, to compare pushes with."""
    import hashlib
    data = bytes(64 * 1024 * 1024)
    begun = time.monotonic()
    hashlib.sha256(data).digest()
    return len(data) / (1024 ** 3) / (time.monotonic() - begun)


def choose_servers(options):
    names = []
    for name in options.servers.split(","):
        why = KINDS[name].missing()
        if why:
            print("# without %s: %s" % (name, why))
        else:
            names.append(name)
    if not names:
        raise BenchError("no server to measure")
    return names


def fill_servers(bench, names):
    for name in names:
        server = bench.fresh(name)
        bench.filled[name] = server
        server.start()
        server.fill(bench.blobs, bench.manifest)


def make_bench(options, directory):
    sizes = rows_module.SIZES
    blobs, manifest = make_content(sizes.values())
    bench = rows_module.Bench(options, directory, blobs, manifest)
    for label, blob in zip(sizes, blobs):
        bench.digests[label] = digest_of(blob)
    return bench


def run_rounds(bench, chosen, names, options):
    """Every row of every server in turn, and that again each round."""
    samples = {row.name: {} for row in chosen}
    begun = time.monotonic()
    for number in range(options.rounds):
        if number and time.monotonic() - begun > options.minutes * 60:
            print("# the time is over after %d rounds" % number)
            break
        for row in chosen:
            # each goes first in turn
            order = names[number % len(names):] + names[:number % len(names)]
            for name in order:
                if name not in row.servers:
                    continue
                taken = take(bench, row, name)
                if taken:
                    samples[row.name].setdefault(name, []).append(taken)
            print("# round %d: %s" % (number + 1, row.name),
                  file=sys.stderr, flush=True)
    return samples


def take(bench, row, name):
    try:
        return row.sample(bench, name)
    except (BenchError, OSError, subprocess.TimeoutExpired) as error:
        print("# %s, %s failed: %s" % (row.name, name, error), flush=True)
        return None


def describe(congestion):
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        found = re.search(r"model name\s*: (.*)", info.read())
    return {
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "cpu": found.group(1) if found else platform.machine(),
        "congestion": congestion,
        "sha256_gib_per_s": round(hash_rate(), 3),
    }


def measure(options, directory, chosen, host):
    names = choose_servers(options)
    bench = make_bench(options, directory)
    try:
        fill_servers(bench, names)
        samples = run_rounds(bench, chosen, names, options)
    finally:
        for server in (*bench.filled.values(), *bench.secured.values()):
            server.remove()
    report.print_all(chosen, samples, names)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as output:
            json.dump({"host": host, "rounds": options.rounds,
                       "seconds": bench.seconds(), "samples": samples},
                      output, indent=1)


def leave(_number, _frame):
    raise SystemExit(1)


def main():
    options = parse(sys.argv[1:])
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    chosen = [row for row in rows_module.all_rows(min(10000, files - 500))
              if re.search(options.rows, row.name)]
    if options.list:
        print("\n".join(row.name for row in chosen))
        return 0
    if not options.inside:
        enter_namespace()
    if not os.access(options.load, os.X_OK):
        raise BenchError("%s is not built: -DBERTH_BENCH=ON" % options.load)
    servers_module.Berth.program = os.path.abspath(options.berthd)
    options.load = os.path.abspath(options.load)
    signal.signal(signal.SIGTERM, leave)
    host = describe(set_up_network())
    for key, value in host.items():
        print("# %s: %s" % (key, value))
    directory = tempfile.mkdtemp(prefix="berth-bench-",
                                 dir=options.directory)
    # nginx gives up root and must still reach its files
    os.chmod(directory, 0o755)
    try:
        measure(options, directory, chosen, host)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as failure:
        print("bench: %s" % failure, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
