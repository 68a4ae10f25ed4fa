"""Notices of changed offerings: which, to whom, how often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kgservice.model.errors import InputError, Refused
from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.model.terms import DCTERMS, KG, RDF
from kgservice.mpli.hub_book import MOST_OF_ONE, HubBook
from kgservice.mpli.publish_hub import MOST_ATTEMPTS, Hub
from kgservice.store import open_store
from kgservice.store.port import ChangeKind, GraphChange, Store
from tests.callbacks import Callback, listening

BASE = "http://127.0.0.1:8080/"
CREATED, DELETED = "ProductOfferingCreateEvent", "ProductOfferingDeleteEvent"
MOVED, CHANGED = "ProductOfferingStateChangeEvent", "ProductOfferingAttributeValueChangeEvent"


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Stage:
    """A store, a hub without its thread, and a callback."""

    store: Store
    folder: Path
    callback: Callback
    clock: Clock
    hub: Hub

    def restart(self) -> None:
        """Open the record again, as a service does that was killed."""
        self.hub = make_hub(self.store, self.folder, self.callback, self.clock)

    def say(self, name: str, title: str, status: Iri = KG.Active, *, merge: bool = True) -> None:
        node = Iri(f"urn:made-up:{name}")
        triples = (
            Triple(node, RDF.type, KG.Offering),
            Triple(node, DCTERMS.title, Literal(title)),
            Triple(node, KG.lifecycleStatus, status),
            Triple(node, KG.provider, Iri("urn:made-up:seller")),
        )
        self.store.commit([GraphChange(f"{BASE}graph/made-up/{name}", triples, merge=merge)])

    def forget(self, name: str) -> None:
        graph = f"{BASE}graph/made-up/{name}"
        self.store.commit([GraphChange(graph, (), ChangeKind.DELETE, merge=True)])

    def tell(self) -> list[tuple[str, str]]:
        """Look, send everything, and give what the callback got of it."""
        before = len(self.callback.got)
        self.hub.look()
        while self.hub.deliver():
            pass
        return [(kind, one.rpartition(":")[2]) for kind, one in self.callback.told[before:]]


def make_hub(store: Store, folder: Path, callback: Callback, clock: Clock) -> Hub:
    return Hub(store, HubBook(folder / "hub.sqlite"), BASE, frozenset({callback.host}), clock)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    store = open_store(tmp_path / "data")
    try:
        with listening() as callback:
            clock = Clock()
            yield Stage(
                store, tmp_path, callback, clock, make_hub(store, tmp_path, callback, clock)
            )
    finally:
        store.close()


def test_each_change_is_told_by_its_kind(stage: Stage) -> None:
    stage.say("old", "there before")
    stage.hub.register(stage.callback.url, "", "ada")
    assert stage.tell() == []
    stage.say("new", "first")
    assert stage.tell() == [(CREATED, "new")]
    stage.say("new", "second")
    assert stage.tell() == [(CHANGED, "new")]
    stage.say("new", "second", KG.Retired)
    assert stage.tell() == [(MOVED, "new")]
    stage.say("new", "second", KG.Retired)
    assert stage.tell() == []
    stage.forget("new")
    stage.say("old", "there after")
    assert sorted(stage.tell()) == sorted([(CHANGED, "old"), (DELETED, "new")])


def test_a_notice_holds_the_offering_as_it_is_served(stage: Stage) -> None:
    stage.hub.register(stage.callback.url + "/tmf/", "", "ada")
    stage.say("a", "An offering")
    stage.tell()
    ((path, body),) = stage.callback.got
    assert path == "/tmf/listener/productOfferingCreateEvent"
    assert {"eventId", "eventTime", "eventType", "event"} <= body.keys()
    offering = body["event"]["productOffering"]
    assert offering["name"] == "An offering"
    assert offering["href"].startswith(BASE)


def test_a_query_chooses_types_and_offerings(stage: Stage) -> None:
    hub, url = stage.hub, stage.callback.url
    hub.register(url, f"eventType={CREATED}&event.productOffering.lifecycleStatus=Active", "ada")
    stage.say("a", "wanted")
    stage.say("b", "not wanted", KG.Retired)
    assert stage.tell() == [(CREATED, "a")]
    stage.say("a", "changed")
    assert stage.tell() == []


def test_what_is_not_public_is_not_told(stage: Stage) -> None:
    stage.hub.register(stage.callback.url, "", "ada")
    stage.say("hidden", "quarantined", merge=False)
    node = Iri("urn:made-up:private")
    triples = (Triple(node, RDF.type, KG.Offering), Triple(node, DCTERMS.title, Literal("x")))
    stage.store.commit([GraphChange(f"{BASE}request/1", triples)], dataset="private")
    assert stage.tell() == []


def test_a_change_of_a_provider_is_one_of_its_offerings(stage: Stage) -> None:
    stage.say("a", "one")
    stage.hub.register(stage.callback.url, "", "ada")
    seller = Iri("urn:made-up:seller")
    about = (Triple(seller, RDF.type, KG.Provider), Triple(seller, DCTERMS.title, Literal("S")))
    stage.store.commit([GraphChange(f"{BASE}graph/made-up/seller", about, merge=True)])
    assert stage.tell() == [(CHANGED, "a")]
    ((_, body),) = stage.callback.got
    assert body["event"]["productOffering"]["relatedParty"][0]["name"] == "S"


def test_a_callback_that_fails_gets_every_notice_later_and_in_order(stage: Stage) -> None:
    made = stage.hub.register(stage.callback.url, "", "ada")
    stage.callback.status = 503
    for number in range(3):
        stage.say(f"o{number}", "x")
        assert stage.tell() == []
    assert stage.hub.book.counts(made.id) == {"waiting": 3, "dead": 0}
    (shown,) = stage.hub.book.registrations()
    assert "503" in shown.problem
    stage.callback.status = 201
    assert stage.tell() == [], "it is too early"
    stage.clock.now += 60
    assert [name for _, name in stage.tell()] == ["o0", "o1", "o2"]
    assert stage.hub.book.registrations()[0].sent == 3


def test_a_notice_that_is_never_taken_is_given_up_visibly(stage: Stage) -> None:
    made = stage.hub.register(stage.callback.url, "", "ada")
    stage.callback.status = 500
    stage.say("a", "x")
    for _ in range(MOST_ATTEMPTS):
        stage.tell()
        stage.clock.now += 100_000
    assert stage.hub.book.counts(made.id) == {"waiting": 0, "dead": 1}
    (dead,) = stage.hub.book.dead(made.id)
    assert (dead.type, "500" in dead.problem) == (CREATED, True)
    stage.callback.status = 204
    stage.say("b", "x")
    assert stage.tell() == [(CREATED, "b")]


def test_registrations_and_what_is_not_sent_survive_a_kill(stage: Stage) -> None:
    stage.hub.register(stage.callback.url, "", "ada")
    stage.say("noted", "before the kill")
    stage.hub.look()
    stage.say("unseen", "after the last look")
    stage.restart()
    assert stage.tell() == [(CREATED, "noted"), (CREATED, "unseen")]


def test_the_same_registration_is_one_and_there_is_a_bound(stage: Stage) -> None:
    url = stage.callback.url
    assert stage.hub.register(url, "", "ada").id == stage.hub.register(url, "", "ada").id
    for number in range(MOST_OF_ONE - 1):
        stage.hub.register(f"{url}/{number}", "", "ada")
    with pytest.raises(Refused) as caught:
        stage.hub.register(f"{url}/one-more", "", "ada")
    assert caught.value.code == "too-many-registrations"
    stage.hub.register(url, "", "bob")


def test_nothing_is_kept_when_nobody_listens(stage: Stage) -> None:
    made = stage.hub.register(stage.callback.url, "", "ada")
    stage.say("a", "x")
    stage.hub.look()
    stage.hub.book.remove(made.id)
    assert stage.hub.book.graphs() == {}
    stage.say("b", "x")
    assert stage.tell() == []
    stage.hub.register(stage.callback.url, "", "ada")
    assert stage.tell() == []


@pytest.mark.parametrize(
    ("callback", "query", "code"),
    [
        ("http://169.254.169.254/latest", "", "host-not-allowed"),
        ("http://127.0.0.1:1/", "", "host-not-allowed"),
        ("file:///etc/passwd", "", "url-invalid"),
        ("", "colour=red", "filter-unknown"),
        ("", "eventType=Party", "filter-invalid"),
        ("", "limit=3", "filter-unknown"),
    ],
)
def test_what_cannot_be_registered_is_refused(
    stage: Stage, callback: str, query: str, code: str
) -> None:
    with pytest.raises(InputError) as caught:
        stage.hub.register(callback or stage.callback.url, query, "ada")
    assert caught.value.code == code
    assert stage.hub.book.registrations() == []
