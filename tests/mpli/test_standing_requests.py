"""Standing requests: what becomes of their answers while catalogues change and days go by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kgservice.mpli.projecting import Projector
from kgservice.mpli.resolve import resolve
from kgservice.mpli.standing import StandingClerk, change_of
from kgservice.mpli.standing_book import Event, Outcome, StandingBook
from kgservice.resolution.answer import Resolution
from kgservice.resolution.request import Request
from kgservice.resolution.yaml_request import read_request
from kgservice.store import open_store
from kgservice.store.port import GraphChange, Store
from tests.resolution.memory_store import DOCUMENT
from tests.resolution.worlds import BASE, VOCABULARY, Charge, Label, Offer, World

NAME = f"{BASE}request/r"
LABELLED = """
components:
  db:
    kind: PostgreSQL
    label: {scheme: eu-cloud-basic, at-least: basic, valid-for: P1D}
prefer: [minimise monthlyPrice]
"""


class Stage:
    """A store, a clerk that looks when it is told to, and a day that can be set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: Store = open_store(folder)
        self.requests: dict[str, Request] = {}
        self.resolved: list[str] = []
        self.day = date(2026, 12, 1)
        self.begin()

    def begin(self) -> None:
        self.projector = Projector(self.store, VOCABULARY)
        self.clerk = StandingClerk(StandingBook(self.folder), self.projector, lambda: self.day)
        self.clerk.work_with(self.resolve)

    def resolve(self, name: str) -> tuple[Request, Resolution] | None:
        self.resolved.append(name)
        request = self.requests.get(name)
        if request is None:
            return None
        dated = replace(request, as_of=request.as_of or self.day)
        answer = resolve(self.store, VOCABULARY, dated, base_iri=BASE, projector=self.projector)
        return request, answer

    def stand(self, name: str, text: str) -> None:
        self.requests[name] = replace(read_request(text, VOCABULARY), iri=name)
        self.clerk.book.add(name, "anna", "2026-12-01T00:00:00Z")

    def say(self, *offers: Offer) -> list[str]:
        """Commit offers and look; give what became of the requests."""
        last = self.events()[-1].number if self.events() else 0
        facts = tuple(World(list(offers)).triples())
        self.store.commit([GraphChange(DOCUMENT, facts, merge=True)])
        self.resolved.clear()
        self.clerk.look()
        return [event.kind for event in self.clerk.book.events(last)]

    def events(self) -> list[Event]:
        return self.clerk.book.events(0)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.store.close()


def offer(name: str, amount: str, kind: str = "PostgreSQL", **more: object) -> Offer:
    return Offer(name, kind, charges=[Charge(amount)], **more)  # type: ignore[arg-type]


CHEAPEST = """
as-of: "2026-12-01"
components:
  db: {kind: PostgreSQL}
prefer: [minimise monthlyPrice]
"""


def test_an_answer_becomes_better_worse_different_impossible_and_possible(stage: Stage) -> None:
    stage.say(offer("a", "20.00"))
    stage.stand(NAME, CHEAPEST)
    assert stage.clerk.look() == 0, "the first answer is no news"
    assert stage.say(offer("a", "20.00"), offer("b", "15.00")) == ["better"]
    assert stage.say(offer("a", "20.00"), offer("b", "18.00")) == ["worse"]
    assert stage.say(offer("a", "20.00"), offer("c", "18.00")) == ["different"]
    assert stage.say(offer("x", "1.00", "Container")) == ["impossible"]
    assert stage.say(offer("a", "20.00")) == ["possible"]
    last = stage.events()[-1]
    assert (last.request, last.customer, last.before.status) == (NAME, "anna", "infeasible")
    assert last.after == Outcome(
        "feasible", last.after.order, (("db", "urn:offer:a"),), "20.00 EUR a month"
    )
    assert list(last.graphs) == [DOCUMENT]


def test_what_a_change_cannot_alter_is_not_resolved_again(stage: Stage) -> None:
    stage.say(offer("a", "20.00"), offer("x", "5.00", "Container"))
    stage.stand(NAME, CHEAPEST)
    stage.stand(f"{NAME}2", CHEAPEST.replace("PostgreSQL", "Container"))
    stage.clerk.look()
    assert stage.say(offer("a", "20.00"), offer("x", "4.00", "Container")) == ["better"]
    assert stage.resolved == [f"{NAME}2"]
    stage.resolved.clear()
    assert stage.clerk.look() == 0
    assert stage.resolved == []


def test_a_day_that_ends_a_label_is_noticed_without_a_commit(stage: Stage) -> None:
    ending = [Label("basic", valid_until="2026-12-10T00:00:00Z")]
    stage.say(offer("a", "20.00", labels=ending))
    stage.stand(NAME, LABELLED)
    stage.stand(f"{NAME}2", CHEAPEST)
    stage.clerk.look()
    stage.day = date(2026, 12, 11)
    stage.resolved.clear()
    assert stage.clerk.look() == 1
    assert [event.kind for event in stage.events()] == ["impossible"]
    assert stage.resolved == [NAME], "a request with a day of its own does not age"


def test_what_changed_while_nobody_looked_is_told_after_a_restart(stage: Stage) -> None:
    stage.say(offer("a", "20.00"))
    stage.stand(NAME, CHEAPEST)
    stage.clerk.look()
    facts = tuple(World([offer("a", "10.00")]).triples())
    stage.store.commit([GraphChange(DOCUMENT, facts, merge=True)])
    stage.begin()
    assert stage.clerk.look() == 1
    assert [event.kind for event in stage.events()] == ["better"]


def test_a_request_that_rests_or_is_gone_tells_nothing(stage: Stage) -> None:
    stage.say(offer("a", "20.00"))
    stage.stand(NAME, CHEAPEST)
    stage.stand(f"{NAME}2", CHEAPEST)
    stage.clerk.look()
    stage.clerk.book.remove(NAME)
    del stage.requests[f"{NAME}2"]
    assert stage.say(offer("a", "10.00")) == []
    assert stage.clerk.book.standing() == []


def test_events_are_read_by_customer_request_and_place(tmp_path: Path) -> None:
    book = StandingBook(tmp_path)
    one, other = Outcome("feasible", ((0, 1),), (("db", "urn:a"),), "1.00 EUR"), Outcome("unknown")
    for name, customer in (("urn:r1", "anna"), ("urn:r2", "bob"), ("urn:r1", "anna")):
        book.add(name, customer, "2026-12-01T00:00:00Z")
        book.note(name, one, Event(0, name, customer, "t", "possible", other, one, {"urn:g": 3}))
    numbers = [event.number for event in book.events(0)]
    assert len(set(numbers)) == 3
    assert [event.request for event in book.events(0, customer="bob")] == ["urn:r2"]
    assert [event.number for event in book.events(numbers[0], request="urn:r1")] == [numbers[2]]
    assert book.events(0, most=1)[0].graphs == {"urn:g": 3}
    assert book.note("urn:r9", one, None) == 0
    assert {standing.outcome for standing in book.standing()} == {one}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, Outcome("feasible", ((0, 1),), (("db", "urn:a"),)), ""),
        (Outcome("unknown"), Outcome("infeasible"), ""),
    ],
    ids=["first", "still-nothing"],
)
def test_what_nobody_would_notice_is_no_event(
    before: Outcome | None, after: Outcome, expected: str
) -> None:
    assert change_of(before, after) == expected
