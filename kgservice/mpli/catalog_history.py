"""What became of a catalogue's syncs: reports, history, differences, and how old its data is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

from kgservice.ingest import catalogs, history
from kgservice.ingest.report import report_from
from kgservice.model.errors import NotFound
from kgservice.mpli.application import Application
from kgservice.mpli.official_shapes import official_findings

SHORT: Final = 12
"""Characters of a report's hash that name a sync."""


def report(application: Application, name: str, at: str = "") -> dict[str, object]:
    """Give the report of a sync, by default of the last one that was done.

    `at` is a sync's name, the beginning of one, or the beginning of its moment.

    Raises:
        NotFound: there is no such catalogue, it was never synced, or it has no such sync.
    """
    catalog = catalogs.get_catalog(application.store, name)
    if at:
        sync = _sync_named(application, name, at)
        found = report_from(application.contents.get(sync)).as_json()
    else:
        found = catalogs.last_report(application.store, application.contents, name).as_json()
        done = history.attempts(application.contents, name)
        # the history's copy of the report also has what the commit itself took
        sync = next((a.report for a in done if _is_at(a, catalog.synced)), catalog.report)
    official = {} if at else official_findings(application, name)
    more = {"officialShapes": official} if official else {}
    return {"sync": sync[:SHORT], **found, **age(application, catalog), **more}


def attempts(application: Application, name: str) -> dict[str, object]:
    """List the attempts to sync a catalogue, the latest first.

    Raises:
        NotFound: there is no such catalogue.
    """
    catalog = catalogs.get_catalog(application.store, name)
    found = history.attempts(application.contents, name)
    return {
        "catalog": name,
        **age(application, catalog),
        "syncs": [
            {
                "sync": one.report[:SHORT],
                "at": one.at,
                "outcome": "failed" if one.code else "done",
                "code": one.code,
                "detail": one.detail,
                "partial": one.is_partial,
                "counts": dict(one.counts),
                "outcomes": dict(one.outcomes),
            }
            for one in found
        ],
    }


def difference(
    application: Application, name: str, older: str = "", newer: str = ""
) -> dict[str, object]:
    """Tell what is different between two syncs; by default the last two.

    Raises:
        NotFound: there is no such catalogue, or it has no such syncs (`report-unknown`).
    """
    catalogs.get_catalog(application.store, name)
    first = _sync_named(application, name, older) if older else ""
    second = _sync_named(application, name, newer) if newer else ""
    found = history.diff(application.contents, name, first, second)
    lists = {kind: sorted(ids) for kind, ids in asdict(found.changes).items()}
    return {
        "catalog": name,
        "from": found.older,
        "to": found.newer,
        "same": not any(lists.values()) and not found.appeared and not found.disappeared,
        **lists,
        "problemsAppeared": dict(found.appeared),
        "problemsDisappeared": dict(found.disappeared),
        "counts": {what: list(pair) for what, pair in found.counts.items()},
    }


def age(application: Application, catalog: catalogs.Catalog) -> dict[str, object]:
    """Tell how old a catalogue's data is and why it is not newer.

    `failure` is there while the last attempt failed, with the number of failures since the last
    success and when the first of them was.
    """
    found = history.age(application.contents, catalog.name)
    synced = found.synced or catalog.synced
    told: dict[str, object] = {"dataFrom": synced, "ageSeconds": None}
    if synced:
        since = application.now() - datetime.fromisoformat(synced)
        told["ageSeconds"] = max(0, round(since.total_seconds()))
    if found.code:
        failed = history.attempts(application.contents, catalog.name)[: found.failures]
        told["failure"] = {
            "code": found.code,
            "detail": found.detail,
            "at": found.attempted,
            "since": failed[-1].at,
            "failures": found.failures,
        }
    return told


def _is_at(attempt: history.Attempt, synced: str) -> bool:
    """Compare moments: the store writes them in its own form."""
    return bool(attempt.report) and (
        datetime.fromisoformat(attempt.at) == datetime.fromisoformat(synced)
    )


def _sync_named(application: Application, name: str, given: str) -> str:
    """Give the hash of the report that somebody means."""
    catalogs.get_catalog(application.store, name)
    done = [a for a in history.attempts(application.contents, name) if a.report]
    found = [a for a in done if a.report.startswith(given)]
    found = found or [a for a in done if a.at.startswith(given)]
    if len({a.report for a in found}) == 1:
        return found[0].report
    raise NotFound(
        f"The catalogue {name!r} has {'several syncs' if found else 'no sync'} {given[:64]!r}.",
        code="report-unknown",
        at="at",
        hint=f"`kg catalog history {name}` lists the syncs.",
    )
