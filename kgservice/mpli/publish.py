"""What is published of the federation: its parts by id, page by page, of one state of the store.

Only the merged graph is read: statements that were admitted, or follow from those, of graphs that
everybody may read. Nothing private is in the shared dataset, and nothing quarantined is merged.
Query files (`vocab/queries/publish-*.rq`) decide what is said and under which names.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar, cast

from kgservice.model.rdf import Iri, Row, Term, Triple, is_valid_iri, to_text
from kgservice.store.port import QueryScope, Session, Store
from kgservice.store.queries import load_query

_T = TypeVar("_T")
_VALUES: Final = re.compile(r"VALUES \?subject \{ \}")
_KEPT_BYTES: Final = 128 * 1024 * 1024
"""About how much is remembered of the latest state."""

ROW_BYTES: Final = 200
"""About what an id, or the values of one attribute of one object, takes in memory."""

CHUNK: Final = 500
"""Subjects of one query when all of them are read."""

_MOST_FOLLOWED: Final = 20_000
"""Changed subjects from which listing all again is quicker."""


class Edition:
    """One state of what is published, with a reader on it; valid while its `with` block runs."""

    def __init__(self, publisher: Publisher, session: Session) -> None:
        """Bind to the reader's snapshot."""
        self._publisher = publisher
        self._session = session
        self.generation = session.generation

    def ids(self, query: str, parameters: Mapping[str, Term] | None = None) -> dict[str, str]:
        """Give what a query of `?id` and `?subject` lists: subject by id, in the order of the ids.

        Remembered for this state; about 20 µs a row the first time. A query with a slot for
        subjects lists each for what is stated about itself: then a later state asks only for those
        about which statements changed.
        """
        key = ("ids", query, tuple(sorted((parameters or {}).items())))
        text = load_query(query, parameters)

        def read() -> dict[str, str]:
            before = self._publisher.listed(key, self.generation) if _VALUES.search(text) else None
            made = self._listed(text, None) if before is None else self._followed(text, *before)
            self._publisher.note_list(key, self.generation, made)
            return made

        return self.remember(key, read, lambda made: len(made) * ROW_BYTES)

    def _listed(self, text: str, subjects: Sequence[str] | None) -> dict[str, str]:
        rows = self.run(with_subjects(text, subjects))
        return dict(sorted((str(row["id"][0]), str(row["subject"][0])) for row in rows))

    def _followed(
        self, text: str, known: Mapping[str, str], changed: frozenset[str]
    ) -> dict[str, str]:
        made = {name: subject for name, subject in known.items() if subject not in changed}
        asked = sorted(changed)
        for start in range(0, len(asked), CHUNK):
            made |= self._listed(text, asked[start : start + CHUNK])
        return dict(sorted(made.items()))

    def rows(self, query: str, parameters: Mapping[str, Term] | None = None) -> list[Row]:
        """Run a SELECT of the query files."""
        return self._session.select(load_query(query, parameters), where="snapshot")

    def rows_about(self, query: str, subjects: Sequence[str]) -> list[Row]:
        """Run a SELECT of the query files for some subjects."""
        if not subjects:
            return []
        return self._session.select(with_subjects(load_query(query), subjects), where="snapshot")

    def run(self, text: str) -> list[Row]:
        """Run a SELECT into which parameters were put already."""
        return self._session.select(text, where="snapshot")

    def statements(self, query: str, subjects: Sequence[str] | None) -> list[Triple]:
        """Run a CONSTRUCT of the query files for some subjects, or for whatever it fits (None).

        For many subjects it is up to six times faster to ask for all.
        """
        if subjects is not None and not subjects:
            return []
        return self._session.triples(with_subjects(load_query(query), subjects), where="snapshot")

    def construct(self, query: str, parameters: Mapping[str, Term]) -> list[Triple]:
        """Run a CONSTRUCT of the query files with parameters."""
        return self._session.triples(load_query(query, parameters), where="snapshot")

    def remember(
        self, key: Hashable, make: Callable[[], _T], size: Callable[[_T], int] = lambda _: ROW_BYTES
    ) -> _T:
        """Give what was made for a key in this state, or make it; `size` is in bytes, about."""
        return self._publisher.remember((self.generation, key), make, size)


class Publisher:
    """Opens editions, and remembers what was read of the latest one."""

    def __init__(self, store: Store, base_iri: str) -> None:
        """Publish what a store holds under a base IRI that ends in a slash."""
        self._store = store
        self.base_iri = base_iri
        self._lock = threading.Lock()
        self._generation = -1
        self._kept: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._size = 0
        self._lists: dict[Hashable, tuple[int, Mapping[str, str]]] = {}

    @contextmanager
    def edition(self) -> Iterator[Edition]:
        """Open the latest state; every commit that was answered before is in it."""
        with self._store.session(scope=QueryScope()) as session:
            yield Edition(self, session)

    def remember(
        self, name: tuple[int, Hashable], make: Callable[[], _T], size: Callable[[_T], int]
    ) -> _T:
        """Give what was made in a state (a generation) for a key, or make it.

        What was not asked for longest is dropped first; an older state's is not kept at all.
        """
        generation, key = name
        with self._lock:
            if generation > self._generation:
                self._generation, self._size = generation, 0
                self._kept = OrderedDict()
            if generation == self._generation and key in self._kept:
                self._kept.move_to_end(key)
                return cast("_T", self._kept[key][0])
        made = make()
        with self._lock:
            if generation == self._generation and key not in self._kept:
                self._kept[key] = made, size(made)
                self._size += self._kept[key][1]
                while self._size > _KEPT_BYTES:
                    self._size -= self._kept.popitem(last=False)[1][1]
        return made

    def listed(
        self, key: Hashable, generation: int
    ) -> tuple[Mapping[str, str], frozenset[str]] | None:
        """Give a list of an earlier state, and the subjects that changed since; None if unknown."""
        with self._lock:
            before, known = self._lists.get(key, (generation + 1, {}))
        changed = self._store.changed_subjects(before) if before <= generation else None
        if changed is None or len(changed) > _MOST_FOLLOWED:
            return None
        return known, frozenset(one for one in changed if is_valid_iri(one))

    def note_list(self, key: Hashable, generation: int, listed: Mapping[str, str]) -> None:
        """Keep the latest list, to be followed."""
        with self._lock:
            if self._lists.get(key, (-1, {}))[0] < generation:
                self._lists[key] = generation, listed


def with_subjects(text: str, subjects: Sequence[str] | None) -> str:
    """Put subjects into every `VALUES ?subject { }` of a query, or take those out for None."""
    if subjects is None:
        return _VALUES.sub("", text)
    listed = "VALUES ?subject { " + " ".join(to_text(Iri(one)) for one in subjects) + " }"
    return _VALUES.sub(lambda _: listed, text)
