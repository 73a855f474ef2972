# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one shared server, servers of a test's own, names.

Environment: BERTH_BIN is the folder of the programs (default build/bin);
BERTH_TEST_DATABASE a postgresql:// address under which every server gets a
database of its own; BERTH_TEST_BLOBS=memory keeps the blobs in memory;
BERTH_TEST_TLS=1 has every server speak HTTPS;
BERTH_TEST_KEEP=1 keeps data and logs.
"""
import itertools
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from berthlib.admin import Admin  # noqa: E402
from berthlib.oci import Repository  # noqa: E402
from berthlib.server import Server  # noqa: E402

KEEP = bool(os.environ.get("BERTH_TEST_KEEP"))
_count = itertools.count(1)


def pytest_configure(config):
    for line in ("backend: depends on the metadata or blob driver",
                 "disk: needs blobs that outlive the process",
                 "plain: of no use over HTTPS",
                 "root: needs to mount a file system",
                 "postgres: needs a database that servers share",
                 "slow: left out of the sanitized run"):
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(config, items):
    """Leave out what cannot be: blobs in memory do not survive a restart."""
    without = set()
    if os.environ.get("BERTH_TEST_BLOBS") == "memory":
        without.add("disk")
    if os.environ.get("BERTH_TEST_TLS"):
        without.add("plain")
    if os.geteuid() != 0:
        without.add("root")
    if not os.environ.get("BERTH_TEST_DATABASE"):
        without.add("postgres")
    out = [item for item in items
           if without & {mark.name for mark in item.iter_markers()}]
    if not out:
        return
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def pytest_make_parametrize_id(config, val, argname):
    """A test's name stands in the environment, which has its bounds."""
    if isinstance(val, (bytes, str)) and len(val) > 60:
        return "%s-of-%d" % (argname, len(val))
    return None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    servers = item.stash.get(_SERVERS, [])
    if not servers and "server" in item.funcargs:
        servers = [item.funcargs["server"]]
    for server in servers:
        report.sections.append(("berthd log", server.tail(3000)))


_SERVERS = pytest.StashKey()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server that most tests share; it must end well.  All of them come
    from one address, and many with wrong passwords."""
    shared = Server(tmp_path_factory.mktemp("shared"),
                    ["auth.free_tries=1000"]).start()
    yield shared
    shared.finish()
    if not KEEP:
        shared.remove()


@pytest.fixture
def own_server(tmp_path_factory, request):
    """Start servers with options of their own: own_server("a.b=c", …)."""
    started = []
    request.node.stash[_SERVERS] = started

    def make(*options, arguments=(), env=None, start=True):
        one = Server(tmp_path_factory.mktemp("own"), options, arguments, env)
        started.append(one)
        return one.start() if start else one

    yield make
    failures = []
    for one in started:
        try:
            if one.process is not None:
                one.finish()
        except AssertionError as error:
            failures.append(str(error))
        if not KEEP:
            one.remove()
    assert not failures, "\n".join(failures)


@pytest.fixture
def api(server):
    """The administrator's client of the shared server."""
    client = server.client()
    yield client
    client.close()


@pytest.fixture
def name(request):
    """A repository name that no other test uses."""
    base = re.sub("[^a-z0-9]+", "-", request.node.originalname.lower())
    return "t/%s/%d" % (base.strip("-"), next(_count))


@pytest.fixture
def repo(api, name):
    """A repository of the shared server that nothing was pushed to."""
    return Repository(api, name)


@pytest.fixture
def admin(api):
    """The admin API as the administrator of the shared server."""
    return Admin(api)


@pytest.fixture
def fresh(request):
    """Names of users, robots and the like that no other test uses."""
    base = re.sub("[^a-z0-9]+", "-", request.node.originalname.lower())[-40:]
    return lambda what="x": "%s-%s-%d" % (base.strip("-"), what, next(_count))
