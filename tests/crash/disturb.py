# SPDX-License-Identifier: Apache-2.0
"""Faults of the machine below a running berthd, by tests/crash/disturb.c."""
import mmap
import os
import re
import struct
import subprocess

from berthlib.server import program

HERE = os.path.dirname(os.path.abspath(__file__))
BLOB, DIRECTORY, LOG, DATABASE, OTHER = 1, 2, 4, 8, 16
FIELDS = {"skip_sync": (0, "I"), "fail_sync": (4, "I"), "fail_write": (8, "I"),
          "error": (12, "I"), "slow_sync": (16, "I"), "slow_ms": (20, "I"),
          "wall_ms": (24, "q"), "skipped": (32, "I"), "failed": (36, "I"),
          "slow_write": (40, "I")}


def sanitizer():
    """The sanitizer's own library, which wants to be loaded first."""
    needed = subprocess.run(["ldd", program("berthd")], check=True,
                            capture_output=True, text=True).stdout
    return re.findall(r"=> (\S*lib[at]san\S*)", needed)


class Disturbance:
    """Put its env into a Server's; then set(fail_sync=LOG, error=EIO) and
    calm() while the server runs."""

    def __init__(self, folder):
        library = os.path.join(str(folder), "disturb.so")
        page = os.path.join(str(folder), "disturb.page")
        subprocess.run([os.environ.get("CC", "cc"), "-std=c17", "-O2",
                        "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror",
                        "-o", library, os.path.join(HERE, "disturb.c"),
                        "-ldl"], check=True)
        with open(page, "wb") as file:
            file.truncate(mmap.PAGESIZE)
        with open(page, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.env = {"BERTH_DISTURB": page,
                    "LD_PRELOAD": " ".join(sanitizer() + [library])}

    def set(self, **fields):
        for name, value in fields.items():
            offset, kind = FIELDS[name]
            struct.pack_into("=" + kind, self.page, offset, value)

    def get(self, name):
        offset, kind = FIELDS[name]
        return struct.unpack_from("=" + kind, self.page, offset)[0]

    def calm(self):
        self.set(skip_sync=0, fail_sync=0, fail_write=0, slow_sync=0,
                 slow_write=0, wall_ms=0)
