"""The queries that judge the compositions of an answer a second time, as texts."""

from __future__ import annotations

from collections.abc import Sequence

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.compile import Compiler
from kgservice.resolution.queries import (
    among,
    around_facts,
    copied_properties,
    judge_slots,
    one_by_one,
    way_to,
)
from kgservice.resolution.reads import PROFILE_PATH, Path, Way, choice_paths, joint_paths, reads_of
from kgservice.resolution.request import Request, joint_components
from kgservice.resolution.templates import render, values_of
from kgservice.resolution.worked_queries import evident_facts

COMPLETE: Path = (PropertyInfo(KG.completeFor, "completeFor", ValueKind.FEATURE),)
CURRENCY: Path = (PropertyInfo(KG.currency, "currency", ValueKind.SINGLE),)


def facts(request: Request, offerings: Sequence[str]) -> list[str]:
    """Write the queries that bring the facts that a request reads of some offerings."""
    ways: dict[Way, set[Iri]] = {}
    evident: dict[tuple[Way, str], set[Iri]] = {}
    for component in request.components:
        reads = reads_of(request, component)
        ways.setdefault((), set()).update(reads.properties)
        for way, properties in reads.further:
            ways.setdefault(way, set()).update(properties)
        for way, evidence, properties in reads.evident:
            evident.setdefault((way, evidence), set()).update(properties)
    named = values_of("offering", list(offerings))
    found = [
        render(
            "winner-facts",
            slots={
                "offerings": named,
                "way": way_to(way),
                "properties": among("property", properties),
            },
        )
        for way, properties in sorted(ways.items())
    ]
    return found + [
        evident_facts(named, (way_to(way), evidence, properties))
        for (way, evidence), properties in sorted(evident.items())
    ]


def prices(offerings: Sequence[str]) -> str:
    """Write the query for what the price components of some offerings say."""
    return render("winner-prices", slots={"offerings": values_of("offering", list(offerings))})


def binding_facts(request: Request) -> list[str]:
    """Write the queries that give each binding of a composition its offering's facts, in order."""
    copied = among("property", copied_properties(request))
    return around_facts(request, render("winner-binding-facts", slots={"copied": copied}))


def verdicts(request: Request, compiler: Compiler) -> list[str]:
    """Write a query for each condition: the verdicts for the bindings of compositions.

    One query for all of them takes twice as long, most of it for planning.
    """
    return [
        render("composition-verdict", slots=judge_slots(request, constraint, compiler))
        for constraint in request.all_constraints()
    ]


def paths_read(request: Request) -> list[Path]:
    """Name the paths that joint conditions, the order and the shown configuration read."""
    found: dict[Path, None] = {COMPLETE: None, CURRENCY: None, PROFILE_PATH: None}
    for joint in request.together:
        for name in joint_components(joint):
            found.update(dict.fromkeys(joint_paths(joint, name)))
    found.update(dict.fromkeys(one.path or (one.property,) for one in request.prefer))
    for component in request.components:
        found.update(dict.fromkeys(choice_paths(request, component)))
    return list(found)


def path_values(path: Path) -> str:
    """Write the query for what a path reaches from the bindings of compositions."""
    return render("composition-path", slots={"path": one_by_one(path)})


def said_of_bindings() -> str:
    """Write the query for what the answer says of the bindings of compositions: their prices."""
    return render("composition-said")
