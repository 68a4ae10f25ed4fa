"""Situations: the services that belong together, and what was asked for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kgservice.model.errors import Refused
from kgservice.model.rdf import Term
from kgservice.model.terms import KG
from kgservice.mpli import requests
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.bindings import read_picked
from kgservice.mpli.services import KnownService, known_services, running
from kgservice.plan import RunningService
from kgservice.resolution.request import Request

LIVING = ("Planned", "Running", "Moving", "Failing")
"""States of services that a situation consists of."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Services that belong together, and what was asked for them.

    Attributes:
        iri: Its name.
        services: By component.
        running: The same in the form that plans are made from.
        request: What was asked for; None when that is not known any more.
    """

    iri: str
    services: Mapping[str, KnownService]
    running: Mapping[str, RunningService]
    request: Request | None


def situation_of(application: Application, caller: Caller, service: KnownService) -> Situation:
    """Give the situation that a service belongs to."""
    found = {
        one.component: one
        for one in known_services(application, caller)
        if one.situation == service.situation and one.state in LIVING
    }
    saved = request_of(application, caller, service)
    return Situation(
        service.situation,
        found,
        {name: running(application, one) for name, one in found.items()},
        saved.request if saved else None,
    )


def request_of(
    application: Application, caller: Caller, service: KnownService
) -> requests.SavedRequest | None:
    """Give the request that a service came from; None when it has none."""
    identity = requests.identity_in(application, service.composition)
    return requests.get_request(application, caller, identity) if identity else None


def require_offerings(application: Application, services: Iterable[KnownService]) -> None:
    """Refuse to rearrange what a recipe makes: its parts would have to go along.

    Raises:
        Refused: a service is made by a recipe (`made-by-recipe`).
    """
    recipes = {t.subject[0] for t in application.vocabulary.recipes if t.object == KG.Recipe}
    for service in services:
        if service.offering in recipes:
            raise Refused(
                f"{service.id} is made of other services by a recipe; this version moves and"
                " adjusts single offerings only.",
                code="made-by-recipe",
                hint="Provision the new situation beside it, then end this one.",
            )


def picks_of(service: KnownService) -> dict[str, Term]:
    """Read what was picked for a service."""
    values = json.loads(service.picked or "{}")
    return read_picked(values if isinstance(values, dict) else {})
