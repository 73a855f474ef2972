# SPDX-License-Identifier: Apache-2.0
"""The power goes: only what had reached the disk is there afterwards.

The data lie on an ext4 of their own in a file.  The server is frozen, the file
is copied, which is what the disk would hold had the power gone then, and a
second server is started on the copy, which must have what was acknowledged.
commit=300 keeps ext4 from writing anything that nobody asked for, auto_da_alloc
from doing so at a rename.

With one class of fsync made to do nothing the same check must fail, or it
proves nothing:
  blobs      delayed allocation leaves a file of no bytes under the blob's name;
  log        the log's pages stay in memory, and acknowledged commits with them;
  directory  an fsync of any file commits ext4's journal and with it the names
             made before, so a missing one shows only while the log is written
             over from its start, when its fdatasync() touches no metadata;
  database   likewise: shows once a checkpoint has reset the log.
The directory of uploads needs no fsync: a session promises nothing before its
end, and one whose file went stands at offset 0.
"""
import os
import signal
import time

import pytest

from berthlib.server import PASSWORD, Server
from disturb import BLOB, DATABASE, DIRECTORY, LOG, Disturbance
from filesystem import MIB, Disk
from history import Load

OPTIONS = ["storage.low_water=0", "storage.reserve=0"]
MOUNT = "commit=300,noauto_da_alloc"
SMALL = (0, 1, 100, 5000)
SIZES = SMALL + (5000, 70000, 70000, 70000, 70000, 1500000)
ROUNDS = int(os.environ.get("BERTH_CRASH_ROUNDS", 8))
SIZE = (96 + 8 * ROUNDS) * MIB
MUTANT_ROUNDS = 12
FREEZE_S = 20
LOG_IS_WARM = 4200000  # bytes: a checkpoint comes at 1000 pages


class Machine:
    """A server whose disk can be copied as a power cut would leave it."""

    def __init__(self, folder, options=(), env=None):
        self.folder = folder
        self.disk = Disk(folder / "disk", folder / "mnt", MOUNT, SIZE)
        self.server = Server(folder / "mnt", OPTIONS + list(options), env=env)

    def freeze(self):
        """SIGSTOP, and wait for those who are still in a system call."""
        process = self.server.process
        process.send_signal(signal.SIGSTOP)
        end = time.monotonic() + FREEZE_S
        while not self._is_still(process.pid):
            assert time.monotonic() < end, "berthd does not stop"
            time.sleep(0.002)

    @staticmethod
    def _is_still(pid):
        folder = "/proc/%d/task" % pid
        for task in os.listdir(folder):
            with open("%s/%s/stat" % (folder, task), encoding="latin-1") as f:
                if f.read().rpartition(")")[2].split()[0] not in "Tt":
                    return False
        return True

    def thaw(self):
        self.server.process.send_signal(signal.SIGCONT)

    def cut(self, load):
        """The record and the disk at this moment.  The load waits from now
        on, or the disk would be full before it was looked at."""
        self.freeze()
        load.pause()
        try:
            record = load.frozen()
            self.disk.copy(self.folder / "cut")
        finally:
            self.thaw()
        return record

    def verify(self, record):
        """Start on the copy, with its journal replayed, and look."""
        disk = Disk(self.folder / "cut", self.folder / "after", made=True)
        server = Server(self.folder / "after", OPTIONS)
        try:
            server.start()
            record.verify(server.address)
            server.finish()
        finally:
            if server.running():
                server.kill()
            disk.remove()

    def close(self):
        if self.server.running():
            self.thaw()
            self.server.kill()
        self.disk.remove()


@pytest.fixture
def machine(tmp_path):
    made = []

    def make(**more):
        made.append(Machine(tmp_path, **more))
        return made[0]

    yield make
    for one in made:
        one.close()


def test_what_was_acknowledged_survives_a_power_cut(machine):
    here = machine()
    load = Load(PASSWORD, "power", sizes=SIZES)
    here.server.start()
    load.start(here.server.address)
    for number in range(ROUNDS):
        load.work(20 + 7 * (number % 8))
        record = here.cut(load)
        assert record.acknowledged > 0
        here.verify(record)
        load.pause(False)
    load.join()
    here.server.finish()


def log_size(here):
    path = os.path.join(here.server.data, "berth.db-wal")
    return os.path.getsize(path) if os.path.exists(path) else 0


@pytest.mark.parametrize("name, kind, warm", [
    ("blobs", BLOB, False), ("log", LOG, False),
    ("directory", DIRECTORY, True), ("database", DATABASE, True)])
def test_a_missing_sync_is_caught(machine, tmp_path, name, kind, warm):
    disturbance = Disturbance(tmp_path)
    here = machine(env=disturbance.env)
    load = Load(PASSWORD, "mutant/" + name,
                sizes=SMALL if warm else SIZES)
    here.server.start()
    load.start(here.server.address)
    while warm and log_size(here) < LOG_IS_WARM:
        load.work(10)
    disturbance.set(skip_sync=kind)
    for _ in range(MUTANT_ROUNDS):
        load.work(30)
        record = here.cut(load)
        try:
            here.verify(record)
        except AssertionError as caught:
            assert disturbance.get("skipped") > 0
            print("caught: %.300s" % caught)
            break
        load.pause(False)
    else:
        pytest.fail("nobody noticed that an fsync is missing")
    load.join()
