"""Joint conditions and preferences in YAML, Turtle and JSON-LD; what is refused, and where."""

from __future__ import annotations

import json

import pytest

from kgservice.model.errors import InputError
from kgservice.model.rdf import Literal, to_ntriples
from kgservice.mpli.request_documents import check_request, request_triples, request_yaml
from kgservice.resolution.preferences import Extent, Ranking
from kgservice.resolution.request import PairLimit, ProductLimit, Request, SumLimit
from tests.resolution.worlds import VOCABULARY

IRI = "http://127.0.0.1:8080/request/joints"
HEAD = """
components:
  db: {kind: PostgreSQL, quantity: 2}
  web: {kind: Container}
  mid: {kind: PostgreSQL}
"""
TOGETHER = (
    "pair: {of: roundTrip, between: [db, web], max: 10 ms}",
    "pair?: {of: roundTrip, between: [web, mid], max: 2.5 ms}",
    "product: {of: availability, min: 99.8 %}",
    "product: {of: availability, min: 99.8 %, over: [db, web]}",
    "sum: {of: monthlyPrice, max: 450 EUR, min: 20 EUR}",
    "sum?: {of: vcpu, min: 8}",
    "capacity: all",
    "capacity: {over: [db, mid]}",
    "same?: location.country",
    "different?: {of: provider, over: [db, mid]}",
    "at-most?: {distinct: provider, n: 2}",
    "compatible?: {from: db.exportFormat, to: mid.importFormat}",
)
PREFER = (
    "[minimise monthlyPrice, maximise storage]",
    "{weights: {minimise monthlyPrice: 1, maximise availability: 0.25}}",
    "{pareto: [minimise monthlyPrice, maximise lowest availability]}",
    "{pareto: [minimise roundTrip between db web, minimise highest majorVersion]}",
)


def read(text: str, kind: str = "application/yaml") -> Request:
    return check_request(text, kind, VOCABULARY, iri=IRI)


@pytest.mark.parametrize("line", TOGETHER)
def test_a_joint_condition_is_the_same_in_yaml_turtle_and_json_ld(line: str) -> None:
    _round_trip(read(f"{HEAD}together:\n  - {line}\n"))


def test_a_pinned_offering_is_the_same_in_all_notations() -> None:
    request = read("components: {db: {kind: PostgreSQL, use: 'urn:offer:1'}}")
    assert request.components[0].use == "urn:offer:1"
    _round_trip(request)


@pytest.mark.parametrize("prefer", PREFER)
def test_preferences_are_the_same_in_yaml_turtle_and_json_ld(prefer: str) -> None:
    _round_trip(read(f"{HEAD}prefer: {prefer}\n"))


def _round_trip(request: Request) -> None:
    triples = request_triples(request, VOCABULARY)
    assert read(to_ntriples(triples), "text/turtle") == request
    written = request_yaml(request, VOCABULARY)
    assert read(written) == request
    assert request_yaml(read(written), VOCABULARY) == written


def test_json_ld_writes_joint_conditions_in_plain_keys() -> None:
    document = {
        "@context": "https://w3id.org/kgservice/context.jsonld",
        "id": IRI,
        "type": "Request",
        "ranking": "kg:ParetoFront",
        "component": [
            {"id": f"{IRI}#db", "type": "Component", "label": "db", "class": "kg:PostgreSQL"},
            {"id": f"{IRI}#web", "type": "Component", "label": "web", "class": "kg:Container"},
        ],
        "joint": [
            {
                "type": "PairLimit",
                "of": "kg:roundTrip",
                "between": [f"{IRI}#db", f"{IRI}#web"],
                "max": "10",
                "order": 1,
            },
            {"type": "ProductLimit", "of": "kg:availability", "min": "99.8", "order": 2},
        ],
        "prefer": [
            {"type": "Minimise", "of": "kg:monthlyPrice"},
            {"type": "Maximise", "of": "kg:availability", "extent": "kg:Lowest"},
        ],
    }
    request = read(json.dumps(document), "application/ld+json")
    pair, product = request.together
    assert isinstance(pair, PairLimit)
    assert isinstance(product, ProductLimit)
    assert (pair.over, pair.limit.value, product.minimum.value) == (("db", "web"), "10", "99.8")
    assert request.ranking is Ranking.PARETO
    assert request.prefer[1].extent is Extent.LOWEST


def test_limits_are_read_in_the_stored_unit() -> None:
    (joint,) = read(f"{HEAD}together: [{{sum: {{of: storage, min: 1024 MiB}}}}]").together
    assert isinstance(joint, SumLimit)
    assert joint.minimum == Literal("1", "http://www.w3.org/2001/XMLSchema#decimal")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("together: [{pair: {of: vcpu, between: [db, web], max: 3}}]", "joint-invalid"),
        ("together: [{pair: {of: roundTrip, between: [db], max: 3 ms}}]", "joint-invalid"),
        ("together: [{pair: {of: roundTrip, between: [db, db], max: 3 ms}}]", "joint-invalid"),
        ("together: [{pair: {of: roundTrip, between: [db, web]}}]", "key-missing"),
        ("together: [{pair: {of: roundTrip, between: [db, web], max: 3}}]", "unit-missing"),
        ("together: [{pair: {of: roundTrip, between: [db, wbe], max: 3 ms}}]", "component-unknown"),
        ("together: [{product: {of: vcpu, min: 3}}]", "joint-invalid"),
        ("together: [{product: {of: availability}}]", "key-missing"),
        ("together: [{product: {of: availability, min: 101 %}}]", "value-invalid"),
        ("together: [{sum: {of: vcpu}}]", "key-missing"),
        ("together: [{sum: {of: vcpu, max: 2, min: 3}}]", "joint-invalid"),
        ("together: [{sum: {of: monthlyPrice, max: 9 EUR, min: 3 USD}}]", "joint-invalid"),
        ("together: [{capacity: {of: storage}}]", "joint-invalid"),
        ("together:\n  - same?: provider\n    unknown: warn", "joint-invalid"),
        ("prefer: {weights: {minimise noticePeriod: 1}}", "preference-invalid"),
        ("prefer: {weights: {minimise vcpu: 0}}", "value-invalid"),
        ("prefer: {weights: {minimise vcpu: 0.0000001}}", "value-invalid"),
        ("prefer: {pareto: [minimise lowest vcpu]}", "preference-invalid"),
        ("prefer: {pareto: [maximise roundTrip between db web]}", "preference-invalid"),
        ("prefer: {pareto: [minimise vcpu between db web]}", "joint-invalid"),
        ("prefer: {parteo: [minimise vcpu]}", "value-invalid"),
        ("prefer: [minimise highest vcpu]", "not-supported"),
        ("together:\n  - same?: provider\nprefer: {pareto: [minimise vcpu]}", "not-supported"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(line: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(HEAD + line)
    assert caught.value.code == code
    assert caught.value.at
