"""The answer: ranked compositions or reasons, as a value and as JSON (REQUESTS, "An answer")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import cast

from kgservice.model.errors import Problem, Severity
from kgservice.model.money import Money
from kgservice.model.rdf import Literal, Term, Triple
from kgservice.resolution.answer_json import JsonValue as JsonValue
from kgservice.resolution.answer_json import money_json as money_json
from kgservice.resolution.answer_json import relaxation_json as relaxation_json
from kgservice.resolution.judgement import Counts
from kgservice.resolution.refusals import Refusal
from kgservice.resolution.relaxations import Relaxation
from kgservice.resolution.request import Request
from kgservice.resolution.spots import Way, ways_json


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact without which an offering cannot be judged.

    Attributes:
        offering: IRI.
        title: Its title, or empty.
        fact: Dotted name of what is not known.
        who_could_say: Who could state it: the provider, or the scheme that grants a label.
        why: `absent`, `two-values`, `not-complete`, `other-currency`, or the price's reason.
    """

    offering: str
    title: str
    fact: str
    who_could_say: str
    why: str = "absent"


@dataclass(frozen=True, slots=True)
class ResolvedComposition:
    """One way in which the request is possible.

    Attributes:
        iri: Its node.
        rank: From 1.
        offerings: Component name to offering IRI.
        titles: Component name to the offering's title; empty where it has none.
        bindings: Component name to the binding's IRI.
        configuration: Component name to picked values by dotted name.
        shown: The same as text, as a request would write it.
        monthly: Sum of the monthly prices, or None when one of them is unknown.
        prices: Component name to monthly price where known.
        met_wishes: Short ids.
        missed_wishes: Short ids.
        unknown: Short ids of unknown conditions whose policy is to warn.
        uses: Graphs that its proof rests on, with their versions.
        evidence_until: When the first piece of its evidence expires, xsd:dateTime or empty.
        order: What it was ranked by; smaller is better; comparable within one request.
        objectives: What it reaches in each preference, as text, when they are weighted or on a
            Pareto front; empty text where it is unknown.
        is_verified: It was judged again over the composition graph, with the same verdicts.
        ways: Component name to how it is had; empty when every component is managed.
        situation: The request with the components that it really has; None when they are those
            that were asked for.
    """

    iri: str
    rank: int
    offerings: Mapping[str, str]
    titles: Mapping[str, str]
    bindings: Mapping[str, str]
    configuration: Mapping[str, Mapping[str, Term]]
    shown: Mapping[str, Mapping[str, str]]
    monthly: Money | None = None
    prices: Mapping[str, Money] = field(default_factory=dict)
    met_wishes: tuple[str, ...] = ()
    missed_wishes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    uses: Mapping[str, int] = field(default_factory=dict)
    evidence_until: str = ""
    order: tuple[tuple[int, int, str], ...] = ()
    objectives: Mapping[str, str] = field(default_factory=dict)
    is_verified: bool = False
    ways: Mapping[str, Way] = field(default_factory=dict)
    situation: Request | None = None

    @property
    def price_text(self) -> str:
        """The monthly price of everything, for people; empty when it is unknown."""
        return f"{self.monthly} a month" if self.monthly else ""

    def price_of(self, component: str) -> str:
        """Give a component's monthly price, for people; empty when it is unknown."""
        return f"{self.prices[component]} a month" if component in self.prices else ""

    def as_json(self) -> dict[str, JsonValue]:
        """Write it as REQUESTS shows it."""
        configuration = {
            name: {key: _plain(values[key], self.shown[name][key]) for key in sorted(values)}
            for name, values in self.configuration.items()
        }
        return {
            "rank": self.rank,
            "composition": self.iri,
            "verified": self.is_verified,
            "offerings": dict(self.offerings),
            "titles": dict(self.titles),
            "ways": cast("JsonValue", ways_json(self.ways, self.offerings)),
            "configuration": {name: dict(values) for name, values in configuration.items()},
            "monthlyPrice": money_json(self.monthly),
            "prices": {name: money_json(price) for name, price in self.prices.items()},
            "wishes": {"met": list(self.met_wishes), "missed": list(self.missed_wishes)},
            "unknown": list(self.unknown),
            **({"objectives": dict(self.objectives)} if self.objectives else {}),
            "proof": f"{self.iri}/proof",
        }


@dataclass(frozen=True, slots=True)
class Resolution:
    """Whether and in which way a request is possible.

    Attributes:
        request: IRI of the request.
        status: `feasible`, `infeasible`, or `unknown` (feasible only if unknown facts turn out
            well).
        as_of: The day for which it was asked.
        graphs: Graphs that the proofs rest on, with their versions.
        compositions: Best first.
        counts: Per component name.
        conflicts: Minimal sets of short constraint ids that cannot hold together.
        missing: Facts that keep offerings from being judged.
        statements: Makes the answer as RDF.
        refused: Each offering that was not allowed, per component, the cheapest first.
        titles: Titles of the refused offerings.
        engine: Which engine searched; both give the same answer.
        relaxations: The least changes that make an infeasible request possible.
        open_conflicts: The conflicts that are none if what is unknown turns out well.
        is_complete: Everything was looked at.
        bound: When the search was cut: what no composition that was not looked at comes before.
    """

    request: str
    status: str
    as_of: date
    graphs: Mapping[str, int]
    compositions: tuple[ResolvedComposition, ...]
    counts: Mapping[str, Counts]
    conflicts: tuple[tuple[str, ...], ...]
    missing: tuple[Missing, ...]
    statements: Callable[[], tuple[Triple, ...]] = tuple
    refused: tuple[Refusal, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    engine: str = "graph"
    relaxations: tuple[Relaxation, ...] = ()
    open_conflicts: frozenset[tuple[str, ...]] = frozenset()
    is_complete: bool = True
    bound: Mapping[str, JsonValue] = field(default_factory=dict)

    def judged(self, *, is_open: bool, is_complete: bool) -> Resolution:
        """Give the answer after other ways were looked at: whether one could be possible."""
        is_unknown = self.status == "infeasible" and is_open
        return replace(
            self,
            status="unknown" if is_unknown else self.status,
            is_complete=self.is_complete and is_complete,
            bound=self.bound if is_complete else {},  # it speaks of the plain way only
        )

    def triples(self) -> tuple[Triple, ...]:
        """Give the answer as RDF: compositions, bindings, verdicts and proofs."""
        return self.statements()

    def as_json(self) -> dict[str, JsonValue]:
        """Write the answer as REQUESTS, "An answer", has it."""
        return {
            "request": self.request,
            "status": self.status,
            "asOf": self.as_of.isoformat(),
            "engine": self.engine,
            "graphs": dict(sorted(self.graphs.items())),
            "compositions": [one.as_json() for one in self.compositions],
            "complete": self.is_complete,
            **({"bound": dict(self.bound)} if self.bound else {}),
            **self._reasons_json(),
        }

    def explanation(self) -> dict[str, JsonValue]:
        """Give the reasons alone, as JSON, with every offering that was not allowed."""
        return {
            "request": self.request,
            "status": self.status,
            "asOf": self.as_of.isoformat(),
            **self._reasons_json(),
            "refused": [
                {
                    "component": one.component,
                    "offering": one.offering,
                    "title": self.titles.get(one.offering, ""),
                    "monthlyPrice": money_json(one.monthly),
                    "violated": list(one.violated),
                    "unknown": list(one.unknown),
                }
                for one in self.refused
            ],
        }

    def _reasons_json(self) -> dict[str, JsonValue]:
        return {
            "counts": {name: _counts_json(count) for name, count in self.counts.items()},
            "conflicts": [list(conflict) for conflict in self.conflicts],
            "relaxations": [relaxation_json(one) for one in self.relaxations],
            "missing": [_missing_json(one) for one in self.missing],
        }

    def reasons(self) -> tuple[Problem, ...]:
        """Give the reasons as findings, for errors that carry them."""
        conflicts = [
            Problem(
                "conditions-conflict",
                f"Cannot hold together: {', '.join(conflict)}.",
                severity=Severity.ERROR,
            )
            for conflict in self.conflicts
        ]
        missing = [
            Problem(
                "fact-missing",
                f"{one.title or one.offering}: {one.fact} is not known ({one.why}).",
                hint=f"{one.who_could_say} could say.",
            )
            for one in self.missing
        ]
        return (*conflicts, *missing)


def _plain(term: Term, shown: str) -> JsonValue:
    is_integer = isinstance(term, Literal) and term.datatype.endswith("#integer")
    return int(term.value) if isinstance(term, Literal) and is_integer else shown


def _counts_json(counts: Counts) -> dict[str, JsonValue]:
    return {
        "offerings": counts.offerings,
        "satisfied": counts.satisfied,
        "unknown": counts.unknown,
        "violated": counts.violated,
        "firstReason": dict(counts.first_reason),
    }


def _missing_json(missing: Missing) -> dict[str, JsonValue]:
    return {
        "offering": missing.offering,
        "title": missing.title,
        "fact": missing.fact,
        "whoCouldSay": missing.who_could_say,
        "why": missing.why,
    }
