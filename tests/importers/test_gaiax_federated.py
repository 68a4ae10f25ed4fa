"""A federated catalogue and a feed of events are read to their end, and then only what changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from gaiax_server import Entry, Server, Site
from kgservice_importers.gaiax import IMPORTER
from small_vocabulary import context

from kgservice.model.documents import Gone, ImportItem, SourceDocument, Unchanged
from kgservice.model.errors import Problem, Unavailable

V2 = ["https://www.w3.org/ns/credentials/v2", "https://w3id.org/gaia-x/2511#"]


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    with Server(found):
        yield found


def credential(number: int, text: str = "A") -> dict[str, Any]:
    return {
        "@context": V2,
        "id": f"https://p.example/credentials/{number}",
        "type": ["VerifiableCredential", "gx:ServiceOffering"],
        "issuer": "did:web:p.example",
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": f"https://p.example/offerings/{number}", "gx:name": text},
    }


def entry(number: int, text: str = "A", **changes: str) -> Entry:
    return Entry(
        f"https://p.example/offerings/{number}", json.dumps(credential(number, text)), **changes
    )


def event(number: int, data: object, **changes: object) -> dict[str, Any]:
    return {
        "specversion": "1.0", "type": "eu.gaia-x.credential", "id": f"event-{number:03}",
        "source": "https://p.example/", "subject": None, "time": "2026-05-01T10:00:00Z",
        "cesreceiveddate": f"2026-05-01T10:{number:02}:00Z",
        "datacontenttype": "application/json", "data": data, **changes,
    }  # fmt: skip


def read(
    site: Site, path: str, kept: list[ImportItem] | None = None, **options: str
) -> list[ImportItem]:
    allowed = frozenset({site.host})
    known = {i.source_id: i.fingerprint for i in kept or () if isinstance(i, SourceDocument)}
    given = replace(context("c", allowed_hosts=allowed, **options), known=known)
    site.asked.clear()
    return list(IMPORTER.read(f"http://{site.host}{path}", given))


def ids(items: list[ImportItem], kind: type = SourceDocument) -> list[str]:
    return [i.source_id.rpartition("/")[2] for i in items if isinstance(i, kind)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("path", "is_new"), [("/self-descriptions", False), ("/assets", True)])
def test_a_catalogue_is_read_page_by_page_whatever_total_it_tells(
    site: Site, path: str, is_new: bool
) -> None:
    site.entries, site.is_new = [entry(n) for n in range(5)], is_new
    items = read(site, path)
    assert ids(items) == ["0", "1", "2", "3", "4"]
    assert not [item for item in items if isinstance(item, Problem)]


@pytest.mark.parametrize(("path", "is_new"), [("/self-descriptions", False), ("/assets", True)])
def test_only_what_changed_in_a_catalogue_is_fetched_again(
    site: Site, path: str, is_new: bool
) -> None:
    site.entries, site.is_new = [entry(n) for n in range(4)], is_new
    kept = read(site, path)
    site.entries[2] = entry(2, "B", changed="2026-06-01T00:00:00Z")
    del site.entries[0]
    items = read(site, path, kept)
    assert ids(items, Unchanged) == ["1", "3"]
    assert ids(items) == ["2"]
    assert len([asked for asked in site.asked if asked.count("/") == 2]) == 1


def test_a_catalogue_may_be_asked_for_changes_only(site: Site) -> None:
    site.entries = [entry(n) for n in range(5)]
    kept = read(site, "/self-descriptions")
    site.entries[1] = entry(1, "B", changed="2026-06-01T00:00:00Z")
    site.entries[3] = entry(3, status="REVOKED", changed="2026-06-02T00:00:00Z")
    site.entries[0] = entry(0, changed="2026-04-01T00:00:00Z")
    items = read(site, "/self-descriptions", kept, **{"changes-only": "true"})
    assert any("statusTimerange=2026-05-01" in asked for asked in site.asked)
    assert sorted(ids(items) + ids(items, Unchanged)) == ["0", "1", "2", "4"]
    assert ids(items) == ["1"]
    assert ids(items, Gone) == ["3"]
    assert [item.code for item in items if isinstance(item, Problem)] == ["changes-only"]


def test_a_catalogue_that_breaks_half_way_is_unavailable(site: Site) -> None:
    site.entries, site.breaks_at = [entry(n) for n in range(5)], 2
    with pytest.raises(Unavailable):
        read(site, "/self-descriptions")


def test_a_description_that_is_asked_for_and_gone_is_told(site: Site) -> None:
    site.entries = [entry(n) for n in range(3)]
    given = replace(
        context("c", allowed_hosts=frozenset({site.host})),
        only=frozenset({"https://p.example/credentials/1", "https://p.example/credentials/9"}),
    )
    items = list(IMPORTER.read(f"http://{site.host}/self-descriptions", given))
    assert ids(items) == ["1"]
    assert ids(items, Gone) == ["9"]


def test_a_feed_gives_the_last_of_each_credential(site: Site) -> None:
    site.events = [event(1, credential(1)), event(2, credential(2)), event(3, credential(1, "B"))]
    items = read(site, "/credentials-events")
    assert ids(items) == ["2", "1"]
    names = {t.object.value for i in items for t in i.triples if "name" in t.predicate.value}  # type: ignore[union-attr]
    assert names == {"A", "B"}


def test_a_feed_without_a_cursor_is_read_by_its_pages(site: Site) -> None:
    site.events, site.knows_cursor = [event(n, credential(n)) for n in range(1, 8)], False
    assert len(ids(read(site, "/credentials-events"))) == 7


def test_an_event_that_is_kept_is_not_read_again(site: Site) -> None:
    site.events = [event(n, credential(n)) for n in range(1, 4)]
    kept = read(site, "/credentials-events")
    del site.events[1]
    site.events.append(event(4, credential(4)))
    items = read(site, "/credentials-events", kept)
    assert ids(items, Unchanged) == ["1", "3"]
    assert ids(items) == ["4"]


def test_a_feed_is_read_from_its_cursor(site: Site) -> None:
    site.events = [event(n, credential(n)) for n in range(1, 4)]
    kept = read(site, "/credentials-events")
    site.events += [
        event(4, credential(4)),
        event(5, None, subject="https://p.example/credentials/2", change="retired"),
    ]
    items = read(site, "/credentials-events", kept, **{"changes-only": "true"})
    assert "lastReceivedID=event-003" in site.asked[1]
    assert ids(items) == ["4"]
    assert ids(items, Unchanged) == ["1", "3"]
    assert ids(items, Gone) == ["2"]
    assert [item.code for item in items if isinstance(item, Problem)] == ["changes-only"]


def test_a_feed_that_forgot_the_cursor_is_read_from_its_beginning(site: Site) -> None:
    site.events = [event(n, credential(n)) for n in range(1, 4)]
    kept = read(site, "/credentials-events")
    del site.events[2]
    items = read(site, "/credentials-events", kept, **{"changes-only": "true"})
    assert ids(items, Unchanged) == ["1", "2"]
    assert not [item for item in items if isinstance(item, Problem)]


def test_what_a_compliance_credential_is_about_is_fetched(site: Site) -> None:
    address = f"http://{site.host}/.well-known/offering.json"
    site.files = {"/.well-known/offering.json": json.dumps(credential(7))}
    subject = [
        {"id": address, "type": "gx:compliance", "gx:integrity": "sha256-00"},
        {"id": "http://other.example/x.json", "type": "gx:compliance", "gx:integrity": "sha256-0"},
    ]
    compliance = credential(1) | {"credentialSubject": subject}
    site.events = [event(1, compliance)]
    items = read(site, "/credentials-events")
    assert ids(items) == ["1", "7"]
    assert [item.code for item in items if isinstance(item, Problem)] == ["host-not-allowed"]


def test_a_file_with_a_document_that_is_not_kept_is_read_again(site: Site) -> None:
    """What has expired is not among those that are kept, and must not vanish with its file."""
    presentation = {"type": "VerifiablePresentation",
                    "verifiableCredential": [credential(1), credential(2)]}  # fmt: skip
    site.files = {"/list": json.dumps(["/vp.json"]), "/vp.json": json.dumps(presentation)}
    kept = read(site, "/list")
    assert ids(read(site, "/list", kept), Unchanged) == ["1", "2"]
    assert ids(read(site, "/list", kept[:1])) == ["1", "2"]
