"""Let requests stand, and tell what became of them: as a feed, as statements, while one waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from kgservice.model.errors import KgError, NotFound, Refused, Unavailable
from kgservice.model.rdf import XSD, Iri, Literal, Triple, typed
from kgservice.model.terms import KG, PROV, RDF
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.request_answers import resolution
from kgservice.mpli.requests import as_written, get_request
from kgservice.mpli.standing import StandingClerk
from kgservice.mpli.standing_book import Event, Outcome
from kgservice.mpli.standing_services import Running, is_request
from kgservice.resolution.answer import JsonValue, Resolution
from kgservice.resolution.request import Request
from kgservice.store.port import GraphChange

MOST_STANDING: Final = 1_000
"""Standing requests of one customer."""
MOST_AT_ONCE: Final = 100
"""Events of a page."""
_TYPE: Final = "io.github.kgservice."
_INSIDE: Final = Caller("standing", "operator", "standing")
_TURNS: Final = {
    "better": KG.Better,
    "worse": KG.Worse,
    "different": KG.Different,
    "possible": KG.Possible,
    "impossible": KG.Impossible,
}


def serve(application: Application) -> None:
    """Let the application's clerk begin."""
    runs = Running(application)

    def resolve(iri: str) -> tuple[Request, Resolution] | None:
        if not is_request(application, iri):
            return runs.judged(iri)
        try:
            saved = get_request(application, _INSIDE, iri)
        except NotFound:
            return None
        return as_written(application, saved), resolution(application, saved)

    def tell(event: Event) -> None:
        _write(application, event)

    clerk = _clerk(application)
    clerk.work_with(resolve, tell, lambda: runs.stand(clerk.book))
    clerk.start()


def let_stand(application: Application, caller: Caller, identity: str) -> dict[str, JsonValue]:
    """Keep a request's answer true from now on, and tell when it becomes another one.

    Raises:
        NotFound: there is no such request.
        Refused: the caller has too many standing requests (`too-many-standing`).
    """
    saved = get_request(application, caller, identity)
    book = _clerk(application).book
    mine = [one for one in book.standing() if one.customer == saved.customer]
    if len(mine) >= MOST_STANDING and saved.iri not in {one.request for one in mine}:
        raise Refused(
            f"{saved.customer} has {len(mine):,} standing requests; there may be no more.",
            code="too-many-standing",
            hint="Let some of them stand no longer.",
        )
    book.add(saved.iri, saved.customer, _now())
    return show_standing(application, caller, identity)


def let_rest(application: Application, caller: Caller, identity: str) -> None:
    """Let a request stand no longer; what became of it until now can still be read."""
    saved = get_request(application, caller, identity)
    _clerk(application).book.remove(saved.iri)


def show_standing(application: Application, caller: Caller, identity: str) -> dict[str, JsonValue]:
    """Say whether a request stands, since when, and what its answer came to last."""
    saved = get_request(application, caller, identity)
    for one in _clerk(application).book.standing():
        if one.request == saved.iri:
            outcome = _outcome_json(one.outcome) if one.outcome else None
            return {"request": saved.iri, "standing": True, "since": one.since, "answer": outcome}
    return {"request": saved.iri, "standing": False, "since": None, "answer": None}


def changes(
    application: Application, caller: Caller, after: int, request: str = ""
) -> list[dict[str, JsonValue]]:
    """Give what became of the caller's standing requests, as CloudEvents 1.0, oldest first.

    An operator sees those of all. `after` is the id of the last event that the caller knows;
    `request` asks for those of one request.
    """
    iri = get_request(application, caller, request).iri if request else ""
    customer = "" if caller.may("see-all") else caller.name
    book = _clerk(application).book
    events = book.events(after, customer=customer, request=iri, most=MOST_AT_ONCE)
    return [_cloud_event(application, event) for event in events]


def waiting_changes(
    application: Application, caller: Caller, after: int, request: str, seconds: float
) -> Iterator[list[dict[str, JsonValue]]]:
    """Give changes as they come, for some seconds; an empty list now and then says that one waits.

    Raises:
        NotFound: there is no such request.
    """
    told, until = _clerk(application).told, time.monotonic() + seconds
    found = changes(application, caller, after, request)
    while time.monotonic() < until:
        yield found
        if found:
            after = int(str(found[-1]["id"]))
        else:
            with told:
                told.wait(2.0)
        found = changes(application, caller, after, request)
    if found:
        yield found


def _clerk(application: Application) -> StandingClerk:
    clerk = application.standing
    if not isinstance(clerk, StandingClerk):
        raise Unavailable(
            "This needs a running service.",
            code="service-not-running",
            hint="Start it with `kg serve`.",
        )
    return clerk


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cloud_event(application: Application, event: Event) -> dict[str, JsonValue]:
    about = "answer" if is_request(application, event.request) else "service"
    return {
        "specversion": "1.0",
        "id": str(event.number),
        "source": application.base_iri,
        "type": f"{_TYPE}{about}.{event.kind}",
        "subject": event.request,
        "time": event.at,
        "datacontenttype": "application/json",
        "data": {
            "change": event.kind,
            "before": _outcome_json(event.before),
            "after": _outcome_json(event.after),
            "graphs": dict(event.graphs),
        },
    }


def _outcome_json(outcome: Outcome) -> dict[str, JsonValue]:
    return {
        "status": outcome.status,
        "offerings": dict(outcome.offerings),
        "monthlyPrice": outcome.price,
    }


def _write(application: Application, event: Event) -> None:
    """Make an event a graph of its customer (PROV-O): what was looked at, and what came of it."""
    node = Iri(f"{event.request}/change/{event.number}")
    triples = [
        Triple(node, RDF.type, KG.AnswerChange),
        Triple(node, KG.customer, typed(event.customer)),
        Triple(node, KG.changeOf, Iri(event.request)),
        Triple(node, KG.became, _TURNS[event.kind]),
        Triple(node, PROV.endedAtTime, Literal(event.at, XSD + "dateTime")),
        *(Triple(node, PROV.used, Iri(graph)) for graph in event.graphs),
    ]
    if is_request(application, event.request):
        made = Iri(f"{event.request}/resolution")
        triples.append(Triple(node, Iri(PROV.NS + "generated"), made))
    try:
        application.store.commit([GraphChange(node.value, tuple(triples))], dataset="private")
    except KgError:  # the feed has it all the same
        return
