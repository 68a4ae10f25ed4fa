"""What a sync did: an outcome for every document, problems with places, coverage, time spent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from kgservice.model.errors import Problem, Severity

COUNTS = (
    "documents",
    "new",
    "changed",
    "unchanged",
    "retired",
    "quarantined",
    "offerings",
    "statements",
    "admitted",
    "refused",
    "derived",
)
UNREADABLE: Final = {
    "json-invalid",
    "document-unreadable",
    "document-too-large",
    "jwt-unreadable",
    "list-unstable",
    "changes-only",
    "source-unreachable",
}
"""Findings after which nobody knows what else the source has: then nothing counts as vanished."""
OUTCOMES = (
    "imported",
    "unchanged",
    "quarantined",
    "refused",
    "unreadable",
    "set-aside",
    "duplicate",
    "retired",
)
"""What can become of a document; each has exactly one.

`imported`: taken over, new or changed. `unchanged`: as it was. `quarantined`: kept aside as a whole
because it violates a shape. `refused`: none of its statements may be believed. `unreadable`: the
importer could make no document of it. `set-aside`: recognised as no catalogue document.
`duplicate`: another document of the source has its id. `retired`: no longer in the source.
"""

IN_FULL: Final = 200
"""Problems of one code, and documents of one outcome, that a report lists; it says how many more
there are."""

Coverage = dict[str, dict[str, tuple[int, int]]]
"""For each kind of source document, for each of its fields: in how many documents it was mapped,
and in how many it holds something and was not."""


@dataclass(slots=True)
class SyncReport:
    """The outcome of one sync.

    Attributes:
        catalog: The catalogue's name.
        synced: When, xsd:dateTime text.
        counts: By the names in `COUNTS`, about the whole catalogue as it is now.
        problems: Findings, in the order of the source; at most `IN_FULL` of each code.
        unfired: Shapes that no document was checked by; "conforms" says nothing about them.
        seconds: Time per phase.
        codes: Number of problems by code, those left out too.
        outcomes: Number of documents by the names in `OUTCOMES`; of a partial sync, of the
            documents that were asked for and those that had to follow.
        listed: Documents whose outcome is none of imported and unchanged, by outcome: source ids,
            or `place (kind)` of what was set aside; at most `IN_FULL` each.
        coverage: Fields mapped and not mapped, by kind of source document.
        changes: Content hash of the lists of documents that changed (see `history`), or empty.
        is_partial: Only some documents were asked for.
    """

    catalog: str
    synced: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    problems: list[Problem] = field(default_factory=list)
    unfired: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    listed: dict[str, list[str]] = field(default_factory=dict)
    coverage: Coverage = field(default_factory=dict)
    changes: str = ""
    is_partial: bool = False

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a phase; repeated ones add up."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 4)

    def find(self, problems: Iterable[Problem]) -> None:
        """Note problems; beyond `IN_FULL` of one code they are only counted."""
        for problem in problems:
            number = self.codes[problem.code] = self.codes.get(problem.code, 0) + 1
            if number <= IN_FULL:
                self.problems.append(problem)

    def close(self, outcome: str, name: str = "") -> None:
        """Note a document's outcome; `name` is listed when the outcome is worth a look."""
        self.outcomes[outcome] += 1
        if outcome not in ("imported", "unchanged"):
            listed = self.listed.setdefault(outcome, [])
            if len(listed) < IN_FULL:
                listed.append(name)

    def cover(self, kind: str, mapped: Iterable[str], unmapped: Iterable[str], n: int = 1) -> None:
        """Note the fields of `n` documents of a kind."""
        fields = self.coverage.setdefault(kind, {})
        for place, names in ((0, mapped), (1, unmapped)):
            for name in names:
                pair = list(fields.get(name, (0, 0)))
                pair[place] += n
                fields[name] = (pair[0], pair[1])

    def by_code(self) -> dict[str, int]:
        """Count problems per code."""
        return dict(sorted(self.codes.items()))

    def left_out(self) -> dict[str, int]:
        """Count the problems of each code that are not listed in full."""
        return {code: n - IN_FULL for code, n in sorted(self.codes.items()) if n > IN_FULL}

    def as_json(self) -> dict[str, object]:
        """Give the report as JSON members."""
        return {
            "catalog": self.catalog,
            "synced": self.synced,
            "partial": self.is_partial,
            "counts": dict(self.counts),
            "outcomes": dict(self.outcomes),
            "listed": {name: list(ids) for name, ids in sorted(self.listed.items())},
            "codes": self.by_code(),
            "problems": [problem_as_json(problem) for problem in self.problems],
            "leftOut": self.left_out(),
            "coverage": {
                kind: {name: list(pair) for name, pair in sorted(fields.items())}
                for kind, fields in sorted(self.coverage.items())
            },
            "unfired": list(self.unfired),
            "changes": self.changes,
            "seconds": dict(self.seconds),
        }

    def to_bytes(self) -> bytes:
        """Write the report as JSON."""
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1).encode()


def problem_as_json(problem: Problem) -> dict[str, str]:
    """Give a problem as JSON members."""
    return {
        "code": problem.code,
        "detail": problem.detail,
        "at": problem.at,
        "hint": problem.hint,
        "severity": problem.severity.value,
    }


def problem_from(found: Mapping[str, str]) -> Problem:
    """Read a problem back."""
    severity = Severity(found["severity"])
    return Problem(found["code"], found["detail"], found["at"], found["hint"], severity)


def report_from(data: bytes) -> SyncReport:
    """Read a report back."""
    found = json.loads(data)
    coverage = found.get("coverage", {}).items()
    return SyncReport(
        catalog=found["catalog"],
        synced=found["synced"],
        counts=found["counts"],
        problems=[problem_from(p) for p in found["problems"]],
        unfired=tuple(found["unfired"]),
        seconds=found["seconds"],
        codes=found["codes"],
        outcomes=found.get("outcomes", {}),
        listed=found.get("listed", {}),
        coverage={
            kind: {name: (pair[0], pair[1]) for name, pair in fields.items()}
            for kind, fields in coverage
        },
        changes=found.get("changes", ""),
        is_partial=found.get("partial", False),
    )
