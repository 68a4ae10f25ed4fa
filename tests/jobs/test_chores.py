"""Chores: durable, one at a time per subject, done again after a crash."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kgservice.jobs import JobOptions, JobRunner, Tell
from kgservice.model.errors import Refused, Unavailable
from kgservice.model.terms import KG
from kgservice.store import open_store

BASE = "http://127.0.0.1:8080/"
SYNC = KG.Synchronisation.value


class Stage:
    """A job runner whose sync can be made to wait or to fail."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder)
        self.done: list[str] = []
        self.may_go_on = threading.Event()
        self.error: Exception | None = None
        options = JobOptions(chores={SYNC: self.sync})
        self.runner = JobRunner(self.store, folder, BASE, options=options)
        self.runner.start()

    def sync(self, name: str, tell: Tell) -> str:
        tell("2 documents read")
        self.may_go_on.wait(30)
        self.done.append(name)
        if self.error:
            raise self.error
        return f"{name}: 3 new"

    def wait(self, job: str, is_over: Callable[[str], bool]) -> str:
        after = 0
        while not is_over(self.runner.job(job).state):
            for event in self.runner.events(job, after, wait_s=30):
                after = event.id
        return self.runner.job(job).state

    def close(self) -> None:
        self.may_go_on.set()
        self.runner.stop()
        self.store.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()


def is_over(state: str) -> bool:
    return state != "running"


def test_two_syncs_of_one_catalogue_at_once_are_one_job(stage: Stage) -> None:
    first = stage.runner.start_chore(SYNC, "polder", "ada")
    second = stage.runner.start_chore(SYNC, "polder", "bob")
    other = stage.runner.start_chore(SYNC, "rijn", "ada")
    assert first == second != other
    stage.may_go_on.set()
    assert [stage.wait(job, is_over) for job in (first, other)] == ["done", "done"]
    assert sorted(stage.done) == ["polder", "rijn"]
    again = stage.runner.start_chore(SYNC, "polder", "ada")
    assert again != first


def test_a_sync_tells_what_came_of_it(stage: Stage) -> None:
    stage.may_go_on.set()
    job = stage.runner.start_chore(SYNC, "polder", "ada")
    stage.wait(job, is_over)
    said = [event.data.get("message") for event in stage.runner.events(job)]
    assert said.index("2 documents read") < said.index("polder: 3 new")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unavailable("The source broke.", code="source-broke"), "The source broke. [source-broke]"),
        (RuntimeError("secret detail"), "a defect: RuntimeError"),
    ],
)
def test_a_sync_that_fails_says_why(stage: Stage, error: Exception, reason: str) -> None:
    stage.error = error
    stage.may_go_on.set()
    job = stage.runner.start_chore(SYNC, "polder", "ada")
    assert stage.wait(job, is_over) == "failed"
    assert stage.runner.job(job).reasons == (reason,)


def test_a_sync_cannot_be_taken_back(stage: Stage) -> None:
    job = stage.runner.start_chore(SYNC, "polder", "ada")
    with pytest.raises(Refused, match="taken back"):
        stage.runner.cancel(job)
