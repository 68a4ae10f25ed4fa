"""Statements about one subject, read back from a plan's graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.plan.clocks import moment, stamp


def step_iri(plan_iri: str, name: str) -> Iri:
    """Name a step: the plan's IRI, `#`, the step's name."""
    return Iri(f"{plan_iri}#{name}")


class Node:
    """The statements about one subject."""

    def __init__(self, iri: str, values: dict[str, list[Term]]) -> None:
        """Hold the values by predicate."""
        self.iri = iri
        self._values = values

    def all(self, predicate: Iri) -> list[str]:
        """Give the values of a property as texts, sorted."""
        return sorted(
            term.value
            for term in self._values.get(predicate.value, ())
            if isinstance(term, Iri | Literal)
        )

    def one(self, predicate: Iri) -> str:
        """Give the one value of a property, or nothing.

        Raises:
            InputError: there are several (`plan-invalid`).
        """
        found = self.all(predicate)
        if len(found) > 1:
            raise InputError(
                f"<{self.iri}> has more than one {predicate.value}.", code="plan-invalid"
            )
        return found[0] if found else ""

    def moment(self, predicate: Iri) -> str:
        """Give a moment as this service writes it."""
        # Engines rewrite times (12:00:01.500 to 12:00:01.5); ours always have milliseconds.
        text = self.one(predicate)
        return stamp(moment(text)) if text else ""

    def number(self, predicate: Iri) -> int:
        """Give a whole number; 0 where there is none."""
        return int(self.one(predicate) or 0)


def read_nodes(triples: Iterable[Triple]) -> dict[str, Node]:
    """Give the nodes of a graph by IRI; those without a name are passed over."""
    table: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for subject, predicate, value in triples:
        if isinstance(subject, Iri):
            table[subject.value][predicate.value].append(value)
    return {iri: Node(iri, values) for iri, values in table.items()}
