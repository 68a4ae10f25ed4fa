"""Statements as nodes with values, lists and an order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from kgservice.model.errors import InputError
from kgservice.model.rdf import RDF, Blank, Iri, Literal, Subject, Term, Triple, to_text
from kgservice.model.terms import KG, RDFS, SH
from kgservice.resolution.names import refuse
from kgservice.resolution.values import local_name, number_of

_TYPE, _FIRST, _REST = (Iri(RDF + name) for name in ("type", "first", "rest"))
_NIL = Iri(RDF + "nil")
_SAID = frozenset({SH.name, SH.description, SH.message, RDFS.label, RDFS.comment})
_CHECKED = (KG.NS, SH.NS)


class RdfGraph:
    """A graph in memory, indexed by subject and predicate."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        """Index the statements; one that is said twice counts once."""
        self.index: dict[Subject, dict[Iri, list[Term]]] = {}
        self.seen: set[Term] = set()
        for subject, prop, value in triples:
            values = self.index.setdefault(subject, {}).setdefault(prop, [])
            if value not in values:
                values.append(value)

    def subjects_of_type(self, kind: Iri) -> list[Subject]:
        """Give the subjects of a type, in order."""
        return sorted(s for s, values in self.index.items() if kind in values.get(_TYPE, ()))

    def node(self, term: Term) -> Node:
        """Give a resource as a node.

        Raises:
            InputError: it is a literal (`value-invalid`).
        """
        if isinstance(term, Literal):
            raise InputError(
                f"{term.value!r} stands where a resource is expected.", code="value-invalid"
            )
        self.seen.add(term)
        return Node(self, term)

    def see_all_below(self, subject: Term) -> None:
        """Count everything below a node as read: it follows from what was read already."""
        waiting = [subject]
        while waiting:
            term = waiting.pop()
            for values in (
                self.index.get(term, {}).values() if isinstance(term, (Iri, Blank)) else ()
            ):
                waiting += [value for value in values if value not in self.seen]
                self.seen.update(values)

    def unread(self) -> list[Subject]:
        """Give the subjects of kg: and sh: statements that were not read."""
        return sorted(
            subject
            for subject, values in self.index.items()
            if subject not in self.seen and any(p.value.startswith(_CHECKED) for p in values)
        )

    def items(self, head: Term | None) -> list[Term]:
        """Give a list's items; empty when it is none.

        Raises:
            InputError: the list is broken or goes round (`value-invalid`).
        """
        items: list[Term] = []
        seen: set[Term] = set()
        while head is not None and head != _NIL and not isinstance(head, Literal):
            values = self.index.get(head, {})
            if _FIRST not in values:
                break
            if head in seen or len(values[_FIRST]) != 1 or len(values.get(_REST, ())) != 1:
                raise InputError("A list is broken.", code="value-invalid", at=str(head[0]))
            seen.add(head)
            items.append(values[_FIRST][0])
            head = values[_REST][0]
        return items

    def content_key(self, subject: Subject, depth: int = 3) -> str:
        """Give a text to order nodes by: the IRI, or what a blank node says."""
        if isinstance(subject, Iri):
            return f"0{subject.value}"
        if depth == 0:
            return "1"
        parts = []
        for prop, values in sorted(self.index.get(subject, {}).items()):
            for value in values:
                if isinstance(value, Blank):
                    parts.append(f"{prop.value} {self.content_key(value, depth - 1)}")
                else:
                    parts.append(f"{prop.value} {to_text(value)}")
        return "1" + "\n".join(sorted(parts))


@dataclass(frozen=True, slots=True)
class Node:
    """A resource and what is said of it."""

    graph: RdfGraph
    subject: Subject

    @property
    def at(self) -> str:
        """Where an error points to."""
        return self.subject[0]

    def all(self, prop: Iri) -> list[Term]:
        """Give all values of a property."""
        return self.graph.index.get(self.subject, {}).get(prop, [])

    def one(self, prop: Iri) -> Term | None:
        """Give the value of a property, or None.

        Raises:
            InputError: there are several (`value-invalid`).
        """
        values = self.all(prop)
        if len(values) > 1:
            raise InputError(
                f"`{local_name(prop)}` has {len(values)} values; one is expected.",
                code="value-invalid",
                at=self.at,
            )
        return values[0] if values else None

    def text(self, prop: Iri) -> str:
        """Give a literal's text, or an empty string.

        Raises:
            InputError: it is a resource, or there are several values (`value-invalid`).
        """
        term = self.one(prop)
        if term is None:
            return ""
        if not isinstance(term, Literal):
            raise InputError(
                f"`{local_name(prop)}` is a literal.", code="value-invalid", at=self.at
            )
        return term.value

    def count(self, prop: Iri, default: int, most: int) -> int:
        """Give a whole number from 1 to `most`; a default of 0 means that it must be there.

        Raises:
            InputError: it is none (`value-invalid`).
        """
        text = self.text(prop)
        if not text and default:
            return default
        if len(text) > 9 or not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise InputError(
                f"`{local_name(prop)}` must be a number from 1 to {most}.",
                code="value-invalid",
                at=self.at,
            )
        return int(text)

    def order(self) -> Fraction:
        """Give sh:order, or 0."""
        term = self.one(SH.order)
        number = number_of(term) if isinstance(term, Literal) else None
        return number or Fraction(0)

    def check(self, understood: frozenset[Iri]) -> None:
        """Refuse every kg: and sh: property that is not understood here.

        Raises:
            NotSupported: there is one.
        """
        for prop in sorted(self.graph.index.get(self.subject, {})):
            if prop.value.startswith(_CHECKED) and prop not in understood | _SAID:
                prefix = "kg" if prop.value.startswith(KG.NS) else "sh"
                refuse(f"`{prefix}:{local_name(prop)}` here", self.at)
