"""Kill -9 of the service, of a reader, of both writers, and during loads, at seeded random points.

Three clients write small things, one replaces a large graph, and at some points a catalogue is
taken over, while something is killed. What was acknowledged has to be there afterwards; what was
not, whole or not at all. A failure names its seed and point: `KILL_SEED=… KILL_POINTS=…` repeats.
"""

from __future__ import annotations

import logging
import os
import random
from pathlib import Path

import pytest

from tests.scenarios.killing import Killed

SEED = int(os.environ.get("KILL_SEED", "20261124"))
POINTS = int(os.environ.get("KILL_POINTS", "50"))
FEW = 5
WHAT = ("service", "writer of graphs", "reader", "service in a load", "writer")
LOG = logging.getLogger(__name__)
pytestmark = pytest.mark.xdist_group("kills")


def kill_at(folder: Path, points: int) -> None:
    killed = Killed(folder)
    try:
        for number in range(points):
            rng = random.Random(f"{SEED} {number}")  # noqa: S311
            what = WHAT[number % len(WHAT)]
            later_s, choice = rng.random(), rng.randrange(100)
            said = f"seed {SEED}, point {number}: {what} killed after {later_s:.3f} s"
            LOG.info(said)
            killed.kill(what, later_s, choice)
            killed.require_whole(said)
            if what in ("service in a load", "writer"):
                killed.require_catalog(said)
        written = sum(map(len, killed.ledger.written.values()))
        LOG.info("%d writes kept; restarts took %s s", written, killed.restarts_s)
        assert written > points, "most of the time there were acknowledged writes"
    finally:
        killed.service.stop()


def test_a_kill_at_a_few_points_loses_and_halves_nothing(tmp_path: Path) -> None:
    kill_at(tmp_path, FEW)


@pytest.mark.long
def test_a_kill_at_fifty_points_loses_and_halves_nothing(tmp_path: Path) -> None:
    kill_at(tmp_path, POINTS)
