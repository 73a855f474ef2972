# SPDX-License-Identifier: Apache-2.0
"""Runs the berth command against a server."""
import json
import os
import subprocess

from .server import PASSWORD, program

TIMEOUT_S = 60


class Berth:
    """berth as a user of one server calls it."""

    def __init__(self, server, **environment):
        self.env = dict(os.environ, BERTH_USER="admin",
                        BERTH_PASSWORD=PASSWORD,
                        BERTH_REGISTRY="http://%s:%d" % server.address)
        for name, value in environment.items():
            if value is None:
                self.env.pop(name, None)
            else:
                self.env[name] = value

    def run(self, *words, typed=None, folder=None):
        """The finished process, whatever it ended with."""
        return subprocess.run(
            [program("berth"), *map(str, words)], env=self.env, cwd=folder,
            input=typed, stdin=subprocess.DEVNULL if typed is None else None,
            capture_output=True, timeout=TIMEOUT_S)

    def __call__(self, *words, **more):
        """Standard output of a call that must end well."""
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def json(self, *words):
        return json.loads(self(*words, "--output", "json"))

    def fails(self, *words, status=1, **more):
        """Standard error of a call that must fail like this."""
        done = self.run(*words, **more)
        said = done.stderr.decode()
        assert done.returncode == status, (done.returncode, said)
        assert "Sanitizer" not in said and "runtime error" not in said, said
        assert said.startswith("berth: ") or "\nberth: " in said, said
        return said
