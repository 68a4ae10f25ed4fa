"""A reader child: answers queries on read-only snapshots until it is killed."""

from __future__ import annotations

import pickle
import signal
import sys
from array import array
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import pyoxigraph as ox

from kgservice.store import engine, results
from kgservice.store.caps import AnswerLimits, Capped, NotXml, TooLarge
from kgservice.store.child import connect
from kgservice.store.confinement import confine
from kgservice.store.port import Columns
from kgservice.store.spool import Spool

OPEN_SNAPSHOTS = 2
"""The latest of each dataset."""

Dataset = tuple[tuple[str, ...], tuple[str, ...] | None, str]
"""Default graphs, named graphs, and what relative IRIs are resolved against."""


class Reader:
    """Takes `(opening, method, arguments)`, answers `(code, value)`.

    The code is `ok` or the kind of failure.
    """

    def __init__(self, limits: AnswerLimits) -> None:
        """Start with nothing open; `limits` bound what `query` answers."""
        self._limits = limits
        self._open: dict[str, ox.Store] = {}
        self._snapshot = ox.Store()
        self._dataset: Dataset = ((), (), "")
        self._scratch = ox.Store()

    def answer(
        self, opening: tuple[str, Dataset] | None, method: str, arguments: tuple[object, ...]
    ) -> object:
        """Call a method; with an opening, begin a new piece of work first."""
        if opening is not None:
            path, self._dataset = opening
            self.warm(path)
            self._snapshot = self._open[path]
            self._scratch = ox.Store()
        return getattr(self, method)(*arguments)

    def warm(self, path: str) -> None:
        """Have a snapshot open; a query on it need not wait for that."""
        if path not in self._open:
            while len(self._open) >= OPEN_SNAPSHOTS:
                self._open.pop(next(iter(self._open)))
            self._open[path] = ox.Store.read_only(path)

    def _run(self, text: str, where: str) -> engine.Results:
        if where == "scratch":
            return self._scratch.query(text)
        return engine.run(self._snapshot, text, *self._dataset)

    def query(self, text: str, accept: str, path: str) -> tuple[str, bytes | None]:
        """Answer in the media type that the header likes best; an empty one when it likes none.

        The bytes are None when they are so many that they went to a new file of this path.
        """
        found = self._run(text, "snapshot")
        form = results.form_of(found)
        media_type = results.negotiate(accept, form)
        if media_type is None:
            return "", form.encode()
        spool = Spool(path)
        results.write_to(found, media_type, Capped(spool, media_type, self._limits))
        return media_type, spool.finish()

    def form(self, text: str, base_iri: str) -> results.Form:
        """Parse a query that another engine will answer, and name the form of its answer."""
        return results.form_of(self._scratch.query(text, base_iri=base_iri or None))

    def load(self, ntriples: bytes) -> None:
        """Put statements into the scratch store."""
        self._scratch.bulk_load(ntriples, ox.RdfFormat.N_TRIPLES, lenient=True)

    def construct(self, text: str, where: str) -> int:
        """Put a CONSTRUCT's statements into the scratch store."""
        found = engine.as_graph(self._run(text, where))
        quads = [ox.Quad(t.subject, t.predicate, t.object) for t in found]
        self._scratch.extend(quads)
        return len(quads)

    def select(self, text: str, where: str) -> bytes:
        """Answer a SELECT or ASK as SPARQL results in JSON."""
        found = engine.as_table(self._run(text, where))
        return results.write(found, "application/sparql-results+json")

    def triples(self, text: str, where: str) -> bytes:
        """Answer a CONSTRUCT or DESCRIBE as N-Triples."""
        found = engine.as_graph(self._run(text, where))
        return results.write(found, "application/n-triples")

    def run(self, steps: list[tuple[str, str | bytes, str]]) -> list[bytes]:
        """Do several steps; answer each SELECT as tab-separated values, everything else empty."""
        answers = []
        for kind, content, where in steps:
            answer = b""
            if isinstance(content, bytes):
                self.load(content)
            elif kind == "construct":
                self.construct(content, where)
            else:
                found = engine.as_table(self._run(content, where))
                answer = results.write(found, "text/tab-separated-values")
            answers.append(answer)
        return answers

    def columns(self, properties: tuple[str, ...]) -> Columns:
        """Number the terms of the merged graph's statements with these properties."""
        numbers: dict[str, int] = {}
        found = {}
        for name in properties:
            subjects, values = array("i"), array("i")
            for line in self._lines(name):
                subject, _, value = line.split(" ", 2)
                subjects.append(numbers.setdefault(subject, len(numbers)))
                values.append(numbers.setdefault(value[:-2], len(numbers)))
            if subjects:
                found[name] = (subjects.tobytes(), values.tobytes())
        return list(numbers), found

    def _lines(self, name: str) -> list[str]:
        """Give a property's statements as lines of N-Triples, which the engine writes fastest."""
        text = f"CONSTRUCT WHERE {{ ?subject <{name}> ?value }}"
        found = engine.as_graph(engine.run(self._snapshot, text, *self._dataset))
        return results.write(found, "application/n-triples").decode().split("\n")[:-1]


def _answer(work: Callable[..., object], arguments: tuple[object, ...]) -> tuple[str, object]:
    try:
        return "ok", work(*arguments)
    except SyntaxError as error:
        return "syntax", str(error)
    except MemoryError:
        return "memory", ""
    except TooLarge as error:
        return "too-large", str(error)
    except NotXml:
        return "not-xml", ""
    except Exception as error:  # the parent must get an answer
        return "failed", f"{type(error).__name__}: {error}"


def serve(connection: Connection[Any, Any], limits: AnswerLimits) -> None:
    """Answer until the pipe is closed."""
    reader = Reader(limits)
    while True:
        try:
            message = pickle.loads(connection.recv_bytes())  # noqa: S301 - from our parent
        except EOFError:
            return
        answer = _answer(reader.answer, message)
        connection.send_bytes(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))


def main(descriptor: str, memory_mb: str, max_rows: str, max_mb: str) -> None:
    """Take the limits, say that it is ready, serve."""
    connection = connect(descriptor, ignore=(signal.SIGINT,))
    confine(connection, int(memory_mb))
    connection.send(("ok", None))
    serve(connection, AnswerLimits(int(max_rows), int(max_mb)))


if __name__ == "__main__":
    main(*sys.argv[1:5])
