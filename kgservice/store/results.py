"""Media types of answers, and what an Accept header chooses (RFC 9110 §12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import IO, Final, Protocol, cast
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
_TABLES = ("text/csv", "text/tab-separated-values")
_GRAPHS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/trig": ox.RdfFormat.TRIG,
    "application/n-quads": ox.RdfFormat.N_QUADS,
}
_ALIASES = (
    ("application/json", "application/sparql-results+json"),
    ("application/json", "application/ld+json"),
    ("application/xml", "application/sparql-results+xml"),
    ("text/xml", "application/sparql-results+xml"),
    ("text/plain", "application/n-triples"),
    ("application/x-turtle", "text/turtle"),
    ("text/n3", "text/turtle"),
)
MEDIA_TYPES: dict[Form, tuple[str, ...]] = {
    "solutions": tuple(_SOLUTIONS),
    "boolean": tuple(_SOLUTIONS),
    "graph": tuple(_GRAPHS),
}
"""What an answer of each form can be sent as; the first one is the default."""

FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "json": ("application/sparql-results+json", "application/ld+json"),
    "srj": ("application/sparql-results+json",),
    "xml": ("application/sparql-results+xml", "application/rdf+xml"),
    "srx": ("application/sparql-results+xml",),
    "csv": ("text/csv",),
    "tsv": ("text/tab-separated-values",),
    "turtle": ("text/turtle",),
    "ttl": ("text/turtle",),
    "n-triples": ("application/n-triples",),
    "ntriples": ("application/n-triples",),
    "nt": ("application/n-triples",),
    "rdfxml": ("application/rdf+xml",),
    "rdf": ("application/rdf+xml",),
    "json-ld": ("application/ld+json",),
    "jsonld": ("application/ld+json",),
    "trig": ("application/trig",),
    "n-quads": ("application/n-quads",),
    "nquads": ("application/n-quads",),
    "nq": ("application/n-quads",),
}
"""Short names of formats, for addresses: what each means for a table and for a graph."""


def accept_of(name: str) -> str:
    """Give the Accept header that a format's short name, or its media type, stands for.

    Raises:
        InputError: no format has this name (`format-unknown`).
    """
    wanted = name.strip().lower()
    if wanted in FORMATS:
        return ", ".join(FORMATS[wanted])
    if wanted in _SOLUTIONS or wanted in _GRAPHS or any(wanted == alias for alias, _ in _ALIASES):
        return wanted
    raise InputError(
        f"There is no format {name[:40]!r}.",
        code="format-unknown",
        at="?format",
        hint=f"Use one of {', '.join(FORMATS)}, or a media type in the Accept header.",
    )


def content_type(media_type: str) -> str:
    """Give the Content-Type header of a media type; text has no charset of its own on the web."""
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def negotiate(accept: str, form: Form) -> str | None:
    """Choose the media type that an Accept header likes best; None when it takes none of ours.

    The most specific range decides a type's quality, `q=0` refuses it, and of equal qualities
    the order of `MEDIA_TYPES` decides. An empty header takes anything.
    """
    ranges = dict(_ranges(accept)) or {"*/*": 1.0}
    best, best_quality = None, 0.0
    for offered in MEDIA_TYPES[form]:
        names = [offered, *(name for name, target in _ALIASES if target == offered)]
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
    return InputError(
        f"This answer cannot be sent as {accept!r}.",
        code="not-acceptable",
        hint=f"Accept one of {', '.join(MEDIA_TYPES[form])}.",
        status=406,
    )


def form_of(results: object) -> Form:
    """Name the form of a query's results."""
    if isinstance(results, ox.QueryTriples):
        return "graph"
    return "boolean" if isinstance(results, ox.QueryBoolean) else "solutions"


Results = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples


class Output(Protocol):
    """What can be written into."""

    def write(self, part: bytes, /) -> int:
        """Take some bytes."""
        ...


def write(results: Results, media_type: str) -> bytes:
    """Serialise a whole answer in native code."""
    output = BytesIO()
    write_to(results, media_type, output)
    return output.getvalue()


def write_to(results: Results, media_type: str, output: Output) -> None:
    """Serialise an answer in native code, in pieces of some kilobytes."""
    target = cast("IO[bytes]", output)
    if isinstance(results, ox.QueryTriples):
        results.serialize(target, format=_GRAPHS[media_type])
    elif isinstance(results, ox.QueryBoolean) and media_type in _TABLES:
        output.write(b"true" if results else b"false")  # SPARQL 1.1 defines no table for an ASK
    else:
        results.serialize(target, format=_SOLUTIONS[media_type])


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
