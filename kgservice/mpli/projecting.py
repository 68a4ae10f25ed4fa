"""Keep a projection of the merged graph in step with the store."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np

from kgservice.model.rdf import Iri, to_text
from kgservice.model.terms import DCTERMS, KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.price_columns import READ_OF_PRICES
from kgservice.resolution.projection import Projection, Terms, column
from kgservice.resolution.reads import ALWAYS, LABEL_PARTS
from kgservice.resolution.templates import render
from kgservice.store.port import Session, Store

MOST_CHANGED = 20_000
"""Subjects from which reading everything again is the shorter way."""

_BATCH = 500
_OF_OFFERINGS = (KG.lifecycleStatus, KG.compatibleWith, DCTERMS.hasPart)


class Projector:
    """Gives the projection of a session's state; follows changes subject by subject."""

    def __init__(self, store: Store, vocabulary: Vocabulary) -> None:
        """Nothing is read before it is asked for."""
        self.store, self.vocabulary = store, vocabulary
        self._properties = projected(vocabulary)
        self._lock = threading.Lock()
        self._known: tuple[int, Projection] | None = None
        self.rebuilt = 0

    def at(self, session: Session) -> Projection:
        """Give the projection of what the session sees.

        Reading 100,000 offerings takes some seconds; a changed one, milliseconds.
        """
        with self._lock:
            if self._known is None or self._known[0] != session.generation:
                self._known = (session.generation, self._follow(session))
            return self._known[1]

    def _follow(self, session: Session) -> Projection:
        if self._known is not None and self._known[0] < session.generation:
            generation, projection = self._known
            subjects = self.store.changed_subjects(generation)
            if subjects is not None and len(subjects) <= MOST_CHANGED:
                return projection.changed(
                    (f"<{subject}>" for subject in subjects), self._statements(session, subjects)
                )
        self.rebuilt += 1
        return self._read(session)

    def _read(self, session: Session) -> Projection:
        texts, columns = session.columns(self._properties)
        made = {
            name: column(np.frombuffer(subjects, np.int32), np.frombuffer(values, np.int32))
            for name, (subjects, values) in columns.items()
        }
        return Projection(
            Terms(texts), {name: one for name, one in made.items() if len(one.subjects)}
        )

    def _statements(self, session: Session, subjects: Iterable[str]) -> Iterable[Sequence[str]]:
        listed = ", ".join(to_text(prop) for prop in self._properties)
        waiting = iter(sorted(subjects))
        while batch := list(islice(waiting, _BATCH)):
            nodes = " ".join(f"<{subject}>" for subject in batch)
            text = render(
                "statements-of",
                slots={
                    "subjects": f"VALUES ?subject {{ {nodes} }}",
                    "properties": f"FILTER(?property IN ({listed}))",
                },
            )
            for row in session.select(text, where="snapshot"):
                yield tuple(to_text(row[name]) for name in ("subject", "property", "value"))


def projected(vocabulary: Vocabulary) -> tuple[Iri, ...]:
    """Name the properties that a resolution may read."""
    asked = {info.iri for info in vocabulary.properties.values()}
    asked |= {info.iri for info in vocabulary.of_evidence.values()}
    always = {*ALWAYS, *LABEL_PARTS, *READ_OF_PRICES, *_OF_OFFERINGS}
    ends = {KG.measuredFrom, KG.measuredTo}
    return tuple(sorted((asked | always | ends) - {DCTERMS.title, DCTERMS.description}))
