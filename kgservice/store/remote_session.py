"""A session beside a remote store: the snapshot's side is the engine's, the scratch store ours."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Literal as OneOf

from kgservice.model.rdf import Iri, Row, Triple
from kgservice.store.port import Columns, Session, Step
from kgservice.store.readers import Lease
from kgservice.store.remote_asking import Asked
from kgservice.store.remote_terms import from_engine
from kgservice.store.remote_text import read_text
from kgservice.store.wire import TripleWriter, read_rows, read_triples

_SCRATCH = "urn:kgservice:scratch"


class RemoteSession:
    """The port's `Session`; `where="snapshot"` reads the newest state."""

    def __init__(self, lease: Lease, generation: int, asked: Asked) -> None:
        """Work in a leased reader process and within a scope of the engine."""
        self.generation = generation
        self._lease, self._asked = lease, asked

    def load(self, triples: Iterable[Triple]) -> None:
        """Put statements into the scratch store."""
        lines = TripleWriter().lines(_SCRATCH, triples)
        self._lease.ask("load", "".join(f"{line}.\n" for line in lines).encode())

    def construct(self, text: str, *, where: OneOf["snapshot", "scratch"] = "snapshot") -> int:
        """Run a CONSTRUCT into the scratch store; give the number of its statements."""
        if where == "scratch":
            return int(self._lease.ask("construct", text, where, text=text))
        found = self._asked.ntriples(read_text(text, is_trusted=True))
        self._lease.ask("load", found)
        return sum(not line.startswith(b"#") for line in found.splitlines() if line.strip())

    def select(self, text: str, *, where: OneOf["snapshot", "scratch"] = "scratch") -> list[Row]:
        """Run a SELECT or ASK and give its rows."""
        if where == "scratch":
            return read_rows(self._lease.ask("select", text, where, text=text))
        return self._asked.rows(read_text(text, is_trusted=True))

    def columns(self, properties: Sequence[Iri]) -> Columns:
        """Give the statements with these properties as numbers; see the port."""
        numbers: dict[str, int] = {}
        found: dict[str, tuple[array[int], array[int]]] = {}
        values = " ".join(f"<{prop.value}>" for prop in properties)
        text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?p {{ {values} }} ?s ?p ?o }}"
        for line in from_engine(self._asked.ntriples(read_text(text, is_trusted=True))):
            subject, name, value = line.split(" ", 2)
            column = found.setdefault(name[1:-1], (array("i"), array("i")))
            column[0].append(numbers.setdefault(subject, len(numbers)))
            column[1].append(numbers.setdefault(value[:-1], len(numbers)))
        return list(numbers), {
            name: (subjects.tobytes(), values.tobytes())
            for name, (subjects, values) in found.items()
        }

    def triples(
        self, text: str, *, where: OneOf["snapshot", "scratch"] = "scratch"
    ) -> list[Triple]:
        """Run a CONSTRUCT or DESCRIBE and give its statements."""
        if where == "scratch":
            return read_triples(self._lease.ask("triples", text, where, text=text))
        return read_triples(self._asked.ntriples(read_text(text, is_trusted=True)))

    def run(self, steps: Sequence[Step]) -> list[list[Row]]:
        """Do several steps, one after the other."""
        return run_each(self, steps)


def run_each(session: Session, steps: Iterable[Step]) -> list[list[Row]]:
    """Do several steps one after the other, for a session to which one go is nothing else."""
    answers: list[list[Row]] = []
    for step in steps:
        rows: list[Row] = []
        if step.kind == "load":
            session.load(step.triples)
        elif step.kind == "construct":
            session.construct(step.text, where=step.where)
        else:
            rows = session.select(step.text, where=step.where)
        answers.append(rows)
    return answers
