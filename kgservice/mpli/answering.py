"""From a prepared search to the answer: compositions with proofs, or conflicts and gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from kgservice.model.errors import Refused
from kgservice.mpli.engines import SearchEngine
from kgservice.mpli.objectives import objectives_of
from kgservice.mpli.pareto import Front
from kgservice.mpli.proving import Proving, Statements
from kgservice.mpli.relaxing import Relaxing
from kgservice.mpli.winners import Winners
from kgservice.resolution.answer import Missing, Resolution, ResolvedComposition
from kgservice.resolution.assumptions import asked_ids, assumed_ids
from kgservice.resolution.bounds import bound_json
from kgservice.resolution.conflicts import Causes, find_causes
from kgservice.resolution.judgement import BoundOffering, Rules, all_rules
from kgservice.resolution.refusals import Refusal
from kgservice.resolution.relaxations import Relaxation
from kgservice.resolution.request import Ranking
from kgservice.resolution.shortage import first_unknown, missing_fact
from kgservice.resolution.templates import render, values_of


@dataclass(slots=True)
class Answering:
    """Builds one answer.

    Attributes:
        engine: The prepared search.
        titles: Offering to title, of those that the answer speaks of.
        providers: Offering to provider, likewise.
        is_explained: Whether reasons are wanted although the request is possible: what was refused
            and what is missing. They take longer than the answer.
    """

    engine: SearchEngine
    titles: dict[str, str] = field(default_factory=dict)
    providers: dict[str, str] = field(default_factory=dict)
    is_explained: bool = True

    def answer(self) -> Resolution:
        """Search, check again, prove; or find out why not."""
        engine, request = self.engine, self.engine.request
        rules = all_rules(request)
        found, bound = self._found(rules), engine.bound
        refused = engine.refused(rules) if self.is_explained else ()
        compositions, statements = self.proved(found)
        self._read_names(one.offering for one in refused)
        causes = Causes((), (), True) if found else self._causes()
        relaxations = self._relaxations(causes)
        missing = self._missing(rules) if self.is_explained or not found else ()
        return Resolution(
            request=request.iri,
            status="feasible" if found else self._status(rules),
            as_of=engine.as_of,
            graphs={graph: v for one in compositions for graph, v in one.uses.items()},
            compositions=compositions,
            counts=engine.counts(rules),
            conflicts=causes.conflicts,
            missing=missing,
            statements=statements,
            refused=refused,
            titles=self._titles_of(refused, missing),
            engine=engine.name,
            relaxations=relaxations,
            open_conflicts=frozenset(self._open(causes)),
            is_complete=bound is None,
            bound=bound_json(bound, request, engine.ranked_in) if bound else {},
        )

    def _found(self, rules: Rules) -> Sequence[Mapping[str, BoundOffering]]:
        """Search for the best; on a Pareto front, unless nothing on it is known, for its points."""
        engine, answers = self.engine, rules.request.answers
        if rules.request.ranking is not Ranking.PARETO:
            return engine.search(rules, answers)
        front = Front(engine, rules, objectives_of(engine)).compositions()
        return front[:answers] or engine.search(rules, answers)

    def proved(
        self, found: Sequence[Mapping[str, BoundOffering]]
    ) -> tuple[tuple[ResolvedComposition, ...], Statements]:
        """Check again and prove what was found; give it with what makes its statements."""
        if not found:
            return (), tuple
        engine = self.engine
        self._read_names(b.offering for one in found for b in one.values())
        winners = Winners(
            engine.session, engine.vocabulary, engine.request, engine.ranked_in, found
        )
        return Proving(winners, engine.claims(found), self.titles).compositions()

    def _status(self, rules: Rules) -> str:
        lenient = Rules(rules.request, rules.active, is_lenient=True)
        return "unknown" if self.engine.is_feasible(lenient) else "infeasible"

    def _causes(self) -> Causes:
        """Find minimal conflicts and corrections with the same search.

        A kind that nobody offers is a conflict alone, which nothing corrects.
        """
        engine, request = self.engine, self.engine.request
        unoffered = engine.unoffered()
        if unoffered:
            return Causes(tuple((f"{name}.kind",) for name in unoffered), (), True)
        engine.open_up()
        fixed = assumed_ids(request)
        try:
            if fixed and not engine.is_feasible(Rules(request, fixed)):
                return Causes((tuple(sorted(fixed)),), (), True)
            return find_causes(
                asked_ids(request),
                lambda active: engine.is_feasible(Rules(request, active | fixed)),
            )
        except Refused:  # without some condition too much is left to search through
            return Causes((), (), False)

    def _open(self, causes: Causes) -> Iterator[tuple[str, ...]]:
        """Give the conflicts of which nobody knows whether they are any."""
        request = self.engine.request
        for conflict in causes.conflicts:
            active = frozenset(conflict) | assumed_ids(request)
            if any(name.endswith(".kind") for name in conflict):
                continue
            with suppress(Refused):  # then it is told as a conflict, which it is as asked
                if self.engine.is_feasible(Rules(request, active, is_lenient=True)):
                    yield conflict

    def _relaxations(self, causes: Causes) -> tuple[Relaxation, ...]:
        if not causes.corrections:
            return ()
        found = Relaxing(self.engine).relaxations(causes.corrections)
        self._read_names(iri for one in found for iri in one.best.offerings.values())
        return tuple(
            replace(
                one,
                best=replace(
                    one.best,
                    titles={k: self.titles.get(v, "") for k, v in one.best.offerings.items()},
                ),
            )
            for one in found
        )

    def _missing(self, rules: Rules) -> tuple[Missing, ...]:
        unknown = first_unknown(self.engine.unknown(rules))
        self._read_names(binding.offering for binding, _ in unknown)
        self._read_names(self.providers.get(b.offering, "") for b, _ in unknown)
        found = [
            missing_fact(
                (binding, constraint),
                self.titles.get(binding.offering, ""),
                self.providers.get(binding.offering, ""),
                self.engine.why(binding, constraint.path),
            )
            for binding, constraint in unknown
        ]
        return tuple(sorted(found, key=lambda one: (one.offering, one.fact)))

    def _read_names(self, offerings: Iterable[str]) -> None:
        """Read titles and providers; of several, the first in text order."""
        wanted = sorted(set(offerings) - self.titles.keys() - {""})
        if not wanted:
            return
        text = render("offering-names", slots={"offerings": values_of("offering", wanted)})
        rows = self.engine.session.select(text, where="snapshot")
        for row in sorted(rows, key=lambda row: str(sorted(row.items()))):
            offering = row["offering"][0]
            if "title" in row:
                self.titles.setdefault(offering, row["title"][0])
            if "provider" in row:
                self.providers.setdefault(offering, row["provider"][0])

    def _titles_of(self, refused: Iterable[Refusal], missing: Iterable[Missing]) -> dict[str, str]:
        named = {one.offering for one in refused} | {one.who_could_say for one in missing}
        return {iri: title for iri, title in sorted(self.titles.items()) if iri in named}
