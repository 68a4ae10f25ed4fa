"""Snapshots that readers work on: made when a query comes after a commit, deleted when unused."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field
from pathlib import Path

from kgservice.model.errors import Unavailable
from kgservice.store.port import DatasetName


@dataclass(slots=True)
class Snapshot:
    """A folder that is never written again; `state` counts the commits that it has."""

    path: Path
    generation: int
    state: int
    leases: int = 0
    taken: float = field(default_factory=time.monotonic)


class Snapshots:
    """The latest snapshot of each dataset, and older ones while somebody works on them."""

    def __init__(self, folder: Path, take: Callable[[str, str], int]) -> None:
        """Begin with none, whatever an earlier process left in the folder.

        `take(dataset, path)` makes a snapshot in a new folder and gives its generation.
        """
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder = folder
        self._take = take
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._making: dict[str, tuple[int, Future[Snapshot]]] = {}
        self._states: Counter[str] = Counter()
        self._latest: dict[str, Snapshot] = {}
        self.taken = 0

    def age_s(self, dataset: DatasetName) -> float:
        """Give the age of the latest snapshot in seconds; 0 when there is none."""
        with self._lock:
            latest = self._latest.get(dataset)
            return time.monotonic() - latest.taken if latest else 0.0

    def note_commit(self, dataset: DatasetName) -> None:
        """Make the next query take a new snapshot; private data joins the shared merged graph."""
        with self._lock:
            self._states[dataset] += 1
            if dataset == "shared":
                self._states["private"] += 1

    def latest(self) -> list[Path]:
        """Name the newest snapshots, for processes that want to have them open."""
        with self._lock:
            return [snapshot.path for snapshot in self._latest.values()]

    @contextlib.contextmanager
    def lease(self, dataset: DatasetName, end: float) -> Iterator[Snapshot]:
        """Hold a snapshot that has every commit noted so far.

        Raises:
            Unavailable: a commit kept the writer until `end`, a `time.monotonic()` (`query-busy`).
        """
        snapshot = self._hold(dataset, end)
        try:
            yield snapshot
        finally:
            self._let_go(dataset, snapshot)

    def _hold(self, dataset: DatasetName, end: float) -> Snapshot:
        wanted: int | None = None
        while True:
            with self._lock:
                state, latest = self._states[dataset], self._latest.get(dataset)
                wanted = state if wanted is None else wanted  # later commits are no concern of ours
                if latest and latest.state >= wanted:
                    latest.leases += 1
                    return latest
                made = self._made(dataset, state)
            try:
                made.result(max(0.0, end - time.monotonic()))
            except NotInTime:
                raise _busy() from None

    def _made(self, dataset: DatasetName, state: int) -> Future[Snapshot]:
        """Give the snapshot of a state that is being made; begin if nobody did."""
        begun = self._making.get(dataset)
        if begun and begun[0] == state and not begun[1].done():
            return begun[1]
        future: Future[Snapshot] = Future()
        # In a thread of its own: the writer may be busy for longer than any query waits.
        thread = threading.Thread(target=self._make, args=(dataset, state, future), daemon=True)
        self._making[dataset] = (state, future)
        thread.start()
        return future

    def _make(self, dataset: DatasetName, state: int, future: Future[Snapshot]) -> None:
        path = self._folder / f"{dataset}-{next(self._numbers)}"
        try:
            snapshot = Snapshot(path, self._take(dataset, str(path)), state)
        except BaseException as error:  # whoever waits must hear of it
            future.set_exception(error)
            shutil.rmtree(path, ignore_errors=True)
            return
        with self._lock:
            latest = self._latest.get(dataset)
            is_newer = latest is None or latest.state < state
            if is_newer:
                self._latest[dataset] = snapshot
                self.taken += 1
            unused = latest if is_newer else snapshot
            if unused is not None and unused.leases:
                unused = None
        future.set_result(snapshot)
        if unused is not None:
            shutil.rmtree(unused.path, ignore_errors=True)

    def _let_go(self, dataset: DatasetName, snapshot: Snapshot) -> None:
        with self._lock:
            snapshot.leases -= 1
            is_unused = not snapshot.leases and self._latest.get(dataset) is not snapshot
        if is_unused:
            shutil.rmtree(snapshot.path, ignore_errors=True)


def _busy() -> Unavailable:
    return Unavailable(
        "A large change is being written, and the query has to see what was written before it.",
        code="query-busy",
        hint="Try again after a moment.",
    )
