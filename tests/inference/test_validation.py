"""Compiled shapes against pySHACL, and what is refused."""

from __future__ import annotations

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kgservice.inference.rdflib_terms import to_rdflib
from kgservice.inference.shapes import read_shapes
from kgservice.inference.validation import Validator
from kgservice.model.errors import InputError, Severity
from kgservice.model.rdf import Blank, Iri, Literal, Term, Triple
from kgservice.model.terms import RDF, SH

EX = "https://example.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
PREFIXES = f"@prefix sh: <{SH.NS}> . @prefix : <{EX}> . @prefix xsd: <{XSD}> .\n"


def turtle(text: str) -> list[Triple]:
    def term(value: object) -> Term:
        if isinstance(value, ox.NamedNode):
            return Iri(value.value)
        if isinstance(value, ox.BlankNode):
            return Blank(value.value)
        assert isinstance(value, ox.Literal)
        return Literal(value.value, value.datatype.value, value.language or "")

    return [
        Triple(term(q.subject), term(q.predicate), term(q.object))  # type: ignore[arg-type]
        for q in ox.parse(input=PREFIXES + text, format=ox.RdfFormat.TURTLE)
    ]


CONSTRAINTS = [
    "sh:minCount 1",
    "sh:maxCount 1",
    "sh:datatype xsd:integer",
    "sh:datatype xsd:decimal",
    "sh:datatype xsd:date",
    "sh:datatype xsd:boolean",
    "sh:datatype xsd:string",
    "sh:datatype xsd:nonNegativeInteger",
    "sh:class :B",
    "sh:nodeKind sh:IRI",
    "sh:nodeKind sh:Literal",
    'sh:in ( :x "a" 5 )',
    "sh:hasValue 5",
    "sh:hasValue :x",
    "sh:minInclusive 3",
    "sh:maxInclusive 5.0",
    "sh:minExclusive 3.5",
    "sh:maxExclusive 5",
    'sh:minInclusive "2026-01-15"^^xsd:date',
    'sh:pattern "^a"',
    'sh:pattern "B" ; sh:flags "i"',
    "sh:minLength 2",
    "sh:maxLength 2",
    "sh:minCount 1 ; sh:severity sh:Warning",
]
PATHS = [":p", ":q", "( :r :p )", "[ sh:inversePath :r ]"]
VALUES = [
    *(Iri(EX + n) for n in ("x", "y", "ab")),
    *(Literal(v) for v in ("a", "abc", "b")),
    *(Literal(v, XSD + "integer") for v in ("3", "5", "05", "x", "-1")),
    *(Literal(v, XSD + "decimal") for v in ("3.5", "5.0", "four")),
    *(Literal(v, XSD + "date") for v in ("2026-01-15", "2026-02-30", "2025-12-31")),
    *(Literal(v, XSD + "boolean") for v in ("true", "yes")),
    Literal("7", XSD + "nonNegativeInteger"),
    Literal("ab", "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString", "en"),
]


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[Triple]]:
    properties = [
        f"sh:property [ sh:path {draw(st.sampled_from(PATHS))} ; {c} ]"
        for c in draw(st.lists(st.sampled_from(CONSTRAINTS), min_size=1, max_size=4))
    ]
    shape = ":S a sh:NodeShape ; sh:targetClass :A ; " + " ; ".join(properties) + " ."
    nodes = [Iri(EX + n) for n in ("x", "y", "z")]
    fact = st.one_of(
        st.builds(
            Triple,
            st.sampled_from(nodes),
            st.just(RDF.type),
            st.sampled_from([Iri(EX + "A"), Iri(EX + "B")]),
        ),
        st.builds(
            Triple,
            st.sampled_from(nodes),
            st.sampled_from([Iri(EX + p) for p in "pq"]),
            st.sampled_from(VALUES),
        ),
        st.builds(Triple, st.sampled_from(nodes), st.just(Iri(EX + "r")), st.sampled_from(nodes)),
    )
    facts = draw(st.lists(fact, min_size=1, max_size=8, unique=True))
    return shape, [t for t in facts if is_comparable(t.object, shape)]


def is_comparable(value: Term, shape: str) -> bool:
    """Say whether pySHACL can be trusted to compare a value with the shape's bounds.

    It orders literals of different kinds (a date and a number) where SHACL §4.3 says violation.
    """
    words = ("Inclusive", "Exclusive")
    bounds = [part for part in shape.split(";") if any(word in part for word in words)]
    if not bounds or not isinstance(value, Literal):
        return True
    numeric = value.value.lstrip("-").replace(".", "").isdigit()
    if value.datatype == XSD + "date":
        return all("xsd:date" in part for part in bounds) and value.value != "2026-02-30"
    return numeric and all("xsd:date" not in part for part in bounds)


def by_pyshacl(shapes: list[Triple], data: list[Triple]) -> set[tuple[str, str, str]]:
    def graph(triples: list[Triple]) -> rdflib.Graph:
        found = rdflib.Graph()
        for triple in triples:
            found.add(tuple(to_rdflib(t) for t in triple))  # type: ignore[arg-type]
        return found

    _, report, _ = pyshacl.validate(graph(data), shacl_graph=graph(shapes))
    assert isinstance(report, rdflib.Graph)
    found = set()
    for node in report.subjects(rdflib.SH.focusNode):
        word = str(report.value(node, rdflib.SH.sourceConstraintComponent)).removeprefix(SH.NS)
        word = word.removesuffix("ConstraintComponent")
        value = report.value(node, rdflib.SH.value)
        counts = word in ("MinCount", "MaxCount", "HasValue")
        found.add(
            (
                str(report.value(node, rdflib.SH.focusNode)),
                word[:1].lower() + word[1:],
                "" if value is None or counts else str(value),
            )
        )
    return found


@settings(max_examples=250, deadline=None)
@given(cases())
def test_compiled_shapes_find_what_pyshacl_finds(case: tuple[str, list[Triple]]) -> None:
    shapes, data = turtle(case[0]), case[1]
    validator = Validator(shapes)
    assert all(shape.checks is not None for shape in validator.shapes)
    found = {
        (str(f.focus), f.component, getattr(f.value, "value", ""))
        for f in validator.validate(data).findings
    }
    assert found == by_pyshacl(shapes, data)


def test_unknown_shacl_term_is_refused_when_shapes_are_read() -> None:
    shapes = turtle(
        ":S a sh:NodeShape ; sh:targetClass :A ; sh:property [ sh:path :p ; sh:singleLine true ] ."
    )
    with pytest.raises(InputError) as caught:
        read_shapes(shapes)
    assert caught.value.code == "shape-unsupported-term"
    assert "singleLine" in caught.value.detail


def test_shapes_without_a_target_are_an_error() -> None:
    with pytest.raises(InputError) as caught:
        read_shapes(turtle(":S a sh:NodeShape ; sh:property [ sh:path :p ; sh:minCount 1 ] ."))
    assert caught.value.code == "shapes-without-target"


def test_a_shape_outside_the_whitelist_is_checked_by_pyshacl() -> None:
    shapes = turtle(
        ":S a sh:NodeShape ; sh:targetClass :A ;"
        " sh:property [ sh:path :p ;"
        " sh:or ( [ sh:datatype xsd:integer ] [ sh:nodeKind sh:IRI ] ) ] ."
    )
    validator = Validator(shapes)
    assert [shape.because for shape in validator.shapes] == ["sh:or"]
    report = validator.validate(turtle(':x a :A ; :p "no" . :y a :A ; :p 1 .'))
    assert [(str(f.focus), f.component) for f in report.findings] == [(EX + "x", "or")]


def test_an_ill_typed_number_is_found_although_a_store_would_rewrite_it() -> None:
    shapes = turtle(
        ":S a sh:NodeShape ; sh:targetClass :A ;"
        " sh:property [ sh:path :p ; sh:datatype xsd:integer ] ."
    )
    report = Validator(shapes).validate(turtle(':x a :A ; :p "1_000"^^xsd:integer .'))
    assert not report.conforms


def test_a_warning_does_not_make_a_document_fail() -> None:
    shapes = turtle(
        ":S a sh:NodeShape ; sh:targetClass :A ;"
        ' sh:property [ sh:path :p ; sh:minCount 1 ; sh:severity sh:Warning ; sh:message "no p" ] .'
    )
    report = Validator(shapes).validate(turtle(":x a :A ."))
    assert report.conforms
    assert [(f.severity, f.message) for f in report.findings] == [(Severity.WARNING, "no p")]


def test_a_date_is_not_within_numeric_bounds() -> None:
    shapes = turtle(
        ":S a sh:NodeShape ; sh:targetClass :A ; sh:property [ sh:path :p ; sh:maxInclusive 5 ] ."
    )
    report = Validator(shapes).validate(turtle(':x a :A ; :p "2026-01-15"^^xsd:date .'))
    assert [f.component for f in report.findings] == ["maxInclusive"]


def test_a_shape_that_never_fired_is_named() -> None:
    shapes = turtle(
        ":S a sh:NodeShape ; sh:targetClass :A ; sh:property [ sh:path :p ; sh:minCount 1 ] ."
        ":T a sh:NodeShape ; sh:targetClass :B ; sh:property [ sh:path :p ; sh:minCount 1 ] ."
    )
    validator = Validator(shapes)
    assert validator.never_fired([validator.validate(turtle(":x a :A ; :p 1 ."))]) == (EX + "T",)


def test_class_of_a_node_described_elsewhere_counts() -> None:
    shapes = turtle(
        ":S a sh:NodeShape ; sh:targetClass :A ; sh:property [ sh:path :p ; sh:class :B ] ."
    )
    data = turtle(":x a :A ; :p :y .")
    validator = Validator(shapes)
    assert not validator.validate(data).conforms
    assert validator.validate(data, {Iri(EX + "y"): {Iri(EX + "B")}}).conforms
