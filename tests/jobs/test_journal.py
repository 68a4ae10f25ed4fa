"""What the journal must never say by halves."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from plan_situations import BASE

from kgservice.jobs import Execution, Job
from kgservice.jobs.database import Database
from kgservice.jobs.journal import Journal
from kgservice.jobs.values import now
from kgservice.model.errors import Refused
from kgservice.model.terms import KG


def a_job(name: str, *services: str) -> Job:
    return Job(
        name,
        f"{BASE}plan/{name}",
        KG.Move.value,
        "alice",
        services or (f"{BASE}service/{name}",),
        "running",
        (),
        now(),
        "",
        False,
        False,
        False,
        0,
        "",
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Database(tmp_path / "leases.sqlite"))


def ended(step: str, outcome: str = "Completed") -> Execution:
    return Execution(step, 0, "", 1, 1, outcome, {}, "", now(), now())


def test_a_step_and_the_clock_that_it_starts_are_written_together_or_not_at_all(
    journal: Journal,
) -> None:
    """Found by kill -9: a hold without its clock let the source be erased at once."""
    journal.open(a_job("j"), "k")
    journal.start("j", "hold", "", {})
    with pytest.raises(sqlite3.Error):
        journal.end("j", ended("hold"), {"erase": object()})  # type: ignore[dict-item]
    assert journal.job("j").execution("hold").outcome == ""  # type: ignore[union-attr]
    journal.end("j", ended("hold"), {"erase": "2027-01-01T00:00:00.000Z"})
    assert journal.job("j").holds == (("erase", "2027-01-01T00:00:00.000Z"),)


def test_the_first_word_about_a_step_stays(journal: Journal) -> None:
    journal.open(a_job("j"), "k")
    journal.start("j", "fence", "w1", {})
    journal.end("j", ended("fence"), {})
    journal.end("j", ended("fence", "Failed"), {"x": "2027-01-01T00:00:00.000Z"})
    job = journal.job("j")
    assert [one.outcome for one in job.executions] == ["Completed"]
    assert job.holds == ()


def test_cancelling_and_passing_the_point_of_no_return_exclude_each_other(
    journal: Journal,
) -> None:
    journal.open(a_job("one"), "1")
    journal.cancel("one")
    assert journal.pass_point("one") is False
    journal.open(a_job("two"), "2")
    assert journal.pass_point("two") is True
    with pytest.raises(Refused, match="job-not-cancellable"):
        journal.cancel("two")


def test_a_service_is_free_again_when_its_move_only_holds_the_source(journal: Journal) -> None:
    service = f"{BASE}service/s"
    journal.open(a_job("one", service), "1")
    with pytest.raises(Refused, match="service-busy"):
        journal.open(a_job("two", service), "2")
    journal.pass_point("one")
    journal.move_to("one", "holding")
    assert journal.open(a_job("two", service), "2") == "two"


def test_events_are_written_once_and_come_in_order(journal: Journal) -> None:
    journal.open(a_job("j"), "k")
    for _ in range(2):
        journal.note("j", "ready:0.1", "ready-steps", {"rows": []})
    kinds = [event.kind for event in journal.events("j")]
    assert kinds == ["state", "ready-steps"]
    assert journal.events("j", journal.events("j")[0].id)[0].kind == "ready-steps"
