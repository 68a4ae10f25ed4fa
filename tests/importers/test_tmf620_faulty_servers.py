"""Servers that fail in every way, by chance: what they hold is what is read."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable

import pytest
from small_vocabulary import context
from tmf620_reading import codes, documents, read
from tmf620_server import Answering, Call, Reply, Running, serving

from kgservice.model.documents import ImportItem
from kgservice.model.errors import Problem, Unavailable

SEEDS = [*range(12), *(pytest.param(n, marks=pytest.mark.long) for n in range(12, 200))]
Body = dict[str, object]


def offer(number: int) -> Body:
    return {"id": f"urn:ngsi-ld:product-offering:{number}", "name": f"Offer {number} é"}


def read_api(server: Running, **options: str) -> list[ImportItem]:
    ctx = context(allowed_hosts=frozenset({server.host}), **options)
    return read(server.url, ctx)


class Server:
    """Holds offerings and serves them with habits and faults that a seed decides."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311  # a repeatable stream is wanted
        self.held = [offer(n) for n in range(self.rng.choice((0, 1, 2, 99, 100, 101, 350)))]
        self.hidden = self.rng.choice((0.0, 0.0, 0.3, 0.6))
        self.seen = [one for one in self.held if self.rng.random() >= self.hidden]
        self.largest = self.rng.choice((1, 3, 40, 100, 1000))
        self.is_random_size = self.rng.random() < 0.5
        self.count = self.rng.choice(("", "page", "right", "wrong"))
        self.has_links = self.rng.random() < 0.3
        self.is_zipped = self.rng.random() < 0.5
        self.faults = self.rng.choice((0.0, 0.2, 0.5))
        self.failed: Counter[Call] = Counter()

    def __call__(self, call: Call, calls: list[Call]) -> Reply:
        if call.path != "productOffering":
            return Reply(404)
        if self.failed[call] < 2 and self.rng.random() < self.faults:
            self.failed[call] += 1
            return self.fault(call)
        return self.answer(call)

    def answer(self, call: Call) -> Reply:
        size = min(call.limit, self.largest)
        if self.is_random_size and size > 2:
            size = self.rng.randint(2, size)
        if self.hidden and not self.has_links:
            size = call.limit  # those that may not be seen take their room
            window = self.held[call.offset : call.offset + size]
            page = [one for one in window if one in self.seen]
        else:
            page = self.seen[call.offset : call.offset + size]
        headers = []
        if self.count:
            total = {"page": len(page), "right": len(self.seen), "wrong": 10_000}[self.count]
            headers.append(("X-Total-Count", str(total)))
        if self.has_links and call.offset + size < len(self.seen):
            query = f"offset={call.offset + size}&limit={call.limit}"
            headers.append(("Link", f'<http://internal.invalid/x?{query}>; rel="next"'))
        elif self.has_links:
            headers.append(("Link", '<http://internal.invalid/x?offset=0>; rel="first"'))
        return self.written(page, headers)

    def written(self, page: list[Body], headers: list[tuple[str, str]]) -> Reply:
        body = json.dumps(page, ensure_ascii=self.rng.random() < 0.5).encode()
        if self.is_zipped:
            body = gzip.compress(body)
            headers.append(("Content-Encoding", "gzip"))
        return Reply(self.rng.choice((200, 206)), body, tuple(headers))

    def fault(self, call: Call) -> Reply:
        whole = self.answer(call)
        half = whole.body[: len(whole.body) // 2]
        return self.rng.choice(
            (
                Reply(429, b"", (("Retry-After", "0"),)),
                Reply(503),
                Reply(500, b"oops"),
                Reply(drop=True),
                whole._replace(cut=True),  # longer by Content-Length than it is
                whole._replace(body=half),  # a length that fits half an answer
                Reply(200, b"<html>Wait</html>"),
            )
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_that_a_faulty_server_shows_is_read(seed: int) -> None:
    faulty = Server(seed)
    with serving(faulty) as server:
        items = read_api(server)
    assert set(documents(items)) == {str(one["id"]) for one in faulty.seen}
    assert codes(items) & {"json-invalid", "list-unstable"} == set()


class Changing(Server):
    """Removes and adds offerings while it is read, for a while."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.hidden = 0.0
        self.held = self.seen = [offer(n) for n in range(600)]
        self.count, self.has_links, self.faults = "", False, 0.1
        self.largest, self.is_random_size = 60, False
        self.changes = self.rng.randint(1, 25)
        self.gone: set[str] = set()
        self.come: set[str] = set()

    def answer(self, call: Call) -> Reply:
        if self.changes and call.offset and self.rng.random() < 0.5:
            self.changes -= 1
            if self.rng.random() < 0.7:
                self.gone.add(str(self.seen.pop(self.rng.randrange(len(self.seen)))["id"]))
            else:
                new = offer(10_000 + self.changes)
                self.come.add(str(new["id"]))
                self.seen.insert(self.rng.randrange(len(self.seen)), new)
        return super().answer(call)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_that_stays_slips_through_while_others_vanish(seed: int) -> None:
    changing = Changing(seed)
    everything = {str(one["id"]) for one in changing.seen}
    with serving(changing) as server:
        items = read_api(server)
    found = set(documents(items))
    assert everything - changing.gone <= found
    assert found <= everything | changing.come


class Shuffling(Server):
    """Gives its list in a new order for each page, as a store without ORDER BY may."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.hidden, self.count, self.has_links, self.faults = 0.0, "", False, 0.0
        self.held = self.seen = [offer(n) for n in range(150)]
        self.largest, self.is_random_size = 100, False

    def answer(self, call: Call) -> Reply:
        self.rng.shuffle(self.seen)
        return super().answer(call)


def test_list_without_an_order_is_said_to_be_unstable() -> None:
    shuffling = Shuffling(1)
    with serving(shuffling) as server:
        items = read_api(server)
    assert "list-unstable" in codes(items)
    assert set(documents(items)) <= {str(one["id"]) for one in shuffling.seen}


def broken_at(*positions: int, reply: Callable[[list[Body]], Reply]) -> Answering:
    """Serve 250 offerings; a page that holds one of these positions is broken, always."""

    def answering(call: Call, calls: list[Call]) -> Reply:
        if call.path != "productOffering":
            return Reply(404)
        page = [offer(n) for n in range(250)][call.offset : call.offset + call.limit]
        if any(call.offset <= one < call.offset + call.limit for one in positions):
            return reply(page)
        return Reply(200, json.dumps(page).encode())

    return answering


BREAKS: dict[str, Callable[[list[Body]], Reply]] = {
    "the server fails": lambda page: Reply(500),
    "no JSON": lambda page: Reply(200, json.dumps(page).encode()[:-1] + b",,]"),
    "the server closes": lambda page: Reply(200, b"[{", cut=True),
    "nested deeply": lambda page: Reply(200, b"[" * 200_000 + b"]" * 200_000),
    "no UTF-8": lambda page: Reply(200, b'[{"id": "\xff'),
}


@pytest.mark.parametrize("what", BREAKS)
def test_object_that_cannot_be_served_takes_no_other_with_it(what: str) -> None:
    # Whose very first answer breaks off may be no catalogue at all.
    bad = (157, 158, 249) if what == "the server closes" else (0, 57, 58, 249)
    with serving(broken_at(*bad, reply=BREAKS[what])) as server:
        items = read_api(server)
    good = {str(offer(n)["id"]) for n in range(250)} - {str(offer(n)["id"]) for n in bad}
    assert set(documents(items)) == good
    lost = [i for i in items if isinstance(i, Problem) and i.code == "json-invalid"]
    assert [one.at.partition("?")[2] for one in lost] == [f"offset={n}&limit=1" for n in bad]


def test_members_that_are_no_objects_are_reported_each_with_its_place() -> None:
    page = [offer(0), None, "text", 7, [], None, {"id": "urn:x:1", "name": "One"}]

    def answering(call: Call, calls: list[Call]) -> Reply:
        if call.path != "productOffering":
            return Reply(404)
        return Reply(200, json.dumps(page[call.offset : call.offset + call.limit]).encode())

    with serving(answering) as server:
        items = read_api(server)
    assert set(documents(items)) == {str(offer(0)["id"]), "urn:x:1"}
    unknown = [i.at for i in items if isinstance(i, Problem) and i.code == "resource-unknown"]
    assert [at.partition("#")[2] for at in unknown] == ["/1", "/2", "/3", "/4", "/5"]


def test_server_that_dies_and_stays_dead_breaks_the_reading() -> None:
    def answering(call: Call, calls: list[Call]) -> Reply:
        if call.path == "productOffering" and call.offset < 100:
            return Reply(200, json.dumps([offer(n) for n in range(100)]).encode())
        return Reply(drop=True)

    with serving(answering) as server, pytest.raises(Unavailable) as caught:
        read_api(server, patience="30")
    assert caught.value.code == "source-broke"
