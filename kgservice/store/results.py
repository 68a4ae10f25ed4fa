"""Media types of answers, and what an Accept header chooses (RFC 9110 §12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal as OneOf

import pyoxigraph as ox

from kgservice.model.errors import InputError

Form = OneOf["solutions", "boolean", "graph"]

_SOLUTIONS = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
}
_GRAPHS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/trig": ox.RdfFormat.TRIG,
    "application/n-quads": ox.RdfFormat.N_QUADS,
}
_ALIASES = {
    "application/json": "application/sparql-results+json",
    "application/xml": "application/sparql-results+xml",
    "text/xml": "application/sparql-results+xml",
    "text/plain": "application/n-triples",
    "application/x-turtle": "text/turtle",
    "text/n3": "text/turtle",
}
MEDIA_TYPES: dict[Form, tuple[str, ...]] = {
    "solutions": tuple(_SOLUTIONS),
    "boolean": tuple(_SOLUTIONS),
    "graph": tuple(_GRAPHS),
}
"""What an answer of each form can be sent as; the first one is the default."""


def negotiate(accept: str, form: Form) -> str | None:
    """Choose the media type that an Accept header likes best; None when it takes none of ours.

    The most specific range decides a type's quality, `q=0` refuses it, and of equal qualities
    the order of `MEDIA_TYPES` decides. An empty header takes anything.
    """
    ranges = dict(_ranges(accept)) or {"*/*": 1.0}
    alias_of = {name: target for name, target in _ALIASES.items() if target in MEDIA_TYPES[form]}
    best, best_quality = None, 0.0
    for offered in MEDIA_TYPES[form]:
        names = [offered, *(name for name, target in alias_of.items() if target == offered)]
        quality = _quality(ranges, names)
        if quality > best_quality:
            best, best_quality = offered, quality
    return best


def _ranges(accept: str) -> Iterable[tuple[str, float]]:
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if not name:
            continue
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                quality = _number(parameter[2:])
        yield name, quality


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _quality(ranges: dict[str, float], names: list[str]) -> float:
    exact = [ranges[name] for name in names if name in ranges]
    if exact:
        return max(exact)
    family = names[0].split("/")[0] + "/*"
    return ranges.get(family, ranges.get("*/*", 0.0))


def not_acceptable(accept: str, form: Form) -> InputError:
    """Make the error for a header that takes none of the types of a form (HTTP 406)."""
    error = InputError(
        f"This answer cannot be sent as {accept!r}.",
        code="not-acceptable",
        hint=f"Accept one of {', '.join(MEDIA_TYPES[form])}.",
    )
    error.status = 406
    return error


def form_of(results: object) -> Form:
    """Name the form of a query's results."""
    if isinstance(results, ox.QueryTriples):
        return "graph"
    return "boolean" if isinstance(results, ox.QueryBoolean) else "solutions"


def write(results: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples, media_type: str) -> bytes:
    """Serialise a whole answer in native code."""
    if isinstance(results, ox.QueryTriples):
        return results.serialize(format=_GRAPHS[media_type]) or b""
    if isinstance(results, ox.QueryBoolean) and media_type in (
        "text/csv",
        "text/tab-separated-values",
    ):
        return b"true" if results else b"false"  # SPARQL 1.1 defines no table for an ASK
    return results.serialize(format=_SOLUTIONS[media_type]) or b""


def choose_graph_format(turtle: bytes, accept: str) -> tuple[bytes, str]:
    """Send statements, given as Turtle or N-Triples, as what an Accept header likes best.

    Raises:
        InputError: it takes none of the types of a graph (`not-acceptable`).
    """
    media_type = negotiate(accept, "graph")
    if media_type is None:
        raise not_acceptable(accept, "graph")
    if media_type == "text/turtle" and not _is_ntriples(turtle):
        return turtle, media_type
    parsed = ox.parse(turtle, format=ox.RdfFormat.TURTLE)
    triples = [quad.triple for quad in parsed]
    return ox.serialize(triples, format=_GRAPHS[media_type], prefixes=PREFIXES) or b"", media_type


def _is_ntriples(text: bytes) -> bool:
    return b"@prefix" not in text[:4096] and b"PREFIX" not in text[:4096]


PREFIXES = {
    "kg": "https://w3id.org/kgservice/ns#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "void": "http://rdfs.org/ns/void#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefixes of Turtle that the service writes."""
