"""What a catalogue or an issuer declares to be complete for all of its subjects.

The declaration is a statement of the authority files (`<catalogue or issuer> kg:completeFor
PROPERTY`), so it is the operator who says whose lists are whole. It follows then for every
offering and party that the catalogue's or issuer's documents describe as their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from kgservice.ingest.documents import Entry
from kgservice.model.rdf import Iri, Triple
from kgservice.model.terms import KG, RDF

_KINDS = frozenset({KG.Offering, KG.Provider})


def declared_complete(rules: Iterable[Triple]) -> dict[str, frozenset[Iri]]:
    """Give, by catalogue or issuer, the properties that are complete for its subjects."""
    found: defaultdict[str, set[Iri]] = defaultdict(set)
    for subject, predicate, value in rules:
        if predicate == KG.completeFor and isinstance(value, Iri):
            found[subject[0]].add(value)
    return {who: frozenset(properties) for who, properties in found.items()}


def completed(entry: Entry, declared: Mapping[str, frozenset[Iri]]) -> tuple[Triple, ...]:
    """Give what follows for the subjects of one document, in order; what it says itself is left."""
    who = {entry.claim.owner, *(prefix.rstrip("/") for prefix in entry.claim.prefixes)}
    properties = {prop for name in who for prop in declared.get(name, ())}
    if not properties:
        return ()
    said = {*entry.admitted.triples, *entry.derived}
    subjects = {s for s, p, o in said if p == RDF.type and o in _KINDS and s[0] in entry.own}
    found = (Triple(s, KG.completeFor, prop) for s in subjects for prop in properties)
    return tuple(sorted(triple for triple in found if triple not in said))
