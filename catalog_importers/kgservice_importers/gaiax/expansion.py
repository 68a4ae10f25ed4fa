"""From a JSON-LD payload to statements, with PyLD and pinned contexts only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pyld import jsonld

from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Blank, Iri, Subject, Term, is_valid_iri
from kgservice_importers.jsonld.added import Contexts
from kgservice_importers.jsonld.contexts import ContextUnknown, Json
from kgservice_importers.jsonld.trees import statements_of


class Quad(NamedTuple):
    """A statement and the graph it is in; the default graph has no name."""

    subject: Subject
    predicate: Iri
    object: Term
    graph: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A document as statements, before anything is left out or added.

    Attributes:
        roots: Names of the outermost nodes.
        quads: Statements; blank nodes are still blank.
        nquads: The same as N-Quads: what a canonical form is made of.
        dropped: Members that no context defines.
        problems: What could not be read.
    """

    roots: tuple[Subject, ...]
    quads: tuple[Quad, ...]
    nquads: str
    dropped: frozenset[str]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Findings:
    at: str
    items: list[Problem] = field(default_factory=list)

    def add(self, code: str, detail: str, hint: str, severity: Severity = Severity.WARNING) -> None:
        self.items.append(Problem(code, detail, self.at, hint, severity))


PYLD_ERRORS: Final = (
    jsonld.JsonLdError, ContextUnknown, ValueError, TypeError, KeyError, AttributeError,
    IndexError, RecursionError, ArithmeticError,
)  # fmt: skip
"""PyLD also raises bare Python errors on malformed documents, so the list is wide."""


def dataset_of(
    payload: dict[str, Json], contexts: Contexts, base: str, at: str
) -> Dataset | Problem:
    """Expand a document; relative IRIs are resolved against `base`.

    About 5 ms a document; nothing is fetched.
    """
    findings = _Findings(at)
    dropped: set[str] = set()
    try:
        nodes = expanded(payload, contexts, base, dropped)
        found = jsonld.to_rdf(nodes, {"base": base, "produceGeneralizedRdf": False})
        nquads = jsonld.JsonLdProcessor.to_nquads(found)
    except PYLD_ERRORS as error:
        detail = f"the document is not valid JSON-LD: {_first_line(error)}"
        return Problem("jsonld-invalid", detail, at, "Nothing was read from it.", Severity.ERROR)
    if dropped:
        findings.add(
            "term-undefined",
            f"no context defines: {', '.join(sorted(dropped)[:8])}",
            "These members were left out.",
        )
    quads = tuple(dict.fromkeys(_quads(found, findings)))
    roots = _roots(nodes, quads)
    return Dataset(roots, quads, nquads, frozenset(dropped), tuple(findings.items))


def expanded(
    payload: dict[str, Json], contexts: Contexts, base: str, dropped: set[str]
) -> list[Json]:
    """Run PyLD's expansion (JSON-LD 1.1 API §9.2); `dropped` is told of undefined members."""
    options = {"documentLoader": contexts.load, "base": base, "processingMode": "json-ld-1.1"}
    found: list[Json] = jsonld.expand(
        payload, options, on_property_dropped=lambda key: dropped.add(str(key))
    )
    return found


def without_empty_ids(payload: dict[str, Json]) -> dict[str, Json]:
    """An empty id would be resolved to the catalogue itself; a node without id is meant."""

    def clean(value: Json) -> Json:
        if isinstance(value, list):
            return [clean(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            k: v if k == "@context" else clean(v)
            for k, v in value.items()
            if not (k in ("id", "@id", "issuer") and v == "")
        }

    found: dict[str, Json] = clean(payload)
    return found


def _roots(nodes: Iterable[Json], quads: tuple[Quad, ...]) -> tuple[Subject, ...]:
    """Find the outermost nodes; nameless ones are those that nothing points to."""
    named = [
        Iri(node["@id"])
        for node in nodes
        if isinstance(node, dict)
        and isinstance(node.get("@id"), str)
        and is_valid_iri(node["@id"])
        and not node["@id"].startswith("_:")
    ]
    pointed = {quad.object for quad in quads}
    nameless = [
        q.subject
        for q in quads
        if isinstance(q.subject, Blank) and q.subject not in pointed and not q.graph
    ]
    return tuple(dict.fromkeys([*named, *nameless]))


def _quads(dataset: Mapping[str, Json], findings: _Findings) -> Iterator[Quad]:
    bad: set[str] = set()
    for name, graph in dataset.items():
        where = "" if name == "@default" else name
        yield from (Quad(*triple, where) for triple in statements_of(graph, bad))
    if bad:
        findings.add(
            "iri-invalid",
            f"not an IRI: {', '.join(sorted(bad)[:5])}",
            "Statements that use it were left out.",
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
