"""Sources that give notice of changes: a hint makes us look, and is believed in nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import pytest
from flask.testing import FlaskClient

from kgservice.api.app import create_app
from kgservice.ingest.catalogs import get_catalog
from kgservice.model.settings import resolve_settings
from kgservice.mpli import catalogs, notices
from kgservice.mpli.application import Application
from kgservice.mpli.notice_book import MOST_WAITING, WHOLE, NoticeBook
from kgservice.mpli.notice_clerk import NoticeClerk
from kgservice.mpli.opening import open_application

API = "/tmf-api/productCatalogManagement/v4"
OFFER = "urn:ngsi-ld:product-offering:noticed-{}"


class Source:
    """A TMF620 API with a hub; a test changes what it holds."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.registered: dict[str, str] = {}
        self.asked: list[str] = []
        self.hub_status = 201
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    @property
    def callback(self) -> str:
        """Give the path of the one callback that is registered."""
        (address,) = self.registered.values()
        return urlsplit(address).path

    def found(self, parts: SplitResult) -> tuple[int, object]:
        name = unquote(parts.path.rpartition("/")[2])
        if f"{API}/hub/" in parts.path:
            return (200 if name in self.registered else 404), {}
        if parts.path == f"{API}/productOffering":
            offset = int(parse_qs(parts.query).get("offset", ["0"])[0])
            return 200, list(self.held.values())[offset : offset + 100]
        return (200 if name in self.held else 404), self.held.get(name, {})

    def put(self, number: int, name: str) -> None:
        identity = OFFER.format(number)
        self.held[identity] = {"id": identity, "name": name, "lifecycleStatus": "Launched"}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def _handler(source: Source) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            source.asked.append(self.path)
            self.answer(*source.found(urlsplit(self.path)))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            identity = f"hub-{len(source.registered)}"
            if source.hub_status == 201:
                source.registered[identity] = body["callback"]
            self.answer(source.hub_status, {"id": identity, "callback": body["callback"]})

        def do_DELETE(self) -> None:
            source.registered.pop(self.path.rpartition("/")[2], None)
            self.answer(200, {})

        def answer(self, status: int, tree: object) -> None:
            data = json.dumps(tree).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    for number in range(3):
        made.put(number, f"Offer {number}")
    yield made
    made.close()


@pytest.fixture
def application(tmp_path: Path, source: Source) -> Iterator[Application]:
    settings = resolve_settings({"KG_DATA_DIR": str(tmp_path), "KG_ALLOW_HOSTS": source.host}, {})
    opened = open_application(settings)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def client(application: Application) -> FlaskClient:
    return create_app(application).test_client()


def listen(application: Application, source: Source, **options: str) -> None:
    address = f"http://{source.host}{API}"
    catalogs.add_catalog(application, "near", "tmf620", address, {"hub": "true", **options})
    catalogs.sync_now(application, "near")
    source.asked.clear()


def give(
    client: FlaskClient, source: Source, number: int, kind: str = "AttributeValueChange"
) -> None:
    event = f"productOffering{kind}Event"
    body = {
        "eventId": "e-1",
        "eventTime": "2026-11-24T12:00:00Z",
        "timeOcurred": "2026-11-24T12:00:00Z",
        "eventType": event[0].upper() + event[1:],
        "event": {"productOffering": {"id": OFFER.format(number), "name": "a lie"}},
    }
    answer = client.post(f"{source.callback}/listener/{event}", json=body)
    assert answer.status_code == 204, answer.get_data(as_text=True)


def titles(application: Application) -> set[str]:
    rows = application.store.read(
        "SELECT ?t { ?o a kg:Offering ; dcterms:title ?t }".replace(
            "kg:Offering", "<https://w3id.org/kgservice/ns#Offering>"
        ).replace("dcterms:title", "<http://purl.org/dc/terms/title>")
    )
    return {getattr(row["t"], "value", "") for row in rows}


def settle(application: Application) -> None:
    """Wait until the jobs after notices are done: each tells when it has ended."""
    clerk, runner = application.notices, application.jobs
    assert clerk is not None
    assert runner is not None
    while clerk.book.catalogs_waiting():
        for job in runner.jobs():
            after = 0
            while runner.job(job.id).state == "running":
                for event in runner.events(job.id, after, wait_s=30):
                    after = event.id


def test_change_is_read_from_the_source_and_not_from_the_notice(
    application: Application, client: FlaskClient, source: Source
) -> None:
    listen(application, source)
    source.put(1, "Changed")
    give(client, source, 1)
    settle(application)
    assert titles(application) == {"Offer 0", "Changed", "Offer 2"}
    assert not [
        path for path in source.asked if "limit=100" in path and "/productOffering?" in path
    ]


def test_new_offerings_come_and_deleted_ones_are_retired(
    application: Application, client: FlaskClient, source: Source
) -> None:
    listen(application, source)
    source.put(7, "New")
    del source.held[OFFER.format(0)]
    give(client, source, 7, "Create")
    give(client, source, 0, "Delete")
    give(client, source, 2, "Delete")  # it is not true
    settle(application)
    assert titles(application) == {"Offer 1", "Offer 2", "New"}


def test_change_of_a_specification_makes_us_look_at_everything(
    application: Application, client: FlaskClient, source: Source
) -> None:
    listen(application, source)
    source.put(1, "Changed too")
    body = {"event": {"productSpecification": {"id": "urn:x:1"}}}
    path = f"{source.callback}/listener/productSpecificationAttributeValueChangeEvent"
    assert client.post(path, json=body).status_code == 204
    settle(application)
    assert "Changed too" in titles(application)


BAD: dict[str, tuple[str, bytes]] = {
    "no JSON": ("productOfferingCreateEvent", b"{"),
    "nested deeply": ("productOfferingCreateEvent", b"[" * 100_000),
    "a list": ("productOfferingCreateEvent", b"[]"),
    "no such event": ("soldOutEvent", b"{}"),
    "an event of another API": ("productOrderCreateEvent", b'{"event": {"productOrder": {}}}'),
    "nobody is meant": ("productOfferingCreateEvent", b'{"event": {"productOffering": {}}}'),
    "too large": ("productOfferingCreateEvent", b'{"a": "' + b"x" * 1_100_000 + b'"}'),
}


def test_bad_notice_is_refused_and_changes_nothing(
    application: Application, client: FlaskClient, source: Source
) -> None:
    listen(application, source)
    for what, (event, body) in BAD.items():
        answer = client.post(f"{source.callback}/listener/{event}", data=body)
        assert answer.status_code == 400, what
        assert answer.get_json()["code"] == "notice-invalid"
    assert application.notices is not None
    assert application.notices.book.catalogs_waiting() == []
    assert source.asked == []


def test_who_does_not_know_the_secret_finds_nothing(
    application: Application, client: FlaskClient, source: Source
) -> None:
    listen(application, source)
    good = {"event": {"productOffering": {"id": OFFER.format(1)}}}
    for path in (
        "near/hub/guess",
        "far/hub/guess",
        f"far/hub/{source.callback.rpartition('/')[2]}",
    ):
        answer = client.post(f"/catalogs/{path}/listener/productOfferingCreateEvent", json=good)
        assert answer.status_code == 404
    assert application.notices is not None
    assert application.notices.book.catalogs_waiting() == []


def test_address_in_a_notice_is_never_called(
    application: Application, client: FlaskClient, source: Source
) -> None:
    listen(application, source)
    trap = Source()
    try:
        body = {
            "callback": f"http://{trap.host}/",
            "event": {"productOffering": {"href": f"http://{trap.host}{API}/productOffering/1"}},
        }
        path = f"{source.callback}/listener/productOfferingCreateEvent"
        assert client.post(path, json=body).status_code == 204
        settle(application)
        assert trap.asked == []
        assert any("/productOffering/1" in path for path in source.asked)
    finally:
        trap.close()


def test_secret_is_in_no_answer_and_in_no_file(
    application: Application, client: FlaskClient, source: Source, tmp_path: Path
) -> None:
    listen(application, source)
    secret = source.callback.rpartition("/")[2]
    assert len(secret) >= 43
    token = application.tokens.create("operator", name="boss")
    headers = {"Authorization": f"Bearer {token}"}
    shown = client.get("/catalogs/near", headers=headers).get_data(as_text=True)
    assert json.loads(shown)["notices"]["since"]
    said = shown + client.get("/catalogs/near/report", headers=headers).get_data(as_text=True)
    dump = "".join(str(row) for row in application.store.read("SELECT * { GRAPH ?g { ?s ?p ?o } }"))
    assert secret not in said + dump
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_registration_is_made_once_and_again_when_the_source_forgot_it(
    application: Application, source: Source
) -> None:
    listen(application, source)
    first = dict(source.registered)
    catalogs.sync_now(application, "near")
    assert source.registered == first
    source.registered.clear()
    catalogs.sync_now(application, "near")
    assert list(source.registered.values()) != list(first.values())
    catalogs.remove_catalog(application, "near")
    assert source.registered == {}


def test_source_that_takes_no_listener_is_told_of_and_synced_all_the_same(
    application: Application, source: Source
) -> None:
    source.hub_status = 501
    listen(application, source)
    assert titles(application) == {"Offer 0", "Offer 1", "Offer 2"}
    shown = catalogs.show_catalog(application, "near")
    assert "501" in str(shown["notices"])
    source.hub_status = 201
    catalogs.sync_now(application, "near")
    assert len(source.registered) == 1


def test_nobody_registers_where_the_source_could_not_reach_us(application: Application) -> None:
    catalogs.add_catalog(application, "far", "tmf620", "https://far.example/x", {"hub": "true"})
    notices.listen(application, get_catalog(application.store, "far"))
    shown = catalogs.show_catalog(application, "far")
    assert "problem" in dict(shown["notices"])  # type: ignore[call-overload]


def test_many_notices_start_few_jobs(tmp_path: Path) -> None:
    """A clock that a test moves decides; nothing waits."""
    now = [0.0]
    started: list[float] = []
    book = NoticeBook(tmp_path / "notices.sqlite")
    clerk = NoticeClerk(book, lambda name: started.append(now[0]), clock=lambda: now[0])
    for _ in range(100):
        book.note("near", [OFFER.format(1)])
        clerk.look()
        now[0] += 0.01
    assert len(started) <= 1
    for _ in range(600):  # nobody does the job: it is tried less and less often
        now[0] += 1
        clerk.look()
    assert 5 < len(started) < 15
    assert len(book.waiting("near")[1]) == 1


def test_more_notices_than_can_be_kept_mean_everything(tmp_path: Path) -> None:
    book = NoticeBook(tmp_path / "notices.sqlite")
    book.note("near", (OFFER.format(n) for n in range(MOST_WAITING + 1)))
    number, documents = book.waiting("near")
    assert documents == {WHOLE}
    book.note("near", [OFFER.format(5)])  # comes while that is read
    book.done("near", number)
    assert book.waiting("near")[1] == {OFFER.format(5)}
