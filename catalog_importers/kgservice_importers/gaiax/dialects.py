"""Tell which release of Gaia-X a document speaks, by the table in `dialects.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from kgservice.model.rdf import RDF, Iri, Subject, Triple

_TYPE: Final = RDF + "type"
_LOCAL: Final = re.compile(r"[^#/:]+$")


@dataclass(frozen=True, slots=True)
class Dialect:
    """A release of the vocabulary.

    Attributes:
        name: As in the kind of a document: `gaia-x-2511`.
        namespaces: Its own.
        read_as: The namespace that mapping queries see instead of these, or empty.
        mapping: Folders of mapping queries that are run.
        terms: Pattern of its properties, where another dialect has the same namespaces: most of
            those that a document uses look like it.
    """

    name: str
    namespaces: tuple[str, ...]
    read_as: str
    mapping: tuple[str, ...]
    terms: str = ""


@cache
def dialects() -> tuple[Dialect, ...]:
    """Read the table; the last one is for documents that speak none of the others."""
    text = (resources.files(__package__) / "dialects.json").read_text(encoding="utf-8")
    found = json.loads(text)
    return tuple(
        Dialect(
            entry["name"],
            tuple(entry.get("namespaces", ())),
            entry.get("readAs", ""),
            tuple(entry["mapping"]),
            entry.get("terms", ""),
        )
        for entry in (*found["dialects"], found["otherwise"])
    )


def dialect_of(triples: Iterable[Triple], subjects: Sequence[Subject]) -> Dialect:
    """Find the dialect of a document."""
    statements = list(triples)
    typed = [t.object.value for t in statements
             if t.subject in subjects and t.predicate.value == _TYPE and isinstance(t.object, Iri)
             ]  # fmt: skip
    used = [t.predicate.value for t in statements if t.predicate.value != _TYPE]
    *known, otherwise = dialects()
    for names in (typed, used):
        counts = [(sum(name.startswith(d.namespaces) for name in names), d) for d in known]
        best = max(count for count, _ in counts)
        found = [d for count, d in counts if count == best and count]
        for one in found:
            fitting = sum(re.match(one.terms, name) is not None for name in used)
            if not one.terms or 2 * fitting > sum(n.startswith(one.namespaces) for n in used):
                return one
    return otherwise


def kind_of(dialect: Dialect, triples: Iterable[Triple], subjects: Sequence[Subject]) -> str:
    """Name the type of a document: its dialect and the class of its first typed subject."""
    classes: dict[Subject, list[str]] = {}
    for t in triples:
        if t.predicate.value == _TYPE and isinstance(t.object, Iri):
            classes.setdefault(t.subject, []).append(t.object.value)
    for subject in subjects:
        names = classes.get(subject, [])
        own = [name for name in names if name.startswith(dialect.namespaces)] or names
        if own and (local := _LOCAL.search(own[0])):
            return f"{dialect.name}/{local[0]}"
    return f"{dialect.name}/untyped"
