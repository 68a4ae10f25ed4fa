"""YAML is read strictly: text typed by the vocabulary, errors with lines, nothing ignored."""

from __future__ import annotations

import pytest

from kgservice.model.errors import InputError, NotSupported
from kgservice.model.rdf import Literal
from kgservice.mpli.request_documents import check_request
from kgservice.resolution.request import AllOf, Compare, NoneOf
from kgservice.resolution.yaml_request import read_request
from tests.resolution.worlds import VOCABULARY, country

HEAD = "request: x\ncomponents:\n  db:\n    kind: PostgreSQL\n"


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read_request(text, VOCABULARY, "portal.yaml")
    return caught.value


def condition(line: str) -> object:
    request = read_request(f"{HEAD}    {line}\n", VOCABULARY)
    return request.components[0].constraints[0].condition


def test_the_country_no_is_text_and_not_false() -> None:
    request = read_request(f"{HEAD}    location.country: {{none: [NL, US]}}\n", VOCABULARY)
    assert request.components[0].constraints[0].condition == NoneOf(
        (country("NLD"), country("USA"))
    )


def test_units_are_converted_exactly() -> None:
    found = condition('storage: ">= 1024 MiB"')
    assert isinstance(found, Compare)
    assert found.value == Literal("1", "http://www.w3.org/2001/XMLSchema#decimal")
    gigabytes = condition('storage: ">= 1 GB"')
    assert isinstance(gigabytes, Compare)
    assert gigabytes.value.value.startswith("0.931322574615478515")


def test_a_list_is_all_of_for_a_feature() -> None:
    assert isinstance(condition("extension: [vector, postgis]"), AllOf)
    assert condition("extension: vector") == condition("extension: [vector]")


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("majorVersion: >= 16", "yaml-invalid", "put quotes around it"),
        ("majorVersion: > 16", "yaml-invalid", "put quotes around it"),
        ("majorVersion: >\n      16", "yaml-refused", "put quotes around it"),
        ("extension: {any: [vector, > 3]}", "yaml-invalid", "put quotes around it"),
        ("majorVersion: &a 16", "yaml-refused", ""),
        ("majorVersion: !!int 16", "yaml-refused", ""),
        ("majorVersion: [16, 17]", "operator-invalid", "did you mean `{any: […]}`"),
        ("majorVersoin: 16", "property-unknown", "did you mean `majorversion`"),
        ("storage: '>= 100'", "unit-missing", "gib"),
        ("storage: '>= 100 GiBs'", "unit-unknown", "did you mean"),
        ("storage: '>= 100 ms'", "unit-mismatch", ""),
        ("vcpu: '>= 2 GiB'", "unit-mismatch", ""),
        ("vcpu: two", "value-invalid", ""),
        ("vcpu: '1.5'", "value-invalid", ""),
        ("monthlyPrice: '<= 450'", "money-invalid", "450 eur"),
        ("noticePeriod: '<= soon'", "duration-invalid", "2 months"),
        ("support: '>= 24x7'", "operator-invalid", "any"),
        ("extension: [vektor]", "value-unknown", "did you mean `vector`"),
        ("location.country: Holand", "country-unknown", ""),
        ("location.country: {in: EAA}", "set-unknown", "did you mean `eea`"),
        ("extension: {al: [vector]}", "operator-invalid", ""),
        ("extension: {any: [vector], none: [postgis]}", "operator-invalid", ""),
        ("majorVersion.country: NL", "path-invalid", ""),
        ("label: {scheme: gaia}", "scheme-unknown", "eu-cloud-basic"),
        ("label: {scheme: eu-cloud-basic, at-least: L2}", "level-unknown", "basic, high"),
        ("label: {scheme: eu-cloud-basic, level: basic}", "key-unknown", ""),
        ("needs: [web]", "component-unknown", ""),
        ("shape: made-up", "shape-unknown", ""),
        ("provider: {shape: made-up}", "shape-unknown", ""),
        ("support: {each: {any: [24x7]}}", "operator-invalid", "leave `each` away"),
        ("support: {one-of: [24x7]}", "operator-invalid", ""),
        ("vcpu: {matches: '^1'}", "operator-invalid", ""),
        ("standard: {matches: '(a'}", "pattern-invalid", ""),
        ("standard: {matches: 'a++'}", "pattern-invalid", ""),
        ("standard: {matches: '(?=a)'}", "pattern-invalid", ""),
        ("standard: {matches: '(.{50}){50}'}", "pattern-invalid", ""),
        ('standard: {matches: "[0-9]\\\\1"}', "pattern-invalid", "[classes]"),
        ("monthlyPrice: {is: '<= 1 EUR', evidence: signed}", "operator-invalid", ""),
        ("vcpu: {is: 2, evidence: sworn}", "value-invalid", "certified"),
        ("vcpu+: 2", "path-invalid", ""),
        ("quantity: 0", "value-invalid", ""),
        ("vcpu: {is: '2', unknwon: warn}", "key-unknown", ""),
        ("vcpu: {is: '2', unknown: maybe}", "value-invalid", "reject"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_a_way_out(
    line: str, code: str, hint: str
) -> None:
    error = refused(f"{HEAD}    {line}\n")
    assert error.code == code
    assert error.at.startswith("portal.yaml:")
    assert 4 <= int(error.at.split(":")[1]) <= 6
    assert hint in error.hint.lower() or hint in str(error).lower()


def test_duplicate_keys_are_refused_and_both_lines_named() -> None:
    error = refused(f"{HEAD}    vcpu: 2\n    vcpu: 4\n")
    assert (error.code, error.at) == ("duplicate-key", "portal.yaml:6")
    assert "line 5" in error.hint


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        (f"{HEAD}together: [{{shape: 'https://x/y'}}]\n", "shape"),
    ],
)
def test_what_is_not_supported_is_refused_by_name_and_line(text: str, thing: str) -> None:
    error = refused(text)
    assert isinstance(error, NotSupported)
    assert error.code == "not-supported"
    assert thing in error.detail
    assert error.at.startswith("portal.yaml:")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "x",
        "components: []",
        "components: {}",
        "components: {db: }",
        "components: {db: {}}",
        "components: {every: {kind: PostgreSQL}}",
        "componets: {}",
        "{[1]: 2}",
        "a: " + "[" * 50,
        "---\na: 1\n---\nb: 2",
        f"{HEAD}together: [{{same: extension}}]",
        f"{HEAD}together: [{{same: location.country, different: provider}}]",
        f"{HEAD}together: [{{at-most: {{distinct: provider}}}}]",
        f"{HEAD}together: [{{sum: {{of: provider, max: '1 EUR'}}}}]",
        f"{HEAD}together: [{{compatible: {{from: db.exportFormat, to: web.importFormat}}}}]",
        f"{HEAD}prefer: [minimise extension]",
        f"{HEAD}prefer: [least monthlyPrice]",
        f"{HEAD}answers: 0",
        f"{HEAD}as-of: 2026-02-30",
        f"{HEAD}    vcpu: 2\n    vcpu?: 4\n",
    ],
)
def test_malformed_requests_are_input_errors(text: str) -> None:
    assert refused(text).status in (400, 422)


@pytest.mark.parametrize(
    "text",
    [
        "term: P1000000000Y\ncomponents:\n  db: {kind: PostgreSQL}\n",
        'components:\n  db: {kind: PostgreSQL, noticePeriod: ">= 9000 years"}\n',
        'as-of: "9999-12-31"\ncomponents:\n  db: {kind: PostgreSQL}\n',
    ],
)
def test_times_beyond_the_calendar_are_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        check_request(text, "application/yaml", VOCABULARY)
    assert refused.value.code in ("duration-invalid", "value-invalid")
