"""The work list: rules over integers, evaluated semi-naively, first in, first out.

A rule with one atom in its body is a table entry. A rule with more is a join plan per atom that
may trigger it. Only predicates that a join reads are indexed. First in, first out gives short
proofs, and a fact's first derivation is well-founded: its premises were there before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from kgservice.inference.axioms import Atom, Rule, Slot
from kgservice.model.rdf import Literal, Term
from kgservice.model.terms import OWL, RDF

Fact: TypeAlias = tuple[int, int, int]
_SUBJECT, _OBJECT = -1, -2


@dataclass(slots=True)
class _Plan:
    """A join: the trigger binds variables, the steps bind the rest; numbers below 0 are slots."""

    rule: int
    trigger: Fact
    steps: tuple[Fact, ...]
    heads: tuple[Fact, ...]
    distinct: tuple[tuple[int, int], ...]
    slots: int


@dataclass(slots=True)
class _Entry:
    """What a fact of one predicate (or one class) sets off."""

    simple: list[tuple[int, int, int, int]] = field(default_factory=list)
    joins: list[_Plan] = field(default_factory=list)


class Program:
    """Rules compiled for the work list; terms are numbered."""

    def __init__(self, rules: Sequence[Rule], *, index_all: bool = False) -> None:
        """Compile; `index_all` is needed when rules have a variable as predicate."""
        self.rules = tuple(rules)
        self.index_all = index_all
        self.ids: dict[Term, int] = {}
        self.terms: list[Term] = []
        self.by_predicate: defaultdict[int, _Entry] = defaultdict(_Entry)
        self.by_class: defaultdict[int, _Entry] = defaultdict(_Entry)
        self.any_predicate: list[_Plan] = []
        self.facts: list[tuple[int, Fact]] = []
        self.joined: set[int] = set()
        self.type = self.number(RDF.type)
        self.same = self.number(OWL.sameAs)
        for index, rule in enumerate(self.rules):
            self._compile(index, rule)

    def number(self, term: Slot) -> int:
        """Give a term's number; a variable has none and gives -1."""
        if isinstance(term, str):
            return -1
        found = self.ids.get(term)
        if found is None:
            found = self.ids[term] = len(self.terms)
            self.terms.append(term)
        return found

    def _compile(self, index: int, rule: Rule) -> None:
        if not rule.body:
            for head in rule.heads:
                numbers = (self.number(head[0]), self.number(head[1]), self.number(head[2]))
                self.facts.append((index, numbers))
        elif len(rule.body) == 1 and self._is_simple(rule.body[0]):
            self._add_simple(index, rule)
        else:
            for position in range(len(rule.body)):
                self._add_join(index, rule, position)

    @staticmethod
    def _is_simple(atom: Atom) -> bool:
        s, p, o = atom
        is_type = p == RDF.type and not isinstance(o, str)
        return (
            isinstance(s, str)
            and not isinstance(p, str)
            and (is_type or (isinstance(o, str) and s != o))
        )

    def _add_simple(self, index: int, rule: Rule) -> None:
        s, p, o = rule.body[0]
        places = {s: _SUBJECT} | ({o: _OBJECT} if isinstance(o, str) else {})
        is_type = p == RDF.type and not isinstance(o, str)
        entry = self.by_class[self.number(o)] if is_type else self.by_predicate[self.number(p)]
        for head in rule.heads:
            hs, ho = (
                places[slot] if isinstance(slot, str) else self.number(slot)
                for slot in (head[0], head[2])
            )
            entry.simple.append((hs, self.number(head[1]), ho, index))

    def _add_join(self, index: int, rule: Rule, position: int) -> None:
        slots: dict[str, int] = {}

        def ref(slot: Slot) -> int:
            if isinstance(slot, str):
                return slots.setdefault(slot, -len(slots) - 1)
            return self.number(slot)

        def refs(atom: Atom) -> Fact:
            return (ref(atom[0]), ref(atom[1]), ref(atom[2]))

        trigger = rule.body[position]
        first = refs(trigger)
        rest = [atom for i, atom in enumerate(rule.body) if i != position]
        steps: list[Fact] = []
        while rest:
            rest.sort(key=lambda a: -sum(not isinstance(x, str) or x in slots for x in a))
            steps.append(refs(rest.pop(0)))
        heads = tuple(refs(head) for head in rule.heads)
        distinct = tuple((slots[a], slots[b]) for a, b in rule.distinct)
        plan = _Plan(index, first, tuple(steps), heads, distinct, len(slots))
        self.joined |= {self.number(a[1]) for a in rule.body if not isinstance(a[1], str)}
        if isinstance(trigger[1], str):
            self.any_predicate.append(plan)
        elif trigger[1] == RDF.type and not isinstance(trigger[2], str):
            self.by_class[self.number(trigger[2])].joins.append(plan)
        else:
            self.by_predicate[self.number(trigger[1])].joins.append(plan)


class WorkList:
    """One evaluation: facts with the number of the document that each belongs to."""

    def __init__(self, program: Program, *, record: bool = False) -> None:
        """Start empty, with the schema's own facts; `record` keeps every first derivation.

        `heard` limits, per document, about which subjects it may conclude something. It is checked
        before a conclusion is used further: dropping it afterwards would be too late.
        """
        self.program = program
        self.heard: Sequence[set[int]] | None = None
        self.ids = dict(program.ids)
        self.terms = list(program.terms)
        self.owner: dict[Fact, int] = {}
        self.derived: list[Fact] = []
        self.because: dict[Fact, tuple[int, tuple[Fact, ...]]] | None = {} if record else None
        self._literal = [isinstance(term, Literal) for term in self.terms]
        self._forward: defaultdict[int, dict[int, set[int]]] = defaultdict(dict)
        self._backward: defaultdict[int, dict[int, set[int]]] = defaultdict(dict)
        self._queue: list[Fact] = []
        for rule, fact in program.facts:
            self._add(fact, -1, rule, ())

    def number(self, term: Term) -> int:
        """Give a term's number in this evaluation."""
        found = self.ids.get(term)
        if found is None:
            found = self.ids[term] = len(self.terms)
            self.terms.append(term)
            self._literal.append(isinstance(term, Literal))
        return found

    def state(self, fact: Fact, owner: int) -> None:
        """Add a stated fact that belongs to a document (-1: to none of them)."""
        if fact not in self.owner:
            self._store(fact, owner)

    def run(self) -> None:
        """Derive until nothing new comes."""
        program, owners = self.program, self.owner
        classes, predicates, is_type = program.by_class, program.by_predicate, program.type
        plans = program.any_predicate
        for fact in self._queue:  # grows while it is read
            _s, p, o = fact
            entry = predicates.get(p)
            if p == is_type:
                self._fire(entry, fact, owners[fact])
                entry = classes.get(o)
            if entry is not None:
                self._fire(entry, fact, owners[fact])
            if plans and self._forward[program.same]:
                for plan in plans:
                    self._join(plan, fact, owners[fact])
        self._queue.clear()

    def _fire(self, entry: _Entry | None, fact: Fact, owner: int) -> None:
        if entry is None:
            return
        s, _, o = fact
        known, literal = self.owner, self._literal
        for hs, hp, ho, rule in entry.simple:
            if hs < 0:
                hs = s if hs == _SUBJECT else o
            if ho < 0:
                ho = s if ho == _SUBJECT else o
            derived = (hs, hp, ho)
            if derived not in known and not literal[hs] and self._may(hs, owner):
                self._add(derived, owner, rule, (fact,))
        for plan in entry.joins:
            self._join(plan, fact, owner)

    def _join(self, plan: _Plan, fact: Fact, owner: int) -> None:
        env = [-1] * (plan.slots + 1)
        if not _bind(plan.trigger, fact, env):
            return
        for found, premises in list(self._solve(plan.steps, 0, env)):
            if any(found[-a] == found[-b] for a, b in plan.distinct):
                continue
            for head in plan.heads:
                hs, hp, ho = (found[-ref] if ref < 0 else ref for ref in head)
                derived = (hs, hp, ho)
                if derived in self.owner or self._literal[hs]:
                    continue
                speaker = self._speaker(hs, (fact, *premises), owner)
                if self._may(hs, speaker):
                    self._add(derived, speaker, plan.rule, (fact, *premises))

    def _speaker(self, subject: int, premises: tuple[Fact, ...], owner: int) -> int:
        """Give whose statement a joint conclusion is: that of who spoke about its subject."""
        for premise in premises:
            if premise[0] == subject:
                return self.owner[premise]
        return owner

    def _may(self, subject: int, owner: int) -> bool:
        """Say whether a document was heard about a subject; context concludes nothing new."""
        return self.heard is None or (owner >= 0 and subject in self.heard[owner])

    def _solve(
        self, steps: tuple[Fact, ...], depth: int, env: list[int]
    ) -> Iterator[tuple[list[int], tuple[Fact, ...]]]:
        if depth == len(steps):
            yield list(env), ()
            return
        step = steps[depth]
        for fact in self._candidates(step, env):
            bound = list(env)
            if _bind(step, fact, bound):
                for found, premises in self._solve(steps, depth + 1, bound):
                    yield found, (fact, *premises)

    def _candidates(self, step: Fact, env: list[int]) -> Iterator[Fact]:
        s, p, o = (env[-ref] if ref < 0 else ref for ref in step)
        for predicate in [p] if p >= 0 else list(self._forward):
            if s >= 0:
                objects = self._forward[predicate].get(s, ())
                yield from ((s, predicate, x) for x in objects if o < 0 or o == x)
            elif o >= 0:
                yield from ((x, predicate, o) for x in self._backward[predicate].get(o, ()))
            else:
                pairs = self._forward[predicate].items()
                yield from ((x, predicate, y) for x, objects in pairs for y in objects)

    def _add(self, fact: Fact, owner: int, rule: int, premises: tuple[Fact, ...]) -> None:
        self._store(fact, owner)
        self.derived.append(fact)
        if self.because is not None:
            self.because[fact] = (rule, premises)

    def _store(self, fact: Fact, owner: int) -> None:
        self.owner[fact] = owner
        self._queue.append(fact)
        s, p, o = fact
        if p in self.program.joined or self.program.index_all:
            self._forward[p].setdefault(s, set()).add(o)
            self._backward[p].setdefault(o, set()).add(s)


def _bind(pattern: Fact, fact: Fact, env: list[int]) -> bool:
    """Bind the pattern's slots to a fact; False when a bound slot or a constant differs."""
    for ref, value in zip(pattern, fact, strict=True):
        if ref >= 0:
            if ref != value:
                return False
        elif env[-ref] < 0:
            env[-ref] = value
        elif env[-ref] != value:
            return False
    return True
