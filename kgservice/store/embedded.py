"""The embedded adapter of the store port: one writer child, killable readers."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from kgservice.model.errors import Unavailable
from kgservice.model.rdf import Row, Triple
from kgservice.store.caps import AnswerLimits
from kgservice.store.change_file import MOST_AT_ONCE, SpooledChanges, as_texts
from kgservice.store.embedded_written import EmbeddedWritten
from kgservice.store.federation import Federation
from kgservice.store.names import require_short
from kgservice.store.port import (
    INSIDE,
    ChangeFile,
    Changes,
    Client,
    CommitResult,
    DatasetName,
    GraphChange,
    GraphInfo,
    QueryScope,
    Session,
)
from kgservice.store.reader_session import ReaderSession
from kgservice.store.readers import Lease, ReaderPool
from kgservice.store.snapshots import Snapshot, Snapshots
from kgservice.store.spool import QueryAnswer, SpoolFolder
from kgservice.store.under_way import UnderWay
from kgservice.store.wire import read_rows, read_triples, skolem_prefix
from kgservice.store.writer_link import WriterLink


class EmbeddedStore:
    """A store on this machine's disk; made by `open_store`. Its methods may run in any thread."""

    def __init__(
        self,
        data_dir: Path | WriterLink,
        *,
        query_workers: int,
        query_timeout_s: float,
        query_memory_mb: int,
        answer_limits: AnswerLimits | None = None,
        service_endpoints: frozenset[str] = frozenset(),
    ) -> None:
        """Start the processes; see `open_store`."""
        if isinstance(data_dir, Path):
            data_dir = WriterLink(data_dir.resolve())
        self.writer = data_dir
        self._folder = folder = self.writer.folder
        self._timeout_s = query_timeout_s
        self.writer.wait_until_open()  # from here on the folder is ours
        self._snapshots = Snapshots(
            folder / "snapshots",
            lambda dataset, path: int(self.writer.ask("snapshot", dataset, path)),
        )
        self.readers = ReaderPool(
            query_workers,
            query_memory_mb,
            limits=answer_limits,
            warm=self._snapshots.latest,
        )
        self._federation = Federation(service_endpoints)
        self._spool = SpoolFolder(folder / "spool")
        self._run = secrets.token_hex(8)
        self._queries = 0
        self.under_way = UnderWay(self.readers, self.writer, self._snapshots)
        try:
            self.written = EmbeddedWritten(
                folder, timeout_s=query_timeout_s, memory_mb=query_memory_mb, show=self._show
            )
        except Unavailable:
            self.readers.close()
            self.writer.close()
            raise

    def commit(
        self, changes: Sequence[GraphChange] | ChangeFile, *, dataset: DatasetName = "shared"
    ) -> CommitResult:
        """Apply all changes or none; see the port."""
        if isinstance(changes, SpooledChanges):
            if changes.statements > MOST_AT_ONCE:
                return self._ask("take", "shared", str(changes.finish()))
            wire = changes.changes()
            changes.close()
            return self._ask("commit", "shared", "shared", wire)
        assert isinstance(changes, Sequence)  # noqa: S101 - for mypy
        return self._ask("commit", dataset, dataset, as_texts(changes))

    def change_file(self) -> ChangeFile:
        """Begin a file of changes; see the port."""
        return SpooledChanges(self._folder / "store")

    def _ask(self, name: str, dataset: DatasetName, *arguments: object) -> CommitResult:
        try:
            with self.under_way.commit():
                result: CommitResult = self.writer.ask(name, *arguments)
        except Unavailable:
            self._snapshots.note_commit(dataset)  # it may be there
            raise
        if result.versions or name == "take":
            self._snapshots.note_commit(dataset)
        return result

    def _show(self, path: str, versions: dict[str, int]) -> None:
        self._ask("show", "shared", path, versions)

    def read(
        self, text: str, *, dataset: DatasetName = "shared", graphs: Sequence[str] = ()
    ) -> list[Row]:
        """Run a trusted SELECT on the live state; see the port."""
        return read_rows(self.writer.ask("read", dataset, text, tuple(graphs)))

    def graph(self, graph: str, *, dataset: DatasetName = "shared") -> list[Triple]:
        """Give a graph's statements in a fixed order; blank nodes as they were committed."""
        content = self.writer.ask("graph", dataset, graph)
        return read_triples(content, blank_prefix=skolem_prefix(graph))

    def changed_subjects(self, since: int) -> frozenset[str] | None:
        """Name the subjects that changed since a generation; see the port."""
        found: frozenset[str] | None = self.writer.ask("changed_subjects", since)
        return found

    def graphs(self, prefix: str = "", *, dataset: DatasetName = "shared") -> list[GraphInfo]:
        """List the named graphs; see the port."""
        found: list[GraphInfo] = self.writer.ask("graphs", dataset, prefix)
        return found

    def changes(self, since: int, predicates: Sequence[str]) -> Changes:
        """Give what shared commits touched since; see the port."""
        number, is_complete, content, graphs = self.writer.ask("changes", since, tuple(predicates))
        return Changes(number, is_complete, tuple(read_triples(content)), frozenset(graphs))

    def query(
        self,
        text: str,
        *,
        scope: QueryScope,
        accept: str,
        deadline_s: float | None = None,
        client: Client = INSIDE,
    ) -> QueryAnswer:
        """Run an untrusted query in a reader process; see the port.

        `accept` may be a whole Accept header; `not-acceptable` when it takes no type of ours.
        """
        limit_s = self._timeout_s if deadline_s is None else deadline_s
        end = time.monotonic() + limit_s
        whole = self._federation.complete(text, end)
        self._queries += 1
        with (
            self._spool.new_path() as path,
            self._lease(scope, limit_s, client, text, end) as (lease, snapshot),
        ):
            media_type, body = lease.query(whole, accept, path)
        content = self._spool.content(body, path)
        return QueryAnswer(media_type, content, snapshot.generation, self._name(snapshot))

    def state(self, scope: QueryScope) -> str:
        """Name the state that a query would see now; see the port."""
        end, snapshots = time.monotonic() + self._timeout_s, self._snapshots_of(scope.dataset)
        with snapshots.lease(scope.dataset, end) as snapshot:
            return self._name(snapshot)

    def _name(self, snapshot: Snapshot) -> str:
        """Each commit that a query can see makes the next one take a snapshot of another name."""
        return f"{self._run}-{snapshot.path.name}"

    @contextlib.contextmanager
    def session(self, *, scope: QueryScope, deadline_s: float | None = None) -> Iterator[Session]:
        """Lease a reader process with a scratch store; see the port."""
        with self._lease(scope, deadline_s) as (lease, snapshot):
            yield ReaderSession(lease, snapshot.generation)

    @contextlib.contextmanager
    def _lease(
        self,
        scope: QueryScope,
        deadline_s: float | None,
        client: Client = INSIDE,
        text: str = "",
        end: float | None = None,
    ) -> Iterator[tuple[Lease, Snapshot]]:
        graphs = {*scope.default_graphs, *(scope.named_graphs or ())}
        require_short(graphs)
        named = scope.named_graphs
        if scope.dataset == "private" and named is None:
            named = ()  # "every graph" is for shared data only
        limit_s = self._timeout_s if deadline_s is None else deadline_s
        end = time.monotonic() + limit_s if end is None else end
        with (
            self._snapshots_of(scope.dataset).lease(scope.dataset, end) as snapshot,
            self.readers.lease(limit_s, client, text, end=end) as lease,
        ):
            lease.open(str(snapshot.path), (scope.default_graphs, named, scope.base_iri))
            yield lease, snapshot

    def _snapshots_of(self, dataset: DatasetName) -> Snapshots:
        return self.written.snapshots if dataset == "written" else self._snapshots

    def backup(self, folder: Path, meanwhile: contextlib.AbstractContextManager[None]) -> float:
        """Put copies of all datasets of one moment into a folder; see the port."""
        with self.written.frozen() as copy_written:
            begin = time.monotonic()
            with meanwhile:
                self.writer.ask("backup", str(folder))
            copy_written(folder)
            return time.monotonic() - begin

    def stats(self) -> dict[str, int]:
        """Count statements, graphs, generations, queries, kills."""
        counted: dict[str, int] = self.writer.ask("stats")
        return {
            **counted,
            "written_statements": self.written.count(),
            "written_graphs": len(self.written.graphs()),
            "queries": self._queries,
            "kills": self.readers.kills,
            "shed": self.readers.turns.shed,
            "snapshots": self._snapshots.taken,
            "writer_restarts": self.writer.restarts,
        }

    def close(self) -> None:
        """Stop the processes; everything committed stays."""
        self.readers.close()
        self.written.close()
        self.writer.close()
