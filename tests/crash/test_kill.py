# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at each named step and at random moments: what was acknowledged is
there afterwards, nothing is half visible, and the next start needs no help."""
import os
import random
import time

import pytest

from berthlib.server import PASSWORD
from history import Load

STEPS = ["append:write", "publish:fsync", "publish:synced", "publish:linked",
         "publish:dir_synced", "meta:begin", "meta:before_commit",
         "meta:after_commit"]
ROUND_S = 20
ROUNDS = int(os.environ.get("BERTH_CRASH_ROUNDS", 6))


def wait_for_death(server):
    end = time.monotonic() + ROUND_S
    while server.running() and time.monotonic() < end:
        time.sleep(0.01)
    assert not server.running(), "the step was never reached"


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step(server, step):
    load = Load(PASSWORD, "steps/" + step)
    server.start()
    for passing in (3, 11, 40):
        server.kill()
        server.env["BERTH_FAILPOINT"] = "%s=kill@%d" % (step, passing)
        server.start()
        load.start(server.address)
        wait_for_death(server)
        load.join()
        del server.env["BERTH_FAILPOINT"]
        server.start()
        load.verify(server.address)
    assert load.acknowledged > 0
    server.finish()


def test_killed_at_the_first_write_ever(server):
    server.env["BERTH_FAILPOINT"] = "meta:begin=kill@1"
    with pytest.raises(AssertionError):
        server.start()
    del server.env["BERTH_FAILPOINT"]
    server.start()
    server.finish()


def test_killed_at_random_moments(server):
    load = Load(PASSWORD, "random")
    choose = random.Random("moments")
    server.start()
    for _ in range(ROUNDS):
        load.start(server.address)
        time.sleep(choose.uniform(0.05, 0.8))
        server.kill()
        load.join()
        server.start()
        load.verify(server.address)
    assert load.acknowledged > 50
    server.finish()


def test_terminated_under_load_loses_nothing(server):
    load = Load(PASSWORD, "terminated")
    server.start()
    load.start(server.address)
    time.sleep(0.7)
    assert server.stop() == 0
    load.join()
    server.start()
    load.verify(server.address)
    server.finish()
