"""A session in a leased reader process: one snapshot, and a scratch store beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal as OneOf

from kgservice.model.rdf import Iri, Row, Term, Triple
from kgservice.store.port import Columns, Step
from kgservice.store.readers import Lease
from kgservice.store.wire import TripleWriter, read_rows, read_table, read_triples

_SCRATCH = "urn:kgservice:scratch"


class ReaderSession:
    """The port's `Session` over a leased reader process."""

    def __init__(self, lease: Lease, generation: int) -> None:
        """Work on the snapshot that the lease has opened."""
        self.generation = generation
        self._lease = lease

    def load(self, triples: Iterable[Triple]) -> None:
        """Put statements into the scratch store."""
        self._lease.ask("load", _ntriples(triples))

    def construct(self, text: str, *, where: OneOf["snapshot", "scratch"] = "snapshot") -> int:
        """Run a CONSTRUCT into the scratch store; give the number of its statements."""
        return int(self._lease.ask("construct", text, where, text=text))

    def select(self, text: str, *, where: OneOf["snapshot", "scratch"] = "scratch") -> list[Row]:
        """Run a SELECT or ASK and give its rows."""
        return read_rows(self._lease.ask("select", text, where, text=text))

    def columns(self, properties: Sequence[Iri]) -> Columns:
        """Give the statements with these properties as numbers; see the port."""
        found: Columns = self._lease.ask("columns", tuple(prop.value for prop in properties))
        return found

    def triples(
        self, text: str, *, where: OneOf["snapshot", "scratch"] = "scratch"
    ) -> list[Triple]:
        """Run a CONSTRUCT or DESCRIBE and give its statements."""
        return read_triples(self._lease.ask("triples", text, where, text=text))

    def run(self, steps: Sequence[Step]) -> list[list[Row]]:
        """Do several steps in one exchange with the reader."""
        wire = [(step.kind, _content(step), step.where) for step in steps]
        texts = "\n".join(step.text for step in steps)
        answers = self._lease.ask("run", wire, text=texts)
        known: dict[str, Term] = {}
        return [read_table(answer, known) if answer else [] for answer in answers]


def _content(step: Step) -> str | bytes:
    return _ntriples(step.triples) if step.kind == "load" else step.text


def _ntriples(triples: Iterable[Triple]) -> bytes:
    lines = TripleWriter().lines(_SCRATCH, triples)
    return "".join(f"{line}.\n" for line in lines).encode()
