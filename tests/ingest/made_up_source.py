"""A source that tests make up: documents and an importer that gives them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kgservice.model.documents import (
    Gone,
    ImportContext,
    ImportItem,
    SourceDocument,
    Unchanged,
)
from kgservice.model.errors import KgError
from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import DCTERMS, KG, RDF
from kgservice.model.vocabulary import Vocabulary

BASE = "http://kg.example/"
EMPTY = Vocabulary({}, {}, {}, {}, {}, {}, {}, {})
AT = datetime(2026, 12, 1, tzinfo=UTC)


def document(subject: str, *facts: tuple[str, Iri, Term], content: str = "") -> SourceDocument:
    """Make a document about an offering, with further facts (subject, predicate, value)."""
    node = Iri(subject)
    triples = (
        Triple(node, RDF.type, KG.PostgreSQL),
        Triple(node, DCTERMS.title, Literal(subject)),
        *(Triple(Iri(s), p, o) for s, p, o in facts),
    )
    text = content or repr(triples)
    own = frozenset({subject})
    return SourceDocument(subject, "application/json", text.encode(), node, own, triples)


@dataclass
class MadeUp:
    """An importer that gives what a test put in; an error in the list is raised."""

    items: list[ImportItem | KgError] = field(default_factory=list)
    type: str = "made-up"

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        for item in self.items:
            if isinstance(item, KgError):
                raise item
            yield item


@dataclass
class Careful(MadeUp):
    """The same, which reads what it is asked for and does not read again what is as it was."""

    asked: list[ImportContext] = field(default_factory=list)

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        self.asked.append(context)
        missing = set(context.only)
        for item in super().read(source, context):
            if not isinstance(item, SourceDocument):
                yield item
            elif not context.only or item.source_id in context.only:
                missing.discard(item.source_id)
                same = hashlib.sha256(item.content).hexdigest()
                is_known = context.known.get(item.source_id) == same
                yield Unchanged(item.source_id) if is_known else item
        yield from (Gone(one) for one in sorted(missing))


@dataclass(frozen=True)
class Wide:
    """Many documents with many bytes each, made one at a time: a source larger than memory."""

    number: int
    size: int
    type: str = "made-up"

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        for number in range(self.number):
            text = f"{number} ".ljust(self.size, "x")
            yield document(f"https://a.example/{number}", content=text)
