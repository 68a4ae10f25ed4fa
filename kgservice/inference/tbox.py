"""The TBox: our own vocabularies and alignment files, closed once under OWL 2 RL by owlrl.

Imported statements are never part of it. The closed schema is kept in a cache file named by the
hash of what went in, since owlrl needs seconds where reading the file needs milliseconds.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyoxigraph as ox

from kgservice.model.rdf import Blank, Iri, Literal, Term, Triple, to_ntriples, to_text
from kgservice.model.terms import OWL, RDF, RDFS
from kgservice.store.vocabulary import alignment_triples, ontology_triples, vocabulary_triples

_SCHEMA_WORDS = frozenset(
    {RDFS.subClassOf.value, RDFS.subPropertyOf.value, RDFS.domain.value, RDFS.range.value}
    | {
        OWL.NS + word
        for word in (
            "equivalentClass",
            "equivalentProperty",
            "inverseOf",
            "propertyChainAxiom",
            "hasKey",
            "onProperty",
            "hasValue",
            "someValuesFrom",
            "intersectionOf",
            "unionOf",
            "oneOf",
            "maxCardinality",
            "",
        )
    }
)
_LIST_WORDS = frozenset({RDF.first.value, RDF.rest.value})
_SCHEMA_CLASSES = frozenset(
    OWL.NS + name
    for name in [
        "Class",
        "Restriction",
        "ObjectProperty",
        "DatatypeProperty",
        "SymmetricProperty",
        "TransitiveProperty",
        "FunctionalProperty",
        "InverseFunctionalProperty",
    ]
)


def read_turtle(path: Path) -> list[Triple]:
    """Read a trusted Turtle file; blank nodes are named by their content, the same every time.

    Raises:
        SyntaxError: it is no Turtle.
        OSError: it cannot be read.
    """
    parsed = [
        Triple(_term(q.subject), _term(q.predicate), _term(q.object))  # type: ignore[arg-type]
        for q in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE)
    ]
    return _named_by_content(parsed, path.name)


def _named_by_content(triples: list[Triple], salt: str) -> list[Triple]:
    outgoing: defaultdict[Term, list[tuple[str, Term]]] = defaultdict(list)
    for s, p, o in triples:
        if isinstance(s, Blank):
            outgoing[s].append((p.value, o))
    names: dict[Term, Blank] = {}

    def name(node: Term, depth: int = 0) -> Term:
        if not isinstance(node, Blank) or depth > 500:
            return node
        if node not in names:
            parts = sorted(f"{p} {to_text(name(o, depth + 1))}" for p, o in outgoing[node])
            text = "\n".join([salt, *parts])
            names[node] = Blank("b" + hashlib.sha256(text.encode()).hexdigest()[:24])
        return names[node]

    return [Triple(name(s), p, name(o)) for s, p, o in triples]  # type: ignore[arg-type]


def load_tbox(extra: Sequence[Path] = (), *, align: bool = True) -> list[Triple]:
    """Read the bundled vocabularies, the alignment files (if wanted) and extra ontology files.

    Raises:
        InputError: an extra file cannot be read or is no RDF (`ontology-invalid`).
    """
    aligned = alignment_triples() if align else []
    return _named_by_content([*vocabulary_triples(), *aligned, *ontology_triples(extra)], "")


def is_schema(triple: Triple) -> bool:
    """Say whether a statement is part of the schema (of axioms), not about individuals."""
    predicate = triple.predicate.value
    if predicate == RDF.type.value:
        return isinstance(triple.object, Iri) and triple.object.value in _SCHEMA_CLASSES
    return predicate in _SCHEMA_WORDS or predicate in _LIST_WORDS


def closed_schema(tbox: Iterable[Triple], cache_dir: Path | None = None) -> tuple[Triple, ...]:
    """Give the schema with everything that OWL 2 RL derives about it.

    Args:
        tbox: All statements of the vocabularies; those about individuals are left out.
        cache_dir: Where closed schemas are kept; by default the user's cache folder. When it
            cannot be written to, the schema is simply computed again.
    """
    schema = sorted({t for t in tbox if is_schema(t)}, key=lambda t: to_ntriples((t,)))
    text = to_ntriples(schema)
    name = hashlib.sha256(b"1" + text.encode()).hexdigest()[:32] + ".nt"
    path = (cache_dir or _default_cache()) / name
    try:
        return tuple(_parse_ntriples(path.read_bytes()))
    except (OSError, SyntaxError):
        from kgservice.inference.closing import close  # rdflib and owlrl: 0.1 s, seldom needed

        closed = tuple(close(schema))
        _write_cache(path, to_ntriples(closed))
        return closed


def _default_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return Path(home or Path.home() / ".cache") / "kgservice"


def _write_cache(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as part:
            part.write(text)
        Path(part.name).replace(path)
    except OSError:
        return  # a read-only home folder costs time, nothing else


def _parse_ntriples(data: bytes) -> list[Triple]:
    return [
        Triple(_term(q.subject), _term(q.predicate), _term(q.object))  # type: ignore[arg-type]
        for q in ox.parse(input=data, format=ox.RdfFormat.N_TRIPLES)
    ]


def _term(term: object) -> Term:
    if isinstance(term, ox.NamedNode):
        return Iri(term.value)
    if isinstance(term, ox.BlankNode):
        return Blank(term.value)
    if isinstance(term, ox.Literal):
        return Literal(term.value, term.datatype.value, term.language or "")
    raise TypeError(term)
