"""The two datasets in the writer process: serial commits, live reads, snapshots."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyoxigraph as ox

from kgservice.store.change import Change, Commit
from kgservice.store.change_file import statements_of
from kgservice.store.changelog import ChangeLog
from kgservice.store.dataset import MERGED, Dataset, Delta, difference
from kgservice.store.engine import select_json
from kgservice.store.loading import Fresh, Journal, Loader, split
from kgservice.store.names import is_quarantine
from kgservice.store.own import OwnGraphs
from kgservice.store.port import MERGED_GRAPH, CommitResult, GraphInfo
from kgservice.store.quarantine import graph_infos, move_quarantine, without_quarantine
from kgservice.store.touched import TouchLog

_MOST_NOTED = 4_000_000
"""Characters of new statements from which nobody follows a load subject by subject."""


class LiveStore:
    """Both datasets, and the copy of the shared merged graph in the private one.

    The copy is made after a commit is answered, but before anything reads or writes the private
    dataset; when a crash comes between, the next start finds two different generations.
    """

    def __init__(self, data_dir: Path) -> None:
        """Open both; OSError when another process holds them."""
        self.shared = Dataset(data_dir / "store" / "shared")
        self.private = Dataset(data_dir / "store" / "private")
        self._own = OwnGraphs(self.private)
        move_quarantine(self.shared, self.private)
        self._touched = TouchLog(self.shared.inputs)
        self._lock = threading.RLock()
        self._pending: list[Delta] = []
        self._journal = Journal(data_dir / "store")
        self._changelog = ChangeLog(self.shared.generation)
        if self.private.mirrored != self.shared.generation:
            self._repair()
        for _ in self.apply() if self._journal.exists() else ():
            pass

    def commit(
        self, dataset: str, changes: Sequence[Change], *, is_input: bool = True
    ) -> CommitResult:
        """Apply all changes or none; of shared graphs, those in quarantine come first.

        `is_input` says that conclusions are drawn from these graphs. A crash between the two leaves
        a quarantine that is newer than its document; whoever commits them does both again.
        """
        with self._lock:
            if dataset == "private":
                return self._commit_private(changes)
            changes, refused = without_quarantine(changes)
            commit = Commit(self.shared, changes, is_input=is_input)
            apart = self._commit_private(refused) if refused else None
            self.shared.write(commit.delta)
            commit.finish()
            if commit.result.versions:
                self._pending.append(commit.merged)
                if commit.touched is not None:
                    self._touched.note(commit.touched)
                self._changelog.note_merged(self.shared.generation, commit.merged)
            return together(commit.result, apart)

    def _commit_private(self, changes: Sequence[Change]) -> CommitResult:
        self.catch_up()
        return self._own.commit(changes)

    def take(self, path: str) -> Iterator[CommitResult]:
        """Commit a file of changes; each step applies a part of it."""
        self._journal.take(Path(path))
        return self.apply()

    def apply(self) -> Iterator[CommitResult]:
        """Apply what is left of the file that was committed, a part a step."""
        loader = Loader(self.shared, self.private, self._touched)
        for frame in self._journal.frames():
            with self._lock:
                fresh, rest = split(frame, self.shared)
                changed = self.commit("shared", rest) if rest else None
                self.catch_up()
                loaded = loader.load(fresh) if fresh.named else None
                self._note_loaded(fresh)
            for result in (changed, loaded):
                if result is not None:
                    yield result
        self._journal.end()

    def _note_loaded(self, fresh: Fresh) -> None:
        if sum(map(len, fresh.merged)) > _MOST_NOTED:
            self._changelog.forget(self.shared.generation)
        elif fresh.merged:
            lines = (line for block in fresh.merged for line in statements_of(block))
            self._changelog.note(self.shared.generation, lines)

    def catch_up(self) -> None:
        """Copy what the merged graph gained and lost into the private dataset."""
        if not self._pending:
            return
        with self._lock:
            while self._pending:
                delta, generation = self._pending[0], self.private.mirrored + 1
                delta.set_version(MERGED_GRAPH, self.private.mirrored, generation)
                self.private.write(delta)
                self.private.mirrored = generation
                self._pending.pop(0)

    def changed_subjects(self, since: int) -> frozenset[str] | None:
        """Name the subjects of the shared merged graph that changed after a generation."""
        with self._lock:
            return self._changelog.since(since)

    def _repair(self) -> None:
        delta = Delta()
        added, removed = difference(self.shared.store, self.private.store)
        delta.add(MERGED, sorted(added))
        delta.remove(MERGED, sorted(removed))
        delta.set_version(MERGED_GRAPH, self.private.mirrored, self.shared.generation)
        self.private.write(delta)
        self.private.mirrored = self.shared.generation

    def _of(self, dataset: str) -> Dataset:
        if dataset == "shared":
            return self.shared
        self.catch_up()
        return self.private

    def read(self, dataset: str, text: str, graphs: Sequence[str]) -> bytes:
        """Answer a trusted SELECT or ASK as SPARQL results in JSON."""
        return select_json(self._of(dataset).store, text, graphs, None)

    def graph(self, dataset: str, graph: str) -> bytes:
        """Give a graph's statements as N-Triples."""
        source = self._of("private" if is_quarantine(graph) else dataset)
        name = MERGED if graph == MERGED_GRAPH else graph
        return "".join(f"{text}.\n" for text in sorted(source.statements(name))).encode()

    def graphs(self, dataset: str, prefix: str) -> list[GraphInfo]:
        """List the graphs whose IRI starts with `prefix`."""
        with self._lock:
            return graph_infos(self._of(dataset), self.private, prefix)

    def changes(
        self, since: int, predicates: Sequence[str]
    ) -> tuple[int, bool, bytes, tuple[str, ...]]:
        """Give what shared commits touched; see `TouchLog.since`."""
        with self._lock:
            return self._touched.since(since, predicates)

    def snapshot(self, dataset: str, path: str) -> int:
        """Make a snapshot of hard links in a new folder; give its generation.

        A private snapshot's generation counts the commits of both datasets.
        """
        with self._lock:
            source = self._of(dataset)
            source.store.backup(path)
            return source.generation + source.mirrored

    def backup(self, folder: str) -> None:
        """Make snapshots of both datasets as they are at one moment, in a folder that exists."""
        with self._lock:
            self.catch_up()
            self.shared.store.backup(str(Path(folder, "shared")))
            self.private.store.backup(str(Path(folder, "private")))

    def stats(self) -> dict[str, int]:
        """Count what is there."""
        with self._lock:
            self.catch_up()
            result = {}
            for name, dataset in (("shared", self.shared), ("private", self.private)):
                result[f"{name}_statements"] = len(dataset.store)
                result[f"{name}_graphs"] = len(dataset.versions)
                result[f"{name}_generation"] = dataset.generation
            count = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
            rows = self.shared.store.query(count)
            assert isinstance(rows, ox.QuerySolutions)  # noqa: S101 - a SELECT
            result["merged_statements"] = int(next(iter(rows))["n"].value)
            return result


def together(result: CommitResult, apart: CommitResult | None) -> CommitResult:
    """Count quarantine as part of a commit; the generation is the shared dataset's."""
    if apart is None:
        return result
    versions = {**result.versions, **apart.versions}
    added, removed = result.added + apart.added, result.removed + apart.removed
    return CommitResult(result.generation, versions, added, removed)
