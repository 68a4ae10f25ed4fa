"""Numbers that are short to write and endless to compute with."""

from __future__ import annotations

import time

import pytest

from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Literal
from kgservice.mpli.request_documents import check_request
from kgservice.resolution.values import number_of
from kgservice.store.vocabulary import load_vocabulary

YAML = """components:
  db:
    kind: PostgreSQL
    storage: ">= {storage} GiB"
    noticePeriod: "<= {months} months"
    monthlyPrice: "<= {price} EUR"
answers: {answers}
"""
USUAL = {"storage": "100", "months": "2", "price": "100", "answers": "5"}
TURTLE = """@prefix kg: <https://w3id.org/kgservice/ns#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<> a kg:Request ; kg:answers 5 ; kg:component <#db> .
<#db> a kg:Component, sh:NodeShape ; sh:order 1 ; sh:class kg:PostgreSQL ; kg:quantity 1 ;
  <http://www.w3.org/2000/01/rdf-schema#label> "db" ;
  sh:property <#db.storage> .
<#db.storage> a sh:PropertyShape ; sh:path kg:storage ; sh:minCount 1 ; sh:maxCount 1 ;
  sh:order 1 ; sh:minInclusive VALUE ."""


@pytest.mark.parametrize("digits", [101, 4000, 5000, 100_000])
@pytest.mark.parametrize("where", USUAL)
def test_a_number_of_many_digits_is_refused_in_words(where: str, digits: int) -> None:
    text = YAML.format(**{**USUAL, where: "9" * digits})

    with pytest.raises(InputError) as refused:
        check_request(text, "application/yaml", load_vocabulary())

    assert refused.value.code in {"value-invalid", "duration-invalid", "money-invalid"}


def test_leading_digits_do_not_hide_a_large_count() -> None:
    text = YAML.format(**{**USUAL, "answers": "000000001000000000"})

    with pytest.raises(InputError, match="value-invalid"):
        check_request(text, "application/yaml", load_vocabulary())


@pytest.mark.parametrize("value", ["1e999999999", "-1e999999999", "1e-999999999", "9" * 5000])
@pytest.mark.parametrize("kind", ["double", "decimal", "integer"])
def test_an_exponent_is_not_written_out(value: str, kind: str) -> None:
    vocabulary = load_vocabulary()
    begin = time.process_time()

    assert number_of(Literal(value, XSD + kind)) is None
    document = TURTLE.replace("VALUE", f'"{value}"^^xsd:{kind}')
    with pytest.raises(InputError, match="value-invalid"):
        check_request(document, "text/turtle", vocabulary, iri="urn:example:request")

    assert time.process_time() - begin < 1
