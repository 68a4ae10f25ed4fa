"""What the graph says of a move: its ways, what leaving costs, how much there is to carry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from kgservice.model.errors import InputError
from kgservice.model.money import Money, parse_money
from kgservice.model.rdf import Iri, Literal, Row, Triple
from kgservice.model.terms import DCTERMS, KG, ODRL, PROV
from kgservice.mpli.application import Application
from kgservice.plan import (
    ChargeRule,
    CostLine,
    Leaving,
    LeavingTerms,
    MovePath,
    Pace,
    PlanContext,
    RunningService,
    leaving_costs,
)
from kgservice.plan.clocks import MINIMUM_RETRIEVAL, later, longest, moment
from kgservice.store.queries import load_query

_NUMBERS = (
    KG.switchingCharge,
    KG.switchingEgressPrice,
    KG.parallelEgressPrice,
    KG.earlyTerminationPenalty,
)


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a service's present agreement says: its monthly price and its day, where known."""

    monthly: Money | None = None
    since: date | None = None


def ways_between(application: Application, source: str, target: str) -> list[MovePath]:
    """Give the paths from one offering to another that the graph derived; none when it cannot be.

    Python only adds figures up: whether there is a path is the answer of `move-ways.rq`.
    """
    rows = application.store.read(
        load_query("move-ways", {"source": Iri(source), "target": Iri(target)})
    )
    return [_path(row) for row in rows]


def reachable(application: Application, source: str) -> set[str]:
    """Give the offerings that a service can be moved to from an offering."""
    rows = application.store.read(load_query("move-targets", {"source": Iri(source)}))
    return {row["target"][0] for row in rows}


def _path(row: Row) -> MovePath:
    return MovePath(
        iri=row["path"][0],
        from_format=row["fromFormat"][0].rpartition("#")[2],
        to_format=row["toFormat"][0].rpartition("#")[2],
        giver=row["giver"][0],
        taker=row["taker"][0],
        conversion=row["conversion"][0] if "conversion" in row else "",
        exporting=_pace(row, "export"),
        converting=_pace(row, "convert"),
        importing=_pace(row, "import"),
    )


def _pace(row: Row, name: str) -> Pace | None:
    if f"{name}Rate" not in row:
        return None
    return Pace(Fraction(row[f"{name}Rate"][0]), Fraction(row[f"{name}Fixed"][0]))


def amount_of(application: Application, service: RunningService) -> int | None:
    """Say how many bytes a service holds: as last observed, else the most that was asked for."""
    for triple in application.store.graph(service.iri, dataset="private"):
        if triple.predicate == KG.dataBytes and isinstance(triple.object, Literal):
            return int(triple.object.value)
    for row in _terms(application, service):
        if row["term"] == KG.movesAmount:
            name = application.vocabulary.names_by_iri.get(row["value"][0], "")
            info = application.vocabulary.properties.get(name)
            unit = application.vocabulary.units.get(info.unit) if info else None
            asked = service.binding.requirements.get(name)
            if unit is not None and isinstance(asked, int | str):
                return int(Fraction(asked) * Fraction(unit.factor))
    return None


def costs_of_leaving(
    application: Application,
    service: RunningService,
    context: PlanContext,
    amount: int | None,
    *,
    is_parallel: bool = False,
) -> tuple[CostLine, ...]:
    """Work out what it costs that a service leaves its offering at the moment of the plan."""
    rows = _terms(application, service)
    agreed = agreement_of(application, service)
    binding = service.binding
    periods = (binding.notice_period, binding.retrieval_period, MINIMUM_RETRIEVAL)
    leaving = Leaving(
        service=service.iri,
        terms=LeavingTerms(
            amounts=_amounts(rows),
            currency=_only(rows, KG.currency),
            minimum_term=_only(rows, KG.minimumTerm),
            monthly=agreed.monthly,
            since=agreed.since,
        ),
        amount=amount,
        start=context.made,
        paid_until=later(context.made, longest(context.made, *periods)),
        is_parallel=is_parallel,
    )
    return leaving_costs(leaving, _rules(rows))


def _terms(application: Application, service: RunningService) -> list[Row]:
    binding = service.binding
    terms = {"offering": Iri(binding.offering), "kind": Iri(binding.kind)}
    return application.store.read(load_query("move-terms", terms))


def _amounts(rows: Iterable[Row]) -> dict[str, Fraction]:
    """Read charges; of two different values neither counts."""
    found: dict[str, set[str]] = {}
    for row in rows:
        if "rule" not in row and row["term"] in _NUMBERS:
            found.setdefault(row["term"][0], set()).add(row["value"][0])
    return {term: Fraction(values.pop()) for term, values in found.items() if len(values) == 1}


def _only(rows: Iterable[Row], term: Iri) -> str:
    values = {row["value"][0] for row in rows if row["term"] == term}
    return values.pop() if len(values) == 1 else ""


def _rules(rows: Iterable[Row]) -> list[ChargeRule]:
    return [
        ChargeRule(
            row["term"][0],
            date.fromisoformat(row["from"][0][:10]),
            Fraction(row["value"][0]),
            row["rule"][0],
        )
        for row in rows
        if "rule" in row
    ]


def agreement_of(application: Application, service: RunningService) -> Agreed:
    """Read the newest agreement on a service's present offering from its graph."""
    triples = application.store.graph(service.iri, dataset="private")
    gone = {t.subject for t in triples if t.predicate == PROV.invalidatedAtTime}
    offering = Iri(service.binding.offering)
    ours = {t.subject for t in triples if t.predicate == ODRL.target and t.object == offering}
    found = [
        (_value(triples, node, DCTERMS.issued), _value(triples, node, KG.agreedPrice))
        for node in ours - gone
    ]
    if not found:
        return Agreed()
    issued, price = max(found)
    return Agreed(_monthly(price), moment(issued).date() if issued else None)


def _value(triples: Iterable[Triple], node: object, predicate: Iri) -> str:
    for triple in triples:
        if triple.subject == node and triple.predicate == predicate:
            return str(triple.object[0])
    return ""


def _monthly(text: str) -> Money | None:
    """Read `57.50 EUR a month`, as plans write prices."""
    try:
        return parse_money(text.removesuffix(" a month")) if text.endswith(" a month") else None
    except InputError:
        return None
