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
from kgservice.store.change_file import DESCRIBE, REPLACE, Part, read_frames, statements_of
from kgservice.store.dataset import OWN_TEXTS, Dataset, membership_text, version_text
from kgservice.store.disk import to_disk
from kgservice.store.names import is_quarantine
from kgservice.store.port import META_GRAPH, CommitResult
from kgservice.store.touched import MOST_KEPT, Touched, TouchLog

JOURNAL = "journal"
DONE = "journal.done"
_OWN = tuple(text.encode() for text in OWN_TEXTS)


@dataclass(slots=True)
class Fresh:
    """Graphs that are new, and what the metadata graph says of them for the first time, as text."""

    named: list[bytes] = field(default_factory=list)
    merged: list[bytes] = field(default_factory=list)
    graphs: dict[str, bool] = field(default_factory=dict)
    described: set[str] = field(default_factory=set)

    def add(self, part: Part) -> None:
        """Take a part in; a line feed is nowhere but at the end of a statement."""
        graph, text, kind, merge = part
        self.named.append(text.replace(b" .\n", f" <{graph}> .\n".encode()))
        if kind == DESCRIBE:
            self.described |= {subject[1:-1].decode() for subject in _subjects(text)}
            return
        self.graphs[graph] = merge
        if merge:
            self.merged.append(text)

    def versions(self, dataset: Dataset) -> list[str]:
        """Give what the store itself says of these graphs, and its raised versions."""
        own = [version_text(graph, 1) for graph in self.graphs]
        own += [membership_text(graph) for graph, merge in self.graphs.items() if merge]
        return own + [version_text(name, number + 1) for name, number in self.old(dataset)]

    def touched(self, number: int) -> Touched | None:
        """Say what this touches; None when it is more than anybody remembers."""
        if sum(text.count(b"\n") for text in self.merged) > MOST_KEPT:
            return None
        statements = [line for text in self.merged for line in statements_of(text)]
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
    seen: set[bytes] = set()
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
            rest.append(Change(graph, statements_of(text), kind, merge, None))
    return fresh, rest


def _is_unknown(text: bytes, dataset: Dataset, seen: set[bytes]) -> bool:
    subjects = _subjects(text)
    if subjects & seen or any(own in text for own in _OWN):
        return False
    seen |= subjects
    names = [subject.decode() for subject in subjects]
    if any(name[1:-1] in dataset.versions for name in names):
        return False  # a graph that exists is described already
    return not dataset.statements_about(META_GRAPH, names)


def _subjects(text: bytes) -> set[bytes]:
    """Give the subjects of statements; most parts are about one, which begins every line."""
    first = text[: text.index(b" ")]
    if text.count(b"\n" + first + b" ") == text.count(b"\n") - 1:
        return {first}
    return {line[: line.index(b" ")] for line in text.split(b"\n")[:-1]}


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
            merging = pool.submit(self._merge, b"".join(fresh.merged))
            shared.load(b"".join(fresh.named))
            merging.result()
        shared.load_versions(
            fresh.versions(shared), [version_text(name, number) for name, number in old if number]
        )
        shared.note_new(fresh.graphs, old)
        touched = fresh.touched(shared.inputs)
        if touched is None:
            self._touched.forget(shared.inputs)
        else:
            self._touched.note(touched)
        private.note_mirrored(shared.generation)
        statements = sum(text.count(b"\n") for text in fresh.named)
        return CommitResult(shared.generation, {}, statements, 0)

    def _merge(self, triples: bytes) -> None:
        for dataset in (self._shared, self._private):
            dataset.load_merged(triples)
