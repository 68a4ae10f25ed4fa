"""What reading one file or page of RDF gives."""

from __future__ import annotations

from dataclasses import dataclass

from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Triple


@dataclass(frozen=True, slots=True)
class Reading:
    """The statements of one file or page, those of its named graphs included.

    Attributes:
        triples: With lexical forms as found; blank nodes are still blank.
        syntax: `turtle`, `json-ld`, `rdf-xml`, `n-quads`.
        contexts: IRIs of the JSON-LD contexts that it names.
        dropped: JSON-LD members that no context defines.
        problems: Findings about the whole.
    """

    triples: tuple[Triple, ...]
    syntax: str
    contexts: tuple[str, ...] = ()
    dropped: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


def unreadable(detail: str, at: str) -> Problem:
    """Say that nothing could be read."""
    hint = "Nothing was read from it."
    return Problem("document-unreadable", detail, at, hint, Severity.ERROR)


def invalid_iris(iris: set[str], at: str) -> tuple[Problem, ...]:
    """Say which IRIs are malformed, if any."""
    if not iris:
        return ()
    some = ", ".join(sorted(iris)[:5])
    hint = "Statements that use it were left out."
    return (Problem("iri-invalid", f"not an IRI: {some}", at, hint),)
