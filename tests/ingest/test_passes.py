"""Sources that can be asked what changed: nothing is lost, at the latest by the next whole sync."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from kgservice_importers.tmf620 import IMPORTER

from kgservice.ingest import catalogs
from kgservice.ingest.passes import sync_as_registered
from kgservice.ingest.pipeline import SyncRequest
from kgservice.ingest.policy import Policy
from kgservice.ingest.report import SyncReport
from kgservice.model.documents import ImportContext
from kgservice.model.errors import InputError
from kgservice.model.terms import DCTERMS
from kgservice.store.documents import ContentStore
from kgservice.store.port import MERGED_GRAPH, Store
from kgservice.store.vocabulary import load_vocabulary

API = "/tmf-api/productCatalogManagement/v4"
BASE = "http://kg.example/"
FIRST = datetime(2026, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Source:
    """A TMF620 API that filters by `lastUpdate`, or does as if it did not see the filter."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, dict[str, Any]]] = {"productOffering": {}}
        self.heeds_filter = True
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def put(self, number: int, name: str, at: datetime, resource: str = "productOffering") -> None:
        kind = "product-offering" if resource == "productOffering" else "product-specification"
        identity = f"urn:ngsi-ld:{kind}:{number}"
        link = {"productSpecification": {"id": f"urn:ngsi-ld:product-specification:{number}"}}
        self.held.setdefault(resource, {})[identity] = {
            "id": identity,
            "name": name,
            "lastUpdate": at.isoformat(),
            **(link if resource == "productOffering" else {}),
        }

    def answer(self, address: str) -> tuple[int, object]:
        self.asked.append(address)
        parts = urlsplit(address)
        resource, _, identity = parts.path.removeprefix(API + "/").partition("/")
        if resource not in self.held:
            return 404, {}
        held = self.held[resource]
        if identity:
            found = held.get(unquote(identity))
            return (200, found) if found else (404, {})
        asked = parse_qs(parts.query)
        since = asked.get("lastUpdate.gte", [""])[0] if self.heeds_filter else ""
        listed = [o for o in held.values() if not since or o["lastUpdate"] >= since]
        return 200, listed[int(asked.get("offset", ["0"])[0]) :][:100]


def _handler(source: Source) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, tree = source.answer(self.path)
            data = json.dumps(tree).encode()
            with suppress(OSError):
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
        made.put(number, f"Offer {number}", FIRST - 30 * 24 * HOUR)
        made.put(number, f"Kind {number}", FIRST - 30 * 24 * HOUR, "productSpecification")
    yield made
    made.server.shutdown()
    made.server.server_close()


class Registered:
    """A catalogue that asks its source what changed."""

    def __init__(self, store: Store, folder: Path, policy: Policy, source: Source) -> None:
        self.store, self.contents, self.policy = store, ContentStore(folder), policy
        self.source = source
        self.options = {"incremental": "lastUpdate"}

    def register(self) -> None:
        address = f"http://{self.source.host}{API}"
        made = catalogs.Catalog("a", "tmf620", address, self.options)
        catalogs.register(self.store, BASE, made)

    def sync(self, at: datetime) -> SyncReport:
        self.source.asked.clear()
        catalog = catalogs.get_catalog(self.store, "a")
        context = ImportContext("a", BASE, load_vocabulary(), frozenset({self.source.host}))
        request = SyncRequest(
            catalog, IMPORTER, context, self.contents, policy=self.policy, at=at, isolated=False
        )
        return sync_as_registered(self.store, request)

    def titles(self) -> set[str]:
        graph = self.store.graph(MERGED_GRAPH)
        return {str(t.object[0]) for t in graph if t.predicate == DCTERMS.title}


@pytest.fixture
def registered(store: Store, tmp_path: Path, policy: Policy, source: Source) -> Registered:
    made = Registered(store, tmp_path / "documents", policy, source)
    made.register()
    return made


def test_only_what_the_source_says_has_changed_is_read(
    registered: Registered, source: Source
) -> None:
    assert not registered.sync(FIRST).is_partial
    source.put(1, "Better", FIRST + HOUR)
    report = registered.sync(FIRST + 2 * HOUR)
    assert (report.is_partial, report.counts["changed"]) == (True, 1)
    assert "Better" in registered.titles()
    lists = [one for one in source.asked if "offset=" in one and "lastUpdate.gte" not in one]
    assert not [one for one in lists if "/productOffering?" in one], "no list was read as a whole"
    report = registered.sync(FIRST + 8 * HOUR)
    assert (report.is_partial, report.counts["changed"]) == (True, 0)


def test_what_the_source_does_not_say_is_found_by_the_next_whole_sync(
    registered: Registered, source: Source
) -> None:
    registered.sync(FIRST)
    source.held["productOffering"].pop("urn:ngsi-ld:product-offering:0")
    source.put(2, "Silent", FIRST - 30 * 24 * HOUR)
    report = registered.sync(FIRST + 2 * HOUR)
    assert report.is_partial
    assert (report.counts["documents"], report.counts["unchanged"]) == (3, 3)
    report = registered.sync(FIRST + 25 * HOUR)
    assert not report.is_partial
    assert (report.counts["changed"], report.counts["retired"]) == (1, 1)
    assert "Silent" in registered.titles()
    assert registered.sync(FIRST + 26 * HOUR).is_partial, "it counts from the whole one again"


def test_a_source_that_does_not_heed_the_filter_is_read_as_a_whole(
    registered: Registered, source: Source
) -> None:
    registered.sync(FIRST)
    source.heeds_filter = False
    source.held["productOffering"].pop("urn:ngsi-ld:product-offering:0")
    report = registered.sync(FIRST + HOUR)
    assert (report.is_partial, report.counts["retired"]) == (False, 1)


def test_a_changed_object_that_others_link_to_makes_everything_be_read(
    registered: Registered, source: Source
) -> None:
    registered.sync(FIRST)
    source.put(1, "Other kind", FIRST + HOUR, "productSpecification")
    report = registered.sync(FIRST + 2 * HOUR)
    assert (report.is_partial, report.counts["unchanged"]) == (False, 2)


def test_other_rules_and_another_registration_read_everything(
    registered: Registered, source: Source
) -> None:
    registered.sync(FIRST)
    registered.options["whole-every"] = "2"
    registered.register()
    assert not registered.sync(FIRST + HOUR).is_partial
    assert registered.sync(FIRST + 2 * HOUR).is_partial
    assert not registered.sync(FIRST + 3 * HOUR).is_partial
    registered.options["incremental"] = "etag"
    registered.register()
    with pytest.raises(InputError, match="incremental"):
        registered.sync(FIRST + 4 * HOUR)
