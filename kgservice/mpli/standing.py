"""Standing requests: kept true while the world changes, with an event when an answer becomes other.

A thread follows the shared graphs. What a commit changed is compared with what the requests ask
(`resolution/affected.py`); those that it can alter are resolved again, and so are those without a
day of their own when the day changes: laws and evidence have dates. The thread also keeps the
projection in step, so that whoever asks next need not wait for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from kgservice.model.errors import KgError
from kgservice.model.rdf import Term, to_text
from kgservice.model.vocabulary import PropertyInfo
from kgservice.mpli.projecting import MOST_CHANGED
from kgservice.mpli.standing_book import Event, Outcome, Standing, StandingBook
from kgservice.resolution.affected import StandingRequests
from kgservice.resolution.compile import Compiler
from kgservice.resolution.conditions import Condition
from kgservice.resolution.projection import Projection
from kgservice.resolution.request import Request
from kgservice.resolution.touched import links_of, touched
from kgservice.store.port import QueryScope, Session

if TYPE_CHECKING:
    from kgservice.mpli.projecting import Projector
    from kgservice.resolution.answer import Resolution

LOOK_EVERY_S: Final = 1.0
QUIET_LOOKS: Final = 2
"""Looks without a commit, before everything is read."""
_LOG: Final = logging.getLogger("kgservice.standing")


class StandingClerk:
    """Follows the shared graphs for the requests of a book."""

    def __init__(
        self,
        book: StandingBook,
        projector: Projector,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        """Follow the projector's store; `today` gives the day."""
        self.book = book
        self._projector = projector
        self._resolve: Callable[[str], tuple[Request, Resolution] | None] = lambda name: None
        self._tell: Callable[[Event], None] = lambda event: None
        self._bring_up_to_date: Callable[[], None] = lambda: None
        self._today = today
        self._links = links_of(projector.vocabulary)
        self._watched = StandingRequests(projector.vocabulary)
        self._undated: set[str] = set()
        self._seen: tuple[str, int, Projection] | None = None
        self._day: date | None = None
        self._quiet = ("", 0)
        self._waiting: set[str] = set()
        self._looking = threading.Lock()
        self._end = threading.Event()
        self.told = threading.Condition()
        self._thread: threading.Thread | None = None

    def work_with(
        self,
        resolve: Callable[[str], tuple[Request, Resolution] | None],
        tell: Callable[[Event], None] = lambda event: None,
        bring_up_to_date: Callable[[], None] = lambda: None,
    ) -> None:
        """Resolve by `resolve` (IRI to what was asked and the answer; None when it is gone).

        `tell` hears of each event after it is in the book; `bring_up_to_date` is called before a
        look and puts into the book what stands by itself.
        """
        self._resolve, self._tell = resolve, tell
        self._bring_up_to_date = bring_up_to_date

    def start(self) -> None:
        """Start the thread; `work_with` comes first."""
        self._thread = threading.Thread(target=self._run, name="standing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what was not looked at is when the service starts again."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def look(self) -> int:
        """Resolve again what changes since the last look can alter; give the number of events.

        Without a commit since the last look, it costs about a millisecond.
        """
        with self._looking:
            self._bring_up_to_date()
            standing = {one.request: one for one in self.book.standing()}
            for name in self._watched.slots.keys() - standing.keys():
                self._watched.remove(name)
            self._waiting |= standing.keys() - self._watched.slots.keys()
            self._waiting |= self._changed()
            number = 0
            for name in sorted(self._waiting & standing.keys()):
                if self._end.is_set():
                    break
                number += self._again(standing[name])
                self._waiting.discard(name)
            return number

    def _changed(self) -> set[str]:
        """Name the requests that changes since the last look can alter."""
        today = self._today()
        found = set(self._undated) if today != self._day else set()
        self._day = today
        store = self._projector.store
        state = store.state(QueryScope())
        if self._seen is not None and state and state == self._seen[0]:
            return found
        if self._is_to_wait(state):
            return found
        with store.session(scope=QueryScope()) as session:
            projection = self._projector.at(session)
            if self._seen is None or session.generation != self._seen[1]:
                found |= self._affected(session, projection)
            self._seen = (state, session.generation, projection)
        return found

    def _is_to_wait(self, state: str) -> bool:
        """Say whether to wait until no commit came for some looks.

        While a large catalogue is read in, everything would be read anew with each part of it; and
        where nothing stands, nobody waits.
        """
        if self._watched.slots or self._waiting:
            if self._seen is None:
                return False
            subjects = self._projector.store.changed_subjects(self._seen[1])
            if subjects is not None and len(subjects) <= MOST_CHANGED:
                return False
        is_quiet = state == self._quiet[0]
        self._quiet = (state, self._quiet[1] + 1 if is_quiet else 0)
        return self._quiet[1] < QUIET_LOOKS

    def _affected(self, session: Session, projection: Projection) -> set[str]:
        everything = set(self._watched.slots)
        if self._seen is None or not everything:
            return everything
        _, generation, before = self._seen
        subjects = self._projector.store.changed_subjects(generation)
        if subjects is None or before.terms is not projection.terms:
            return everything
        change = touched(before, projection, subjects, self._links)
        return self._watched.affected(change, partial(_Asking, session, self._projector))

    def _again(self, standing: Standing) -> int:
        """Resolve a request again and note what became of it."""
        try:
            found = self._resolve(standing.request)
        except KgError as error:
            _LOG.warning("%s was not resolved: %s", standing.request, error.code)
            self._watched.add_unknown(standing.request)  # tried again when something changes
            return 0
        if found is None:
            self.book.remove(standing.request)
            return 0
        request, answer = found
        self._watch(standing.request, request)
        outcome = outcome_of(request, answer)
        kind = change_of(standing.outcome, outcome)
        event = None
        if kind and standing.outcome is not None:
            at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            event = Event(
                0, standing.request, standing.customer, at, kind, standing.outcome, outcome,
                dict(answer.graphs),
            )  # fmt: skip
        number = self.book.note(standing.request, outcome, event)
        if event is None or not number:
            return 0
        self._tell(replace(event, number=number))
        with self.told:
            self.told.notify_all()
        return 1

    def _watch(self, name: str, request: Request) -> None:
        if request.as_of is None:
            self._undated.add(name)
        else:
            self._undated.discard(name)
        day = request.as_of or self._day or self._today()
        self._watched.add(name, replace(request, as_of=day))

    def _run(self) -> None:
        while not self._end.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception:  # the thread must live on
                _LOG.exception("standing requests")


class _Asking:
    """Asks the engine how values compare, on a day."""

    def __init__(self, session: Session, projector: Projector, day: date) -> None:
        self._session = session
        self._compiler = Compiler(projector.vocabulary, day)

    def __call__(
        self, condition: Condition, step: PropertyInfo, terms: Sequence[Term]
    ) -> Sequence[bool]:
        test = self._compiler.test(condition, step, "?value")
        rows = " ".join(f"({place} {to_text(term)})" for place, term in enumerate(terms))
        text = f"SELECT ?n WHERE {{ VALUES (?n ?value) {{ {rows} }} FILTER({test}) }}"
        passed = {int(row["n"][0]) for row in self._session.select(text)}
        return [place in passed for place in range(len(terms))]


def outcome_of(request: Request, answer: Resolution) -> Outcome:
    """Say what an answer comes to."""
    if not answer.compositions:
        return Outcome(answer.status)
    best = answer.compositions[0]
    ranked = best.order[: len(best.order) - len(request.components)]
    return Outcome(
        answer.status,
        tuple((flag, number) for flag, number, _ in ranked),
        tuple(sorted(best.offerings.items())),
        best.price_text,
    )


def change_of(before: Outcome | None, after: Outcome) -> str:
    """Name what became of a request; empty when nothing did that its owner would notice."""
    if before is None:
        return ""
    was, is_now = bool(before.offerings), bool(after.offerings)
    if was != is_now:
        return "possible" if is_now else "impossible"
    if not is_now:
        return ""
    if before.order != after.order:
        return "better" if after.order < before.order else "worse"
    return "different" if before.offerings != after.offerings else ""
