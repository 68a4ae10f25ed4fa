"""Say what shapes of others, such as the official ones of Gaia-X, find in documents.

They report and decide nothing: most are closed and each is written for one release, so a document
is checked by the release whose classes it uses. pySHACL does the work, in a process of its own.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox
import rdflib

from kgservice.inference.rdflib_terms import to_rdflib
from kgservice.model.rdf import Blank, Iri, Term, Triple
from kgservice.model.terms import RDF, SH

_NAMESPACE: Final = re.compile(r"^(.*[#/])[^#/]*$")
_SEVERITIES: Final = {"Violation": "error", "Warning": "warning", "Info": "info"}


@dataclass(frozen=True, slots=True)
class Release:
    """The shapes of one release.

    Attributes:
        namespace: That of the names of most of its shapes.
        shapes: Names of shapes by the class they are for.
        files: Where they are.
    """

    namespace: str
    shapes: Mapping[str, tuple[str, ...]]
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a shape found.

    Attributes:
        document: The document, as it was given.
        focus: The node.
        path: The property, or empty.
        component: Which constraint, such as `MinCount`.
        message: In words.
        severity: `error`, `warning` or `info`, as the shape says.
        shape: The shape's name, or that of the node shape it is in.
    """

    document: str
    focus: str
    path: str
    component: str
    message: str
    severity: str
    shape: str


@dataclass(frozen=True, slots=True)
class Checked:
    """That a document was checked, by how many shapes."""

    document: str
    release: str
    shapes: int


Described = Mapping[str, Sequence[Triple]]
"""Statements by document."""


def releases(folder: Path) -> list[Release]:
    """Find the releases in a folder of Turtle files, by the namespace of the shapes' names.

    Files that are no Turtle are left out.
    """
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    files: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*.ttl")):
        targets = _targets(path)
        spaces = Counter(_namespace(name) for names in targets.values() for name in names)
        if not spaces:
            continue
        namespace = spaces.most_common(1)[0][0]
        files[namespace].append(path)
        for cls, names in targets.items():
            found[namespace][cls] |= names
    return [
        Release(name, {c: tuple(sorted(n)) for c, n in shapes.items()}, tuple(files[name]))
        for name, shapes in sorted(found.items())
    ]


def _namespace(iri: str) -> str:
    match = _NAMESPACE.match(iri)
    # The vocabularies of 2022 lie side by side, one for services, one for resources, and so on.
    found = match[1] if match else iri
    return re.sub(r"^(http://w3id\.org/gaia-x/)[a-z-]+#$", r"\1", found)


def _targets(path: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for triple in _parsed(path):
        subject, cls = triple.subject, triple.object
        if triple.predicate.value == SH.targetClass.value and (
            isinstance(subject, ox.NamedNode) and isinstance(cls, ox.NamedNode)
        ):
            found[cls.value].add(subject.value)
    return found


def _parsed(path: Path) -> Iterator[ox.Quad]:
    try:
        yield from ox.parse(path=str(path), format=ox.RdfFormat.TURTLE, lenient=True)
    except (SyntaxError, ValueError, OSError):
        return


def fitting(release: Release, types: Iterable[str]) -> tuple[str, ...]:
    """Name the shapes of a release that are for some of these classes."""
    return tuple(sorted({name for cls in set(types) for name in release.shapes.get(cls, ())}))


def check(
    folder: Path, documents: Described, classes: Mapping[str, Sequence[str]]
) -> Iterator[Checked | Finding]:
    """Check documents; about 0.1 s each, and some seconds to read the shapes of a release.

    Args:
        folder: Where the shapes are.
        documents: What they state, by name; no inferred statements, since most shapes are closed.
        classes: Classes of nodes that other documents describe, so that a reference to a provider
            is known to be one.
    """
    known = releases(folder)
    chosen: dict[int, list[str]] = defaultdict(list)
    types = {name: _types(triples) for name, triples in documents.items()}
    for name, found in types.items():
        best = max(range(len(known)), key=lambda n: _fit(known[n], found), default=-1)
        if best >= 0 and _fit(known[best], found):
            chosen[best].append(name)
    for number, names in sorted(chosen.items()):
        release, graph = known[number], _graph(known[number])
        for name in names:
            shapes = fitting(release, types[name])
            yield from _check(name, documents[name], classes, graph, shapes)
            yield Checked(name, release.namespace, len(shapes))


def _types(triples: Iterable[Triple]) -> list[str]:
    return [
        t.object.value for t in triples if t.predicate == RDF.type and isinstance(t.object, Iri)
    ]


def _fit(release: Release, types: Iterable[str]) -> int:
    """Count the nodes that are of classes of the release which it has shapes for."""
    return sum(t.startswith(release.namespace) and t in release.shapes for t in types)


def _graph(release: Release) -> rdflib.Graph:
    graph = rdflib.Graph()
    for path in release.files:
        for quad in _parsed(path):
            graph.add((_node(quad.subject), _node(quad.predicate), _node(quad.object)))
    return graph


def _node(term: object) -> rdflib.term.Node:
    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if isinstance(term, ox.Literal):
        if term.language:
            return rdflib.Literal(term.value, lang=term.language)
        return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype.value))
    raise TypeError("a shapes file states plain statements only")


def _check(
    name: str,
    triples: Sequence[Triple],
    classes: Mapping[str, Sequence[str]],
    shapes_graph: rdflib.Graph,
    shapes: Sequence[str],
) -> Iterator[Finding]:
    data = rdflib.Graph()
    for s, p, o in triples:
        data.add((to_rdflib(s), to_rdflib(p), to_rdflib(o)))
    own = {_text(s) for s, _, _ in triples}
    for node in {o.value for _, _, o in triples if isinstance(o, Iri)} - own:
        for cls in classes.get(node, ()):
            data.add((rdflib.URIRef(node), rdflib.RDF.type, rdflib.URIRef(cls)))
    import pyshacl  # a third of a second, for what few documents need

    _, report, text = pyshacl.validate(data, shacl_graph=shapes_graph, use_shapes=list(shapes))
    if not isinstance(report, rdflib.Graph):
        yield Finding(name, "", "", "Unchecked", str(text)[:300], "info", "")
        return
    for result in sorted(set(report.subjects(_sh("focusNode"))), key=str):
        found = _finding(name, report, result)
        if found.focus in own:
            yield found


def _finding(name: str, report: rdflib.Graph, result: rdflib.term.Node) -> Finding:
    def value(term: str) -> str:
        found = report.value(result, _sh(term))
        return "" if found is None else str(found)

    component = value("sourceConstraintComponent").rpartition("#")[2]
    return Finding(
        document=name,
        focus=value("focusNode"),
        path=value("resultPath"),
        component=component.removesuffix("ConstraintComponent"),
        message=value("resultMessage"),
        severity=_SEVERITIES.get(value("resultSeverity").rpartition("#")[2], "error"),
        shape=value("sourceShape"),
    )


def _text(term: Term) -> str:
    return term.label if isinstance(term, Blank) else term.value


def _sh(name: str) -> rdflib.URIRef:
    return rdflib.URIRef(SH.NS + name)
