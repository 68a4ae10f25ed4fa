"""Explanations of requests: reasons in a language, one offering in full, and what-if."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, is_valid_iri
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.discover import called
from kgservice.mpli.drilling import Drilled, drill
from kgservice.mpli.request_answers import need_engine, resolution
from kgservice.mpli.requests import get_request
from kgservice.mpli.resolve import Resolution, Restriction, resolve
from kgservice.resolution.answer import JsonValue, money_json
from kgservice.resolution.assumptions import (
    Assumptions,
    PriceChange,
    assuming,
    read_price_change,
)
from kgservice.resolution.phrases import Phrases
from kgservice.resolution.reasons import Reason, outcome_of, reasons_of
from kgservice.resolution.request import Request
from kgservice.resolution.sentences import Teller
from kgservice.resolution.values import read_date
from kgservice.resolution.words import sentences
from kgservice.store.queries import load_query


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained, as it was asked.

    Attributes:
        language: `en` or `nl`.
        offering: One offering in full, by IRI or title; empty for the request as a whole.
        without: Providers assumed to offer nothing, by IRI or title.
        prices: Prices assumed to change, as `read_price_change` reads them.
        on: Another day, as `2027-01-12`; empty for the request's.
        engine: `fast` or `graph`.
    """

    language: str = "en"
    offering: str = ""
    without: Sequence[str] = ()
    prices: Sequence[str] = ()
    on: str = ""
    engine: str = "fast"


def explanation_of(
    application: Application, caller: Caller, identity: str, question: Question
) -> dict[str, JsonValue]:
    """Tell why: conflicts, least changes, counts, what is missing; each for machines and in words.

    Raises:
        InputError: the language, the day, a change of prices or the engine makes no sense.
        NotFound: the request, an offering or a provider is not known.
    """
    sentences(question.language)
    need_engine(question.engine)
    saved = get_request(application, caller, identity)
    assumptions, request = _assumptions(application, question), saved.request
    if not assumptions:
        answer = resolution(application, saved, question.engine, is_explained=True)
        reasons: list[Reason] = []
    else:
        request = assuming(saved.request, assumptions, application.vocabulary)
        answer = _resolved(application, request, question, Restriction(prices=assumptions.prices))
        reasons = _assumed(assumptions, question)
    reasons += reasons_of(answer, request)
    told = answer.explanation()
    if assumptions:
        before = _resolved(application, saved.request, question, Restriction(is_explained=False))
        reasons.append(_before(before))
        told["assuming"] = _assumptions_json(assumptions)
        told["before"] = _outcome_json(before)
        told["after"] = _outcome_json(answer)
    drilled = Drilled()
    if question.offering:
        offering = _offering(application, question.offering)
        drilled = drill(application, request, offering, answer, assumptions.prices)
        told["offering"] = drilled.as_json()
        reasons = [*reasons[:1], *drilled.reasons]
    teller = _teller(application, request, answer, question.language, drilled.titles)
    told["language"] = question.language
    told["reasons"] = teller.as_json(reasons)
    told["text"] = teller.text(reasons)
    return told


def _teller(
    application: Application,
    request: Request,
    answer: Resolution,
    language: str,
    titles: Mapping[str, str],
) -> Teller:
    words = Phrases(language, request, application.vocabulary, {**answer.titles, **titles})
    return Teller(words, answer)


def _resolved(
    application: Application,
    request: Request,
    question: Question,
    limits: Restriction,
) -> Resolution:
    """Resolve without keeping the answer."""
    return resolve(
        application.store,
        application.vocabulary,
        request,
        base_iri=application.base_iri,
        limits=limits,
        projector=application.projector if question.engine == "fast" else None,
    )


# -- what is assumed ------------------------------------------------------------------------------
def _assumptions(application: Application, question: Question) -> Assumptions:
    changes = [read_price_change(text) for text in question.prices]
    return Assumptions(
        without=tuple(Iri(_thing(application, name)) for name in question.without),
        prices=tuple(_resolved_change(application, change) for change in changes),
        on=read_date(question.on) if question.on else None,
    )


def _resolved_change(application: Application, change: PriceChange) -> PriceChange:
    if not change.whose:
        return change
    thing = _thing(application, change.whose)
    rows = application.store.read(load_query("priced-by", {"thing": Iri(thing)}))
    offerings = frozenset(row["offering"][0] for row in rows)
    return replace(change, offerings=offerings | {thing})


def _thing(application: Application, name: str) -> str:
    """Give the IRI of what is called so, a provider or an offering.

    Raises:
        NotFound: nothing or several things are called so (`offering-unknown`).
    """
    if is_valid_iri(name) and ":" in name:
        return name
    return called(application, name)


def _offering(application: Application, name: str) -> str:
    iri = _thing(application, name)
    if not is_valid_iri(iri):
        raise InputError(f"{iri!r} is not an IRI.", code="value-invalid", at="?offering")
    return iri


def _assumed(assumptions: Assumptions, question: Question) -> list[Reason]:
    told = [
        Reason("outcome", "assuming-without", {"provider": iri.value, "called": name})
        for iri, name in zip(assumptions.without, question.without, strict=True)
    ]
    told += [
        Reason("outcome", "assuming-price", {"whose": one.whose, "percent": _percent(one)})
        for one in assumptions.prices
    ]
    if assumptions.on:
        told.append(Reason("outcome", "assuming-day", {"date": assumptions.on.isoformat()}))
    return told


def _percent(change: PriceChange) -> str:
    return f"{float(change.percent):+g}"


def _before(answer: Resolution) -> Reason:
    facts: dict[str, JsonValue] = {"status": answer.status}
    if answer.compositions:
        facts["price"] = money_json(answer.compositions[0].monthly)
    return Reason("outcome", "before", facts)


def _assumptions_json(assumptions: Assumptions) -> JsonValue:
    return {
        "without": [iri.value for iri in assumptions.without],
        "priceChange": [
            {"whose": one.whose, "percent": _percent(one)} for one in assumptions.prices
        ],
        "on": assumptions.on.isoformat() if assumptions.on else None,
    }


def _outcome_json(answer: Resolution) -> JsonValue:
    best = answer.compositions[0] if answer.compositions else None
    return {
        "outcome": outcome_of(answer).code,
        "status": answer.status,
        "best": None
        if best is None
        else {
            "offerings": dict(best.offerings),
            "titles": dict(best.titles),
            "monthlyPrice": money_json(best.monthly),
        },
    }
