"""What an answer asks of a search engine; the graph engine defines it, the fast one equals it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol

from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.judgement import BoundOffering, Counts, Mark, Rules
from kgservice.resolution.queries import Only
from kgservice.resolution.ranking import Bound
from kgservice.resolution.reads import Path
from kgservice.resolution.refusals import Refusal
from kgservice.resolution.request import Request
from kgservice.resolution.shortage import Unknown
from kgservice.store.port import Session


class SearchEngine(Protocol):
    """A prepared search. `GraphEngine` says what each method means."""

    @property
    def name(self) -> str:
        """`graph` or `fast`."""
        ...

    @property
    def bound(self) -> Bound | None:
        """When the last search was cut: what nothing that it did not look at comes before."""
        ...

    @property
    def session(self) -> Session:
        """The snapshot that it works on."""
        ...

    @property
    def request(self) -> Request:
        """The request, with its IRI and its day."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """What the ontology files define."""
        ...

    @property
    def as_of(self) -> date:
        """The day on which the request must hold."""
        ...

    @property
    def ranked_in(self) -> str:
        """The currency in which money is ranked."""
        ...

    def prepare(self, only: Mapping[str, Only]) -> None:
        """Make and judge all bindings."""
        ...

    def search(self, rules: Rules, answers: int) -> list[dict[str, BoundOffering]]:
        """Find the best compositions, best first."""
        ...

    def is_feasible(self, rules: Rules) -> bool:
        """Say whether there is any composition."""
        ...

    def open_up(self) -> None:
        """Prepare for searches in which some conditions are left out."""
        ...

    def claims(self, found: Sequence[Mapping[str, BoundOffering]]) -> dict[str, dict[str, Mark]]:
        """Say the verdicts on the bindings of what was found, by binding IRI and short id."""
        ...

    def counts(self, rules: Rules) -> dict[str, Counts]:
        """Count how each component's offerings fared."""
        ...

    def unknown(self, rules: Rules) -> Iterable[Unknown]:
        """Go through the unknown conditions of bindings that would do but for them."""
        ...

    def why(self, binding: BoundOffering, path: Path) -> str:
        """Say why a fact is unknown, as a slug."""
        ...

    def refused(self, rules: Rules) -> tuple[Refusal, ...]:
        """Explain the offerings that were not allowed."""
        ...

    def unoffered(self) -> list[str]:
        """Name the components of whose kind nothing is on offer."""
        ...
