"""Spellings of one IRI share a form; other IRIs do not."""

from __future__ import annotations

import pytest

from kgservice.model.iri_forms import normal_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("URN:KgService:meta", "urn:kgservice:meta"),
        ("urn:kgservice:%6deta", "urn:kgservice:meta"),
        ("HTTP://Kg.Example/graph/x", "http://kg.example/graph/x"),
        ("http://kg.example:80/graph/x", "http://kg.example/graph/x"),
        ("http://kg.example:/graph/x", "http://kg.example:/graph/x"),
        ("https://kg.example:443", "https://kg.example/"),
        ("http://kg.example/graphs/../graph/x", "http://kg.example/graph/x"),
        ("http://kg.example/./graph/./x", "http://kg.example/graph/x"),
        ("http://kg.example/%67raph/x", "http://kg.example/graph/x"),
        ("http://kg.example/a%2fb", "http://kg.example/a%2Fb"),
        ("http://kg.example/../../x", "http://kg.example/x"),
    ],
)
def test_spellings_of_one_name_share_a_form(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)
    assert normal_form(normal_form(one)) == normal_form(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("urn:kgservice:Meta", "urn:kgservice:meta"),
        ("http://kg.example/Graph", "http://kg.example/graph"),
        ("http://kg.example:8080/x", "http://kg.example/x"),
        ("http://kg.example/a%2Fb", "http://kg.example/a/b"),
        ("http://kg.example/x?y=../z", "http://kg.example/z"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)
