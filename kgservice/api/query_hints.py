"""`Kg-Hint`: what a query that ran probably got wrong, since a misspelt term only finds nothing."""

from __future__ import annotations

from flask import Response

from kgservice.model.rdf import Iri
from kgservice.mpli.application import Application
from kgservice.store.hints import KG_NAMES, Suspect, misspelt_terms, place_of

HEADER = "Kg-Hint"
MOST = 3
_NAMESPACE = "https://w3id.org/kgservice/ns#"


class QueryHints:
    """Hints about terms of the vocabulary, as it is with the ontologies that extend it."""

    def __init__(self, application: Application) -> None:
        """Take the terms of the vocabulary once."""
        vocabulary = application.vocabulary
        terms: list[Iri] = [*vocabulary.classes.values(), *vocabulary.individuals.values()]
        terms += [info.iri for info in vocabulary.properties.values()]
        extra = (term.value.removeprefix(_NAMESPACE) for term in terms)
        self._known = KG_NAMES | frozenset(extra)

    def add(self, response: Response, text: str) -> Response:
        """Add a header for the first terms of the text that are not in the vocabulary."""
        for number, suspect in enumerate(misspelt_terms(text, self._known)):
            if number == MOST:
                break
            response.headers.add(HEADER, _as_header(text, suspect))
        return response


def _as_header(text: str, suspect: Suspect) -> str:
    said = f"query:{place_of(text, suspect.offset)}: {suspect.hint}"
    return said.encode("ascii", "backslashreplace").decode()
