"""The embedded adapter of the written dataset: one queue, one writer process, one book."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn
from typing import Literal as OneOf

from kgservice.model.errors import InputError, NotFound, Refused, Unavailable
from kgservice.store.snapshots import Snapshots
from kgservice.store.write_queue import WriteQueue
from kgservice.store.written import (
    WRITTEN_DEFAULT,
    Author,
    Precondition,
    Update,
    WriteResult,
    WrittenGraph,
)
from kgservice.store.written_book import Turn, WrittenBook
from kgservice.store.written_link import Answered, Died, Overrun, WrittenLink
from kgservice.store.written_rules import require, require_own, stopped

GRAPH_DEADLINE_S = 300.0
"""For the writing of one graph's content, which the body's size bounds."""
LEAST_MEMORY_MB = 1024
"""Address space that a store needs to be opened for writing, and some to work in (m: 512)."""
WAIT_S = 60.0
"""How long a write waits for its turn."""
TRIES = 5
Show = Callable[[str, dict[str, int]], None]


class EmbeddedWritten:
    """The port's `Written` over a store of its own on this machine's disk."""

    def __init__(self, folder: Path, *, timeout_s: float, memory_mb: int, show: Show) -> None:
        """Start the process; settle what a crash left.

        `show(path, versions)` copies graphs of a snapshot to the shared dataset.

        Raises:
            Unavailable: the store cannot be opened.
        """
        self._timeout_s, self._show = timeout_s, show
        self._book = WrittenBook(folder / "store" / "written.sqlite")
        memory_mb = max(2 * memory_mb, LEAST_MEMORY_MB)
        self._link = WrittenLink(folder / "store" / "written", memory_mb, self._book.noted)
        self._turns = WriteQueue()
        self._showing = threading.Lock()
        self._recent: dict[int, Turn] = {}
        self.kills = 0
        self.snapshots = Snapshots(
            folder / "written-snapshots", lambda _dataset, path: self._snapshot(path)
        )
        self._clear_up()

    @property
    def pid(self) -> int:
        """The writer's process id."""
        return self._link.pid

    def update(
        self, update: Update, author: Author, *, deadline_s: float | None = None
    ) -> WriteResult:
        """Carry out an update when its turn comes; see the port."""
        timeout_s = self._timeout_s if deadline_s is None else deadline_s
        digest = hashlib.sha256(f"{update.line}\n{update.base_iri}".encode()).hexdigest()
        targets = None if update.is_open else tuple(sorted(update.targets))
        with self._turns.turn(WAIT_S):
            if done := self._done(author, digest):
                return done
            require_own(self._book, update.targets, author, is_open=update.is_open)
            if not update.line:
                return WriteResult(self._book.noted)
            turn = self._begin(targets, author, digest)
            try:
                return self._work(turn, "run", update.line, update.base_iri, deadline_s=timeout_s)
            except Answered as error:
                self._refuse(error, update)

    def put(
        self,
        graph: str,
        content: bytes,
        author: Author,
        *,
        how: OneOf["replace", "add"],
        condition: Precondition,
    ) -> WriteResult:
        """Write a graph's content; see the port."""
        digest = hashlib.sha256(f"{how} {graph}\n".encode() + content).hexdigest()
        with self._turns.turn(WAIT_S):
            if done := self._done(author, digest):
                return done
            require_own(self._book, (graph,), author)
            require(self._book, graph, condition)
            return self._write(graph, author, digest, "put", graph, content, how)

    def delete(self, graph: str, author: Author, *, condition: Precondition) -> WriteResult:
        """Delete a graph; see the port."""
        digest = hashlib.sha256(f"delete {graph}".encode()).hexdigest()
        with self._turns.turn(WAIT_S):
            if done := self._done(author, digest):
                return done
            require_own(self._book, (graph,), author)
            require(self._book, graph, condition)
            if graph != WRITTEN_DEFAULT and self._book.find(graph) is None:
                raise NotFound(f"There is no graph <{graph}>.", code="graph-unknown")
            return self._write(graph, author, digest, "drop", graph)

    def _write(self, graph: str, author: Author, digest: str, *work: object) -> WriteResult:
        turn = self._begin((graph,), author, digest)
        name, *arguments = work
        try:
            return self._work(turn, str(name), *arguments, deadline_s=GRAPH_DEADLINE_S)
        except Answered as error:
            raise InputError(
                f"The content cannot be stored: {error}.", code="statement-invalid"
            ) from None

    def _done(self, author: Author, digest: str) -> WriteResult | None:
        """Give the result of a write that was done under the author's key."""
        known = self._book.answer(_key(author)) if author.key else None
        if known is None:
            return None
        if known[0] != digest:
            raise Refused(
                "Another write was made under this Idempotency-Key.",
                code="idempotency-key-reused",
                hint="Use a new key for each write; the same one only to repeat it.",
            )
        return known[1]

    def _begin(self, targets: tuple[str, ...] | None, author: Author, digest: str) -> Turn:
        self._clear_up()
        key = _key(author) if author.key else ""
        turn = Turn(self._book.number + 1, targets, author.name, key, digest)
        self._recent[turn.number] = turn
        while len(self._recent) > 1000:
            self._recent.pop(next(iter(self._recent)))
        self._book.begin(turn)
        return turn

    def _work(self, turn: Turn, name: str, *arguments: object, deadline_s: float) -> WriteResult:
        """Have it done; when the process died of it, find out whether it is there."""
        try:
            self._link.ask(name, turn.number, *arguments, deadline_s=deadline_s)
        except Answered:
            self._book.forget()
            raise
        except (Overrun, Died) as end:
            self.kills += 1
            if self._link.unsettled() == turn.number:
                return self._note(turn)
            self._book.forget()
            raise stopped(end, deadline_s) from None
        return self._note(turn)

    def _note(self, turn: Turn) -> WriteResult:
        existing = self._ask("names", turn.targets)
        result = self._book.finish(turn, existing)
        self._link.settle(turn.number)
        self.snapshots.note_commit("written")
        return result

    def _clear_up(self) -> None:
        """Note or forget what was under way when something broke off."""
        turn = self._book.under_way()
        if turn is None:
            if number := self._link.unsettled():
                self._link.settle(number)
            return
        if self._link.unsettled() == turn.number:
            self._note(turn)
        else:
            self._book.forget()

    def _refuse(self, error: Answered, update: Update) -> NoReturn:
        if error.kind == "syntax":
            raise update.mistake(str(error)) from None
        raise Refused(
            f"The update was not carried out: {error}.",
            code="update-failed",
            hint="Nothing was changed. SILENT lets an operation on a missing graph pass.",
        ) from None

    # reading

    def _snapshot(self, path: str) -> int:
        return int(self._ask("snapshot", path))

    def _ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - the answers differ
        """Ask what changes nothing, again when the process dies meanwhile."""
        for _ in range(TRIES):
            try:
                return self._link.ask(name, *arguments)
            except Died:  # of a write, or killed
                if name == "snapshot":
                    shutil.rmtree(str(arguments[0]), ignore_errors=True)
            except Answered as error:
                raise Unavailable(
                    f"The written graphs cannot be read: {error}.", code="store-failed"
                ) from None
        raise Unavailable("The writer of written graphs keeps ending.", code="writer-lost")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[Callable[[Path], None]]:
        """Let nobody write, or be shown anew, while the block runs; it gets how to copy all this.

        Raises:
            Unavailable: a write took too long (`update-busy`).
        """
        with self._showing, self._turns.turn(WAIT_S):
            self._clear_up()
            yield self._copy

    def _copy(self, folder: Path) -> None:
        self._snapshot(str(folder / "written"))
        self._book.copy(folder / "written.sqlite")

    def find(self, graph: str) -> WrittenGraph | None:
        """Give a graph as it is now; see the port."""
        return self._book.find(graph)

    def version_at(self, graph: str, generation: int) -> int | None:
        """Give a graph's version in a snapshot; see the port."""
        turn = self._recent.get(generation)
        is_unnoted = turn is not None and generation > self._book.noted  # there, to be noted soon
        if turn and is_unnoted and (turn.targets is None or graph in turn.targets):
            return generation
        found = self._book.find(graph)
        version = found.version if found else 0
        return version if version <= generation else None

    def graphs(self) -> list[WrittenGraph]:
        """List the graphs; see the port."""
        return self._book.graphs()

    def show(self, may_show: Callable[[str], bool]) -> None:
        """Copy what changed to the shared dataset; see the port."""
        with self._showing:
            if not self._book.stale():
                return
            with self.snapshots.lease("written", time.monotonic() + self._timeout_s) as snapshot:
                known = {
                    graph: self.version_at(graph, snapshot.generation)
                    for graph in self._book.stale()
                }
                versions = {graph: v for graph, v in known.items() if v is not None}
                allowed = {graph: v for graph, v in versions.items() if may_show(graph)}
                self._show(str(snapshot.path), allowed)
            self._book.show(versions)

    def count(self) -> int:
        """Count the statements."""
        return int(self._ask("count"))

    def close(self) -> None:
        """Stop the process."""
        self._link.close()
        self._book.close()


def _key(author: Author) -> str:
    return f"{author.name} {author.key}"
