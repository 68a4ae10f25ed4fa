"""The claims that label rules judge: how they are asked of the store, by kind of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Final

from kgservice.model.rdf import Iri, to_text
from kgservice.model.terms import KG, SCHEMA

_FOLDER: Final = resources.files(__package__) / "queries"


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.rq").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A kind of evidence.

    Attributes:
        claims: CONSTRUCT of a claim for each piece; its line `#SCOPE` narrows it.
        about: What `#SCOPE` is for one subject, `%s`.
        documents: SELECT of the documents `?d` that hold some, with a line `#SCOPE`.
        touched: SELECT of the documents `?d` whose evidence is about what the documents `?t` of
            the line `#SCOPE` describe; empty where it depends on its own document only.
    """

    claims: str
    about: str
    documents: str
    touched: str = ""


EVIDENCE: Final = (
    Evidence(
        _read("certificates"),
        f"?certificate <{KG.scope}> %s .",
        f"SELECT DISTINCT ?d WHERE {{ #SCOPE\n GRAPH ?d {{ ?c a <{KG.Certificate}> }} }}",
    ),
    Evidence(
        _read("label-credentials"),
        "VALUES ?offering { %s }",
        f"SELECT DISTINCT ?d WHERE {{ #SCOPE\n GRAPH ?d {{ ?c <{KG.scope}> ?s }} "
        f"?c <{KG.statedLevel}> ?l }}",
        f"SELECT DISTINCT ?d WHERE {{ #SCOPE\n {{ GRAPH ?t {{ ?o <{SCHEMA.NS}itemOffered> ?s }} }} "
        f"UNION {{ GRAPH ?t {{ ?s a <{KG.Offering}> }} }} GRAPH ?d {{ ?c <{KG.scope}> ?s }} "
        f"?c <{KG.statedLevel}> ?l }}",
    ),
)


def all_claims() -> tuple[str, ...]:
    """Give the queries for all claims."""
    return tuple(one.claims for one in EVIDENCE)


def claims_of(documents: Iterable[Iri]) -> tuple[str, ...]:
    """Give the queries for the claims that some documents make."""
    listed = " ".join(map(to_text, documents))
    values = f"WHERE {{ VALUES ?document {{ {listed} }}"
    return tuple(one.claims.replace("WHERE {", values, 1) for one in EVIDENCE)


def claims_about(subject: str) -> tuple[str, ...]:
    """Give the queries for the claims about one subject."""
    return tuple(one.claims.replace("#SCOPE", one.about % f"<{subject}>") for one in EVIDENCE)
