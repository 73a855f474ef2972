# SPDX-License-Identifier: Apache-2.0
"""The daemon killed and disturbed, and what it acknowledged looked for."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

from berthlib.server import Server, program  # noqa: E402
from disturb import Disturbance  # noqa: E402

NO_BOUNDS = ["storage.low_water=0", "storage.reserve=0"]


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: only in tests/crash/longer.sh")


def pytest_sessionstart(session):
    path = program("berthd")
    if not os.access(path, os.X_OK):
        pytest.exit("there is no %s; build it first" % path, returncode=3)


@pytest.fixture
def own_server(tmp_path):
    """Servers of a test's own, not started; those that still run at the end
    must end well."""
    made = []

    def make(*options, folder=None, env=None):
        one = Server(folder or tmp_path / ("server%d" % len(made)),
                     NO_BOUNDS + list(options), env=env)
        made.append(one)
        return one

    yield make
    failures = []
    for one in made:
        try:
            if one.running():
                one.finish()
            elif one.database:
                one.database.drop()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


@pytest.fixture
def server(own_server):
    """One berthd on data of its own; start it, kill it, start it again."""
    return own_server()


@pytest.fixture
def disturbance(tmp_path):
    return Disturbance(tmp_path)


@pytest.fixture
def mounted():
    """Remember file systems, to be taken down after their servers."""
    made = []

    def keep(one):
        made.append(one)
        return one

    yield keep
    failures = []
    for one in reversed(made):
        try:
            one.close()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, failures


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure comes with the end of the daemon's log."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for name in ("server", "machine"):
            one = item.funcargs.get(name)
            if isinstance(one, Server) and one.process:
                report.sections.append(("berthd log", one.tail(3000)))
