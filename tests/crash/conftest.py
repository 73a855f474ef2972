# SPDX-License-Identifier: Apache-2.0
"""The daemon killed, and what it acknowledged looked for afterwards."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

from berthlib.server import Server, program  # noqa: E402


def pytest_sessionstart(session):
    path = program("berthd")
    if not os.access(path, os.X_OK):
        pytest.exit("there is no %s; build it first" % path, returncode=3)


@pytest.fixture
def server(tmp_path):
    """One berthd on data of its own; start it, kill it, start it again."""
    made = Server(tmp_path, options=["storage.low_water=0",
                                     "storage.reserve=0"])
    yield made
    if made.running():
        made.kill()
