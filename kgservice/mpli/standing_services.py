"""What runs stands by itself: whether it still is what was asked for, today."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from kgservice.model.errors import NotFound
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.requests import as_written
from kgservice.mpli.resolve import Restriction, resolve
from kgservice.mpli.services import KnownService, known_services
from kgservice.mpli.situations import LIVING, request_of
from kgservice.mpli.standing_book import StandingBook
from kgservice.resolution.answer import Resolution
from kgservice.resolution.request import Request

LOOK_EVERY_S: Final = 5.0
"""How soon a service that begins or ends is noticed."""
_INSIDE: Final = Caller("standing", "operator", "standing")


def is_request(application: Application, name: str) -> bool:
    """Tell a standing request from services that run together."""
    return name.startswith(f"{application.base_iri}request/")


class Running:
    """The situations of services, by their IRIs."""

    def __init__(self, application: Application) -> None:
        """Nothing is read before the first look."""
        self._application = application
        self._due = 0.0
        self._running: dict[str, list[KnownService]] = {}

    def stand(self, book: StandingBook) -> None:
        """Put the situations of living services into the book, and take those out that ended."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + LOOK_EVERY_S
        self._read()
        at = self._application.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        known = {one.request for one in book.standing()}
        for name, services in self._running.items():
            if name not in known:
                book.add(name, services[0].customer, at)
        for name in known - self._running.keys():
            if not is_request(self._application, name):
                book.remove(name)

    def _read(self) -> None:
        self._running = {}
        for service in known_services(self._application, _INSIDE):
            if service.state in LIVING and service.situation:
                self._running.setdefault(service.situation, []).append(service)

    def judged(self, name: str) -> tuple[Request, Resolution] | None:
        """Resolve what was asked for, today, with the offerings that services are bound to.

        Gives None when nothing of it runs any more, or nobody knows what was asked for.
        """
        application, services = self._application, self._running.get(name, [])
        try:
            saved = request_of(application, _INSIDE, services[0]) if services else None
        except NotFound:
            saved = None
        if saved is None:
            return None
        asked = replace(as_written(application, saved), as_of=None)
        names = {component.name for component in asked.components}
        pins = {one.component: one.offering for one in services if one.component in names}
        answer = resolve(
            application.store,
            application.vocabulary,
            replace(asked, as_of=application.today(), answers=1),
            base_iri=application.base_iri,
            limits=Restriction(pins=pins, is_explained=False),
            projector=application.projector,
        )
        return asked, answer
