"""Kill -9 of the whole service, ten times in a provisioning and ten times in a move.

The points are spread over the job: after its n-th event, and a seeded part of a second later.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
from collections import deque
from contextlib import closing
from itertools import islice

import pytest
import requests

from tests.scenarios.stage import RHEINTAL, Stage

pytestmark = pytest.mark.xdist_group("stage")
SEED = 20261124
POINTS = 10
LATER_S = 0.06
"""What a step takes; more, and most kills would come after the end."""
LOG = logging.getLogger(__name__)


def points(what: str, events: int) -> list[tuple[int, float]]:
    """Draw one point in each tenth of a job: how many events to see, how long to wait then."""
    rng = random.Random(f"{SEED} {what}")  # noqa: S311
    width = (events - 1) / POINTS
    return [(int((n + rng.random()) * width), rng.random() * LATER_S) for n in range(POINTS)]


def kill_at(stage: Stage, plan: str, after: int, later: float) -> str:
    """Apply a plan; kill the service after so many events and a little later; give its state."""
    applied = threading.Event()

    def apply() -> str:
        try:
            return stage.apply(plan)
        except requests.RequestException:
            return ""
        finally:
            applied.set()

    if after == 0:  # in the middle of the answer to the customer
        threading.Thread(target=apply, daemon=True).start()
    else:
        deque(islice(stage.events(apply()), after), maxlen=0)
    threading.Event().wait(later)
    stage.service.kill()
    applied.wait(10)
    # The journal is a SQLite file, which anybody may read.
    with closing(sqlite3.connect(stage.service.folder / "leases.sqlite")) as journal:
        text = "SELECT job.state FROM job WHERE plan LIKE '%/' || ?"
        found = journal.execute(text, (plan,)).fetchone()
    return str(found[0]) if found else "not begun"


def carried_out(stage: Stage, what: str, plan: str, point: tuple[int, float]) -> tuple[str, str]:
    """Kill the service in a job, start it again, and wait for the job; its states then and now."""
    then = kill_at(stage, plan, *point)
    stage.restart()
    # The customer asks again, not knowing whether the first call arrived: it is the same job.
    job = stage.ended(stage.apply(plan))
    said = (
        f"seed {SEED}, {what} killed after {point[0]} events and {point[1]:.3f} s ({then}): {job}"
    )
    assert job["state"] in ("done", "holding", "rolled-back"), said
    effects = [one["step"] for one in job["steps"]]
    assert len(effects) == len(set(effects)), said
    stage.require_agreement(said)
    LOG.info("%s: %s", said.partition(": {")[0], job["state"])
    return then, str(job["state"])


@pytest.fixture(scope="module")
def events(stage: Stage) -> dict[str, int]:
    """Count the events of jobs that nobody disturbs."""
    provisioning = stage.finished(stage.plan()["id"])
    service = stage.services_of(provisioning)["db"]
    stage.write_rows(service)
    move = stage.finished(stage.plan_move(service, RHEINTAL)["id"], "holding")
    return {"provisioning": len(provisioning["events"]), "move": len(move["events"])}


@pytest.fixture(scope="module")
def killed(stage: Stage, events: dict[str, int]) -> list[tuple[str, str]]:
    """Provision once per point, with a kill in each; the state at the kill, and the database."""
    found = []
    for point in points("provisioning", events["provisioning"]):
        plan = stage.plan()["id"]
        then, now = carried_out(stage, "provisioning", plan, point)
        services = stage.services_of(stage.job(stage.apply(plan)))
        found.append((then, services["db"] if now == "done" else ""))
    return found


def test_a_provisioning_that_is_killed_ends_well(killed: list[tuple[str, str]]) -> None:
    assert sum(then != "done" for then, _ in killed) >= POINTS - 2, "most kills hit a running job"
    assert all(database for _, database in killed), "with every worker there, nothing rolls back"


def test_a_move_that_is_killed_loses_no_row(
    stage: Stage, events: dict[str, int], killed: list[tuple[str, str]]
) -> None:
    hits = 0
    databases = [database for _, database in killed if database]
    for service, point in zip(databases, points("move", events["move"]), strict=False):
        stage.write_rows(service)
        before = stage.fingerprint(service)
        plan = stage.plan_move(service, RHEINTAL)["id"]
        then, now = carried_out(stage, "move", plan, point)
        hits += then == "running"
        assert stage.fingerprint(service) == before
        assert stage.is_writable(service)
        assert stage.version(service) == (18 if now == "holding" else 16)
        if now == "holding":
            assert stage.fingerprint(service, "held") == before
    assert hits >= POINTS - 2, "most kills hit a running job"
    listed = stage.service.kg("service", "list")
    assert all(service in listed for service in databases)


def cancel_and_kill(stage: Stage, rng: random.Random, job: str) -> None:
    """Cancel a job somewhere on its way, and kill the service while it takes things back."""
    deque(islice(stage.events(job), rng.randint(6, 20)), maxlen=0)
    try:
        stage.call("POST", f"jobs/{job}/cancel", {})
    except AssertionError as refused:
        assert "job-not-cancellable" in str(refused)  # noqa: PT017
    threading.Event().wait(rng.random() * LATER_S)
    stage.service.kill()


def taken_back(stage: Stage, number: int) -> None:
    """Move with a cancellation and a kill; the service is where it was, or moved, and nothing else.

    One time in two the service is killed once more while it recovers.
    """
    rng = random.Random(f"{SEED} cancelled {number}")  # noqa: S311
    service = stage.provisioned()["db"]
    stage.write_rows(service)
    before = stage.fingerprint(service)
    job = stage.apply(stage.plan_move(service, RHEINTAL)["id"])
    cancel_and_kill(stage, rng, job)
    stage.restart()
    if number % 2:
        threading.Event().wait(rng.random())
        stage.service.kill()
        stage.restart()
    shown = stage.ended(job)
    said = f"seed {SEED}, number {number}: {shown}"
    LOG.info("%s: %s", said.partition(": {")[0], shown["state"])
    assert shown["state"] in ("rolled-back", "holding"), said
    assert stage.version(service) == (16 if shown["state"] == "rolled-back" else 18), said
    assert stage.fingerprint(service) == before, said
    assert stage.is_writable(service), said
    stage.require_agreement(said)


@pytest.mark.parametrize("number", range(2))
def test_a_rollback_that_is_killed_is_taken_up_again(stage: Stage, number: int) -> None:
    taken_back(stage, number)


@pytest.mark.long
@pytest.mark.parametrize("number", range(2, 22))
def test_a_rollback_that_is_killed_anywhere_is_taken_up_again(stage: Stage, number: int) -> None:
    taken_back(stage, number)
