"""Give a label credential nodes of its own: stating a level of a thing is not owning it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kgservice.model.documents import ImportContext, SourceDocument
from kgservice.model.rdf import Iri, Literal, Subject, Term, Triple
from kgservice.model.terms import DCTERMS, KG

KIND: Final = "dome/Compliance:VC"
_LEVEL: Final = ("#labelLevel", "/labelLevel")
_LEVELS_OF_DOME: Final = frozenset({"BL", "P", "P+"})


def with_own_nodes(document: SourceDocument, context: ImportContext) -> SourceDocument:
    """Do this to a credential that states a level of DOME, wherever it lies; leave all others.

    Gaia-X states the levels of its own labels in credentials that are about themselves.
    """
    is_label = document.credential is not None and any(
        predicate.value.endswith(_LEVEL)
        and isinstance(value, Literal)
        and value.value.strip().upper() in _LEVELS_OF_DOME
        for _, predicate, value in document.triples
    )
    return replace(on_own_nodes(document, context), kind=KIND) if is_label else document


def on_own_nodes(document: SourceDocument, context: ImportContext) -> SourceDocument:
    """Move what a credential says of the things of others to nodes of its own document.

    What has a level gets a node for the statement of it, with `kg:scope` leading to the thing;
    other things that it refers to, such as the credentials it rests on, get one with their name.
    So a certifier that is not listed may still be heard and explained, and none takes a
    specification away from whoever describes it. Structure changes only.
    """
    home = f"{context.base_iri}catalog/{context.catalog}/credential/"
    node = home + hashlib.sha256(document.content).hexdigest()[:24]
    genid = f"{context.base_iri}.well-known/genid/"
    triples = document.triples
    described = {t.subject for t in triples if isinstance(t.subject, Iri)}
    foreign = sorted(s for s in described if not s.value.startswith(genid))
    rated = {t.subject for t in triples if t.predicate.value.endswith(_LEVEL)}
    first = [document.primary, *(s for s in foreign if s != document.primary)]
    names: dict[Subject, Iri] = {
        thing: Iri(f"{node}/{number}" if number else node) for number, thing in enumerate(first)
    }
    return replace(
        document,
        primary=names[document.primary],
        own_subjects=frozenset(
            [*(n.value for n in names.values()), *_below(document.own_subjects, genid)]
        ),
        triples=tuple(dict.fromkeys([*_moved(triples, names), *_links(names, rated)])),
    )


def _below(subjects: frozenset[str], genid: str) -> Iterator[str]:
    return (subject for subject in subjects if subject.startswith(genid))


def _moved(triples: tuple[Triple, ...], names: dict[Subject, Iri]) -> Iterator[Triple]:
    for subject, predicate, value in triples:
        yield Triple(names.get(subject, subject), predicate, _inner(value, names))


def _inner(value: Term, names: dict[Subject, Iri]) -> Term:
    return value if isinstance(value, Literal) else names.get(value, value)


def _links(names: dict[Subject, Iri], rated: set[Subject]) -> Iterator[Triple]:
    for thing, node in names.items():
        if thing in rated:
            yield Triple(node, KG.scope, thing)
        elif isinstance(thing, Iri):
            yield Triple(node, DCTERMS.identifier, Literal(thing.value))
