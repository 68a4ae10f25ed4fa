"""Values that the tests of plans and jobs share: two providers, a composition, a service."""

from __future__ import annotations

from datetime import UTC, datetime

from kgservice.model.terms import KG
from kgservice.plan import (
    WORKER_VERBS,
    Binding,
    Composition,
    Performer,
    PlanContext,
    RunningService,
)

BASE = "http://127.0.0.1:8080/"
WATERLINIE = "https://waterlinie.example/"
NOORDZEE = "https://noordzee.example/"
PG = KG.PostgreSQL.value
DUMP = "https://w3id.org/kgservice/ns#pg_dump-directory"
MADE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def binding(component: str, provider: str, **more: tuple[str, ...]) -> Binding:
    return Binding(
        component=component,
        kind=PG,
        offering=f"{provider}offers/pg",
        provider=provider,
        requirements={"majorVersion": 16, "storage": "100", "extension": ["vector"]},
        **more,  # type: ignore[arg-type]
    )


def performers(*providers: str) -> tuple[Performer, ...]:
    return tuple(
        Performer(f"{BASE}worker/{provider}", provider, PG, verb.value)
        for provider in providers
        for verb in WORKER_VERBS.values()
    )


def context(*providers: str, made: datetime | None = None) -> PlanContext:
    return PlanContext(
        BASE,
        "alice",
        made or datetime.now(UTC),
        performers(*providers or (WATERLINIE, NOORDZEE)),
        {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"},
    )


def composition() -> Composition:
    return Composition(
        f"{BASE}request/r1#composition-1",
        (binding("db", WATERLINIE), binding("replica", NOORDZEE)),
        price="115.00 EUR a month",
        uses={f"{BASE}graph/polder/1": 3},
    )


def running(provider: str = WATERLINIE, service: str = "db-1") -> RunningService:
    return RunningService(f"{BASE}service/{service}", service, binding("db", provider))
