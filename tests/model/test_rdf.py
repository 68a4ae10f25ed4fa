"""RDF terms as values."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgservice.model.rdf import Iri, Literal, Triple, is_valid_iri, to_ntriples


def engine_takes(text: str) -> bool:
    """The oracle: what the engine's own parser accepts."""
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


TAILS = st.text(max_size=12) | st.text("%[]09afAF:/?#é\x7f\x85\ue000\ufdd0\U000f0000 ", max_size=8)


@given(TAILS)
def test_what_is_called_an_iri_the_engine_takes(tail: str) -> None:
    """The other way round need not hold: we may refuse more."""
    text = "https://example.org/" + tail
    if is_valid_iri(text):
        assert engine_takes(text)


@pytest.mark.parametrize(
    "text",
    [
        "urn:ngsi-ld:product-offering:1",
        "did:web:isar-systeme.example",
        "https://example.org/a?b=c#d",
        "http://[::1]:8080/x",
        "https://example.org/über/100%25",
        "http://publications.europa.eu/resource/authority/country/NLD",
    ],
)
def test_usual_names_are_iris(text: str) -> None:
    assert is_valid_iri(text)
    assert engine_takes(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "relative/path", ":x", "urn:", "https://e.org/%zz", "https://e.org/[x]", "x y:z"],
)
def test_what_is_no_iri_is_refused(text: str) -> None:
    assert not is_valid_iri(text)


@given(st.text(max_size=30))
def test_any_text_survives_as_a_literal(text: str) -> None:
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        return  # no engine can carry half a surrogate pair
    triple = Triple(Iri("urn:s"), Iri("urn:p"), Literal(text))
    (quad,) = ox.parse(to_ntriples([triple]).encode(), format=ox.RdfFormat.N_TRIPLES)
    assert isinstance(quad.object, ox.Literal)
    assert quad.object.value == text
