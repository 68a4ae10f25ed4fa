"""Queries under way: listed for their owner and operators, who may cancel them."""

from __future__ import annotations

from kgservice.model.errors import NotFound
from kgservice.mpli.access import ANONYMOUS, Caller
from kgservice.mpli.application import Application
from kgservice.store.under_way import RunningQuery


def running_queries(application: Application, caller: Caller) -> list[dict[str, object]]:
    """List the caller's queries that run or wait, oldest first; an operator sees all."""
    return [
        {
            "number": one.number,
            "state": "running" if one.is_working else "waiting",
            "seconds": round(one.seconds, 3),
            "token": one.client if one.is_known else ANONYMOUS.id,
            "query": one.text,
        }
        for one in application.store.under_way.queries()
        if _is_theirs(one, caller)
    ]


def cancel_query(application: Application, caller: Caller, number: int) -> None:
    """Stop a query; its own caller gets `query-cancelled`.

    Raises:
        NotFound: it has ended, never was, or is somebody else's (`query-not-running`).
    """
    is_theirs = any(
        one.number == number and _is_theirs(one, caller)
        for one in application.store.under_way.queries()
    )
    if not is_theirs or not application.store.under_way.cancel(number):
        raise NotFound(f"No query {number} is running.", code="query-not-running")


def _is_theirs(one: RunningQuery, caller: Caller) -> bool:
    if not one.client:
        return False  # the service's own work
    return caller.may("see-all") or (one.is_known and one.client == caller.id)
