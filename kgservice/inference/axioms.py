"""Axioms compiled to rules: each OWL 2 RL construct becomes rules with constants for the schema.

Source: OWL 2 Profiles §4.3 (rules prp-*, cls-*, cax-*, eq-*). Left out on purpose:
`owl:allValuesFrom` (it would *infer* that a place lies in the EU instead of checking it; SHACL
checks), the rules that only detect contradictions, and those that give types to literals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import OWL, RDF, RDFS, XSD

Slot: TypeAlias = Term | str
"""A term, or a variable (a plain string)."""
Atom: TypeAlias = tuple[Slot, Slot, Slot]

THING = Iri(OWL.NS + "Thing")


@dataclass(frozen=True, slots=True)
class Rule:
    """`heads` hold when `body` holds and each pair of `distinct` variables differs.

    Attributes:
        name: The rule's name in OWL 2 Profiles §4.3, such as `cax-sco`.
        heads: What is derived.
        body: What must hold; empty for facts of the schema.
        distinct: Pairs of variables that must differ.
    """

    name: str
    heads: tuple[Atom, ...]
    body: tuple[Atom, ...]
    distinct: tuple[tuple[str, str], ...] = ()


class Schema:
    """The closed schema, indexed for reading axioms."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        """Index the statements."""
        self._pairs: defaultdict[str, list[tuple[Term, Term]]] = defaultdict(list)
        self._values: defaultdict[tuple[Term, str], list[Term]] = defaultdict(list)
        for s, p, o in triples:
            self._pairs[p.value].append((s, o))
            self._values[s, p.value].append(o)

    def pairs(self, predicate: str) -> list[tuple[Term, Term]]:
        """Give (subject, object) of every statement with a predicate."""
        return self._pairs[predicate]

    def value(self, subject: Term, predicate: str) -> Term | None:
        """Give one value, or None."""
        found = self._values.get((subject, predicate))
        return found[0] if found else None

    def instances(self, name: str) -> list[Term]:
        """Give what is declared as an `owl:`NAME, such as `TransitiveProperty`."""
        return [s for s, o in self._pairs[RDF.type.value] if o == Iri(OWL.NS + name)]

    def items(self, head: Term) -> list[Term]:
        """Read an RDF list; a broken list ends where it breaks."""
        found: list[Term] = []
        seen: set[Term] = set()
        node: Term | None = head
        while node is not None and node != RDF.nil and node not in seen:
            seen.add(node)
            first = self.value(node, RDF.first.value)
            if first is not None:
                found.append(first)
            node = self.value(node, RDF.rest.value)
        return found


def compile_rules(schema: Schema) -> list[Rule]:
    """Compile the closed schema; the order of the rules is that of OWL 2 Profiles' tables."""
    makers = (_properties, _property_kinds, _keys, _hierarchies, _booleans, _unions, _restrictions)
    rules = [rule for maker in makers for rule in maker(schema)]
    unique = {(r.heads, r.body): r for r in rules if any(h not in r.body for h in r.heads)}
    return list(unique.values())


def equality_rules() -> list[Rule]:
    """Give the rules of `owl:sameAs`; reflexive ones are left out."""
    same = OWL.sameAs
    xy: Atom = ("x", same, "y")
    differ = (("x", "y"),)
    return [
        Rule("eq-sym", (("y", same, "x"),), (xy,)),
        Rule("eq-trans", (("x", same, "z"),), (xy, ("y", same, "z")), (("x", "z"),)),
        Rule("eq-rep-s", (("y", "p", "o"),), (xy, ("x", "p", "o")), differ),
        Rule("eq-rep-o", (("s", "p", "y"),), (xy, ("s", "p", "x")), differ),
    ]


def _is(variable: str, cls: Term) -> Atom:
    return (variable, RDF.type, cls)


def _properties(schema: Schema) -> Iterator[Rule]:
    for p, c in schema.pairs(RDFS.domain.value):
        if c != THING:
            yield Rule("prp-dom", (_is("x", c),), (("x", p, "y"),))
    for p, c in schema.pairs(RDFS.range.value):
        datatype = isinstance(c, Iri) and c.value.startswith((XSD.NS, RDF.NS, RDFS.NS))
        if c != THING and not datatype:
            yield Rule("prp-rng", (_is("y", c),), (("x", p, "y"),))
    for p, q in schema.pairs(OWL.NS + "inverseOf"):
        yield Rule("prp-inv1", (("y", q, "x"),), (("x", p, "y"),))
        yield Rule("prp-inv2", (("y", p, "x"),), (("x", q, "y"),))
    for p, chain in schema.pairs(OWL.NS + "propertyChainAxiom"):
        steps = schema.items(chain)
        body = tuple((f"u{i}", q, f"u{i + 1}") for i, q in enumerate(steps))
        if body:
            yield Rule("prp-spo2", (("u0", p, f"u{len(steps)}"),), body)


def _property_kinds(schema: Schema) -> Iterator[Rule]:
    same = OWL.sameAs
    for p in schema.instances("SymmetricProperty"):
        yield Rule("prp-symp", (("y", p, "x"),), (("x", p, "y"),))
    for p in schema.instances("TransitiveProperty"):
        yield Rule("prp-trp", (("x", p, "z"),), (("x", p, "y"), ("y", p, "z")))
    for p in schema.instances("FunctionalProperty"):
        body: tuple[Atom, ...] = (("x", p, "y"), ("x", p, "z"))
        yield Rule("prp-fp", (("y", same, "z"),), body, (("y", "z"),))
    for p in schema.instances("InverseFunctionalProperty"):
        body = (("x", p, "z"), ("y", p, "z"))
        yield Rule("prp-ifp", (("x", same, "y"),), body, (("x", "y"),))


def _keys(schema: Schema) -> Iterator[Rule]:
    for c, head in schema.pairs(OWL.NS + "hasKey"):
        shared = tuple(
            atom
            for i, key in enumerate(schema.items(head))
            for atom in (("x", key, f"z{i}"), ("y", key, f"z{i}"))
        )
        if shared:
            body = (_is("x", c), *shared, _is("y", c))
            yield Rule("prp-key", (("x", OWL.sameAs, "y"),), body, (("x", "y"),))


def _hierarchies(schema: Schema) -> Iterator[Rule]:
    for name, down, both, head in (
        ("cax-sco", RDFS.subClassOf, OWL.equivalentClass, _is),
        ("prp-spo1", RDFS.subPropertyOf, OWL.equivalentProperty, None),
    ):
        pairs = {*schema.pairs(down.value)}
        for s, o in schema.pairs(both.value):
            pairs |= {(s, o), (o, s)}
        for s, o in sorted(pairs, key=repr):
            if s == o or o == THING or s == Iri(OWL.NS + "Nothing"):
                continue
            if head is None:
                yield Rule(name, (("x", o, "y"),), (("x", s, "y"),))
            else:
                yield Rule(name, (head("x", o),), (head("x", s),))


def _booleans(schema: Schema) -> Iterator[Rule]:
    for c, head in schema.pairs(OWL.NS + "intersectionOf"):
        members = (member for member in schema.items(head) if member != THING)
        parts = tuple(_is("y", member) for member in members)
        if parts:
            yield Rule("cls-int1", (_is("y", c),), parts)
            yield from (Rule("cls-int2", (part,), (_is("y", c),)) for part in parts)


def _unions(schema: Schema) -> Iterator[Rule]:
    for c, head in schema.pairs(OWL.NS + "unionOf"):
        for member in schema.items(head):
            yield Rule("cls-uni", (_is("y", c),), (_is("y", member),))
    for c, head in schema.pairs(OWL.NS + "oneOf"):
        for member in schema.items(head):
            if not isinstance(member, Literal):
                yield Rule("cls-oo", ((member, RDF.type, c),), ())


def _restrictions(schema: Schema) -> Iterator[Rule]:
    for x, filler in schema.pairs(OWL.NS + "someValuesFrom"):
        p = schema.value(x, OWL.NS + "onProperty")
        if p is not None:
            rest = () if filler == THING else (_is("v", filler),)
            yield Rule("cls-svf1", (_is("u", x),), (("u", p, "v"), *rest))
    for x, value in schema.pairs(OWL.NS + "hasValue"):
        p = schema.value(x, OWL.NS + "onProperty")
        if p is not None:
            yield Rule("cls-hv1", (("u", p, value),), (_is("u", x),))
            yield Rule("cls-hv2", (_is("u", x),), (("u", p, value),))
    for x, count in schema.pairs(OWL.NS + "maxCardinality"):
        p = schema.value(x, OWL.NS + "onProperty")
        if p is not None and isinstance(count, Literal) and count.value.strip() == "1":
            body = (_is("u", x), ("u", p, "y"), ("u", p, "z"))
            yield Rule("cls-maxc2", (("y", OWL.sameAs, "z"),), body, (("y", "z"),))
