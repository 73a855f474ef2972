# SPDX-License-Identifier: Apache-2.0
"""Programs: found where the distribution puts them, run with an environment
of our own, and stopped by process id when they are daemons."""

import os
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

SEARCH_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

PACKAGES = {
    "buildah": "buildah",
    "busybox": "busybox-static",
    "containerd": "containerd",
    "ctr": "containerd",
    "docker": "docker.io",
    "dockerd": "docker.io",
    "openssl": "openssl",
    "podman": "podman",
    "runc": "runc",
    "skopeo": "skopeo",
    "umoci": "umoci",
}

PASSED_ON = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS")


def tool(name):
    """The path of a program; a missing one fails and names its package."""
    path = shutil.which(name, path=SEARCH_PATH)
    if path is None:
        pytest.fail(f"{name} is missing: install the package "
                    f"{PACKAGES[name]}", pytrace=False)
    return path


def environment(home):
    """What every program gets: nothing of the caller's proxies or stores."""
    env = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": SEARCH_PATH,
        "TMPDIR": str(home),
        "XDG_RUNTIME_DIR": str(home),
    }
    for name in PASSED_ON:
        if name in os.environ:
            env[name] = os.environ[name]
    return env


class Result:
    """How a program ended: its status and its two streams as text."""

    def __init__(self, argv, done):
        self.argv = argv
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")
        self.raw = done.stdout

    @property
    def text(self):
        return self.out + self.err

    def __str__(self):
        return (f"{' '.join(self.argv)}\n-> {self.status}\n"
                f"{self.out}{self.err}")


def run(argv, env, fails=False, stdin=b"", timeout=90):
    """Runs to the end; the status must be zero, or not, as `fails` says."""
    argv = [str(word) for word in argv]
    try:
        done = subprocess.run(argv, env=env, input=stdin, timeout=timeout,
                              capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        pytest.fail(f"no end after {timeout} s: {' '.join(argv)}")
    result = Result(argv, done)
    if fails and result.status == 0:
        pytest.fail(f"should have failed: {result}")
    if not fails and result.status != 0:
        pytest.fail(f"failed: {result}")
    return result


class Daemon:
    """One daemon in a session of its own, with its output in a file."""

    def __init__(self, name, argv, env, log):
        self.name = name
        self.log = log
        with open(log, "wb") as sink:
            self.process = subprocess.Popen(
                [str(word) for word in argv], env=env, stdout=sink,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True)

    def tail(self):
        with open(self.log, "rb") as source:
            return source.read()[-4000:].decode("utf-8", "replace")

    def await_ready(self, probe, seconds=30):
        """Polls `probe` until it answers; gives back what it answered."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            answer = probe()
            if answer:
                return answer
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        pytest.fail(f"{self.name} is not ready:\n{self.tail()}")

    def stop(self, seconds=15):
        """Asks to end, then insists; gives back the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            return -signal.SIGKILL


class Workspace:
    """A short temporary directory, and all that was started inside it."""

    def __init__(self):
        # Not below TMPDIR: podman wants short paths, and so do sockets.
        self.path = tempfile.mkdtemp(prefix="berth-cl-", dir="/tmp")
        self.daemons = []
        self.home = self.folder("home")
        self.env = environment(self.home)

    def folder(self, *parts):
        path = os.path.join(self.path, *parts)
        os.makedirs(path, exist_ok=True)
        return path

    def fresh(self, prefix):
        """A new empty directory for one use."""
        return tempfile.mkdtemp(prefix=prefix + "-", dir=self.path)

    def start(self, name, argv, env=None):
        log = os.path.join(self.path, name + ".log")
        daemon = Daemon(name, argv, env or self.env, log)
        self.daemons.append(daemon)
        return daemon

    def close(self):
        """Stops the daemons, last first, and leaves nothing behind."""
        statuses = {}
        for daemon in reversed(self.daemons):
            statuses[daemon.name] = daemon.stop()
        self._end_strays()
        for point in self._mounts():
            subprocess.run(["umount", "-l", point], check=False,
                           capture_output=True)
        shutil.rmtree(self.path, ignore_errors=True)
        return statuses

    def _end_strays(self):
        """Shims and monitors leave their parent's session on purpose."""
        strays = self._strays()
        for pid in strays:
            _signal(pid, signal.SIGKILL)
        limit = time.monotonic() + 5
        while strays and time.monotonic() < limit:
            time.sleep(0.05)
            strays = self._strays()

    def _strays(self):
        mark = (self.path + "/").encode()
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as source:
                    words = source.read().split(b"\0")
            except OSError:
                continue
            if any(word.startswith(mark) for word in words):
                found.append(int(entry))
        return found

    def _mounts(self):
        points = []
        with open("/proc/self/mountinfo", encoding="utf-8") as source:
            for line in source:
                point = line.split()[4].replace("\\040", " ")
                if point.startswith(self.path + "/"):
                    points.append(point)
        return sorted(points, key=len, reverse=True)


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
