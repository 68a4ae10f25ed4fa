"""A thread that looks after what runs: kept exits are worked out anew when the world changes."""

from __future__ import annotations

import logging
import threading
import time

from kgservice.model.errors import KgError
from kgservice.mpli.application import Application
from kgservice.mpli.drifts import KEEPER, propose_for
from kgservice.mpli.exits import current_exit
from kgservice.mpli.requests import identity_in
from kgservice.mpli.services import KnownService, known_services
from kgservice.mpli.situations import LIVING
from kgservice.store.port import QueryScope
from kgservice.store.queries import load_query

LOOK_EVERY_S = 5.0
"""Between two looks at whether something changed."""

RENEW_EVERY_S = 3600.0
"""Exits are looked at so often although nothing changed: plans expire."""

_LOG = logging.getLogger("kgservice.keeper")


class Keeper:
    """Keeps exits true and proposes repairs; applies nothing."""

    def __init__(self) -> None:
        """Wait for `serve`."""
        self._application: Application | None = None
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: tuple[str, float] = ("", 0.0)

    def serve(self, application: Application) -> None:
        """Start the thread."""
        self._application = application
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def propose_repair(self, service: str) -> None:
        """Save a proposed repair of a service that drifted; called by the job that observed it."""
        if self._application is not None:
            propose_for(self._application, service)

    def look(self) -> int:
        """Work out anew what does not hold any more, if anything changed; give the number."""
        application = self._application
        if application is None:
            return 0
        state, now = application.store.state(QueryScope()), time.monotonic()
        if state and state == self._seen[0] and now < self._seen[1] + RENEW_EVERY_S:
            return 0
        self._seen = (state, now)
        services = asking(application)
        for service in services:
            if self._end.is_set():
                break
            try:
                current_exit(application, KEEPER, service)
            except KgError:
                _LOG.exception("the exit of %s could not be worked out", service.id)
        return len(services)

    def _run(self) -> None:
        while not self._end.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception:  # the thread must live on
                _LOG.exception("looking after services")


def asking(application: Application) -> list[KnownService]:
    """Give the services whose request wants an exit to be kept."""
    rows = application.store.read(load_query("requests-with-exit"), dataset="private")
    requests = {row["request"][0] for row in rows}
    if not requests:
        return []
    return [
        one
        for one in known_services(application, KEEPER)
        if one.state in LIVING and _request_iri(application, one) in requests
    ]


def _request_iri(application: Application, service: KnownService) -> str:
    return f"{application.base_iri}request/{identity_in(application, service.composition)}"
