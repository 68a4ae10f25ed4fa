"""Bring the label graph up to date at a cost that follows what changed and what time passed.

Looked at again are the certificates of documents that were touched, and those that state a date
which lies between the two moments of evaluation. Where a criterion's rule cannot be shown to judge
one certificate at a time (`locality`), everything is looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Final

from kgservice.inference.profiles import ask_for, names_in
from kgservice.labels.claims import EVIDENCE, all_claims, claims_of
from kgservice.labels.derive import LIMIT_S, LabelReport, derive_labels, evaluation
from kgservice.labels.locality import LocalRule, local_rule
from kgservice.labels.schemes import Criterion, authority_rules, label_criteria
from kgservice.model.errors import PreconditionFailed
from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import KG, PROV
from kgservice.store.port import LABEL_GRAPH, ChangeKind, GraphChange, QueryScope, Store

_CHUNK: Final = 2_000
"""Documents whose certificates are judged in one go; some 30 MB of claims."""
_INFERRED: Final = "/inferred"
_ZONES: Final = timedelta(hours=14)


@dataclass(slots=True)
class _Document:
    """What a document's certificates came to, with the other documents that this rests on."""

    claims: set[Term] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    labels: set[Triple] = field(default_factory=set)
    dates: list[datetime | None] = field(default_factory=list)

    def note(self, triple: Triple) -> None:
        """Take note of what a claim states."""
        self.claims.add(triple.subject)
        self.dates += _dates(triple.object)
        if triple.predicate == PROV.hadPrimarySource:
            self.others.add(str(triple.object))


@dataclass(slots=True)
class _State:
    """What the label graph says, and of which state of the other graphs at which moment."""

    criteria: tuple[Criterion, ...]
    authority: tuple[Triple, ...]
    number: int
    version: int
    as_of: datetime
    documents: dict[str, _Document] = field(default_factory=dict)
    held: Counter[Triple] = field(default_factory=Counter)


class _NotLocalError(Exception):
    """A rule concluded something of no claim after all."""


class LabelFollower:
    """Keeps the label graph of a store true; one thread at a time."""

    def __init__(self, store: Store, criteria: Collection[Criterion] | None = None) -> None:
        """Follow `store`; the first time, everything is looked at."""
        self._store = store
        self._criteria = tuple(label_criteria() if criteria is None else criteria)
        self._authority: tuple[Triple, ...] = ()
        self._state: _State | None = None

    def follow(self, as_of: datetime, authority: Iterable[Triple] = ()) -> LabelReport:
        """Make the label graph say what `derive_labels` would make it say at `as_of`.

        `authority` holds the authority rules beside the packaged ones.
        """
        self._authority = (*authority_rules(), *authority)
        rules = _local_rules(self._criteria, self._authority)
        if rules is not None:
            try:
                return self._follow(rules, as_of)
            except _NotLocalError:
                self._state = None
        return derive_labels(self._store, as_of, self._criteria, authority=tuple(authority))

    def _follow(self, rules: tuple[LocalRule, ...], as_of: datetime) -> LabelReport:
        state = self._state
        changes = self._store.changes(state.number if state else 0, ())
        if state is None or not changes.is_complete or state.authority != self._authority:
            return self._look_at_everything(rules, as_of, changes.number)
        due = self._due(state, changes.graphs, as_of)
        found = self._judge(rules, due, as_of)
        try:
            return self._replace(state, found, as_of, changes.number)
        except PreconditionFailed:  # somebody else wrote the label graph
            return self._look_at_everything(rules, as_of, changes.number)

    def _look_at_everything(
        self, rules: tuple[LocalRule, ...], as_of: datetime, number: int
    ) -> LabelReport:
        self._state = None
        holding = {name for one in EVIDENCE for name in self._ask(one.documents, "d", None)}
        documents = self._judge(rules, holding, as_of)
        state = _State(self._criteria, self._authority, number, 0, as_of, {})
        for name, document in documents.items():
            state.documents[name] = document
            state.held.update(document.labels)
        change = GraphChange(LABEL_GRAPH, tuple(state.held), merge=True)
        result = self._store.commit([change])
        versions = {info.graph: info.version for info in self._store.graphs(LABEL_GRAPH)}
        state.version = versions.get(LABEL_GRAPH, 0)
        self._state = state
        return _report(state, result.added + result.removed)

    def _due(self, state: _State, graphs: Collection[str], as_of: datetime) -> set[Iri]:
        """Name the documents whose certificates may come to something else now."""
        names = {name.removesuffix(_INFERRED) for name in graphs}
        touched = sorted(map(Iri, names))
        due = {name for one in EVIDENCE for name in self._ask(one.documents, "d", touched)}
        for query in filter(None, (one.touched for one in EVIDENCE)):
            due |= set(self._ask(query, "t", touched))
        first, last = sorted((state.as_of, as_of))
        due |= {
            Iri(name)
            for name, document in state.documents.items()
            if name in names
            or not names.isdisjoint(document.others)
            or any(date is None or first <= date <= last for date in document.dates)
        }
        return due

    def _ask(self, query: str, variable: str, only: Collection[Iri] | None) -> Iterator[Iri]:
        rows = ask_for(self._store.read, query, variable, only)
        return (row["d"] for row in rows if isinstance(row["d"], Iri))

    def _judge(
        self, rules: Iterable[LocalRule], documents: Collection[Iri], as_of: datetime
    ) -> dict[str, _Document]:
        found: dict[str, _Document] = {name.value: _Document() for name in documents}
        rest = iter(sorted(documents))
        while chunk := list(islice(rest, _CHUNK)):
            with self._store.session(scope=QueryScope(), deadline_s=LIMIT_S) as session:
                session.load([evaluation(as_of), *self._authority])
                stated = [
                    triple
                    for query in claims_of(chunk)
                    for triple in session.triples(query, where="snapshot")
                ]
                session.load(stated)
                owners = {t.subject: t.object for t in stated if t.predicate == PROV.wasDerivedFrom}
                for triple in stated:
                    found[str(owners[triple.subject])].note(triple)
                for rule in rules:
                    for row in session.select(rule.select, where="scratch"):
                        judged = row.get(rule.claim)
                        if not isinstance(judged, Iri) or judged not in owners:
                            raise _NotLocalError
                        found[str(owners[judged])].labels |= set(rule.conclude(row))
        return found

    def _replace(
        self, state: _State, found: dict[str, _Document], as_of: datetime, number: int
    ) -> LabelReport:
        before, after = Counter[Triple](), Counter[Triple]()
        for name, document in found.items():
            before.update(state.documents.get(name, _Document()).labels)
            after.update(document.labels)
        touched = before.keys() | after.keys()
        now = {t: state.held[t] - before[t] + after[t] for t in touched}
        gone = tuple(t for t in touched if state.held[t] and not now[t])
        come = tuple(t for t in touched if not state.held[t] and now[t])
        changes = [
            GraphChange(LABEL_GRAPH, triples, kind, True, state.version)
            for triples, kind in ((gone, ChangeKind.REMOVE), (come, ChangeKind.ADD))
            if triples
        ]
        changed = 0
        if changes:
            result = self._store.commit(changes)
            changed = result.added + result.removed
            state.version = result.versions.get(LABEL_GRAPH, state.version)
        for triple, times in now.items():
            state.held[triple] = times
            if not times:
                del state.held[triple]
        for name, document in found.items():
            state.documents.pop(name, None)
            if document.claims:
                state.documents[name] = document
        state.number, state.as_of = number, as_of
        return _report(state, changed)


def _report(state: _State, changed: int) -> LabelReport:
    labelled = [t for t in state.held if t.predicate == KG.label]
    claims = sum(len(document.claims) for document in state.documents.values())
    offerings = tuple(sorted({str(t.subject) for t in labelled}))
    return LabelReport(state.as_of, claims, len(labelled), offerings, changed)


@cache
def _local_rules(
    criteria: tuple[Criterion, ...], authority: tuple[Triple, ...]
) -> tuple[LocalRule, ...] | None:
    """Give all rules as questions about one claim; None when one is not."""
    predicates = [name for query in all_claims() for name in _predicates(query)]
    # what issuers may do is the same for all claims, if it neither looks like one nor ends
    if any(t.predicate in predicates or list(_dates(t.object)) for t in authority):
        return None
    found = [local_rule(criterion.rule, predicates) for criterion in criteria]
    rules = tuple(rule for rule in found if rule is not None)
    return rules if len(rules) == len(found) else None


def _predicates(query: str) -> Iterator[Iri]:
    """Name what a CONSTRUCT states of claims."""
    head = query.partition("WHERE")[0]
    prefixes = dict(re.findall(r"PREFIX\s+([\w-]*):\s*<([^>]*)>", head))
    body = re.sub(r"(?m)^(#|PREFIX).*$", "", head)
    return (Iri(name) for name in names_in(body, prefixes))


def _dates(term: Term) -> Iterator[datetime | None]:
    """Give the moments from which a date compares otherwise; None when they are not known.

    Without a time zone these are 14 hours before and after (XSD 1.1 part 2 §3.3.7).
    """
    if not isinstance(term, Literal) or not term.datatype.endswith(("#dateTime", "#date")):
        return
    try:
        found = datetime.fromisoformat(term.value)
        if found.tzinfo is not None:
            yield found.astimezone(UTC)
        else:
            yield found.replace(tzinfo=UTC) - _ZONES
            yield found.replace(tzinfo=UTC) + _ZONES
    except (ValueError, OverflowError):  # XSD has more dates than Python
        yield None
