"""Catalogues: registered sources, kept as RDF in the metadata graph."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kgservice.ingest.documents import graph_prefix, retirement, typed_time
from kgservice.ingest.questions import select, select_for
from kgservice.ingest.report import SyncReport, report_from
from kgservice.model.errors import InputError, NotFound
from kgservice.model.rdf import Iri, Literal, Row, Triple
from kgservice.model.terms import DCAT, DCTERMS, KG, RDF
from kgservice.store.documents import ContentStore
from kgservice.store.port import META_GRAPH, ChangeKind, GraphChange, Store

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Catalog:
    """A registered source.

    Attributes:
        name: Short name, part of its IRI.
        type: Which importer reads it (`tmf620`, `gaia-x`).
        source: File, folder or address.
        options: The importer's options.
        synced: When it was last taken over, or empty.
        state: Digest of what the last sync depended on, or empty.
        report: Content hash of the last report, or empty.
    """

    name: str
    type: str
    source: str
    options: Mapping[str, str] = field(default_factory=dict)
    synced: str = ""
    state: str = ""
    report: str = ""

    def iri(self, base_iri: str) -> Iri:
        """Give the catalogue's IRI."""
        return Iri(f"{base_iri}catalog/{self.name}")

    def triples(self, base_iri: str) -> tuple[Triple, ...]:
        """Describe the catalogue (DCAT 3)."""
        node = self.iri(base_iri)
        texts = {
            KG.catalogName: self.name,
            KG.catalogType: self.type,
            KG.catalogSource: self.source,
            KG.catalogOptions: json.dumps(dict(self.options), sort_keys=True),
            KG.syncState: self.state,
            KG.syncReport: self.report,
            DCTERMS.title: self.name,
        }
        found = [Triple(node, RDF.type, KG.Catalog), Triple(node, RDF.type, DCAT.Catalog)]
        found += [Triple(node, p, Literal(text)) for p, text in texts.items() if text]
        if self.synced:
            found.append(Triple(node, KG.lastSync, typed_time(self.synced)))
        return tuple(found)


def list_catalogs(store: Store) -> list[Catalog]:
    """Give the registered catalogues by name."""
    return [_catalog(row) for row in select(store, "catalogs")]


def get_catalog(store: Store, name: str) -> Catalog:
    """Give one catalogue.

    Raises:
        NotFound: there is none of that name (`catalog-unknown`).
    """
    for catalog in list_catalogs(store):
        if catalog.name == name:
            return catalog
    raise NotFound(
        f"There is no catalogue {name!r}.",
        code="catalog-unknown",
        hint="`kg catalog list` shows those there are.",
    )


def register(store: Store, base_iri: str, catalog: Catalog) -> Catalog:
    """Add a catalogue, or change its source, type or options; nothing is read yet.

    Raises:
        InputError: the name cannot be part of an IRI (`catalog-name-invalid`).
    """
    if not _NAME.fullmatch(catalog.name):
        raise InputError(
            f"{catalog.name!r} is no name for a catalogue.",
            code="catalog-name-invalid",
            hint="Use lower-case letters, digits, dots and dashes; at most 64.",
        )
    old = [c for c in list_catalogs(store) if c.name == catalog.name]
    kept = old[0] if old else catalog
    merged = Catalog(
        catalog.name,
        catalog.type,
        catalog.source,
        dict(catalog.options),
        kept.synced,
        "",  # the next sync must look at everything
        kept.report,
    )
    store.commit(update(base_iri, old[0] if old else None, merged))
    return merged


def update(base_iri: str, old: Catalog | None, new: Catalog | None) -> list[GraphChange]:
    """Give the changes that replace a catalogue's description by another."""
    before = set(old.triples(base_iri)) if old else set()
    after = set(new.triples(base_iri)) if new else set()
    return [
        GraphChange(META_GRAPH, tuple(sorted(gone)), ChangeKind.REMOVE)
        for gone in (before - after,)
        if gone
    ] + [
        GraphChange(META_GRAPH, tuple(sorted(come)), ChangeKind.ADD)
        for come in (after - before,)
        if come
    ]


def remove(store: Store, base_iri: str, name: str, at: datetime | None = None) -> int:
    """Remove a catalogue and the graphs of its documents; give their number.

    Original bytes and the documents' provenance stay, marked as invalidated.

    Raises:
        NotFound: there is no such catalogue (`catalog-unknown`).
    """
    catalog = get_catalog(store, name)
    rows = select(store, "documents", catalog=catalog.iri(base_iri).value)
    live = [str(row["document"]) for row in rows if "gone" not in row]
    moment = (at or datetime.now(UTC)).isoformat()
    changes = [
        GraphChange(info.graph, (), ChangeKind.DELETE, info.merge)
        for info in store.graphs(graph_prefix(base_iri, name))
    ]
    changes += update(base_iri, catalog, None)
    gone = [t for document in live for t in retirement(document, base_iri, name, moment)]
    if gone:
        changes.append(GraphChange(META_GRAPH, tuple(gone), ChangeKind.ADD))
    store.commit(changes)
    return len(live)


def last_report(store: Store, contents: ContentStore, name: str) -> SyncReport:
    """Give the report of a catalogue's last sync.

    Raises:
        NotFound: no such catalogue, or it was never synced (`catalog-never-synced`).
    """
    catalog = get_catalog(store, name)
    if not catalog.report:
        raise NotFound(
            f"The catalogue {name!r} was never synced.",
            code="catalog-never-synced",
            hint=f"`kg catalog sync {name}`",
        )
    return report_from(contents.get(catalog.report))


def metadata_of(store: Store, documents: list[str]) -> dict[str, list[Triple]]:
    """Give all that the metadata graph says about documents, by document."""
    found: dict[str, list[Triple]] = {document: [] for document in documents}
    for row in select_for(store, "metadata", "documents", documents):
        subject, predicate = row["s"], row["p"]
        if isinstance(subject, Iri) and isinstance(predicate, Iri):
            found[subject.value].append(Triple(subject, predicate, row["o"]))
    return found


def _catalog(row: Row) -> Catalog:
    def get(name: str) -> str:
        term = row.get(name)
        return term.value if isinstance(term, Literal) else ""

    options = json.loads(get("options") or "{}")
    return Catalog(
        get("name"), get("type"), get("source"), options, get("synced"), get("state"), get("report")
    )
