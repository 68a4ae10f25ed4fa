"""Sync a catalogue as its registration says: all of it, or between two such what may have changed.

With the option `incremental: lastUpdate`, a source is asked which objects changed since its last
whole sync, and those are read. The answer is a hint like a hub's notice: what it leaves out, such
as deletions, and changes that do not raise `lastUpdate`, is found by the next whole sync.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from kgservice.ingest.catalogs import last_report
from kgservice.ingest.deciding import rules_digest
from kgservice.ingest.history import Attempt, attempts, record
from kgservice.ingest.judging_again import KeptVerdicts, ReadAgain
from kgservice.ingest.kept import KeptIndex
from kgservice.ingest.pipeline import SyncRequest, sync, sync_documents
from kgservice.ingest.report import OUTCOMES, SyncReport
from kgservice.model.documents import ChangeTeller, ImportContext, Noticed
from kgservice.model.errors import InputError, KgError
from kgservice.store.port import Store
from kgservice.store.sandbox import run_isolated

OPTION: Final = "incremental"
BY_TIME: Final = "lastUpdate"
WHOLE_EVERY: Final = "whole-every"
"""The option that says after how many hours everything is read again."""
_HOURS: Final = 24.0
_OVERLAP: Final = timedelta(hours=1)
"""How slow the clock of a source may be without a change waiting for the next whole sync."""
MOST_SINGLE: Final = 500
"""Documents from which reading the lists is quicker than asking for each."""
_DEADLINE_S: Final = 600.0
_EVERYTHING: Final = Noticed(is_whole=True)


def sync_as_registered(store: Store, request: SyncRequest) -> SyncReport:
    """Make the store say what the source says now, or what it says has changed.

    Raises:
        Unavailable: the source cannot be read; the last good version stays.
        InputError: the source or an option is wrong.
    """
    moment = request.at or datetime.now(UTC)
    found = _changed(request, moment)
    if found.is_whole or len(found.source_ids) > MOST_SINGLE:
        return sync(store, request)
    if found.source_ids:
        return sync_documents(store, request, found.source_ids)
    return _nothing(store, request, moment)


def _changed(request: SyncRequest, moment: datetime) -> Noticed:
    begin = _last_whole(request, moment)
    if begin is None or not isinstance(request.importer, ChangeTeller):
        return _EVERYTHING
    if not _stands(request, moment):
        return _EVERYTHING
    since = (begin - _OVERLAP).astimezone(UTC).isoformat(timespec="seconds")
    arguments = (request.importer, request.catalog.source, request.context, since)
    try:
        (found,) = run_isolated(tell_in_child, arguments, deadline_s=_DEADLINE_S)
    except KgError:
        return _EVERYTHING  # reading will say what is wrong, if anything is
    return found


def tell_in_child(
    importer: ChangeTeller, source: str, context: ImportContext, since: str
) -> Iterator[Noticed]:
    """Ask the source; a function by name, since the child process imports it."""
    yield importer.changed(source, context, since)


def _last_whole(request: SyncRequest, moment: datetime) -> datetime | None:
    """Say when the sync began that everything is compared with; None when it is too long ago."""
    options = request.catalog.options
    if options.get(OPTION, "") != BY_TIME:
        if options.get(OPTION):
            raise _wrong(OPTION, f"the only one is {BY_TIME!r}")
        return None
    try:
        hours = float(options.get(WHOLE_EVERY) or _HOURS)
    except ValueError:
        raise _wrong(WHOLE_EVERY, "a number of hours is meant") from None
    done = attempts(request.contents, request.catalog.name)
    whole = next((a for a in done if not a.code and not a.is_partial), None)
    begin = datetime.fromisoformat(whole.at) if whole else None
    is_recent = begin is not None and timedelta() <= moment - begin < timedelta(hours=hours)
    return begin if is_recent else None


def _stands(request: SyncRequest, moment: datetime) -> bool:
    """Say whether what is kept was decided by the rules of today, and no verdict may be another."""
    catalog = request.catalog
    with KeptIndex(request.contents.beside(catalog.name)) as kept:
        is_current = bool(catalog.state) and kept.get("state") == catalog.state
        if not is_current or kept.get("rules") != rules_digest(request):
            return False
        verdicts = KeptVerdicts(kept, request.rules, moment)
        try:
            verdicts.learn_lists()
        except ReadAgain:
            return False
        return not verdicts.due()


def _nothing(store: Store, request: SyncRequest, moment: datetime) -> SyncReport:
    """Report that the source says that nothing changed."""
    name, at = request.catalog.name, moment.isoformat()
    last = last_report(store, request.contents, name)
    same = dict.fromkeys(("new", "changed", "retired"), 0)
    counts = {**last.counts, **same, "unchanged": last.counts["documents"]}
    outcomes = dict.fromkeys(OUTCOMES, 0)
    record(request.contents, name, Attempt(at, "", "", counts, outcomes, is_partial=True))
    return replace(
        last, synced=at, counts=counts, outcomes=outcomes, changes="", seconds={}, is_partial=True
    )


def _wrong(option: str, why: str) -> InputError:
    return InputError(
        f"The option {option!r} cannot be used: {why}.",
        code="option-invalid",
        at=f"/options/{option}",
        hint="Register the catalogue again with an option that fits.",
    )
