"""What an update writes, read from its text before it runs (SPARQL 1.1 Update §3, grammar §19.8).

The engine shows no parsed form of an update and takes no dataset for one, so the text is read here
as far as rights need it: each operation, and the graphs that it names as targets. Those are given
to the engine as the absolute IRIs that were checked. What cannot be read is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from kgservice.model.errors import InputError
from kgservice.store.mistakes import query_error, syntax_error
from kgservice.store.update_bodies import Bodies
from kgservice.store.update_tokens import Line
from kgservice.store.update_words import END

WRITTEN_DEFAULT = "urn:kgservice:default"
"""What the written dataset's default graph is called where it needs a name."""

MAX_BYTES = 4 << 20
MOST_OPERATIONS = 2000


@dataclass(frozen=True, slots=True)
class Using:
    """The dataset of the WHERE parts, as the protocol gives it (SPARQL 1.1 Protocol §2.2.3)."""

    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()

    def clause(self) -> str:
        """Write it as clauses of an operation."""
        default = (f"USING <{graph}> " for graph in self.default_graphs)
        named = (f"USING NAMED <{graph}> " for graph in self.named_graphs)
        return "".join((*default, *named))


@dataclass(frozen=True, slots=True)
class Update:
    """An update that was read.

    Attributes:
        line: The text for the engine; empty when there is no operation.
        base_iri: What relative IRIs are resolved against.
        targets: The graphs that it names as written; `WRITTEN_DEFAULT` for the default graph.
        is_open: It may write graphs that it does not name: `GRAPH ?g`, ALL, NAMED.
        original: The text as it came.
    """

    line: str
    base_iri: str
    targets: frozenset[str]
    is_open: bool
    original: str
    words: Line = field(repr=False)

    def mistake(self, message: str) -> InputError:
        """Make the error for the engine's message, with its place in the original text."""
        match = re.search(r"error at 1:(\d+)", message)
        if match is None:
            return syntax_error(message, self.original)
        before = self.original[: self.words.place(int(match[1]))]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        return syntax_error(
            message.replace(match.group(), f"error at {line}:{column}"), self.original
        )


def read_update(text: str, base_iri: str, using: Using | None = None) -> Update:
    """Read an update; linear in its length, about 1 µs a word.

    Raises:
        InputError: it is too long or nested too deeply (`query-too-complex`), calls another
            service (`query-service-refused`, `update-load-refused`), names a dataset although the
            protocol gave one (`using-conflict`), or cannot be read (`query-syntax`).
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InputError(
            f"The update is longer than {MAX_BYTES >> 20} MiB.",
            code="query-too-complex",
            at="query",
            hint="Send large content as a graph: `PUT /graphs?graph=IRI`.",
        )
    reader = _Reader(text, base_iri, using or Using())
    reader.read()
    return Update(
        line=reader.line.written() if reader.operations else "",
        base_iri=base_iri,
        targets=frozenset(reader.targets),
        is_open=reader.is_open,
        original=text,
        words=reader.line,
    )


class _Reader(Bodies):
    """Goes through the words once."""

    def __init__(self, text: str, base_iri: str, using: Using) -> None:
        super().__init__(text, base_iri)
        self._using = using
        self.operations = 0

    def read(self) -> None:
        kinds: dict[str, Callable[[], None]] = {
            "INSERT": self._insert,
            "DELETE": self._delete,
            "WITH": self._with,
            "CLEAR": self._clear,
            "DROP": self._clear,
            "CREATE": self._create,
            "ADD": self._transfer,
            "COPY": self._transfer,
            "MOVE": self._move,
            "LOAD": self._load,
        }
        while True:
            self._prologue()
            if self._peek() is END:
                break
            self.operations += 1
            if self.operations > MOST_OPERATIONS:
                self._too_complex(f"more than {MOST_OPERATIONS} operations")
            operation = kinds.get(self._word())
            if operation is None:
                self._fail("this is not an operation of SPARQL 1.1 Update")
            begin = self._next
            self._next += 1
            operation()
            self._write_whole_names(begin)
            if self._peek() is END:
                break
            self._expect(";")
            if self._peek() is END:
                self.line.replace(self._next - 1, "")

    # operations

    def _insert(self) -> None:
        if self._take("DATA"):
            self._quads(WRITTEN_DEFAULT)
        else:
            self._quads(WRITTEN_DEFAULT)
            self._where(has_dataset=False)

    def _delete(self) -> None:
        if self._take("DATA"):
            self._quads(WRITTEN_DEFAULT)
            return
        begin = self._next
        if self._take("WHERE"):
            self._quads(WRITTEN_DEFAULT)
            if clause := self._using.clause():
                self._write_whole_names(begin)
                pattern = self.line.written(begin + 1, self._next)
                self.line.replace(begin, f"{pattern} {clause}WHERE")
            return
        self._modify(WRITTEN_DEFAULT)

    def _with(self) -> None:
        graph = self._graph()
        if self._take("DELETE"):
            self._modify(graph, has_dataset=True)
            return
        self._expect("INSERT")
        self._quads(graph)
        self._where(has_dataset=True)

    def _modify(self, graph: str, *, has_dataset: bool = False) -> None:
        self._quads(graph)
        if self._take("INSERT"):
            self._quads(graph)
        self._where(has_dataset=has_dataset)

    def _clear(self) -> None:
        self._take("SILENT")
        if self._take("ALL"):
            self.is_open = True
            self.targets.add(WRITTEN_DEFAULT)
        elif self._take("NAMED"):
            self.is_open = True
        elif self._take("DEFAULT"):
            self.targets.add(WRITTEN_DEFAULT)
        else:
            self._expect("GRAPH")
            self.targets.add(self._graph())

    def _create(self) -> None:
        self._take("SILENT")
        self._expect("GRAPH")
        self.targets.add(self._graph())

    def _transfer(self) -> None:
        self._from_to()

    def _move(self) -> None:
        self.targets.add(self._from_to())

    def _from_to(self) -> str:
        """Go past two graphs; the second one is written, the first one is given."""
        self._take("SILENT")
        source = self._graph_or_default()
        self._expect("TO")
        self.targets.add(self._graph_or_default())
        return source

    def _graph_or_default(self) -> str:
        if self._take("DEFAULT"):
            return WRITTEN_DEFAULT
        self._take("GRAPH")
        return self._graph()

    def _load(self) -> None:
        self._next -= 1
        token = self._peek()
        raise query_error(
            "update-load-refused",
            "LOAD would make this service fetch something.",
            self._text,
            token.start,
            hint="Fetch it yourself and send it as a graph: `PUT /graphs?graph=IRI`.",
        )

    def _where(self, *, has_dataset: bool) -> None:
        """Go past USING clauses and the WHERE part; put in the dataset of the protocol."""
        while self._take("USING"):
            has_dataset = True
            self._take("NAMED")
            self._graph()
        if has_dataset and self._using != Using():
            raise query_error(
                "using-conflict",
                "USING and WITH cannot stand beside `using-graph-uri` or `using-named-graph-uri`.",
                self._text,
                min(self._peek().start, len(self._text)),
                hint="Give the dataset in one place only (SPARQL 1.1 Protocol §2.2.3).",
            )
        index = self._next
        self._expect("WHERE")
        if clause := self._using.clause():
            self.line.replace(index, f"{clause}WHERE")
        self._group()
