"""The queries that work out chains and evident statements, as texts."""

from __future__ import annotations

from collections.abc import Iterable

from kgservice.model.rdf import Iri, Literal, to_text
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.conditions import Evidence
from kgservice.resolution.templates import render


def evident_facts(offerings: str, read: tuple[str, str, Iterable[Iri]]) -> str:
    """Write the query for evident statements about some offerings (patterns for ?offering).

    `read` is a way, an evidence and properties.
    """
    way, evidence, properties = read
    listed = " ".join(to_text(prop) for prop in sorted(properties))
    return render(
        "evident-facts",
        {"suffix": Literal(f"~{evidence}")},
        {
            "offerings": offerings,
            "way": way,
            "properties": f"VALUES ?property {{ {listed} }}",
            "levels": _levels(Evidence(evidence)),
        },
    )


def evident_statements(prop: Iri, evidence: Evidence) -> str:
    """Write the query for all evident statements with a property."""
    slots = {"levels": _levels(evidence)}
    return render("evident-statements", {"property": prop}, slots)


def _levels(evidence: Evidence) -> str:
    listed = ", ".join(to_text(level) for level in evidence.levels)
    return f"FILTER(?level IN ({listed}))"


def chains(steps: Iterable[PropertyInfo]) -> list[str]:
    """Write the queries that make the chains among some steps, in the scratch store, in order."""
    texts: dict[str, None] = {}
    for step in steps:
        if step.follows is not None:
            texts.update(dict.fromkeys(_chain(step, step.follows)))
    return list(texts)


def _chain(step: PropertyInfo, followed: PropertyInfo) -> list[str]:
    link = Iri(f"{step.iri.value}link")
    is_single = followed.kind in (ValueKind.SINGLE, ValueKind.CHOICE)
    prop, along = to_text(followed.iri), to_text(link)
    other = f"FILTER NOT EXISTS {{ ?node {prop} ?other FILTER(!sameTerm(?other, ?next)) }}"
    said = f"EXISTS {{ ?open {to_text(KG.completeFor)} {prop} }}"
    closed = (
        f"(EXISTS {{ ?open {along} ?one }} || ({said} && !EXISTS {{ ?open {prop} ?any }}))"
        if is_single
        else said
    )
    return [
        render(
            "chain-links",
            {"followed": followed.iri, "link": link},
            {"single": other if is_single else ""},
        ),
        render("chain-reach", {"chain": step.iri}, {"follow": f"?node {along}+ ?end ."}),
        render(
            "chain-complete",
            {"followed": followed.iri, "chain": step.iri},
            {"follow": f"?node {along}* ?open .", "closed": f"FILTER(!{closed})"},
        ),
    ]


def is_picked(step: PropertyInfo) -> bool:
    """Say whether a worked-out step is a choice, of which a binding has the picked value."""
    return step.states is not None and step.kind is ValueKind.CHOICE


def picks(steps: Iterable[PropertyInfo]) -> list[str]:
    """Write the queries for what bindings pick on enough evidence."""
    return [
        render("evident-picks", {"choice": step.states, "evident": step.iri})
        for step in dict.fromkeys(steps)
        if step.states is not None and is_picked(step)
    ]
