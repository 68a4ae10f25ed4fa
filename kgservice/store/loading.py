"""Apply a file of changes, part by part: in memory one part, on disk all of it or, later, the rest.

The file is moved into the store's folder first; from that moment it is committed. Parts may be
applied twice: a graph's new content stays what it is. So a writer that is killed leaves a number of
whole parts, and the next one goes on from there before it answers anybody. Graphs that are new
go through the engine's bulk loader, with the merged graph and its private copy at the same time on
another processor; all else is a commit like any other.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from kgservice.store.change import Change
from kgservice.store.change_file import DESCRIBE, REPLACE, Part, read_frames
from kgservice.store.dataset import Dataset, is_own_text, membership_text, subject_of, version_text
from kgservice.store.disk import to_disk
from kgservice.store.names import is_quarantine
from kgservice.store.port import META_GRAPH, CommitResult
from kgservice.store.touched import Touched, TouchLog

JOURNAL = "journal"
DONE = "journal.done"


@dataclass(slots=True)
class Fresh:
    """Graphs that are new, and what the metadata graph says of them for the first time, as text."""

    named: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    graphs: dict[str, bool] = field(default_factory=dict)
    described: set[str] = field(default_factory=set)

    def add(self, part: Part) -> None:
        """Take a part in."""
        graph, text, kind, merge = part
        self.named.append(text.replace(" \n", f" <{graph}> .\n"))
        if kind == DESCRIBE:
            self.described |= {line[1 : line.index(">")] for line in text.split("\n")[:-1]}
            return
        self.graphs[graph] = merge
        if merge:
            self.merged.append(text.replace(" \n", " .\n"))

    def versions(self, dataset: Dataset) -> list[str]:
        """Give what the store itself says of these graphs, and its raised versions."""
        own = [version_text(graph, 1) for graph in self.graphs]
        own += [membership_text(graph) for graph, merge in self.graphs.items() if merge]
        return own + [version_text(name, number + 1) for name, number in self.old(dataset)]

    def touched(self, number: int) -> Touched:
        """Say what this touches."""
        statements = [line[:-1] for text in self.merged for line in text.split("\n")[:-1]]
        return Touched(number, statements, {*self.graphs, *self.described})

    def old(self, dataset: Dataset) -> list[tuple[str, int]]:
        """Name the graphs, with their version, whose version this raises without making them."""
        found = dataset.state()
        if self.described:
            found.append((META_GRAPH, dataset.versions.get(META_GRAPH, 0)))
        return found


def split(frame: Sequence[Part], dataset: Dataset) -> tuple[Fresh, list[Change]]:
    """Divide the parts of a frame into what is new as a whole, and changes to compare."""
    times = Counter(graph for graph, _, _, _ in frame)
    mixed = any(graph == META_GRAPH and kind != DESCRIBE for graph, _, kind, _ in frame)
    fresh, rest = Fresh(), []
    seen: set[str] = set()
    for part in frame:
        graph, text, kind, merge = part
        if graph == META_GRAPH:
            is_new = kind == DESCRIBE and not mixed and _is_unknown(text, dataset, seen)
        else:
            is_once = times[graph] == 1 and graph not in dataset.versions
            is_new = kind == REPLACE and is_once and bool(text) and not is_quarantine(graph)
        if is_new:
            fresh.add(part)
        else:
            rest.append(Change(graph, text.split("\n")[:-1], kind, merge, None))
    return fresh, rest


def _is_unknown(text: str, dataset: Dataset, seen: set[str]) -> bool:
    lines = text.split("\n")[:-1]
    subjects = {subject_of(line) for line in lines}
    if subjects & seen or any(is_own_text(line) for line in lines):
        return False
    seen |= subjects
    if any(subject[1:-1] in dataset.versions for subject in subjects):
        return False  # a graph that exists is described already
    return not dataset.statements_about(META_GRAPH, subjects)


class Journal:
    """The file that is being applied, if any, and how far."""

    def __init__(self, folder: Path) -> None:
        """Look in the store's folder."""
        self._file, self._done = folder / JOURNAL, folder / DONE

    def exists(self) -> bool:
        """Say whether there is something to apply."""
        return self._file.exists()

    def take(self, path: Path) -> None:
        """Move a file here: it is committed now."""
        self._done.unlink(missing_ok=True)
        try:
            path.replace(self._file)
        except OSError:  # another file system
            part = self._file.with_suffix(".part")
            shutil.copyfile(path, part)
            to_disk(part)
            part.replace(self._file)
            path.unlink()
        to_disk(self._file.parent)

    def frames(self) -> Iterator[list[Part]]:
        """Give what is not applied yet; a frame counts as applied when the next one is taken."""
        done = int(self._done.read_text()) if self._done.exists() else 0
        for number, frame in enumerate(read_frames(self._file, done), done):
            self._note(number)
            yield frame

    def end(self) -> None:
        """Forget it."""
        self._file.unlink()
        self._done.unlink(missing_ok=True)

    def _note(self, number: int) -> None:
        part = self._done.with_suffix(".part")
        part.write_text(str(number))
        part.replace(self._done)


class Loader:
    """Writes new graphs of one frame into both datasets at once."""

    def __init__(self, shared: Dataset, private: Dataset, touched: TouchLog) -> None:
        """Write into these; note what was touched."""
        self._shared, self._private, self._touched = shared, private, touched

    def load(self, fresh: Fresh) -> CommitResult:
        """Write; a graph whose version is not there yet is loaded again after a kill.

        Statements by graph on one processor, those of the merged graph and its copy on another.
        """
        shared, private = self._shared, self._private
        old = fresh.old(shared)
        with ThreadPoolExecutor(1) as pool:
            merging = pool.submit(self._merge, "".join(fresh.merged).encode())
            shared.load("".join(fresh.named).encode())
            merging.result()
        shared.load_versions(
            fresh.versions(shared), [version_text(name, number) for name, number in old if number]
        )
        shared.note_new(fresh.graphs, old)
        self._touched.note(fresh.touched(shared.inputs))
        private.note_mirrored(shared.generation)
        statements = sum(text.count("\n") for text in fresh.named)
        return CommitResult(shared.generation, {}, statements, 0)

    def _merge(self, triples: bytes) -> None:
        for dataset in (self._shared, self._private):
            dataset.load_merged(triples)
