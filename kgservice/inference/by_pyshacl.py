"""Let pySHACL check what no compiled shape does; its import takes a third of a second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyshacl
import rdflib

from kgservice.inference.rdflib_terms import graph_of, to_rdflib
from kgservice.inference.shapes import Shape
from kgservice.inference.validation import Finding
from kgservice.model.errors import Severity
from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import SH

_SEVERITY = {
    SH.NS + "Violation": Severity.ERROR,
    SH.NS + "Warning": Severity.WARNING,
    SH.NS + "Info": Severity.INFO,
}


def findings(
    triples: Iterable[Triple],
    classes: Mapping[Term, set[Term]],
    shapes: Iterable[Triple],
    wanted: Sequence[Shape],
) -> list[Finding]:
    """Check statements by some of the shapes; `classes` are those of nodes described elsewhere."""
    nodes = [str(shape.node) for shape in wanted if isinstance(shape.node, Iri)]
    names = {str(to_rdflib(shape.node)): shape.name for shape in wanted}
    _, report, _ = pyshacl.validate(
        graph_of(triples, classes), shacl_graph=graph_of(shapes), use_shapes=nodes, advanced=True
    )
    if not isinstance(report, rdflib.Graph):
        text = str(report)
        return [Finding(Literal(""), "pySHACL", "failure", (), None, Severity.ERROR, text)]
    return [_from_report(report, node, names) for node in report.subjects(_sh("focusNode"))]


def _sh(name: str) -> rdflib.URIRef:
    return rdflib.URIRef(SH.NS + name)


def _from_report(report: rdflib.Graph, node: rdflib.term.Node, names: Mapping[str, str]) -> Finding:
    def one(name: str) -> rdflib.term.Node | None:
        return report.value(node, _sh(name))

    component = str(one("sourceConstraintComponent")).removeprefix(SH.NS)
    word = component.removesuffix("ConstraintComponent")
    path = one("resultPath")
    value = one("value")
    return Finding(
        _plain(one("focusNode")),
        names.get(str(one("sourceShape")), str(one("sourceShape"))),
        word[:1].lower() + word[1:],
        (str(path),) if isinstance(path, rdflib.URIRef) else (),
        None if value is None else _plain(value),
        _SEVERITY.get(str(one("resultSeverity")), Severity.ERROR),
        str(one("resultMessage") or ""),
    )


def _plain(term: rdflib.term.Node | None) -> Term:
    if isinstance(term, rdflib.Literal):
        return Literal(str(term), str(term.datatype or Literal("").datatype), term.language or "")
    return Iri(str(term))
