"""What a sync did: counts, problems with their places, and where the time went."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class SyncReport:
    """The outcome of one sync.

    Attributes:
        catalog: The catalogue's name.
        synced: When, xsd:dateTime text.
        counts: By the names in `COUNTS`.
        problems: Findings, in the order of the source.
        unfired: Shapes that no document was checked by; "conforms" says nothing about them.
        seconds: Time per phase.
    """

    catalog: str
    synced: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    problems: list[Problem] = field(default_factory=list)
    unfired: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a phase; repeated ones add up."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 4)

    def by_code(self) -> dict[str, int]:
        """Count problems per code."""
        found: dict[str, int] = {}
        for problem in self.problems:
            found[problem.code] = found.get(problem.code, 0) + 1
        return dict(sorted(found.items()))

    def as_json(self) -> dict[str, object]:
        """Give the report as JSON members."""
        return {
            "catalog": self.catalog,
            "synced": self.synced,
            "counts": dict(self.counts),
            "codes": self.by_code(),
            "problems": [
                {
                    "code": p.code,
                    "detail": p.detail,
                    "at": p.at,
                    "hint": p.hint,
                    "severity": p.severity.value,
                }
                for p in self.problems
            ],
            "unfired": list(self.unfired),
            "seconds": dict(self.seconds),
        }

    def to_bytes(self) -> bytes:
        """Write the report as JSON."""
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1).encode()


def report_from(data: bytes) -> SyncReport:
    """Read a report back."""
    found = json.loads(data)
    problems = [
        Problem(p["code"], p["detail"], p["at"], p["hint"], Severity(p["severity"]))
        for p in found["problems"]
    ]
    return SyncReport(
        found["catalog"],
        found["synced"],
        found["counts"],
        problems,
        tuple(found["unfired"]),
        found["seconds"],
    )
