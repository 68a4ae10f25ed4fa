"""The syncs of a catalogue, failed ones too, and what changed between two of them.

A line of JSON for each attempt, in a file beside the original documents; reports and lists of
changes are named by content hash. An attempt that failed changes nothing else, so its line says
how old what is kept is.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from kgservice.ingest.report import report_from
from kgservice.model.errors import NotFound
from kgservice.store.documents import ContentStore

MOST: Final = 500
"""Attempts of a catalogue that are remembered."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sync that was tried.

    Attributes:
        at: When it began, xsd:dateTime text.
        code: Why it failed, a slug of `docs/errors.md`; empty when it succeeded.
        detail: Likewise in words.
        counts: `SyncReport.counts` of a success.
        outcomes: `SyncReport.outcomes` of a success.
        report: Content hash of the report of a success.
        is_partial: Only some documents were asked for.
    """

    at: str
    code: str = ""
    detail: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    report: str = ""
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Age:
    """How old what is kept of a catalogue is.

    Attributes:
        synced: The last success, xsd:dateTime text or empty.
        attempted: The last attempt, likewise.
        code: Why the last attempt failed, or empty.
        detail: Likewise in words.
        failures: Attempts that failed since the last success.
    """

    synced: str = ""
    attempted: str = ""
    code: str = ""
    detail: str = ""
    failures: int = 0


@dataclass(slots=True)
class Changes:
    """Source ids of the documents that one sync, or several in a row, changed.

    Attributes:
        new: Documents that were not there before.
        changed: Documents whose statements are different now.
        retired: Documents that are no longer in the source.
        quarantined: Documents that are in quarantine now and were not before.
        released: Documents that were in quarantine before and are not now.
    """

    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    retired: set[str] = field(default_factory=set)
    quarantined: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)

    def then(self, later: Changes) -> None:
        """Add what came after."""
        for name in later.new:
            self._move(name, self.changed if name in self.retired else self.new)
        for name in later.changed - self.new:
            self._move(name, self.changed)
        for name in later.retired:
            was_new = name in self.new
            self._move(name, None if was_new else self.retired)
        _cancel(self.quarantined, self.released, later.quarantined)
        _cancel(self.released, self.quarantined, later.released)

    def _move(self, name: str, to: set[str] | None) -> None:
        for group in (self.new, self.changed, self.retired):
            group.discard(name)
        if to is not None:
            to.add(name)

    def to_bytes(self) -> bytes:
        """Write the lists, compressed."""
        lists = {name: sorted(ids) for name, ids in asdict(self).items()}
        return zlib.compress(json.dumps(lists, ensure_ascii=False).encode())


@dataclass(frozen=True, slots=True)
class Difference:
    """What is different between two syncs of a catalogue.

    Attributes:
        older: When the older one was.
        newer: When the newer one was.
        changes: The documents.
        appeared: Codes of problems that the newer report has and the older one has not, each with
            its number.
        disappeared: The other way round.
        counts: For each count that differs, the older and the newer number.
    """

    older: str
    newer: str
    changes: Changes
    appeared: Mapping[str, int]
    disappeared: Mapping[str, int]
    counts: Mapping[str, tuple[int, int]]


def attempts(contents: ContentStore, catalog: str) -> list[Attempt]:
    """Give the attempts to sync a catalogue, the latest first."""
    try:
        lines = _file(contents, catalog).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [found for line in reversed(lines) if (found := _read(line)) is not None]


def record(contents: ContentStore, catalog: str, attempt: Attempt) -> None:
    """Note an attempt; the oldest are forgotten beyond `MOST`, by halves."""
    file = _file(contents, catalog)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(attempt), ensure_ascii=False) + "\n")
    kept = file.read_text(encoding="utf-8").splitlines(keepends=True)
    if len(kept) > MOST:
        part = file.with_suffix(".part")
        part.write_text("".join(kept[-MOST // 2 :]), encoding="utf-8")
        part.replace(file)


def age(contents: ContentStore, catalog: str) -> Age:
    """Say how old what is kept is, and whether the last attempt failed."""
    found = attempts(contents, catalog)
    failures = 0
    for attempt in found:
        if not attempt.code:
            break
        failures += 1
    synced = found[failures].at if failures < len(found) else ""
    if not found:
        return Age()
    return Age(synced, found[0].at, found[0].code, found[0].detail, failures)


def diff(contents: ContentStore, catalog: str, older: str = "", newer: str = "") -> Difference:
    """Compare two syncs by the hashes of their reports.

    Args:
        contents: Where reports are kept.
        catalog: The catalogue's name.
        older: The older report; empty for the one before `newer`.
        newer: The newer report; empty for the latest.

    Raises:
        NotFound: the catalogue has no such syncs, or they are forgotten (`report-unknown`).
    """
    done = [a for a in reversed(attempts(contents, catalog)) if a.report]
    hashes = [attempt.report for attempt in done]
    end = _position(hashes, newer, len(hashes) - 1)
    begin = _position(hashes[: end + 1], older, end - 1)
    reports = [report_from(contents.get(hashes[i])) for i in (begin, end)]
    changes = Changes()
    for attempt in done[begin + 1 : end + 1]:
        report = report_from(contents.get(attempt.report))
        if report.changes:
            changes.then(changes_from(contents.get(report.changes)))
    first, second = reports
    return Difference(
        first.synced,
        second.synced,
        changes,
        {code: n for code, n in second.by_code().items() if code not in first.codes},
        {code: n for code, n in first.by_code().items() if code not in second.codes},
        {
            name: (first.counts.get(name, 0), number)
            for name, number in second.counts.items()
            if first.counts.get(name, 0) != number
        },
    )


def changes_from(data: bytes) -> Changes:
    """Read lists of changes back."""
    return Changes(**{name: set(ids) for name, ids in json.loads(zlib.decompress(data)).items()})


def forget(contents: ContentStore, catalog: str) -> None:
    """Forget the attempts of a catalogue that is removed."""
    _file(contents, catalog).unlink(missing_ok=True)


def _position(hashes: list[str], wanted: str, default: int) -> int:
    if wanted in hashes:
        return len(hashes) - 1 - hashes[::-1].index(wanted)
    if wanted or not 0 <= default < len(hashes):
        raise NotFound(
            f"There is no sync with the report {wanted!r}." if wanted else "There is no such sync.",
            code="report-unknown",
            hint="`kg catalog history` lists the syncs with their reports.",
        )
    return default


def _file(contents: ContentStore, catalog: str) -> Path:
    return contents.beside(catalog) / "history.jsonl"


def _read(line: str) -> Attempt | None:
    """Read a line; one that a crash cut off is skipped."""
    try:
        return Attempt(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _cancel(mine: set[str], other: set[str], names: Iterable[str]) -> None:
    for name in names:
        if name in other:
            other.discard(name)
        else:
            mine.add(name)
