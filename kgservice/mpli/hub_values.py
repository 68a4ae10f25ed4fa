"""Values of the hub: registrations, notices, and what is known of an offering."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from kgservice.model.errors import NotFound

WAITING: Final = "waiting"
DEAD: Final = "dead"

CREATE: Final = "ProductOfferingCreateEvent"
DELETE: Final = "ProductOfferingDeleteEvent"
STATE: Final = "ProductOfferingStateChangeEvent"
CHANGE: Final = "ProductOfferingAttributeValueChangeEvent"
TYPES: Final = frozenset({CREATE, DELETE, STATE, CHANGE})
"""Types of events (TMF620 4.1.0, notification resources)."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A callback and which notices it wants (TMF630, `EventSubscription`).

    Attributes:
        id: Its id.
        callback: Where notices are posted to.
        query: Which notices; empty for all.
        owner: Name of the caller who made it.
        created: When, ISO 8601.
        sent: Notices that were taken.
        failures: Attempts that failed since the last one that succeeded.
        problem: Why the last attempt failed, or empty.
    """

    id: str
    callback: str
    query: str
    owner: str
    created: str
    sent: int = 0
    failures: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice for one registration."""

    number: int
    registration: str
    id: str
    type: str
    body: bytes
    state: str = WAITING
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an offering: its name and status when it was last told of."""

    name: str
    status: str


def new_identity() -> str:
    """Make an id that nobody can guess."""
    return str(uuid.uuid4())


def unknown(identity: str) -> NotFound:
    """Make the error for a registration that there is not."""
    return NotFound(f"There is no registration {identity[:80]!r}.", code="registration-unknown")
