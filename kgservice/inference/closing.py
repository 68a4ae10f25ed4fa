"""Close a schema under OWL 2 RL with owlrl; needed once for each schema, so imported then."""

from __future__ import annotations

from collections.abc import Sequence

import owlrl
import rdflib

from kgservice.inference.rdflib_terms import from_rdflib, graph_of
from kgservice.model.rdf import Iri, Triple, to_ntriples
from kgservice.model.terms import OWL, RDFS

_DERIVED_WORDS = frozenset(
    {RDFS.subClassOf.value, RDFS.subPropertyOf.value, RDFS.domain.value, RDFS.range.value}
    | {OWL.NS + word for word in ("equivalentClass", "equivalentProperty", "inverseOf")}
)


def close(schema: Sequence[Triple]) -> list[Triple]:
    """Give a schema with what follows from it, in a fixed order; takes seconds."""
    graph = graph_of(schema)
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    found = set(schema)
    for s, p, o in graph:
        if str(p) in _DERIVED_WORDS and s != o and not isinstance(s, rdflib.Literal):
            found.add(Triple(from_rdflib(s), Iri(str(p)), from_rdflib(o)))  # type: ignore[arg-type]
    return sorted(found, key=lambda t: to_ntriples((t,)))
