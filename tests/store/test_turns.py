"""Who gets a reader: short queries always, long ones by share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from embedded_stores import open_embedded

from kgservice.model.errors import DeadlineExceeded, KgError, Unavailable
from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.store import turns
from kgservice.store.embedded import EmbeddedStore
from kgservice.store.port import Client, GraphChange, QueryScope
from kgservice.store.turns import CANCELLED, Turn, Turns

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
EVE, MALLORY = Client("eve", is_known=False), Client("mallory", is_known=False)
ANNA = Client("anna")
LIMIT_S = 4.0
LATER_S = 20.0
"""What a waiting query may take on a machine with much else to do; it is done in a second or so."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    store = open_embedded(tmp_path_factory.mktemp("data"))
    facts = [Triple(Iri(f"urn:s{n}"), Iri("urn:p"), Literal(str(n))) for n in range(500)]
    store.commit([GraphChange("urn:g", tuple(facts), merge=True)])
    yield store
    store.close()


def ask(store: EmbeddedStore, text: str, client: Client, deadline_s: float = LIMIT_S) -> str:
    """Run a query; gives `ok` or the code of what went wrong."""
    try:
        store.query(
            text, scope=QueryScope(), accept="text/csv", deadline_s=deadline_s, client=client
        )
    except KgError as error:
        return error.code
    return "ok"


def until(is_true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


def running(store: EmbeddedStore) -> list[Turn]:
    return [turn for turn in store.readers.turns.list() if turn.began is not None]


def test_one_client_without_a_token_cannot_hold_all_readers(filled: EmbeddedStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        long = [threads.submit(ask, filled, ENDLESS, EVE, 30) for _ in range(4)]
        until(lambda: len(running(filled)) >= 2)
        begin = time.monotonic()
        others = [ask(filled, "ASK { ?s ?p ?o }", who, LATER_S) for who in (ANNA, MALLORY) * 3]
        taken = time.monotonic() - begin
        assert others == ["ok"] * 6
        for turn in filled.readers.turns.list():
            filled.readers.turns.stop(turn.number)
        codes = [one.result() for one in long]
    assert taken < LATER_S
    assert set(codes) <= {"query-shed", "query-cancelled"}


def test_a_long_query_is_left_alone_while_nobody_waits(filled: EmbeddedStore) -> None:
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(ask, filled, ENDLESS, EVE, 2.5) for _ in range(2)]
        assert [one.result() for one in both] == ["query-deadline"] * 2


def test_a_long_query_with_a_place_survives_many_short_ones(filled: EmbeddedStore) -> None:
    with ThreadPoolExecutor(4) as threads:
        long = threads.submit(ask, filled, ENDLESS, ANNA, LIMIT_S)
        until(lambda: len(running(filled)) == 1)
        while not long.done():
            assert {*threads.map(lambda _: ask(filled, "ASK {}", EVE, LATER_S), range(20))} == {
                "ok"
            }
    assert long.result() == "query-deadline"


def test_a_cancelled_query_says_so_and_the_next_one_is_answered(filled: EmbeddedStore) -> None:
    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(ask, filled, ENDLESS, ANNA, 60)
        until(lambda: bool(running(filled)))
        (turn,) = running(filled)
        assert (turn.client, turn.text) == (ANNA, ENDLESS)
        assert filled.readers.turns.stop(turn.number)
        assert done.result() == "query-cancelled"
    assert not filled.readers.turns.stop(turn.number)
    assert ask(filled, "ASK {}", ANNA, LATER_S) == "ok"


def test_many_kills_at_once_are_made_good(filled: EmbeddedStore) -> None:
    for _ in range(3):
        until(lambda: len(filled.readers._ready) == 4)
        with ThreadPoolExecutor(2) as threads:
            codes = list(threads.map(lambda _: ask(filled, ENDLESS, ANNA, 1), range(2)))
        assert codes == ["query-deadline"] * 2
        assert ask(filled, "ASK {}", EVE, LATER_S) == "ok"


def test_tokens_come_first_then_who_has_least(tmp_path: Path) -> None:
    gate = Turns(1)
    first = gate.take(EVE, "", time.monotonic() + 60)
    order: list[str] = []

    def wait(client: Client) -> None:
        turn = gate.take(client, "", time.monotonic() + 60)
        order.append(client.name)
        gate.give_back(turn)

    with ThreadPoolExecutor(8) as threads:
        waiting: list[Future[None]] = []
        for client in (EVE, MALLORY, ANNA, Client()):
            waiting.append(threads.submit(wait, client))
            until(lambda: len(gate.list()) == 1 + len(waiting))
        gate.give_back(first)
        for one in waiting:
            one.result()
    assert order == ["", "anna", "eve", "mallory"]


def test_too_many_waiting_queries_of_one_client_are_sent_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "MAX_WAITING_EACH", 2)
    gate = Turns(1)
    first = gate.take(ANNA, "", time.monotonic() + 60)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(gate.take, EVE, "", time.monotonic() + 60) for _ in range(2)]
        until(lambda: len(gate.list()) == 3)
        with pytest.raises(Unavailable) as caught:
            gate.take(EVE, "", time.monotonic() + 60)
        assert caught.value.code == "query-busy"
        for turn in gate.list():
            if turn is not first:
                gate.stop(turn.number)
        assert {type(one.exception()) for one in waiting} == {Unavailable}
    assert [turn.number for turn in gate.list()] == [first.number]


def test_a_turn_that_was_stopped_raises_why() -> None:
    turn = Turn(1, EVE, "", 0.0, stopped=CANCELLED)
    with pytest.raises(Unavailable) as caught:
        turn.check()
    assert caught.value.code == "query-cancelled"


def test_a_query_behind_a_long_commit_ends_at_its_deadline(filled: EmbeddedStore) -> None:
    """Read-your-writes makes it wait for the writer, but no longer than it may."""
    fact = Triple(Iri("urn:s"), Iri("urn:p"), Literal("new"))
    ask(filled, "ASK {}", ANNA)
    filled.commit([GraphChange("urn:small", (fact,), merge=True)])
    many = tuple(Triple(Iri(f"urn:m{n}"), Iri("urn:p"), Literal("x")) for n in range(60_000))
    with ThreadPoolExecutor(1) as threads:
        commit = threads.submit(filled.commit, [GraphChange("urn:many", many, merge=True)])
        begin = time.monotonic()
        code = ask(filled, "ASK {}", ANNA, 0.05)
        assert time.monotonic() - begin < 2
        assert code in ("ok", "query-busy", "query-deadline")
        commit.result()
    assert ask(filled, "ASK {}", ANNA, LATER_S) == "ok"
    with pytest.raises(DeadlineExceeded):
        filled.query(ENDLESS, scope=QueryScope(), accept="text/csv", deadline_s=0.2)
