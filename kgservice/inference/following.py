"""Bring the rules graph up to date at a cost that follows what changed, not what there is.

What has to be looked at again is read off the statements that were touched: the profiles of
offerings whose own statements changed or whose provider's workers did; and the rules, which see
profiles and the few facts beside them, when one of those changed. Where that cannot be shown to be
enough, everything is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kgservice.inference import profiles
from kgservice.inference.footprint import footprint
from kgservice.inference.rules import (
    LIMIT_S,
    Conclusions,
    RulesReport,
    SparqlRule,
    conclude,
    conclude_all,
    described,
    load_rules,
    names_read,
    reads_offerings,
)
from kgservice.model.errors import PreconditionFailed
from kgservice.model.rdf import Iri, Term, Triple
from kgservice.model.terms import KG, RDF
from kgservice.store.port import (
    RULES_GRAPH,
    ChangeKind,
    Changes,
    GraphChange,
    QueryScope,
    Store,
)

MOST_AFFECTED = 20_000
"""Offerings from which looking at all of them is quicker."""


@dataclass(frozen=True, slots=True)
class _State:
    """What the rules graph says, and of which state of the other graphs."""

    rules: tuple[SparqlRule, ...]
    number: int
    version: int
    facts: frozenset[Triple]
    given: frozenset[Triple]
    found: frozenset[Triple]
    report: RulesReport


@dataclass(frozen=True, slots=True)
class _Links:
    """Which offerings get and lose which profiles."""

    come: frozenset[Triple]
    gone: frozenset[Triple]


class RuleFollower:
    """Keeps the rules graph of a store true; one thread at a time."""

    def __init__(self, store: Store, base_iri: str, extra: Sequence[Path] = ()) -> None:
        """Follow `store`; the first time, everything is looked at."""
        self._store = store
        self._base_iri = base_iri
        self._extra = tuple(extra)
        self._state: _State | None = None

    def follow(self) -> RulesReport:
        """Make the rules graph say what `run_rules` would make it say."""
        rules, state = load_rules(self._extra), self._state
        if state is None or rules != state.rules or not _is_local(rules):
            return self._look_at_everything(rules)
        names = names_read(rules) | profiles.READS | {profiles.SCHEMA}
        changes = self._store.changes(state.number, sorted(names))
        affected = self._affected(changes)
        if affected is None:
            return self._look_at_everything(rules)
        try:
            return self._bring_up_to_date(state, changes, affected)
        except PreconditionFailed:  # somebody else wrote the rules graph
            return self._look_at_everything(rules)

    def _look_at_everything(self, rules: tuple[SparqlRule, ...]) -> RulesReport:
        self._state = None
        number = self._store.changes(0, ()).number  # before reading: what comes later is seen again
        whole = conclude_all(self._store, self._base_iri, rules)
        report = whole.commit(self._store)
        versions = {info.graph: info.version for info in self._store.graphs(RULES_GRAPH)}
        self._state = _State(
            rules,
            number,
            versions.get(RULES_GRAPH, 0),
            frozenset(whole.facts),
            whole.given,
            whole.found,
            report,
        )
        return report

    def _affected(self, changes: Changes) -> set[Iri] | None:
        """Give what may have another profile now; None when that may be anything."""
        if not changes.is_complete:
            return None
        if any(t.predicate.value == profiles.SCHEMA for t in changes.statements):
            return None
        own = {t.subject for t in changes.statements if t.predicate.value in profiles.READS}
        affected = {subject for subject in own if isinstance(subject, Iri)}
        affected |= profiles.offerings_of_workers(self._store.read, changes.statements)
        return affected if len(affected) <= MOST_AFFECTED else None

    def _bring_up_to_date(self, state: _State, changes: Changes, affected: set[Iri]) -> RulesReport:
        found_profiles = profiles.profiles_by_offering(self._store.read, self._base_iri, affected)
        described_now, links_now = described(found_profiles)
        links = self._compare(affected, links_now)
        given = self._given(state.given, described_now, links)
        facts = self._facts(state, changes)
        found, derived = state.found, state.report.derived
        if (given, facts) != (state.given, state.facts):
            with self._store.session(scope=QueryScope(), deadline_s=LIMIT_S) as session:
                derived, found = conclude(session, state.rules, [*facts, *given])
        whole = Conclusions(set(facts), given, (), found, derived)
        version, report = self._commit(state, whole, links)
        self._state = _State(state.rules, changes.number, version, facts, given, found, report)
        return report

    def _compare(self, affected: set[Iri], links_now: Iterable[Triple]) -> _Links:
        query = (
            f"SELECT ?o ?p WHERE {{ #SCOPE\n GRAPH <{RULES_GRAPH}> {{ ?o <{KG.profile}> ?p }} }}"
        )
        rows = profiles.ask_for(self._store.read, query, "o", affected)
        before = {Triple(row["o"], KG.profile, row["p"]) for row in rows}  # type: ignore[arg-type]
        now = set(links_now)
        return _Links(frozenset(now - before), frozenset(before - now))

    def _given(
        self, before: frozenset[Triple], now: Iterable[Triple], links: _Links
    ) -> frozenset[Triple]:
        """Describe the profiles that some offering has."""
        lost = Counter(t.object for t in links.gone)
        gained = {t.object for t in links.come}
        left = {p for p in lost if isinstance(p, Iri) and p not in gained}
        query = (
            f"SELECT ?p (COUNT(?o) AS ?n) WHERE {{ #SCOPE\n"
            f" GRAPH <{RULES_GRAPH}> {{ ?o <{KG.profile}> ?p }} }} GROUP BY ?p"
        )
        rows = profiles.ask_for(self._store.read, query, "p", left)
        unused = {row["p"] for row in rows if _number(row["n"]) == lost[row["p"]]}
        return frozenset({*before, *now}) - {t for t in before if t.subject in unused}

    def _facts(self, state: _State, changes: Changes) -> frozenset[Triple]:
        names = names_read(state.rules)
        subjects = {
            t.subject
            for t in changes.statements
            if t.predicate.value in names
            or (
                (t.predicate == RDF.type and isinstance(t.object, Iri))
                and (t.object.value in names or t.object == KG.Offering)
            )
        }
        if not subjects:
            return state.facts
        named = {subject for subject in subjects if isinstance(subject, Iri)}
        now = footprint(self._store.read, names, named)
        return frozenset({t for t in state.facts if t.subject not in subjects} | now)

    def _commit(self, state: _State, whole: Conclusions, links: _Links) -> tuple[int, RulesReport]:
        before, after = state.given | state.found, whole.given | whole.found
        come, gone = (after - before) | links.come, (before - after) | links.gone
        changes = [
            GraphChange(RULES_GRAPH, tuple(triples), kind, True, state.version)
            for triples, kind in ((gone, ChangeKind.REMOVE), (come, ChangeKind.ADD))
            if triples
        ]
        if not changes:
            return state.version, RulesReport(
                whole.profiles, whole.derived, state.report.statements, 0
            )
        result = self._store.commit(changes)
        statements = state.report.statements + len(come) - len(gone)
        version = result.versions.get(RULES_GRAPH, state.version)
        changed = result.added + result.removed
        return version, RulesReport(whole.profiles, whole.derived, statements, changed)


def _is_local(rules: Iterable[SparqlRule]) -> bool:
    """Say whether rules see no single offering and conclude nothing that profiles are made of."""
    made = profiles.READS | {KG.profile.value, KG.Offering.value, profiles.SCHEMA}
    return not reads_offerings(rules) and not any(rule.writes & made for rule in rules)


def _number(term: Term) -> int:
    return 0 if isinstance(term, Iri) else int(getattr(term, "value", "0"))
