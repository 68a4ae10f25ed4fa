"""From what was asked and picked to what a worker is told to make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kgservice.model.errors import NotFound
from kgservice.model.rdf import Iri, Literal, Row, Term
from kgservice.mpli.application import Application
from kgservice.plan.values import Json, Terms
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Component,
    Constraint,
    Operator,
    Request,
)
from kgservice.store.queries import load_query


@dataclass(frozen=True, slots=True)
class OfferingTerms:
    """What a plan must say of an offering; empty where the catalogue does not say."""

    provider: str
    title: str
    version: str
    notice: str
    retrieval: str
    documents: tuple[Terms, ...]


def offering_terms(application: Application, offering: str) -> OfferingTerms:
    """Read an offering's terms from the graph.

    Raises:
        NotFound: there is no such offering (`offering-unknown`).
    """
    rows = application.store.read(load_query("offering-terms", {"offering": Iri(offering)}))
    if not rows:
        raise NotFound(
            f"There is no offering <{offering}>.",
            code="offering-unknown",
            hint="`kg query` or /mpli/v1/offerings lists the offerings.",
        )
    first = rows[0]
    addresses = sorted({_text(row, "terms") for row in rows} - {""})
    return OfferingTerms(
        provider=_text(first, "provider"),
        title=_text(first, "title"),
        version=_text(first, "version"),
        notice=_text(first, "notice"),
        retrieval=_text(first, "retrieval"),
        documents=tuple(Terms(address) for address in addresses),
    )


def with_settings(had: Request, asked: Request) -> Iterator[Component]:
    """Give the components with what was asked for them, also where it was asked for what they make.

    `had` is the request as it is really had: conditions on a component that a recipe makes are
    there conditions on its parts.
    """
    shared = {constraint.id for constraint in asked.every}
    for component in had.components:
        moved = [c for c in had.every if component.name in c.over and c.id not in shared]
        yield replace(component, constraints=(*component.constraints, *moved))


def worker_requirements(component: Component, picked: Mapping[str, Term]) -> dict[str, Json]:
    """Say what a worker must make: the lower bounds that were asked, and what was picked.

    Upper bounds, wishes and conditions on others (places, providers) are no settings. Values are
    texts, numbers where the vocabulary has integers, and lists for what is had together.
    """
    wanted: dict[str, Json] = {}
    for constraint in component.constraints:
        value = _setting(constraint)
        if value is not None and not constraint.is_wish and len(constraint.path) == 1:
            wanted[constraint.name] = value
    for name, term in picked.items():
        if "." not in name and name != "location":
            wanted[name] = plain(term)
    return wanted


def picked_json(picked: Mapping[str, Term]) -> dict[str, Json]:
    """Write what was picked exactly, so that it can be asked for again."""
    return {
        name: {"value": term.value, "datatype": term.datatype}
        if isinstance(term, Literal)
        else {"iri": term[0]}
        for name, term in sorted(picked.items())
    }


def read_picked(values: Mapping[str, Json]) -> dict[str, Term]:
    """Read back what was picked; what cannot be read is left out."""
    found: dict[str, Term] = {}
    for name, value in values.items():
        if isinstance(value, dict) and "iri" in value:
            found[name] = Iri(str(value["iri"]))
        elif isinstance(value, dict) and {"value", "datatype"} <= value.keys():
            found[name] = Literal(str(value["value"]), str(value["datatype"]))
    return found


def plain(term: Term) -> Json:
    """Write a term as a JSON value: the local name of an IRI, an integer, else the lexical form."""
    if isinstance(term, Literal):
        is_integer = term.datatype.endswith("#integer") and term.value.lstrip("-").isdigit()
        if is_integer:
            return int(term.value)
        return term.value == "true" if term.datatype.endswith("#boolean") else term.value
    return term[0].replace("#", "/").rpartition("/")[2]


def _setting(constraint: Constraint) -> Json:
    condition = constraint.condition
    if isinstance(condition, Compare):
        asks = condition.operator in (Operator.GE, Operator.GT, Operator.EQ)
        return plain(condition.value) if asks else None
    if isinstance(condition, AllOf):
        return [plain(value) for value in condition.values]
    if isinstance(condition, AnyOf) and len(condition.values) == 1:
        return plain(condition.values[0])
    return None


def _text(row: Row, name: str) -> str:
    return row[name][0] if name in row else ""
