"""Profiles: one for all offerings of a kind with the same formats, limits and provider's workers.

Whether one service can move to another is derived between hundreds of profiles, not between all
pairs of offerings. What makes a profile up is in `queries/profile-*.rq`.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from typing import Final, TypeAlias

from kgservice.model.rdf import Iri, Row, Term, Triple, to_text
from kgservice.model.terms import KG, RDF, RDFS

Ask: TypeAlias = Callable[[str], list[Row]]
"""Runs a SELECT on the merged graph."""

_CHUNK: Final = 500
_DECLARED: Final = re.compile(r"PREFIX\s+([\w-]*):\s*<([^>]*)>")
_NAME: Final = re.compile(r"<([^<>\s]+)>|(?<![\w?$:])([A-Za-z][\w-]*)?:([A-Za-z_][\w.-]*)")


def _text(name: str) -> str:
    path = files(__package__) / "queries" / f"profile-{name}.rq"
    return re.sub(r"(?m)^# .*\n", "", path.read_text(encoding="utf-8"))


_QUERIES: Final = {name: _text(name) for name in ("kinds", "limits", "providers")}
SCHEMA: Final = RDFS.subClassOf.value
"""When what is above a kind changes, every profile may."""


def names_in(text: str, prefixes: dict[str, str]) -> frozenset[str]:
    """Give every IRI that a query's text names: it reads these predicates and classes."""
    found = set()
    for whole, prefix, local in _NAME.findall(text):
        if whole:
            found.add(whole)
        elif prefix in prefixes:
            found.add(prefixes[prefix] + local.rstrip("."))
    return frozenset(found)


def _reads() -> frozenset[str]:
    found = {RDF.type.value}
    for text in _QUERIES.values():
        body = re.sub(r"(?m)^PREFIX.*$", "", text)
        found |= names_in(body, dict(_DECLARED.findall(text)))
    return frozenset(found - {SCHEMA})


READS: Final = _reads()
"""The predicates and classes that profiles are made of."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: its IRI is made of what it says."""

    iri: Iri
    kind: Term
    limits: frozenset[tuple[Iri, Term]]

    def triples(self) -> Iterator[Triple]:
        """Describe it."""
        yield Triple(self.iri, RDF.type, KG.Profile)
        yield Triple(self.iri, KG.kind, self.kind)
        for predicate, value in self.limits:
            yield Triple(self.iri, predicate, value)


def profiles_by_offering(
    ask: Ask, base_iri: str, offerings: Collection[Iri] | None = None
) -> dict[Term, list[Profile]]:
    """Give the profiles of some offerings, or of all; what is none is left out.

    About 30 µs an offering. One of several kinds, of which none is narrower, has several profiles.
    """
    limits: defaultdict[Term, set[tuple[Iri, Term]]] = defaultdict(set)
    for name in ("limits", "providers"):
        for row in ask_for(ask, _QUERIES[name], "offering", offerings):
            predicate = row["property"]
            if isinstance(predicate, Iri):
                limits[row["offering"]].add((predicate, row["value"]))
    known: dict[tuple[Term, frozenset[tuple[Iri, Term]]], Profile] = {}
    found: defaultdict[Term, list[Profile]] = defaultdict(list)
    for offering, kind in _most_special_kinds(ask, offerings):
        key = (kind, frozenset(limits.get(offering, ())))
        if key not in known:
            known[key] = _profile(base_iri, *key)
        found[offering].append(known[key])
    return found


def _most_special_kinds(ask: Ask, offerings: Collection[Iri] | None) -> Iterator[tuple[Term, Term]]:
    """Give offerings with the kinds of theirs below which they are of no other."""
    above = _kinds_above(ask)
    kinds = _named(kind for kind, more in above.items() if KG.Offering in more)
    if not kinds:
        return
    text = _QUERIES["kinds"].replace("#KINDS", values_of("kind", kinds))
    of: defaultdict[Term, set[Term]] = defaultdict(set)
    for row in ask_for(ask, text, "offering", offerings):
        of[row["offering"]].add(row["kind"])
    for offering, its in of.items():
        general = {kind for special in its for kind in above[special] if kind != special}
        yield from ((offering, kind) for kind in its - general)


def _kinds_above(ask: Ask) -> dict[Term, set[Term]]:
    """Give, for every class, those above it (RDFS §5.2.1: subclasses are transitive)."""
    direct: defaultdict[Term, set[Term]] = defaultdict(set)
    for row in ask(f"SELECT ?kind ?more WHERE {{ ?kind <{SCHEMA}> ?more }}"):
        direct[row["kind"]].add(row["more"])
    above: dict[Term, set[Term]] = {}
    for kind in direct:
        found: set[Term] = set()
        waiting = [*direct[kind]]
        while waiting:
            more = waiting.pop()
            if more not in found:
                found.add(more)
                waiting += direct.get(more, ())
        above[kind] = found
    return above


def offerings_of_workers(ask: Ask, touched: Iterable[Triple]) -> set[Iri]:
    """Give the offerings whose profile may differ since statements about workers changed."""
    touched = tuple(touched)
    providers = {t.object for t in touched if t.predicate == KG.forProvider}
    workers = {t.subject for t in touched if t.object == KG.Worker}
    query = f"SELECT ?p WHERE {{\n#SCOPE\n?w <{KG.forProvider}> ?p }}"
    providers |= {row["p"] for row in ask_for(ask, query, "w", _named(workers))}
    query = f"SELECT ?o WHERE {{\n#SCOPE\n?o <{KG.provider}> ?p }}"
    rows = ask_for(ask, query, "p", _named(providers))
    return set(_named(row["o"] for row in rows))


def ask_for(ask: Ask, text: str, variable: str, only: Collection[Iri] | None) -> Iterator[Row]:
    """Run a query, or run it for some values of a variable at its line `#SCOPE`."""
    if only is None:
        yield from ask(text)
        return
    for chunk in chunks(only):
        yield from ask(text.replace("#SCOPE", values_of(variable, chunk)))


def chunks(iris: Iterable[Iri]) -> Iterator[list[Iri]]:
    """Divide IRIs into lists that a query can hold."""
    rest = iter(iris)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def values_of(variable: str, iris: Iterable[Iri]) -> str:
    """Write the values that a variable may have (SPARQL 1.1 §10.2)."""
    return f"VALUES ?{variable} {{ {' '.join(map(to_text, iris))} }}"


def _named(terms: Iterable[Term]) -> list[Iri]:
    return sorted({term for term in terms if isinstance(term, Iri)})


def _profile(base_iri: str, kind: Term, limits: frozenset[tuple[Iri, Term]]) -> Profile:
    lines = sorted(f"{p} {to_text(o)}" for p, o in limits)
    text = "\n".join([to_text(kind), *lines])
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Profile(Iri(f"{base_iri}profile/{name}"), kind, limits)
