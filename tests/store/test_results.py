"""Content negotiation and graph formats."""

from __future__ import annotations

import pytest

from kgservice.model.errors import InputError
from kgservice.store.results import MEDIA_TYPES, Form, choose_graph_format, negotiate

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"


@pytest.mark.parametrize(
    ("accept", "form", "chosen"),
    [
        ("", "solutions", JSON),
        ("*/*", "solutions", JSON),
        ("*/*", "graph", "text/turtle"),
        ("text/csv", "solutions", "text/csv"),
        ("text/*", "solutions", "text/csv"),
        (f"text/*;q=0.5, {XML}", "solutions", XML),
        ("application/json", "solutions", JSON),
        ("application/xml;q=0.9, text/csv;q=0.8", "solutions", XML),
        (f"{JSON};q=0, */*", "solutions", XML),
        ("text/csv;q=0", "solutions", None),
        ("image/png", "graph", None),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "graph", "text/turtle"),
        ("TEXT/TURTLE; Q=1.0", "graph", "text/turtle"),
        ("application/n-triples;q=nonsense, text/turtle;q=0.1", "graph", "text/turtle"),
    ],
)
def test_header_chooses_the_media_type(accept: str, form: Form, chosen: str | None) -> None:
    assert negotiate(accept, form) == chosen


@pytest.mark.parametrize("media_type", MEDIA_TYPES["graph"])
def test_statements_are_written_in_every_format(media_type: str) -> None:
    body, chosen = choose_graph_format(b"<urn:a> <urn:b> <urn:c> .\n", media_type)
    assert chosen == media_type
    assert b"urn:c" in body


def test_turtle_stays_as_it_was_written() -> None:
    turtle = b"@prefix a: <urn:> .\na:b a:c a:d . # kept\n"
    assert choose_graph_format(turtle, "text/turtle") == (turtle, "text/turtle")


def test_header_without_a_graph_format_is_refused() -> None:
    with pytest.raises(InputError, match="image/png"):
        choose_graph_format(b"", "image/png")
