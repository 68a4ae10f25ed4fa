"""The adapter of the store port for an engine that others run, over SPARQL 1.1 alone.

What an engine of our own gives is partly lost: queries see the newest state, not a snapshot, and a
long commit part by part; memory is the engine's to bound. Kept are the deadline, the rights, the
versions, and that a commit is all there or not at all once somebody is told so.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyoxigraph as ox

from kgservice.model.errors import NotSupported, Unavailable
from kgservice.model.rdf import Row, Triple
from kgservice.model.settings import RemoteStoreSettings
from kgservice.store import results
from kgservice.store.caps import AnswerLimits, QueryLimits
from kgservice.store.change import Change
from kgservice.store.change_file import MOST_AT_ONCE, SpooledChanges, as_texts
from kgservice.store.embedded_written import EmbeddedWritten
from kgservice.store.federation import Federation
from kgservice.store.names import is_quarantine
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
from kgservice.store.readers import Lease, ReaderPool
from kgservice.store.remote_asking import Asking
from kgservice.store.remote_client import RemoteClient
from kgservice.store.remote_session import RemoteSession
from kgservice.store.remote_text import read_text
from kgservice.store.remote_writer import RemoteWriter
from kgservice.store.showing import changes_to_show
from kgservice.store.spool import QueryAnswer, Spool, SpoolFolder
from kgservice.store.under_way import UnderWay
from kgservice.store.wire import read_triples, skolem_prefix


class RemoteStore:
    """A store in somebody else's engine; made by `open_store`. Any thread may call its methods."""

    def __init__(
        self,
        data_dir: Path,
        settings: RemoteStoreSettings,
        limits: QueryLimits,
        service_endpoints: frozenset[str] = frozenset(),
    ) -> None:
        """Claim the engine for this data folder, finish what was interrupted; see `open_store`."""
        self._folder = data_dir.resolve() / "store"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._timeout_s = limits.timeout_s
        client = RemoteClient(settings)
        self._writer = RemoteWriter(client, self._folder)  # from here on the folder is ours
        self._asking = Asking(client, limits.answers or AnswerLimits(), self._writer.follows_paths)
        ox.Store(str(self._folder / "nothing"))  # what scratch stores stand beside
        self.readers = ReaderPool(limits.workers, limits.memory_mb, limits=limits.answers)
        self._federation = Federation(service_endpoints)
        self._spool = SpoolFolder(data_dir.resolve() / "spool")
        self._queries = 0
        self.written = self._open_written(limits)
        self.under_way = UnderWay(self.readers)

    def _open_written(self, limits: QueryLimits) -> EmbeddedWritten:
        """Keep what people write on this machine: one queue, and a default graph of its own."""

        def show(path: str, versions: dict[str, int]) -> None:
            self._writer.commit("shared", changes_to_show(path, versions), is_input=False)

        try:
            return EmbeddedWritten(
                self._folder.parent,
                timeout_s=limits.timeout_s,
                memory_mb=limits.memory_mb,
                show=show,
            )
        except Unavailable:
            self.readers.close()
            self._writer.close()
            raise

    def commit(
        self, changes: Sequence[GraphChange] | ChangeFile, *, dataset: DatasetName = "shared"
    ) -> CommitResult:
        """Apply all changes or none; see the port."""
        with self.under_way.commit():
            return self._commit(changes, dataset)

    def _commit(
        self, changes: Sequence[GraphChange] | ChangeFile, dataset: DatasetName
    ) -> CommitResult:
        if isinstance(changes, SpooledChanges):
            if changes.statements > MOST_AT_ONCE:
                return self._writer.take(changes)
            content = [Change(*change) for change in changes.changes()]
            changes.close()
            return self._writer.commit("shared", content)
        assert isinstance(changes, Sequence)  # noqa: S101 - for mypy
        return self._writer.commit(dataset, [Change(*change) for change in as_texts(changes)])

    def change_file(self) -> ChangeFile:
        """Begin a file of changes; see the port."""
        return SpooledChanges(self._folder)

    def read(
        self, text: str, *, dataset: DatasetName = "shared", graphs: Sequence[str] = ()
    ) -> list[Row]:
        """Run a trusted SELECT on the live state; see the port."""
        self._writer.recover()
        scope = QueryScope(dataset, tuple(graphs), None)
        parsed = read_text(text, is_trusted=True)
        end = time.monotonic() + self._timeout_s
        asked = self._asking.over(self._writer.dataset(dataset), scope, end)
        asked.follows_paths = True  # which worker performs a kind: a row less holds a step back
        return asked.rows(parsed)

    def query(
        self,
        text: str,
        *,
        scope: QueryScope,
        accept: str,
        deadline_s: float | None = None,
        client: Client = INSIDE,
    ) -> QueryAnswer:
        """Run an untrusted query; see the port.

        Our own parser looks at it first, in a reader process, so that its mistakes are shown as
        ever, and nothing but SPARQL 1.1 reaches the engine.
        """
        end = self._end(deadline_s)
        text = self._federation.complete(text, end)
        self._queries += 1
        if scope.dataset == "written":
            return self._query_written(text, scope, accept, end, client)
        self._writer.recover()
        with self._lease(end, client, text) as lease:
            form: results.Form = lease.ask("form", text, scope.base_iri, text=text)
        media_type = results.negotiate(accept, form)
        if media_type is None:
            raise results.not_acceptable(accept, form)
        if scope.dataset == "private" and scope.named_graphs is None:
            scope = QueryScope("private", scope.default_graphs, ())
        generation, before = self._writer.generation(scope.dataset), self.state(scope)
        parsed = read_text(text, scope.base_iri)
        asked = self._asking.over(self._writer.dataset(scope.dataset), scope, end)
        with self._spool.new_path() as path:
            body = asked.answer(parsed, media_type, Spool(str(path)))
        content = self._spool.content(body, path)
        state = before if before == self.state(scope) else ""
        return QueryAnswer(media_type, content, generation, state)

    def _query_written(
        self, text: str, scope: QueryScope, accept: str, end: float, client: Client
    ) -> QueryAnswer:
        with (
            self._spool.new_path() as path,
            self.written.snapshots.lease("written", end) as snapshot,
            self._lease(end, client, text) as lease,
        ):
            dataset = (scope.default_graphs, scope.named_graphs, scope.base_iri)
            lease.open(str(snapshot.path), dataset)
            media_type, body = lease.query(text, accept, path)
        content = self._spool.content(body, path)
        return QueryAnswer(media_type, content, snapshot.generation)

    def state(self, scope: QueryScope) -> str:
        """Name the state that a query would see now; none while a commit is on its way."""
        if scope.dataset == "written":
            return ""
        return self._writer.state(scope.dataset)

    @contextlib.contextmanager
    def session(self, *, scope: QueryScope, deadline_s: float | None = None) -> Iterator[Session]:
        """Lease a reader process with a scratch store; see the port."""
        self._writer.recover()
        end = self._end(deadline_s)
        with self._lease(end) as lease:
            generation = self._writer.generation(scope.dataset)
            asked = self._asking.over(self._writer.dataset(scope.dataset), scope, end)
            yield RemoteSession(lease, generation, asked)

    def _end(self, deadline_s: float | None) -> float:
        return time.monotonic() + (self._timeout_s if deadline_s is None else deadline_s)

    @contextlib.contextmanager
    def _lease(self, end: float, client: Client = INSIDE, text: str = "") -> Iterator[Lease]:
        limit_s = max(0.0, end - time.monotonic())
        with self.readers.lease(limit_s, client, text, end=end) as lease:
            lease.open(str(self._folder / "nothing"), ((), (), ""))
            yield lease

    def changed_subjects(self, since: int) -> frozenset[str] | None:
        """Name the subjects that changed since a generation; see the port."""
        return self._writer.changed_subjects(since)

    def graph(self, graph: str, *, dataset: DatasetName = "shared") -> list[Triple]:
        """Give a graph's statements in a fixed order; blank nodes as they were committed."""
        self._writer.recover()
        source = self._writer.dataset("private" if is_quarantine(graph) else dataset)
        if not source.holds(graph):
            return []
        content = "".join(f"{text}.\n" for text in sorted(source.statements(graph)))
        return read_triples(content.encode(), blank_prefix=skolem_prefix(graph))

    def graphs(self, prefix: str = "", *, dataset: DatasetName = "shared") -> list[GraphInfo]:
        """List the named graphs; see the port."""
        return self._writer.graphs(dataset, prefix)

    def changes(self, since: int, predicates: Sequence[str]) -> Changes:
        """Give what shared commits touched since; see the port."""
        number, is_complete, content, graphs = self._writer.touched(since, predicates)
        return Changes(number, is_complete, tuple(read_triples(content)), frozenset(graphs))

    def backup(self, folder: Path, meanwhile: contextlib.AbstractContextManager[None]) -> float:
        """Refuse: see the port."""
        raise NotSupported(
            "The graphs are in an engine of its own, which makes its own backups.",
            code="backup-not-here",
            hint="Stop the service, back up the engine and the data folder together.",
        )

    def stats(self) -> dict[str, int]:
        """Count statements, graphs, generations, queries, kills."""
        self._writer.recover()
        counted: dict[str, int] = {}
        for name, dataset in (("shared", self._writer.shared), ("private", self._writer.private)):
            counted[f"{name}_statements"] = self._asking.count(dataset)
            counted[f"{name}_graphs"] = len(dataset.versions)
            counted[f"{name}_generation"] = dataset.generation
        return {
            **counted,
            "merged_statements": self._asking.count_merged(),
            "written_statements": self.written.count(),
            "written_graphs": len(self.written.graphs()),
            "queries": self._queries,
            "kills": self.readers.kills,
            "shed": self.readers.turns.shed,
        }

    def close(self) -> None:
        """Stop the processes; everything committed stays."""
        self.readers.close()
        self.written.close()
        self._writer.close()
