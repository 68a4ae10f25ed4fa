"""From a prepared search to the answer: compositions with proofs, or conflicts and gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kgservice.model.errors import Refused
from kgservice.model.money import Money
from kgservice.model.rdf import Blank, Term, Triple, to_text
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.mpli.knowledge import Knowledge
from kgservice.mpli.verification import verify
from kgservice.resolution.answer import Missing, Resolution, ResolvedComposition
from kgservice.resolution.answer_rdf import (
    composition_core,
    composition_details,
    composition_iri,
    mark_triples,
    proof_triples,
)
from kgservice.resolution.conflicts import minimal_conflicts
from kgservice.resolution.judgement import BoundOffering, Mark, Rules, all_rules, count
from kgservice.resolution.proofs import Proof, evidence_until, kind_query, proof_query, read_proofs
from kgservice.resolution.queries import returned_bindings
from kgservice.resolution.reads import Path, choice_paths
from kgservice.resolution.refusals import Refusal, refusals
from kgservice.resolution.request import Policy
from kgservice.resolution.shortage import missing_facts
from kgservice.resolution.templates import render
from kgservice.resolution.values import write_value
from kgservice.store.port import MERGED_GRAPH, META_GRAPH

Found = Mapping[str, BoundOffering]


@dataclass(slots=True)
class Answering:
    """Builds one answer.

    Attributes:
        engine: The prepared search.
        versions: Versions of the shared graphs.
    """

    engine: GraphEngine
    versions: Mapping[str, int]
    titles: dict[str, str] = field(default_factory=dict)
    providers: dict[str, str] = field(default_factory=dict)

    def answer(self) -> Resolution:
        """Search, check again, prove; or find out why not."""
        engine, request = self.engine, self.engine.request
        self._read_titles()
        rules = all_rules(request)
        found = engine.search(rules, request.answers)
        compositions, triples = self._compositions(found) if found else ((), ())
        uses = {graph: v for one in compositions for graph, v in one.uses.items()}
        return Resolution(
            request=request.iri,
            status="feasible" if found else self._status(rules),
            as_of=engine.as_of,
            graphs=uses,
            compositions=compositions,
            counts={
                c.name: count(c, engine.bindings[c.name], engine.marks, rules)
                for c in request.components
            },
            conflicts=() if found else self._conflicts(),
            missing=self._missing(rules),
            statements=triples,
            refused=self._refused(rules),
            titles=self.titles,
        )

    def _refused(self, rules: Rules) -> tuple[Refusal, ...]:
        engine = self.engine
        return tuple(
            one
            for component in engine.request.components
            for one in refusals(
                component,
                engine.bindings[component.name],
                engine.marks,
                rules,
                {
                    offering: price.monthly
                    for offering, price in engine.prices.get(component.name, {}).items()
                    if price.monthly is not None
                },
            )
        )

    def _status(self, rules: Rules) -> str:
        lenient = Rules(rules.request, rules.active, is_lenient=True)
        return "unknown" if self.engine.is_feasible(lenient) else "infeasible"

    def _conflicts(self) -> tuple[tuple[str, ...], ...]:
        """Find minimal conflicts with the same search; a kind that nobody offers is one alone."""
        engine, request = self.engine, self.engine.request
        unoffered = [c.name for c in request.components if not engine.bindings[c.name]]
        if unoffered:
            return tuple((f"{name}.kind",) for name in unoffered)
        engine.read_table(Rules(request, frozenset()))  # what fell may stand when a condition goes
        names = [c.id for c in request.all_constraints() if not c.is_wish]
        names += [joint.id for joint in request.together]
        try:
            found = minimal_conflicts(
                names, lambda active: engine.is_feasible(Rules(request, active))
            )
        except Refused:  # without some condition too much is left to search through
            return ()
        return tuple(found)

    def _read_titles(self) -> None:
        for row in sorted(
            self.engine.session.select(render("titles")), key=lambda r: str(sorted(r.items()))
        ):
            offering = row["offering"][0]
            if "title" in row:
                self.titles.setdefault(offering, row["title"][0])
            if "provider" in row:
                self.providers.setdefault(offering, row["provider"][0])

    def _missing(self, rules: Rules) -> tuple[Missing, ...]:
        engine = self.engine
        return missing_facts(
            rules,
            engine.bindings,
            engine.marks,
            Knowledge(self.titles, self.providers, engine),
        )

    def _compositions(
        self, found: Sequence[Found]
    ) -> tuple[tuple[ResolvedComposition, ...], tuple[Triple, ...]]:
        request = self.engine.request
        joint_marks = verify(self.engine, found)
        proofs = self._proofs(found)
        configurations = self._configurations()
        triples = composition_core(request, found)
        compositions = []
        for rank, bindings in enumerate(found, start=1):
            node = composition_iri(request, rank)
            own = [proof for b in bindings.values() for proof in proofs[b.iri]]
            one = self._composition(rank, bindings, joint_marks[node], own, configurations)
            compositions.append(one)
            triples += composition_details(one)
            triples += mark_triples(request, node, joint_marks[node])
            triples += proof_triples(request, node, own)
        triples += self._binding_triples(found)
        unique = dict.fromkeys(triples)
        return tuple(compositions), tuple(sorted(unique, key=_by_text))

    def _composition(
        self,
        rank: int,
        bindings: Found,
        joint_marks: Mapping[str, Mark],
        proofs: Sequence[Proof],
        configurations: Mapping[str, Mapping[str, tuple[Path, Term]]],
    ) -> ResolvedComposition:
        engine, request = self.engine, self.engine.request
        prices = self._prices(bindings)
        met, missed = self._wishes(bindings)
        graphs = sorted({s.graph for p in proofs for f in p.facts for s in f.sources})
        picked = {name: configurations.get(b.iri, {}) for name, b in bindings.items()}
        return ResolvedComposition(
            iri=composition_iri(request, rank),
            rank=rank,
            offerings={name: b.offering for name, b in bindings.items()},
            titles={name: self.titles.get(b.offering, "") for name, b in bindings.items()},
            bindings={name: b.iri for name, b in bindings.items()},
            configuration={
                name: {key: term for key, (_, term) in values.items()}
                for name, values in picked.items()
            },
            shown={
                name: {key: _shown(engine, *value) for key, value in values.items()}
                for name, values in picked.items()
            },
            monthly=_total(prices, len(bindings)),
            prices=prices,
            met_wishes=met,
            missed_wishes=missed,
            unknown=self._unknown(bindings, joint_marks),
            uses={graph: self.versions[graph] for graph in graphs if graph in self.versions},
            evidence_until=evidence_until(proofs),
            order=self._order(bindings, len(missed)),
            is_verified=True,
        )

    def _prices(self, bindings: Found) -> dict[str, Money]:
        prices = {}
        for name, binding in bindings.items():
            monthly = self.engine.prices[name][binding.offering].monthly
            if monthly is not None:
                prices[name] = monthly
        return prices

    def _wishes(self, bindings: Found) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Tell met from missed wishes; unknown is missed, and so is what one component misses."""
        request, marks = self.engine.request, self.engine.marks
        verdicts: dict[str, bool] = {}
        for component in request.components:
            for wish in request.constraints_of(component):
                if wish.is_wish:
                    is_met = marks[bindings[component.name].iri][wish.id] is Mark.MET
                    verdicts[wish.id] = verdicts.get(wish.id, True) and is_met
        met = tuple(name for name, is_met in verdicts.items() if is_met)
        return met, tuple(name for name, is_met in verdicts.items() if not is_met)

    def _unknown(self, bindings: Found, joint_marks: Mapping[str, Mark]) -> tuple[str, ...]:
        """List the unknown conditions whose policy is to warn, in document order."""
        request, marks = self.engine.request, self.engine.marks
        listed: dict[str, None] = {}
        for component in request.components:
            for constraint in request.constraints_of(component):
                mark = marks[bindings[component.name].iri][constraint.id]
                if constraint.is_wish or mark is not Mark.UNKNOWN:
                    continue
                if request.policy_of(constraint) is Policy.WARN:
                    listed[constraint.id] = None
        for joint in request.together:
            is_unknown = joint_marks.get(joint.id) is Mark.UNKNOWN
            if is_unknown and request.policy_of(joint) is Policy.WARN:
                listed[joint.id] = None
        return tuple(listed)

    def _order(self, bindings: Found, missed: int) -> tuple[tuple[int, int, str], ...]:
        request = self.engine.request
        order = [(0, missed, "")]
        for number, preference in enumerate(request.prefer, start=1):
            column = self.engine.table[f"prefer.{number}"]
            values = [column.get(binding.iri) for binding in bindings.values()]
            known = [int(value[0][0]) for value in values if value]
            total = -sum(known) if preference.is_maximise else sum(known)
            is_known = len(known) == len(values)
            order.append((0 if is_known else 1, total, ""))
        names = sorted(bindings)
        return (*order, *((0, 0, bindings[name].offering) for name in names))

    def _configurations(self) -> dict[str, dict[str, tuple[Path, Term]]]:
        """Give what each binding picks, by dotted name: the parts that the request reads."""
        engine, request = self.engine, self.engine.request
        found: dict[str, dict[str, tuple[Path, Term]]] = {}
        for component in request.components:
            for path in choice_paths(request, component):
                name = ".".join(step.name for step in path)
                for iri, values in engine.values(path, component.name).items():
                    found.setdefault(iri, {})[name] = (path, values[0])
        return found

    def _proofs(self, found: Sequence[Found]) -> dict[str, list[Proof]]:
        """Give the proofs of each binding, in document order, its kind first."""
        engine, request = self.engine, self.engine.request
        proofs: dict[str, list[Proof]] = {}
        for component in request.components:
            bindings = list(
                {one[component.name].iri: one[component.name] for one in found}.values()
            )
            offerings = sorted({binding.offering for binding in bindings})
            texts = {
                f"{component.name}.kind": kind_query(
                    component.kind, offerings, META_GRAPH, MERGED_GRAPH
                )
            }
            for constraint in request.constraints_of(component):
                texts[constraint.id] = proof_query(constraint, offerings, META_GRAPH, MERGED_GRAPH)
            for name, text in texts.items():
                rows = engine.session.select(text, where="snapshot")
                for proof in read_proofs(rows, name, bindings):
                    proofs.setdefault(proof.binding, []).append(proof)
        return proofs

    def _binding_triples(self, found: Sequence[Found]) -> list[Triple]:
        """Take the bindings' own statements from the scratch store, and what the rule concluded."""
        iris = sorted({b.iri for one in found for b in one.values()})
        text = returned_bindings(self.engine.request, iris)
        return [*self.engine.session.triples(text), *self.engine.concluded]


def _total(prices: Mapping[str, Money], number: int) -> Money | None:
    """Add the components' prices; unknown when one is, or when currencies differ."""
    currencies = {price.currency for price in prices.values()}
    if len(prices) != number or len(currencies) != 1:
        return None
    return Money(currencies.pop(), sum(price.minor for price in prices.values()))


def _shown(engine: GraphEngine, path: Path, term: Term) -> str:
    return "" if isinstance(term, Blank) else write_value(term, path[-1], engine.vocabulary)


def _by_text(triple: Triple) -> tuple[str, str, str]:
    return to_text(triple[0]), to_text(triple[1]), to_text(triple[2])
