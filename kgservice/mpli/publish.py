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
from typing import Final, TypeVar

from kgservice.model.rdf import Iri, Row, Term, Triple, to_text
from kgservice.store.port import QueryScope, Session, Store
from kgservice.store.queries import load_query

_T = TypeVar("_T")
_VALUES: Final = re.compile(r"VALUES \?subject \{ \}")
_KEPT: Final = 512
"""Lists and answers that are remembered of the latest state."""

CHUNK: Final = 500
"""Subjects of one query when all of them are read."""


class Edition:
    """One state of what is published, with a reader on it; valid while its `with` block runs."""

    def __init__(self, publisher: Publisher, session: Session) -> None:
        """Bind to the reader's snapshot."""
        self._publisher = publisher
        self._session = session
        self.generation = session.generation

    def ids(self, query: str, parameters: Mapping[str, Term] | None = None) -> dict[str, str]:
        """Give what a query of `?id` and `?subject` lists: subject by id, in the order of the ids.

        Remembered for this state; about 20 µs a row the first time.
        """

        def read() -> dict[str, str]:
            rows = self.rows(query, parameters)
            return dict(sorted((str(row["id"][0]), str(row["subject"][0])) for row in rows))

        return self.remember(("ids", query), read)

    def rows(self, query: str, parameters: Mapping[str, Term] | None = None) -> list[Row]:
        """Run a SELECT of the query files."""
        return self._session.select(load_query(query, parameters), where="snapshot")

    def statements(self, query: str, subjects: Sequence[str]) -> list[Triple]:
        """Run a CONSTRUCT of the query files for some subjects."""
        if not subjects:
            return []
        return self._session.triples(with_subjects(load_query(query), subjects), where="snapshot")

    def remember(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Give what was made for a key in this state, or make it."""
        return self._publisher.remember(self.generation, key, make)


class Publisher:
    """Opens editions, and remembers what was read of the latest one."""

    def __init__(self, store: Store, base_iri: str) -> None:
        """Publish what a store holds under a base IRI that ends in a slash."""
        self._store = store
        self.base_iri = base_iri
        self._lock = threading.Lock()
        self._generation = -1
        self._kept: OrderedDict[Hashable, object] = OrderedDict()

    @contextmanager
    def edition(self) -> Iterator[Edition]:
        """Open the latest state; every commit that was answered before is in it."""
        with self._store.session(scope=QueryScope()) as session:
            yield Edition(self, session)

    def remember(self, generation: int, key: Hashable, make: Callable[[], _T]) -> _T:
        """Give what was made for a key in a state, or make it; the oldest of many are dropped."""
        with self._lock:
            if generation > self._generation:
                self._generation, self._kept = generation, OrderedDict()
            if generation == self._generation and key in self._kept:
                self._kept.move_to_end(key)
                found: _T = self._kept[key]  # type: ignore[assignment]
                return found
        made = make()
        with self._lock:
            if generation == self._generation:
                self._kept[key] = made
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return made


def with_subjects(text: str, subjects: Sequence[str]) -> str:
    """Put subjects into every `VALUES ?subject { }` of a query."""
    listed = "VALUES ?subject { " + " ".join(to_text(Iri(one)) for one in subjects) + " }"
    return _VALUES.sub(lambda _: listed, text)
