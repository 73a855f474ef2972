# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of a test's own, to be stopped and started at will."""
import glob
import os
import shutil
import socket
import subprocess
import tempfile

BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
DATABASE = "berth"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """PostgreSQL refuses to run as root, so it runs as its own user, who must
    be able to reach the folder."""

    def __init__(self):
        assert BIN, "PostgreSQL is not installed"
        above = tempfile.gettempdir()
        if not os.stat(above).st_mode & 0o001:
            os.chmod(above, os.stat(above).st_mode | 0o111)
        self.folder = tempfile.mkdtemp(prefix="berth-postgres-")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust",
                  "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8")
        self.start()
        self.sql("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' "
                 "LC_COLLATE 'C' LC_CTYPE 'C'" % DATABASE, "postgres")
        self.url = "postgresql://postgres@127.0.0.1:%d/%s" % (
            self.port, DATABASE)

    def _run(self, program, *words, check=True):
        become = []
        if os.geteuid() == 0:
            become = ["setpriv", "--reuid=postgres", "--regid=postgres",
                      "--init-groups", "--"]
        env = {key: value for key, value in os.environ.items()
               if key not in ("TMPDIR", "LD_PRELOAD")}
        log = os.path.join(self.folder, "run.log")
        with open(log, "a", encoding="utf-8") as out:
            done = subprocess.run(
                become + [os.path.join(BIN[-1], program), *words], env=env,
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, check=False)
        with open(log, encoding="utf-8", errors="replace") as text:
            assert done.returncode == 0 or not check, text.read()[-3000:]

    def start(self):
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l",
                  os.path.join(self.folder, "server.log"), "-o",
                  "-c listen_addresses=127.0.0.1 -p %d -k %s" % (
                      self.port, self.folder), "start")

    def stop(self, mode="immediate"):
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def sql(self, text, database=DATABASE):
        return subprocess.run(
            ["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
             str(self.port), "-U", "postgres", "-d", database, "-c", text],
            check=True, capture_output=True, text=True).stdout

    def terminate(self):
        """End every connection of berthd; how many there were."""
        return len(self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
            "application_name = 'berthd'").split())

    def processes(self):
        """The process ids of all of it, the first one's first."""
        with open(os.path.join(self.data, "postmaster.pid"),
                  encoding="ascii") as file:
            first = int(file.readline())
        path = "/proc/%d/task/%d/children" % (first, first)
        with open(path, encoding="ascii") as file:
            return [first] + [int(word) for word in file.read().split()]

    def remove(self):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop",
                      check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
