"""Kill -9 of the service at seeded points: after a restart the job finishes, nothing is doubled."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from plan_situations import NOORDZEE, WATERLINIE

CHILD = Path(__file__).resolve().parent / "killed_service.py"
SEED = 20261124
# A dry run counts about 120 points for the provisioning and 170 for the move;
# what is beyond the last point is a run that nobody kills.
POINTS = {"provisioning": 115, "move": 165}


def run(folder: Path, what: str, point: int) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(CHILD), str(folder), what, str(point)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode not in (0, -signal.SIGKILL):
        pytest.fail(done.stderr[-3000:])
    return done.returncode, json.loads(lines[-1]) if lines else {}


def points(what: str, number: int) -> list[int]:
    return sorted(random.Random(SEED).sample(range(1, POINTS[what]), number))  # noqa: S311


def check(folder: Path, what: str, point: int) -> None:
    folder.mkdir(exist_ok=True)
    first, report = run(folder, what, point)
    if first == -signal.SIGKILL:
        second, report = run(folder, what, 0)
        assert second == 0
    message = f"seed {SEED}, {what} killed at point {point}: {report}"
    assert report["state"] == ("done" if what == "provisioning" else "holding"), message
    assert len(report["effects"]) == len(set(report["effects"])), message
    assert set(report["steps"].values()) <= {"Completed", ""}, message
    expected = 2 if what == "provisioning" else 3
    assert len(report["databases"]) == expected, message
    where = [WATERLINIE, NOORDZEE] if what == "provisioning" else [NOORDZEE]
    for (_, facts), provider in zip(report["services"].items(), where, strict=True):
        assert facts == sorted(["Running", provider]), message


@pytest.mark.parametrize("what", ["provisioning", "move"])
def test_a_job_finishes_after_kill_9_at_seeded_points(tmp_path: Path, what: str) -> None:
    for point in points(what, 2):
        check(tmp_path / str(point), what, point)


@pytest.mark.long
@pytest.mark.parametrize("what", ["provisioning", "move"])
def test_a_job_finishes_after_kill_9_at_every_third_point(tmp_path: Path, what: str) -> None:
    for point in range(1, POINTS[what], 3):
        check(tmp_path / str(point), what, point)
