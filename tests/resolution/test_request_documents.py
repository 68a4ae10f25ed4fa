"""One meaning in three notations: YAML, Turtle and JSON-LD lose nothing on the way."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from importlib.resources import files
from random import Random

import pyoxigraph as ox
import pytest
from pyld import jsonld

from kgservice.model.errors import InputError, NotSupported
from kgservice.model.rdf import to_ntriples
from kgservice.mpli.request_documents import (
    CONTEXT,
    check_request,
    request_triples,
    request_yaml,
)
from kgservice.resolution.request import Exit, Request, Ways
from tests.resolution.random_requests import random_request
from tests.resolution.worlds import VOCABULARY

SEED = int(os.environ.get("KG_TEST_SEED", "20261201"))
IRI = "http://127.0.0.1:8080/request/portal"
CONTEXT_DOCUMENT = json.loads(
    files("kgservice_vocab").joinpath("context.jsonld").read_text("utf-8")
)
PORTAL = """
request: Citizen portal
as-of: "2026-12-01"
term: P12M
components:
  db:
    kind: PostgreSQL
    majorVersion: ">= 16"
    storage: ">= 100 GiB"
    extension: [vector]
    exportFormat: {any: [pg_dump-directory, logical-replication]}
    location: {has: {country: {any: [NL, DE]}}}
    certificate: {has: {standard: ISO/IEC 27001}}
  replica: {kind: PostgreSQL, quantity: 2, needs: [db], switchingCharge: "<= 10 EUR"}
every:
  location.country: {any: [NL, DE, BE]}
  provider.headquarters: {in: EEA}
  subprocessor.headquarters: {in: EEA}
  transferCountry: {none: [US]}
  extension: {none: [postgis]}
  label: {scheme: eu-cloud-basic, at-least: basic, valid-for: P12M, version: "1"}
  noticePeriod: {is: "<= 2 months", unknown: warn}
  processorAgreement: "true"
  support?: {any: [24x7]}
  subprocessor?: {any: ["urn:provider:x"]}
together:
  - same: location.country
  - at-most: {distinct: provider, n: 2}
    unknown: warn
  - different: {of: provider, over: [db, replica]}
  - sum: {of: monthlyPrice, max: "450 EUR"}
  - compatible: {from: db.exportFormat, to: replica.importFormat}
prefer: [minimise monthlyPrice, maximise storage]
unknown: accept
answers: 3
"""


def as_turtle(request: Request) -> str:
    return to_ntriples(request_triples(request, VOCABULARY))


def read(text: str, kind: str = "text/turtle") -> Request:
    return check_request(text, kind, VOCABULARY, iri=IRI)


def test_yaml_to_turtle_to_yaml_loses_nothing() -> None:
    request = read(PORTAL, "application/yaml")
    back = read(as_turtle(request))
    assert back == request
    written = request_yaml(back, VOCABULARY)
    assert read(written, "application/yaml") == request
    assert request_yaml(read(written, "application/yaml"), VOCABULARY) == written


EXITS = (
    None,
    Exit((VOCABULARY.properties["provider"],), "P30D"),
    Exit((VOCABULARY.properties["location"], VOCABULARY.properties["country"])),
)


@pytest.mark.parametrize(
    ("exit_line", "code"),
    [
        ("exit: P30D", "value-invalid"),
        ("exit: {within: soon}", "duration-invalid"),
        ("exit: {different: nothing}", "property-unknown"),
        ("exit: {witin: P30D}", "key-unknown"),
    ],
)
def test_what_is_no_exit_is_refused_at_its_line(exit_line: str, code: str) -> None:
    text = f"components:\n  db: {{kind: PostgreSQL}}\n{exit_line}\n"
    with pytest.raises(InputError) as caught:
        read(text, "application/yaml")
    assert caught.value.code == code
    assert caught.value.at.endswith(":3")


def test_random_requests_survive_both_ways() -> None:
    for number in range(300):
        request = replace(random_request(Random(SEED + number)), iri=IRI)  # noqa: S311
        request = replace(request, exit=EXITS[number % len(EXITS)], ways=list(Ways)[number % 2])
        first = replace(request.components[0], ways=(None, *Ways)[number % 3])
        request = replace(request, components=(first, *request.components[1:]))
        assert read(as_turtle(request)) == request, SEED + number
        assert read(request_yaml(request, VOCABULARY), "application/yaml") == request, SEED + number


def test_random_requests_survive_json_ld() -> None:
    """Turtle to JSON-LD and back, as any JSON-LD tool writes it."""
    for number in range(40):
        request = replace(random_request(Random(SEED + number)), iri=IRI)  # noqa: S311
        expanded = jsonld.from_rdf(as_turtle(request), {"format": "application/n-quads"})
        compact = jsonld.compact(expanded, CONTEXT_DOCUMENT)
        for document in (expanded, {**compact, "@context": CONTEXT}):
            assert read(json.dumps(document), "application/ld+json") == request, SEED + number


def test_statements_may_come_in_any_order() -> None:
    request = read(PORTAL, "application/yaml")
    lines = as_turtle(request).splitlines()
    for number in range(5):
        Random(number).shuffle(lines)  # noqa: S311
        assert read("\n".join(lines)) == request


def test_json_ld_and_turtle_mean_the_same() -> None:
    text = json.dumps(
        {
            "@context": CONTEXT,
            "id": "",
            "type": "Request",
            "title": "Two databases",
            "asOf": "2026-12-01",
            "answers": 3,
            "unknownPolicy": "kg:Warn",
            "component": [
                {
                    "id": f"#{name}",
                    "type": ["Component", "NodeShape"],
                    "label": name,
                    "order": order,
                    "class": "kg:PostgreSQL",
                    "property": [{"path": "kg:storage", "minInclusive": 100}],
                }
                for order, name in enumerate(("db", "replica"), start=1)
            ],
            "joint": [{"type": "DistinctLimit", "follows": ["kg:provider"], "n": 2}],
            "prefer": [{"type": "Minimise", "of": "kg:monthlyPrice"}],
        }
    )
    expected = read(
        """
request: Two databases
as-of: "2026-12-01"
components:
  db: {kind: PostgreSQL, storage: ">= 100 GiB"}
  replica: {kind: PostgreSQL, storage: ">= 100 GiB"}
together: [{at-most: {distinct: provider, n: 2}}]
prefer: [minimise monthlyPrice]
unknown: warn
answers: 3
""",
        "application/yaml",
    )
    assert read(text, "application/ld+json") == expected


def test_no_context_is_fetched() -> None:
    with pytest.raises(InputError) as caught:
        read('{"@context": "https://example.org/c", "@id": "x"}', "application/ld+json")
    assert caught.value.code == "context-unknown"


@pytest.mark.parametrize("key", ["minIncluzive", "majorVersion", "quantitty"])
def test_a_json_ld_key_that_nobody_defines_is_refused(key: str) -> None:
    """JSON-LD expansion would drop it, and the condition with it."""
    shape = {"path": "kg:storage", "minInclusive": 100}
    component = {"id": "#db", "type": "Component", "class": "kg:PostgreSQL", "property": [shape]}
    for place in (shape, component):
        document = {"@context": CONTEXT, "id": "", "type": "Request", "component": [component]}
        place[key] = 3
        with pytest.raises(InputError):
            read(json.dumps(document), "application/ld+json")
        del place[key]


PREFIXES = """
@prefix kg: <https://w3id.org/kgservice/ns#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix c: <http://publications.europa.eu/resource/authority/country/> .
"""
BY_HAND = (
    PREFIXES
    + """
<> a kg:Request ; dct:title "By hand" ; kg:component <#db> .
<#db> a kg:Component, sh:NodeShape ; sh:class kg:PostgreSQL ; sh:property <#own>,
  [ sh:path kg:location ; sh:node [ sh:property [ sh:path kg:country ; sh:in ( c:NLD c:DEU ) ] ] ] .
<#own> sh:path kg:majorVersion ; sh:minCount 1 ; sh:maxCount 1 ; sh:minInclusive 16 .
"""
)


def test_turtle_by_hand_keeps_its_own_ids() -> None:
    request = read(BY_HAND)
    assert [c.id for c in request.all_constraints()] == ["own", "db.location.country"]
    assert [c.name for c in request.all_constraints()] == ["majorVersion", "location.country"]


@pytest.mark.parametrize(
    "statement",
    [
        '<#own> sh:pattern "x" .',
        "<#own> sh:maxExclusive 18 .",
        "<#db> sh:or ( <#own> ) .",
        "<#db> sh:closed true .",
        "<> kg:compositionShape <#s> .",
        "<> kg:joint [ a kg:JointConstraint ; kg:compositionShape <#s> ] .",
        "<#db> sh:property [ sh:path ( kg:provider kg:headquarters ) ; sh:hasValue c:NLD ] .",
    ],
)
def test_terms_that_are_not_understood_are_refused_never_ignored(statement: str) -> None:
    with pytest.raises(NotSupported):
        read(BY_HAND + statement)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<> a <x", "turtle-invalid"),
        ("[" * 200, "turtle-invalid"),
        ("<a> <b> <c> .", "request-missing"),
        (
            BY_HAND + "<#every> sh:property [ sh:path kg:vcpu ; sh:hasValue 2 ] .",
            "statement-unused",
        ),
        (PREFIXES + "<> a kg:Request .", "value-invalid"),
        (BY_HAND.replace("kg:PostgreSQL", "kg:made-upQL"), "kind-unknown"),
        (BY_HAND.replace("kg:majorVersion", "kg:made-upVersion"), "property-unknown"),
        (BY_HAND.replace("16 .", '"sixteen" .'), "value-invalid"),
        (BY_HAND + "<#db> kg:ways 'any' .", "value-invalid"),
        (BY_HAND + "<> kg:ways kg:Warn .", "value-invalid"),
    ],
)
def test_wrong_turtle_is_an_input_error(text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert caught.value.code == code


def test_an_unknown_media_type_and_a_long_text_are_refused() -> None:
    with pytest.raises(InputError, match="text/csv"):
        read("a", "text/csv")
    with pytest.raises(InputError) as caught:
        read("#" * 600_000)
    assert caught.value.code == "request-too-long"


def test_request_shapes_are_valid_rdf_with_no_blank_nodes() -> None:
    """A request's graph is stored: its nodes must be stable."""
    text = as_turtle(read(PORTAL, "application/yaml"))
    quads = list(ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES))
    assert len(quads) > 100
    assert "_:" not in text


def test_components_that_need_each_other_in_a_circle_are_refused_at_their_line() -> None:
    text = (
        "request: Circle\ncomponents:\n  a: {kind: PostgreSQL}\n"
        "  b: {kind: PostgreSQL, needs: [a, c]}\n  c: {kind: PostgreSQL, needs: [b]}\n"
    )
    with pytest.raises(InputError) as refused:
        check_request(text, "application/yaml", VOCABULARY, name="circle.yaml")
    assert (refused.value.code, refused.value.at) == ("needs-circular", "circle.yaml:4")
