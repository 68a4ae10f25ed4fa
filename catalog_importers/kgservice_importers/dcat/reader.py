"""From readings of pages to import items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from kgservice.model.documents import (
    Gone,
    ImportContext,
    ImportItem,
    SetAside,
    SourceDocument,
    Unchanged,
)
from kgservice.model.errors import Problem
from kgservice.model.rdf import Iri
from kgservice_importers.dcat.documents import DocumentMaker, PageFacts, offered_classes
from kgservice_importers.dcat.graph import Graph, name_nodes
from kgservice_importers.dcat.partition import Part, Partition
from kgservice_importers.rdf.kinds import DEFINING, kind_of, kinds_of, message_of
from kgservice_importers.rdf.reading import Reading

_MOST_NAMED: Final = 6
Pages: TypeAlias = Iterable[tuple[Reading | Problem | SetAside, str]]
"""What each page gave, and which page it is."""


@dataclass(slots=True)
class CatalogReader:
    """Reads pages one after the other; what they have in common is known at the end.

    Attributes:
        context: What the importer may know.
        waits: Keep things that no catalogue lists yet until the end, since another file may.
    """

    context: ImportContext
    waits: bool = False
    _maker: DocumentMaker = field(init=False)
    _offered: frozenset[str] = field(init=False)
    _seen: dict[str, str] = field(default_factory=dict, init=False)
    _waiting: list[tuple[Part, PageFacts, str]] = field(default_factory=list, init=False)
    _catalogs: dict[Iri, tuple[Part, PageFacts, str]] = field(default_factory=dict, init=False)
    _is_whole: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        """Load the tables and the vocabulary."""
        self._maker = DocumentMaker(self.context)
        kinds = {c.value for c in self.context.vocabulary.classes.values()}
        self._offered = frozenset(kinds | offered_classes())

    def read(self, pages: Pages) -> Iterator[ImportItem]:
        """Give the items of all pages, and what was asked for and is on none of them."""
        yield from (item for _, item in self.trace(pages))
        if self._is_whole:
            yield from (Gone(name) for name in sorted(self.context.only - set(self._seen)))

    def trace(self, pages: Pages) -> Iterator[tuple[str, ImportItem]]:
        """Give each item with the page that it comes from."""
        for reading, at in pages:
            if isinstance(reading, Reading):
                yield from ((at, item) for item in self._page(reading, at))
            else:
                self._is_whole &= isinstance(reading, SetAside)
                yield at, reading
        yield from self._rest()

    def _page(self, reading: Reading, at: str) -> Iterator[ImportItem]:
        tables = self._maker.tables
        triples = name_nodes(reading.triples, self._maker.home, at, tables)
        partition = Partition(Graph(triples), tables, self._offered)
        if not partition.roots or _is_something_else(reading, len(partition.roots)):
            if not message_of(reading.triples) and (reading.triples or reading.contexts):
                yield from reading.problems
            yield SetAside(at, kind_of(reading.triples) if reading.triples else reading.syntax)
            return
        yield from reading.problems
        facts = PageFacts(
            tables.dialect((*reading.contexts, *(t.predicate.value for t in triples))),
            frozenset(
                t.object.value
                for t in triples
                if t.predicate.value in tables.parties and isinstance(t.object, Iri)
            ),
            reading.dropped,
            partition.words(),
        )
        for part in partition.parts():
            yield from self._part(part, facts, at)
            facts = replace(facts, dropped=frozenset())
        yield from _left(partition, at)

    def _part(self, part: Part, facts: PageFacts, at: str) -> Iterator[ImportItem]:
        if part.kind == "Catalog":
            self._maker.remember(part)
            assert isinstance(part.root, Iri)  # noqa: S101 - nameless catalogues have been named
            self._catalogs.setdefault(part.root, (part, facts, at))
        elif self.waits and not part.catalogs and isinstance(part.root, Iri):
            self._waiting.append((part, facts, at))
        else:
            yield from self._document(part, facts, at)

    def _rest(self) -> Iterator[tuple[str, ImportItem]]:
        listing: dict[object, list[Iri]] = {}
        for catalog, triples in self._maker.catalogs.items():
            for triple in triples:
                if triple.predicate.value in self._maker.tables.members:
                    listing.setdefault(triple.object, []).append(catalog)
        for part, facts, at in self._waiting:
            known = replace(part, catalogs=tuple(listing.get(part.root, ())))
            yield from ((at, item) for item in self._document(known, facts, at))
        for catalog, (part, facts, at) in self._catalogs.items():
            whole = replace(part, triples=self._maker.catalogs[catalog])
            yield from ((at, item) for item in self._document(whole, facts, at))

    def _document(self, part: Part, facts: PageFacts, at: str) -> Iterator[ImportItem]:
        draft = self._maker.draft(part, facts)
        name = draft.root.value
        before = self._seen.setdefault(name, draft.fingerprint)
        is_repeated = before is not draft.fingerprint
        if is_repeated and before == draft.fingerprint:
            return
        if is_repeated:
            name = f"{name} in {at}"
            self._seen.setdefault(name, draft.fingerprint)
        if self.context.only and name not in self.context.only:
            return
        if self.context.known.get(name) == draft.fingerprint:
            yield Unchanged(name)
            return
        document = self._maker.document(draft)
        yield _apart(document, name, at) if is_repeated else document


def _apart(document: SourceDocument, name: str, at: str) -> SourceDocument:
    """Two files that say different things of one thing are two documents."""
    detail = f"another document is about {document.source_id} too"
    hint = "Both were read; this one is known by what it is about and its file."
    problems = (*document.problems, Problem("document-id-repeated", detail, at, hint))
    return replace(document, source_id=name, problems=problems)


def _is_something_else(reading: Reading, roots: int) -> bool:
    """A vocabulary may describe its publisher; a message of a protocol holds a policy."""
    if message_of(reading.triples):
        return True
    counted = kinds_of(reading.triples)
    return sum(counted[kind] for kind in DEFINING - {"concept-scheme"}) > 2 * roots


def _left(partition: Partition, at: str) -> Iterator[Problem]:
    left = partition.left()
    if not left:
        return
    many = sum(left.values())
    kinds = ", ".join(f"{name} ({n})" for name, n in left.most_common(_MOST_NAMED))
    detail = f"{many} things are no part of what is offered: {kinds}"
    hint = "They were left out; the statements of a document are those that its parts lead to."
    yield Problem("resource-unattached", detail, at, hint)
