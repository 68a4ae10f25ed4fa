"""Snapshots that readers work on: made when a query comes after a commit, deleted when unused."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kgservice.store.port import DatasetName


@dataclass(slots=True)
class Snapshot:
    """A folder that is never written again; `state` counts the commits that it has."""

    path: Path
    generation: int
    state: int
    leases: int = 0


class Snapshots:
    """The latest snapshot of each dataset, and older ones while somebody works on them."""

    def __init__(self, folder: Path, take: Callable[[str, str], int]) -> None:
        """`take(dataset, path)` makes a snapshot in a new folder and gives its generation."""
        self._folder = folder
        self._take = take
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._making = {"shared": threading.Lock(), "private": threading.Lock()}
        self._states = {"shared": 0, "private": 0}
        self._latest: dict[str, Snapshot] = {}
        self.taken = 0

    def note_commit(self, dataset: DatasetName) -> None:
        """Make the next query take a new snapshot; private data joins the shared merged graph."""
        with self._lock:
            self._states["private"] += 1
            if dataset == "shared":
                self._states["shared"] += 1

    @contextlib.contextmanager
    def lease(self, dataset: DatasetName) -> Iterator[Snapshot]:
        """Hold a snapshot that has every commit noted so far."""
        snapshot = self._hold(dataset)
        try:
            yield snapshot
        finally:
            self._let_go(dataset, snapshot)

    def _hold(self, dataset: DatasetName) -> Snapshot:
        with self._making[dataset]:
            with self._lock:
                state = self._states[dataset]
                latest = self._latest.get(dataset)
                if latest and latest.state == state:
                    latest.leases += 1
                    return latest
            path = self._folder / f"{dataset}-{next(self._numbers)}"
            snapshot = Snapshot(path, self._take(dataset, str(path)), state, leases=1)
            with self._lock:
                self._latest[dataset] = snapshot
                self.taken += 1
                unused = latest if latest and not latest.leases else None
        if unused:
            shutil.rmtree(unused.path, ignore_errors=True)
        return snapshot

    def _let_go(self, dataset: DatasetName, snapshot: Snapshot) -> None:
        with self._lock:
            snapshot.leases -= 1
            is_unused = not snapshot.leases and self._latest.get(dataset) is not snapshot
        if is_unused:
            shutil.rmtree(snapshot.path, ignore_errors=True)
