"""The adapter of the store port for an engine that others run, over SPARQL 1.1 alone.

What an engine of our own gives is partly lost: queries see the newest state, not a snapshot, and a
long commit part by part; memory is the engine's to bound. Kept are the deadline, the rights, the
versions, and that a commit is all there or not at all once somebody is told so.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyoxigraph as ox

from kgservice.model.errors import InputError
from kgservice.model.rdf import Row, Triple
from kgservice.model.settings import RemoteStoreSettings
from kgservice.store import results
from kgservice.store.change import Change, Commit
from kgservice.store.change_file import SpooledChanges
from kgservice.store.changelog import ChangeLog
from kgservice.store.dataset import MERGED
from kgservice.store.gate import check_query
from kgservice.store.loading import Journal
from kgservice.store.port import (
    ChangeFile,
    Changes,
    CommitResult,
    DatasetName,
    GraphChange,
    GraphInfo,
    QueryAnswer,
    QueryScope,
    Session,
)
from kgservice.store.readers import Lease, ReaderPool
from kgservice.store.remote_asking import Asking
from kgservice.store.remote_client import RemoteClient
from kgservice.store.remote_dataset import RemoteDataset, refuse_names
from kgservice.store.remote_opening import check_fitness, claim, hold
from kgservice.store.remote_session import RemoteSession
from kgservice.store.remote_text import read_text
from kgservice.store.remote_writes import Writes
from kgservice.store.touched import TouchLog
from kgservice.store.wire import TripleWriter, read_triples, skolem_prefix

MOST_AT_ONCE = 50_000
"""Statements of a file of changes up to which they are one commit."""


class RemoteStore:
    """A store in somebody else's engine; made by `open_store`. Any thread may call its methods."""

    def __init__(
        self,
        data_dir: Path,
        settings: RemoteStoreSettings,
        *,
        query_workers: int,
        query_timeout_s: float,
        query_memory_mb: int,
    ) -> None:
        """Claim the engine for this data folder, finish what was interrupted; see `open_store`."""
        self._folder = data_dir.resolve() / "store"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock_file = hold(self._folder)
        self._timeout_s = query_timeout_s
        self._writing = threading.RLock()
        try:
            self._client = RemoteClient(settings)
            claim(self._client, self._folder)
            self._writes = Writes(self._client, self._folder)
            self._shared = RemoteDataset("shared", self._client, self._writes)
            self._private = RemoteDataset("private", self._client, self._writes)
            self._recover()
            for dataset in (self._shared, self._private):
                dataset.begin()
            check_fitness(self._client, self._writes)
            self._asking = Asking(self._client)
            self._begin_logs()
            self._journal = Journal(self._folder)
            if self._journal.exists():
                self._apply()
            ox.Store(str(self._folder / "nothing"))  # what scratch stores stand beside
        except BaseException:
            self._lock_file.close()
            raise
        self.readers = ReaderPool(query_workers, query_memory_mb)
        self._queries = 0

    def _begin_logs(self) -> None:
        self._touched = TouchLog(self._shared.inputs)
        self._changelog = ChangeLog(self._shared.generation)

    def _recover(self) -> None:
        """Finish what was begun before anything else is written or read for a decision."""
        if self._writes.is_pending():
            with self._writing:
                self._writes.finish(self._shared.held)
                self._shared.read_state()
                self._private.read_state()
                self._begin_logs()

    def _of(self, dataset: DatasetName) -> RemoteDataset:
        return self._private if dataset == "private" else self._shared

    def commit(
        self, changes: Sequence[GraphChange] | ChangeFile, *, dataset: DatasetName = "shared"
    ) -> CommitResult:
        """Apply all changes or none; see the port."""
        if isinstance(changes, SpooledChanges):
            if changes.statements > MOST_AT_ONCE:
                return self._take(changes)
            content = [Change(*change) for change in changes.changes()]
            changes.close()
            return self._commit("shared", content)
        assert isinstance(changes, Sequence)  # noqa: S101 - for mypy
        texts = TripleWriter()
        content = [
            Change(c.graph, texts.lines(c.graph, c.triples), c.kind.value, c.merge, c.if_version)
            for c in changes
        ]
        return self._commit(dataset, content)

    def _commit(self, dataset: DatasetName, changes: Sequence[Change]) -> CommitResult:
        with self._writing:
            self._recover()
            target = self._of(dataset)
            refuse_names(
                (change.graph for change in changes),
                self._shared if dataset == "private" else self._private,
            )
            if dataset == "private":
                changes = [
                    Change(c.graph, c.statements, c.kind, False, c.if_version) for c in changes
                ]
            try:
                commit = Commit(target, changes)
                target.write(commit.delta)
            except SyntaxError as error:
                raise InputError(
                    f"A statement cannot be stored: {error}.", code="statement-invalid"
                ) from error
            commit.finish()
            if dataset == "shared" and commit.result.versions:
                self._note(commit)
            return commit.result

    def _note(self, commit: Commit) -> None:
        if commit.touched is not None:
            self._touched.note(commit.touched)
        parts = (commit.merged.added, commit.merged.removed)
        texts = chain.from_iterable(part.get(MERGED, ()) for part in parts)
        self._changelog.note(self._shared.generation, texts)

    def _take(self, changes: SpooledChanges) -> CommitResult:
        with self._writing:
            self._recover()
            self._journal.take(changes.finish())
            return self._apply()

    def _apply(self) -> CommitResult:
        """Apply what is left of the file that was committed; parts may be applied twice."""
        added = removed = 0
        for frame in self._journal.frames():
            content = [
                Change(graph, text.split("\n")[:-1], kind, merge, None)
                for graph, text, kind, merge in frame
            ]
            result = self._commit("shared", content)
            added, removed = added + result.added, removed + result.removed
        self._journal.end()
        return CommitResult(self._shared.generation, {}, added, removed)

    def change_file(self) -> ChangeFile:
        """Begin a file of changes; see the port."""
        return SpooledChanges(self._folder)

    def read(
        self, text: str, *, dataset: DatasetName = "shared", graphs: Sequence[str] = ()
    ) -> list[Row]:
        """Run a trusted SELECT on the live state; see the port."""
        self._recover()
        scope = QueryScope(dataset, tuple(graphs), None)
        parsed = read_text(text, is_trusted=True)
        return self._asking.rows(parsed, self._of(dataset), scope, self._timeout_s)

    def query(
        self, text: str, *, scope: QueryScope, accept: str, deadline_s: float | None = None
    ) -> QueryAnswer:
        """Run an untrusted query; see the port.

        Our own parser looks at it first, in a reader process, so that its mistakes are shown as
        ever, and nothing but SPARQL 1.1 reaches the engine.
        """
        check_query(text)
        self._queries += 1
        self._recover()
        timeout_s = self._timeout_s if deadline_s is None else deadline_s
        with self._lease(timeout_s) as lease:
            form: results.Form = lease.ask("form", text, text=text)
        media_type = results.negotiate(accept, form)
        if media_type is None:
            raise results.not_acceptable(accept, form)
        target = self._of(scope.dataset)
        if scope.dataset == "private" and scope.named_graphs is None:
            scope = QueryScope("private", scope.default_graphs, ())
        generation = self._generation(scope.dataset)
        parsed = read_text(text)
        body = self._asking.answer(parsed, target, scope, timeout_s, media_type)
        return QueryAnswer(media_type, body, generation)

    @contextlib.contextmanager
    def session(self, *, scope: QueryScope, deadline_s: float | None = None) -> Iterator[Session]:
        """Lease a reader process with a scratch store; see the port."""
        self._recover()
        timeout_s = self._timeout_s if deadline_s is None else deadline_s
        with self._lease(timeout_s) as lease:
            generation = self._generation(scope.dataset)
            yield RemoteSession(
                lease, generation, self._asking.over(self._of(scope.dataset), scope, timeout_s)
            )

    @contextlib.contextmanager
    def _lease(self, timeout_s: float) -> Iterator[Lease]:
        with self.readers.lease(timeout_s) as lease:
            lease.ask("open", str(self._folder / "nothing"), ((), ()))
            yield lease

    def _generation(self, dataset: DatasetName) -> int:
        shared = self._shared.generation
        return shared + self._private.generation if dataset == "private" else shared

    def changed_subjects(self, since: int) -> frozenset[str] | None:
        """Name the subjects that changed since a generation; see the port."""
        with self._writing:
            return self._changelog.since(since)

    def graph(self, graph: str, *, dataset: DatasetName = "shared") -> list[Triple]:
        """Give a graph's statements in a fixed order; blank nodes as they were committed."""
        self._recover()
        source = self._of(dataset)
        if not source.holds(graph):
            return []
        content = "".join(f"{text}.\n" for text in sorted(source.statements(graph)))
        return read_triples(content.encode(), blank_prefix=skolem_prefix(graph))

    def graphs(self, prefix: str = "", *, dataset: DatasetName = "shared") -> list[GraphInfo]:
        """List the named graphs; see the port."""
        with self._writing:
            source = self._of(dataset)
            return [
                GraphInfo(name, version, name in source.merged)
                for name, version in sorted(source.versions.items())
                if name.startswith(prefix)
            ]

    def changes(self, since: int, predicates: Sequence[str]) -> Changes:
        """Give what shared commits touched since; see the port."""
        with self._writing:
            number, is_complete, content, graphs = self._touched.since(since, predicates)
        return Changes(number, is_complete, tuple(read_triples(content)), frozenset(graphs))

    def stats(self) -> dict[str, int]:
        """Count statements, graphs, generations, queries, kills."""
        self._recover()
        counted: dict[str, int] = {}
        for name in ("shared", "private"):
            dataset = self._of(name)
            counted[f"{name}_statements"] = self._asking.count(dataset)
            counted[f"{name}_graphs"] = len(dataset.versions)
            counted[f"{name}_generation"] = dataset.generation
        counted["merged_statements"] = self._asking.count_merged()
        return {**counted, "queries": self._queries, "kills": self.readers.kills}

    def close(self) -> None:
        """Stop the processes; everything committed stays."""
        self.readers.close()
        with self._writing:
            self._lock_file.close()
