"""Write to an engine that promises nothing about several requests, or about one.

Measured on Virtuoso 7.2.5: of two operations in one update, the first one stays when the second
fails; a request of more than about 4,900 statements is refused. So what a commit writes is first
noted in a file on this machine. When this process or the engine dies in between, the next start
writes it again: statements that are added or taken out twice are so once. The new version of a
graph goes last, so that nothing half-written is ever called done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from kgservice.model.errors import InputError, Unavailable
from kgservice.store.disk import to_disk
from kgservice.store.port import MERGED_GRAPH
from kgservice.store.remote_client import Refusal, RemoteClient

MOST_STATEMENTS: Final = 1500
MOST_CHARACTERS: Final = 400_000
"""In one update request; a longer statement goes by itself."""
_EACH_DELETION: Final = 10
"""Statements whose time a deletion takes, however short it is (measured: 4 ms)."""
WORTH_A_POST: Final = 2_000
"""Statements for one graph from which the Graph Store Protocol is used: 7 times faster."""
POSTED: Final = 50_000

Part: TypeAlias = tuple[str, str, list[str]]
"""`-` or `+`, a graph, and statements (`s p o `)."""


class Writes:
    """The one way to write; one thread at a time."""

    def __init__(self, client: RemoteClient, folder: Path) -> None:
        """Keep the note in `folder`."""
        self._client = client
        self._file = folder / "remote.journal"

    def is_pending(self) -> bool:
        """Say whether something was begun and is not known to be done."""
        return self._file.exists()

    def write(
        self,
        removed: Mapping[str, list[str]],
        added: Mapping[str, list[str]],
        keep: Callable[[Sequence[str]], set[str]],
    ) -> None:
        """Write all of it; what the engine refuses is taken back.

        `keep` says which statements of the merged graph other graphs hold, when it is taken back.

        Raises:
            InputError: the engine refuses it (`statement-invalid`); nothing changed.
            Unavailable: it went away; `finish` goes on when it is back.
        """
        parts: list[Part] = [("-", graph, texts) for graph, texts in removed.items() if texts]
        parts += [("+", graph, texts) for graph, texts in added.items() if texts]
        if parts:
            self._note("write", parts)
            self._run(parts, keep)

    def finish(self, keep: Callable[[Sequence[str]], set[str]]) -> None:
        """Go on with what was begun; Unavailable when the engine is not there."""
        if not self.is_pending():
            return
        noted = json.loads(self._file.read_text(encoding="utf-8"))
        parts = [(verb, graph, texts) for verb, graph, texts in noted["parts"]]
        if noted["what"] == "write":
            self._run(parts, keep)
        else:
            self._take_back(parts, keep)

    def _run(self, parts: Sequence[Part], keep: Callable[[Sequence[str]], set[str]]) -> None:
        try:
            self._send(parts)
        except Refusal as refusal:
            self._note("take back", parts)
            self._take_back(parts, keep)
            raise InputError(
                f"The remote store refuses the change ({refusal}).",
                code="statement-invalid",
                hint="The engine cannot store one of the statements; nothing was changed.",
            ) from None
        self._forget()

    def _take_back(self, parts: Sequence[Part], keep: Callable[[Sequence[str]], set[str]]) -> None:
        """Undo: what it added is exact in every graph but the merged one, where others add too."""
        merged = [
            text for verb, g, texts in parts if (verb, g) == ("+", MERGED_GRAPH) for text in texts
        ]
        for verb, graph, texts in reversed(parts):
            if (verb, graph) != ("+", MERGED_GRAPH):
                self._undo("+" if verb == "-" else "-", graph, texts)
        held = keep(merged)
        self._undo("-", MERGED_GRAPH, [text for text in merged if text not in held])
        self._forget()

    def _undo(self, verb: str, graph: str, texts: list[str]) -> None:
        """Send; a part that the engine never took cannot be taken out either, so halve it."""
        if not texts:
            return
        try:
            self._send([(verb, graph, texts)])
        except Refusal:
            if len(texts) > 1:
                middle = len(texts) // 2
                self._undo(verb, graph, texts[:middle])
                self._undo(verb, graph, texts[middle:])

    def _send(self, parts: Sequence[Part]) -> None:
        for request in _requests(parts, can_add=self._client.can_add):
            if isinstance(request, str):
                self._client.update(request)
            else:
                _, graph, texts = request
                self._client.add(graph, "".join([f"{text}.\n" for text in texts]).encode())

    def _note(self, what: str, parts: Sequence[Part]) -> None:
        part = self._file.with_suffix(".part")
        try:
            with part.open("w", encoding="utf-8") as file:
                json.dump({"what": what, "parts": parts}, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._file)
            to_disk(self._file.parent)
        except OSError as error:
            raise Unavailable(
                f"The data folder cannot be written: {error.strerror}.", code="store-failed"
            ) from None

    def _forget(self) -> None:
        self._file.unlink()


def _requests(parts: Sequence[Part], *, can_add: bool) -> Iterator[str | Part]:
    """Cut what is to be written into requests; the order of the parts stays."""
    waiting: list[Part] = []
    room, count = MOST_CHARACTERS, MOST_STATEMENTS
    for verb, graph, texts in parts:
        if verb == "+" and can_add and len(texts) >= WORTH_A_POST:
            if waiting:
                yield _update(waiting)
                waiting, room, count = [], MOST_CHARACTERS, MOST_STATEMENTS
            for start in range(0, len(texts), POSTED):
                yield verb, graph, texts[start : start + POSTED]
            continue
        fitting: list[str] = []
        count -= _EACH_DELETION if verb == "-" else 0
        for text in texts:
            if count <= 0 or (room < len(text) and (waiting or fitting)):
                yield _update([*waiting, (verb, graph, fitting)])
                waiting, fitting = [], []
                room, count = MOST_CHARACTERS, MOST_STATEMENTS
            fitting.append(text)
            room, count = room - len(text), count - 1
        waiting.append((verb, graph, fitting))
    if waiting:
        yield _update(waiting)


def _update(parts: Sequence[Part]) -> str:
    """Write one request: `DELETE DATA {…} ; … ; INSERT DATA {…}`.

    One deletion for each graph: of several in one operation, Virtuoso leaves literals with a
    language or a datatype of their own where they are, and says that it did it.
    """
    gone, come = (
        [(graph, texts) for sign, graph, texts in parts if sign == verb and texts] for verb in "-+"
    )
    blocks = [f"DELETE DATA {{\n{_data(graph, texts)}}}" for graph, texts in gone]
    if come:
        blocks.append(f"INSERT DATA {{\n{''.join([_data(*part) for part in come])}}}")
    return " ;\n".join(blocks)


def _data(graph: str, texts: Sequence[str]) -> str:
    return f"GRAPH <{graph}> {{\n" + "".join([f"{text}.\n" for text in texts]) + "}\n"
