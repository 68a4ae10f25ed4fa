"""Put the vocabulary into the store, where queries can read it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from kgservice.inference.tbox import load_tbox, read_turtle
from kgservice.model.rdf import Blank, Iri, Term, Triple
from kgservice.store.port import VOCABULARY_GRAPH, GraphChange, Store


def load_ontologies(store: Store, extra: Sequence[Path] = ()) -> int:
    """Make the vocabulary graph say what vocabularies and label schemes say; write what differs.

    Give the number of statements. Nameless nodes get names made of their content.
    """
    schemes = Path(str(files("kgservice_shapes"))) / "labels"
    stated = load_tbox(extra, align=False)
    stated += [triple for path in sorted(schemes.glob("*.ttl")) for triple in read_turtle(path)]
    triples = {_named(triple) for triple in stated}
    change = GraphChange(VOCABULARY_GRAPH, tuple(sorted(triples, key=str)), merge=True)
    store.commit([change])
    return len(triples)


def _named(triple: Triple) -> Triple:
    def name(term: Term) -> Term:
        return Iri(f"urn:kgservice:genid:{term.label}") if isinstance(term, Blank) else term

    return Triple(name(triple.subject), triple.predicate, name(triple.object))  # type: ignore[arg-type]
