"""What the shapes call a valid offering, and what the requirement shapes ask for."""

from __future__ import annotations

from datetime import date

import pyshacl
import pytest
import rdflib
from turtle_graphs import PREFIXES, ROOT, shapes_graph

from kgservice.inference.validation import Validator, load_shapes
from kgservice.model.errors import Severity
from kgservice.model.rdf import Blank, Iri, Literal, Term, Triple
from kgservice.model.terms import KG
from kgservice.model.vocabulary import ValueKind
from kgservice.store.vocabulary import load_vocabulary

SHAPES = shapes_graph("offering.ttl")
VALIDATOR = Validator(load_shapes())
VOCABULARY = load_vocabulary()
OFFERING = ":o a kg:Offering ; {} ."
PRICE = ":c a kg:PriceComponent ; kg:currency 'EUR' ; kg:priceType kg:Recurring ; {} ."
REQUIREMENTS = sorted(path.name for path in (ROOT / "shapes" / "requirements").glob("*.ttl"))
REQUIREMENT = "https://w3id.org/kgservice/requirement/"


def severities(turtle: str) -> set[str]:
    """Validate by the service and by pySHACL, which must agree, and give the severities found."""
    graph = rdflib.Graph().parse(data=PREFIXES + turtle, format="turtle")
    _, report, _ = pyshacl.validate(graph, shacl_graph=SHAPES)
    assert isinstance(report, rdflib.Graph)
    reference = {str(o).rpartition("#")[2] for o in report.objects(None, rdflib.SH.resultSeverity)}
    names = {Severity.ERROR: "Violation", Severity.WARNING: "Warning", Severity.INFO: "Info"}
    found = VALIDATOR.validate([_triple(s, p, o) for s, p, o in graph])
    ours = {names[finding.severity] for finding in found.findings}
    assert ours == reference
    return ours


def _triple(subject: rdflib.term.Node, predicate: rdflib.term.Node, value: object) -> Triple:
    node = _term(subject)
    assert not isinstance(node, Literal)
    return Triple(node, Iri(str(predicate)), _term(value))


def _term(node: object) -> Term:
    if isinstance(node, rdflib.URIRef):
        return Iri(str(node))
    if isinstance(node, rdflib.BNode):
        return Blank(str(node))
    assert isinstance(node, rdflib.Literal)
    datatype = str(node.datatype) if node.datatype else "http://www.w3.org/2001/XMLSchema#string"
    return Literal(str(node), datatype, node.language or "")


def test_an_offering_without_facts_is_valid() -> None:
    assert severities(":o a kg:Offering .") == set()


@pytest.mark.parametrize(
    "facts",
    [
        "kg:provider :p ; kg:majorVersion 16, 17 ; kg:storage 100.0 ; kg:extension kg:vector",
        'kg:noticePeriod "P2M"^^xsd:duration ; kg:governingLaw country:NLD',
        "kg:availability 99.95 ; kg:ipv6 true ; kg:lifecycleStatus kg:Launched",
        "kg:subprocessor :s ; kg:completeFor kg:subprocessor ; kg:dataLocation country:NLD",
    ],
)
def test_facts_of_the_right_type_are_valid(facts: str) -> None:
    assert severities(OFFERING.format(facts)) == set()


@pytest.mark.parametrize(
    "facts",
    [
        'kg:majorVersion "16"',
        'kg:noticePeriod "two months"^^xsd:duration',
        'kg:noticePeriod "-P1M"^^xsd:duration',
        "kg:storage -1.0",
        'kg:storage "INF"^^xsd:double',
        "kg:availability 101.0",
        "kg:governingLaw <urn:country:nl>",
        "kg:dataLocation 'NL'",
        "kg:lifecycleStatus kg:Single",
        'kg:ipv6 "yes"',
        "kg:extension 'vector'",
        "kg:accessPolicyUrl 'javascript:alert(1)'",
        "kg:vcpu 0",
        "kg:switchingCharge -5.0",
        "kg:sovereignty-SOV-1 5",
    ],
)
def test_facts_that_would_make_comparisons_lie_are_violations(facts: str) -> None:
    assert "Violation" in severities(OFFERING.format(facts))


@pytest.mark.parametrize(
    "facts",
    [
        "kg:provider :p, :q",
        'kg:noticePeriod "P1M"^^xsd:duration, "P2M"^^xsd:duration',
        "kg:lifecycleStatus kg:Active, kg:Launched",
        "kg:storage 100",
    ],
)
def test_contradictions_are_warnings_and_the_document_stays(facts: str) -> None:
    assert severities(OFFERING.format(facts)) == {"Warning"}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ("kg:amount 12.50", set()),
        ("kg:amount 0.0", set()),
        ("kg:amount -1.0", {"Violation"}),
        ('kg:amount "NaN"^^xsd:double', {"Violation", "Warning"}),
        ("kg:amount 1.0, 2.0", {"Warning"}),
        ("kg:perQuantity 1.0", {"Warning"}),
        ("kg:amount 1.0 ; kg:currency 'USD'", {"Warning"}),
        ("kg:amount 1.0 ; kg:currency '€'", {"Violation", "Warning"}),
        ("kg:amount 1.0 ; kg:perQuantity 0.0", {"Violation"}),
        ("kg:amount 1.0 ; kg:priceType kg:Single", {"Violation", "Warning"}),
        ('kg:amount 1.0 ; kg:period "P1M"^^xsd:duration', set()),
        ("kg:amount 1.0 ; kg:period 'P1M'", {"Violation"}),
    ],
)
def test_prices_are_positive_finite_and_in_one_currency(facts: str, expected: set[str]) -> None:
    assert severities(PRICE.format(facts)) == expected


def test_every_stated_property_is_checked_with_its_type() -> None:
    """The vocabulary and the shapes say the same of each property."""
    given: dict[str, set[str]] = {}
    for node in SHAPES.objects(None, rdflib.SH.property):
        path = str(SHAPES.value(node, rdflib.SH.path))
        words = {str(o) for o in SHAPES.objects(node, rdflib.SH.datatype)}
        if SHAPES.value(node, rdflib.SH.maxCount):
            words.add("single")
        given.setdefault(path, set()).update(words)
    for info in VOCABULARY.properties.values():
        if info.is_derived or info.iri in (KG.label, KG.certificate, KG.codeOfConduct):
            continue
        found = given.get(info.iri.value)
        assert found is not None, info.name
        assert not info.datatype or info.name.endswith("Url") or info.datatype in found, info.name
        assert ("single" in found) == (info.kind is ValueKind.SINGLE), info.name


def test_all_shapes_compile_so_that_documents_are_checked_fast() -> None:
    assert [shape.name for shape in VALIDATOR.shapes if shape.checks is None] == []


def meets(requirement: str, turtle: str) -> bool:
    """Say whether `:o` conforms to a requirement shape, by pySHACL."""
    shapes = rdflib.Graph()
    for triple in shapes_graph(*(f"requirements/{name}" for name in REQUIREMENTS)):
        shapes.add(triple)
    shapes.add(
        (rdflib.URIRef(REQUIREMENT + requirement), rdflib.SH.targetNode, rdflib.URIRef("urn:x:o"))
    )
    graph = rdflib.Graph().parse(data=PREFIXES + turtle, format="turtle")
    conforms, _, _ = pyshacl.validate(graph, shacl_graph=shapes)
    return bool(conforms)


DATA_ACT = (
    'kg:noticePeriod "{}"^^xsd:duration ; kg:transitionPeriod "{}"^^xsd:duration ;'
    'kg:retrievalPeriod "{}"^^xsd:duration ; kg:switchingCharge 0.0 ;'
    "kg:exportRegisterUrl 'https://x.example/export'"
)


@pytest.mark.parametrize(
    ("periods", "met"),
    [
        (("P2M", "P30D", "P30D"), True),
        (("P59D", "P0D", "P1Y"), True),
        (("P3M", "P30D", "P30D"), False),
        (("P60D", "P30D", "P30D"), False),
        (("P12M", "P30D", "P30D"), False),
        (("P1M", "P1M", "P30D"), False),
        (("P1M", "P31D", "P30D"), False),
        (("P1M", "P30D", "P29D"), False),
        (("P1M", "P30D", "P1M"), False),
        (("PT100000H", "P30D", "P30D"), False),
    ],
)
def test_data_act_periods_are_checked(periods: tuple[str, str, str], met: bool) -> None:
    assert meets("data-act", f":o {DATA_ACT.format(*periods)} .") is met


def test_unknown_facts_meet_no_requirement() -> None:
    for requirement in ("data-act", "eea-headquarters", "eea-subprocessors", "support-24x7"):
        assert not meets(requirement, ":o a kg:Offering ; kg:provider :p .")


def test_headquarters_must_be_in_the_area() -> None:
    provider = ":o kg:provider :p . :p kg:headquarters country:{} ."
    assert meets("eea-headquarters", provider.format("NOR"))
    assert not meets("eea-headquarters", provider.format("USA"))


def test_sub_processors_must_all_be_in_the_area_and_the_list_complete() -> None:
    complete = ":o kg:completeFor kg:subprocessor . "
    near, far = (
        f":o kg:subprocessor :{c} . :{c} kg:headquarters country:{c} . " for c in ("NLD", "USA")
    )
    assert meets("eea-subprocessors", complete)
    assert meets("eea-subprocessors", complete + near)
    assert not meets("eea-subprocessors", near)
    assert not meets("eea-subprocessors", complete + near + far)


def test_the_area_in_the_shape_is_the_area_in_the_vocabulary() -> None:
    shapes = shapes_graph("requirements/jurisdiction.ttl")
    listed = shapes.value(rdflib.URIRef(REQUIREMENT + "party-in-eea-country"), rdflib.SH["in"])
    written = {str(item) for item in rdflib.collection.Collection(shapes, listed or rdflib.RDF.nil)}
    assert written == {iri.value for iri in VOCABULARY.members("EEA", on=date(2026, 12, 1))}
