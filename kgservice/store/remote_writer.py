"""The one writer of a remote store: serial commits, and what they touched, in this process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from kgservice.model.errors import InputError
from kgservice.store.change import Change, Commit
from kgservice.store.change_file import SpooledChanges, statements_of
from kgservice.store.changelog import ChangeLog
from kgservice.store.live import together
from kgservice.store.loading import Journal
from kgservice.store.own import OwnGraphs
from kgservice.store.port import CommitResult, DatasetName, GraphInfo
from kgservice.store.quarantine import graph_infos, without_quarantine
from kgservice.store.remote_client import RemoteClient
from kgservice.store.remote_dataset import RemoteDataset, refuse_names
from kgservice.store.remote_opening import check_fitness, claim, follows_paths, hold
from kgservice.store.remote_writes import Writes
from kgservice.store.touched import TouchLog


class RemoteWriter:
    """Both datasets of an engine that this data folder has to itself."""

    def __init__(self, client: RemoteClient, folder: Path) -> None:
        """Claim the engine, finish what was interrupted.

        Raises:
            Unavailable: another process holds the folder, another folder the engine, or the engine
                is away or unfit.
        """
        self._lock_file = hold(folder)
        self._writing = threading.RLock()
        self._is_changing = self._is_applying = False
        self._journal = Journal(folder)
        try:
            self.name = claim(client, folder)
            self._writes = Writes(client, folder)
            self.shared = RemoteDataset("shared", client, self._writes)
            self.private = RemoteDataset("private", client, self._writes)
            self._writes.finish(self.shared.held)
            self._read_state()
            for dataset in (self.shared, self.private):
                dataset.begin()
            check_fitness(client, self._writes)
            self.follows_paths = follows_paths(client, self._writes)
            self.recover()
        except BaseException:
            self._lock_file.close()
            raise

    def _read_state(self) -> None:
        self.shared.read_state()
        self.private.read_state()
        self._own = OwnGraphs(self.private)
        self._touched = TouchLog(self.shared.inputs)
        self._changelog = ChangeLog(self.shared.generation)

    def recover(self) -> None:
        """Finish what was begun, before anything else is written or read for a decision.

        Raises:
            Unavailable: the engine is still away.
        """
        is_left = self._writes.is_pending() or self._journal.exists()
        if not is_left or self._is_changing or self._is_applying:
            return
        with self._writing:
            if self._writes.is_pending():
                self._writes.finish(self.shared.held)
                self._read_state()
            if self._journal.exists() and not self._is_applying:
                self._apply()

    def dataset(self, name: DatasetName) -> RemoteDataset:
        """Give one of the two."""
        return self.private if name == "private" else self.shared

    def state(self, name: DatasetName) -> str:
        """Name the state of a dataset; nothing while a commit is on its way."""
        if self._is_changing or self._writes.is_pending():
            return ""
        return f"{self.name}-{name}-{self.generation(name)}"

    def generation(self, name: DatasetName) -> int:
        """Number the state; a private one counts the commits of both datasets."""
        shared = self.shared.generation
        return shared + self.private.generation if name == "private" else shared

    def commit(
        self, dataset: DatasetName, changes: Sequence[Change], *, is_input: bool = True
    ) -> CommitResult:
        """Apply all changes or none; quarantine, which is named like shared graphs, comes first.

        `is_input` says that conclusions are drawn from these graphs.
        """
        with self._writing:
            self.recover()
            self._is_changing = True
            try:
                if dataset == "private":
                    return self._commit_private(changes)
                changes, refused = without_quarantine(changes)
                refuse_names((change.graph for change in changes), self.private)
                commit = Commit(self.shared, changes, is_input=is_input)
                apart = self._commit_private(refused) if refused else None
                self.shared.write(commit.delta)
                commit.finish()
            except SyntaxError as error:
                raise InputError(
                    f"A statement cannot be stored: {error}.", code="statement-invalid"
                ) from error
            finally:
                self._is_changing = False
            if commit.result.versions:
                if commit.touched is not None:
                    self._touched.note(commit.touched)
                self._changelog.note_merged(self.shared.generation, commit.merged)
            return together(commit.result, apart)

    def _commit_private(self, changes: Sequence[Change]) -> CommitResult:
        refuse_names((change.graph for change in changes), self.shared)
        return self._own.commit(changes)

    def take(self, changes: SpooledChanges) -> CommitResult:
        """Commit a file: it is ours from the moment that it is moved, and applied part by part."""
        with self._writing:
            self.recover()
            self._journal.take(changes.finish())
            return self._apply()

    def _apply(self) -> CommitResult:
        """Apply what is left of the file that was committed; parts may be applied twice."""
        added = removed = 0
        self._is_applying = True
        try:
            for frame in self._journal.frames():
                content = [
                    Change(graph, statements_of(text), kind, merge, None)
                    for graph, text, kind, merge in frame
                ]
                result = self.commit("shared", content)
                added, removed = added + result.added, removed + result.removed
        except InputError:
            self._journal.end()  # it would be refused for ever; whoever gave it is told
            raise
        finally:
            self._is_applying = False
        self._journal.end()
        return CommitResult(self.shared.generation, {}, added, removed)

    def changed_subjects(self, since: int) -> frozenset[str] | None:
        """See the port."""
        with self._writing:
            return self._changelog.since(since)

    def touched(
        self, since: int, predicates: Sequence[str]
    ) -> tuple[int, bool, bytes, tuple[str, ...]]:
        """See `TouchLog.since`."""
        with self._writing:
            return self._touched.since(since, predicates)

    def graphs(self, dataset: DatasetName, prefix: str) -> list[GraphInfo]:
        """See the port."""
        with self._writing:
            return graph_infos(self.dataset(dataset), self.private, prefix)

    def close(self) -> None:
        """Let the commit end, then the folder go."""
        with self._writing:
            self._lock_file.close()
