"""Why, as values: one reason code with its facts for each thing that an explanation says.

A reason is for machines (`code`, `facts` of ids, numbers and amounts); a sentence is made of it
by `sentences.py`, last of all, in the language of the reader. Nobody parses a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from kgservice.resolution.answer import JsonValue, Missing, Resolution, money_json
from kgservice.resolution.relaxations import Relaxation
from kgservice.resolution.request import Request

SECTIONS: Final = ("outcome", "conflict", "change", "counts", "missing", "offering")
MAX_MISSING_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that an explanation says.

    Attributes:
        section: Where it belongs, one of `SECTIONS`.
        code: Stable slug; docs/why-not.md lists them.
        facts: What it says, for machines.
    """

    section: str
    code: str
    facts: Mapping[str, JsonValue] = field(default_factory=dict)


def reasons_of(answer: Resolution, request: Request) -> list[Reason]:
    """Give the reasons of an answer, in the order in which they are told."""
    return [
        outcome_of(answer),
        *_conflicts(answer),
        *(_relaxation(number, one) for number, one in enumerate(answer.relaxations)),
        *_counts(answer, request),
        *_missing(answer),
    ]


def outcome_of(answer: Resolution) -> Reason:
    """Say whether the request is possible, and for how much at best."""
    date = answer.as_of.isoformat()
    if answer.compositions:
        best = answer.compositions[0]
        facts: dict[str, JsonValue] = {
            "date": date,
            "compositions": len(answer.compositions),
            "price": money_json(best.monthly),
        }
        return Reason("outcome", "feasible", facts)
    told = "only-if-known" if answer.status == "unknown" else "infeasible"
    return Reason("outcome", told, {"date": date})


def _conflicts(answer: Resolution) -> Iterator[Reason]:
    for conflict in answer.conflicts:
        names: list[JsonValue] = list(conflict)
        if len(conflict) == 1 and conflict[0].endswith(".kind"):
            component = conflict[0].removesuffix(".kind")
            yield Reason("conflict", "kind-not-offered", {"component": component})
        elif conflict in answer.open_conflicts:
            yield Reason("conflict", "conflict-unknown", {"constraints": names})
        elif len(conflict) == 1:
            yield Reason("conflict", "conflict-alone", {"constraints": names})
        else:
            yield Reason("conflict", "conflict-together", {"constraints": names})


def _relaxation(number: int, relaxation: Relaxation) -> Reason:
    return Reason(
        "change",
        "relaxation",
        {
            "relaxation": number,
            "constraints": [one.constraint for one in relaxation.changes],
            "kinds": [one.kind for one in relaxation.changes],
            "price": money_json(relaxation.best.monthly),
            "leftOut": money_json(relaxation.left_out),
        },
    )


def _counts(answer: Resolution, request: Request) -> Iterator[Reason]:
    for component in request.components:
        counts = answer.counts[component.name]
        yield Reason(
            "counts",
            "component-counts",
            {
                "component": component.name,
                "offerings": counts.offerings,
                "satisfied": counts.satisfied,
                "unknown": counts.unknown,
                "violated": counts.violated,
            },
        )
        for name, number in counts.first_reason.items():
            facts: dict[str, JsonValue] = {
                "component": component.name,
                "constraint": name,
                "number": number,
            }
            yield Reason("counts", "first-reason", facts)


def _missing(answer: Resolution) -> Iterator[Reason]:
    """Group what is missing by the fact and who could say it."""
    if answer.compositions:
        return
    groups: dict[tuple[str, str, str], list[Missing]] = {}
    for one in answer.missing:
        groups.setdefault((one.who_could_say, one.fact, one.why), []).append(one)
    listed = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    for (who, fact, why), some in listed[:MAX_MISSING_TOLD]:
        offerings: list[JsonValue] = [one.offering for one in some]
        facts: dict[str, JsonValue] = {
            "whoCouldSay": who,
            "fact": fact,
            "why": why,
            "offerings": offerings,
        }
        yield Reason("missing", "missing", facts)
    rest = sum(len(some) for _, some in listed[MAX_MISSING_TOLD:])
    if rest:
        yield Reason("missing", "missing-more", {"number": rest})
