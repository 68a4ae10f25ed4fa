"""The description of what is published, in VoID (W3C Interest Group Note, 3 March 2011)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kgservice.model.rdf import XSD, Iri, Literal, Row, Term, Triple, to_ntriples
from kgservice.mpli.publish import Edition
from kgservice.mpli.publish_dcat import OFFERINGS, Page

DUMP_SIZE: Final = 1000
"""Offerings of a page of the data dump."""

_VOID: Final = "http://rdfs.org/ns/void#"


def statements(edition: Edition, root: str) -> bytes:
    """Give the description as sorted N-Triples.

    Counts read every statement once for each state of the store: about 3 s for 2.5 million.
    """
    return edition.remember(
        ("void", root), lambda: to_ntriples(sorted(set(_made(edition, root)))).encode(), len
    )


def _made(edition: Edition, root: str) -> Iterable[Triple]:
    document, federated = Iri(f"{root}.well-known/void"), Iri(f"{root}.well-known/void#federation")
    yield from edition.construct(
        "publish-void",
        {
            "document": document,
            "federated": federated,
            "base": Iri(root),
            "endpoint": Iri(f"{root}sparql"),
            "publisher": Iri(f"{root}#publisher"),
        },
    )
    offerings = len(edition.ids(OFFERINGS))
    yield _count(federated, "entities", Literal(str(offerings), XSD + "integer"))
    pages = Page(root, 1, DUMP_SIZE, offerings)
    for number in range(1, pages.last + 1):
        yield Triple(federated, Iri(_VOID + "dataDump"), Iri(pages.address(number)))
    properties = edition.rows("publish-void-properties")
    total = sum(int(row["triples"][0]) for row in properties)
    yield _count(federated, "triples", Literal(str(total), XSD + "integer"))
    yield from _partitions(federated, "property", properties, "triples")
    yield from _partitions(federated, "class", edition.rows("publish-void-classes"), "entities")
    for query in ("publish-void-sources", "publish-void-statements"):
        for row in edition.rows(query):
            yield from (
                _count(row["catalog"], name, row[name])
                for name in ("documents", "entities", "triples")
                if name in row
            )


def _partitions(dataset: Iri, kind: str, rows: Iterable[Row], counted: str) -> Iterable[Triple]:
    for number, row in enumerate(rows, 1):
        part = Iri(f"{dataset.value}-{kind}-{number}")
        yield Triple(dataset, Iri(f"{_VOID}{kind}Partition"), part)
        yield Triple(part, Iri(_VOID + kind), row[kind])
        yield _count(part, counted, row[counted])


def _count(subject: Term, name: str, value: Term) -> Triple:
    assert isinstance(subject, Iri)  # noqa: S101 - the queries give datasets as IRIs
    return Triple(subject, Iri(_VOID + name), value)
