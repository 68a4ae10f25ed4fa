"""The compositions of an answer: judged a second time, proved, and written as statements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from kgservice.model.money import Money
from kgservice.model.rdf import Blank, Iri, Term, Triple, to_text
from kgservice.mpli.objectives import Objectives, TableReads
from kgservice.mpli.verification import Claims, JointMarks, require_order, verify
from kgservice.mpli.winners import Found, Winners
from kgservice.resolution.answer import ResolvedComposition
from kgservice.resolution.answer_rdf import (
    composition_core,
    composition_details,
    composition_iri,
    mark_triples,
    proof_triples,
)
from kgservice.resolution.judgement import Mark
from kgservice.resolution.preferences import orders_of
from kgservice.resolution.proofs import (
    Proof,
    document_of,
    evidence_until,
    proof_questions,
    read_proofs,
)
from kgservice.resolution.reads import Path, choice_paths
from kgservice.resolution.request import Policy, Ranking, paid_components
from kgservice.resolution.templates import render, values_of
from kgservice.resolution.values import write_value
from kgservice.store.port import MERGED_GRAPH, META_GRAPH, Step

_FINEST = 10**18
"""Places on a front are compared in whole parts of this."""
Statements = Callable[[], tuple[Triple, ...]]


@dataclass(frozen=True, slots=True)
class Proving:
    """Makes the compositions of one answer.

    Attributes:
        winners: What the graph says of them.
        claims: What the search says of their bindings.
        titles: Offering to title.
    """

    winners: Winners
    claims: Claims
    titles: Mapping[str, str]

    def compositions(self) -> tuple[tuple[ResolvedComposition, ...], Statements]:
        """Give the compositions, best first, and what makes the answer's statements of them.

        The statements are made when they are asked for, of what was read here; nothing is read
        again.

        Raises:
            KgError: a second judgement differs from the search's (`verification-differs`).
        """
        request, found = self.winners.request, self.winners.found
        joint_marks = verify(self.winners, self.claims)
        proofs = self._proofs()
        configurations = self._configurations()
        compositions = []
        for rank, bindings in enumerate(found, start=1):
            node = composition_iri(request, rank)
            own = [proof for b in bindings.values() for proof in proofs.of[b.iri]]
            one = self._composition(rank, bindings, joint_marks[node], own, configurations)
            compositions.append(replace(one, uses=_uses(own, proofs.versions)))
        require_order(compositions)
        said = partial(self._statements, compositions, joint_marks, proofs.of)
        return tuple(compositions), said

    def _statements(
        self,
        compositions: Sequence[ResolvedComposition],
        joint_marks: JointMarks,
        proofs: Mapping[str, Sequence[Proof]],
    ) -> tuple[Triple, ...]:
        request, found = self.winners.request, self.winners.found
        triples = composition_core(request, found)
        for one, bindings in zip(compositions, found, strict=True):
            own = [proof for b in bindings.values() for proof in proofs[b.iri]]
            triples += composition_details(one)
            triples += mark_triples(request, one.iri, joint_marks[one.iri])
            triples += proof_triples(request, one.iri, own)
        triples += [*self.winners.concluded, *self.winners.said_of_bindings()]
        return tuple(sorted(dict.fromkeys(triples), key=_by_text))

    def _composition(
        self,
        rank: int,
        bindings: Found,
        joint_marks: Mapping[str, Mark],
        proofs: Sequence[Proof],
        configurations: Mapping[str, Mapping[str, tuple[Path, Term]]],
    ) -> ResolvedComposition:
        request = self.winners.request
        prices = self._prices(bindings)
        met, missed = self._wishes(bindings, joint_marks)
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
                name: {key: _shown(self.winners, *value) for key, value in values.items()}
                for name, values in picked.items()
            },
            monthly=_total(prices, len(paid_components(request))),
            prices=prices,
            met_wishes=met,
            missed_wishes=missed,
            unknown=self._unknown(bindings, joint_marks),
            evidence_until=evidence_until(proofs),
            order=self._order(bindings, len(missed)),
            objectives=self._objectives(bindings),
            is_verified=True,
        )

    def _prices(self, bindings: Found) -> dict[str, Money]:
        prices = {}
        for name in paid_components(self.winners.request):
            monthly = self.winners.prices[name][bindings[name].offering].monthly
            if monthly is not None:
                prices[name] = monthly
        return prices

    def _wishes(
        self, bindings: Found, joint_marks: Mapping[str, Mark]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Tell met from missed wishes; unknown is missed, and so is what one component misses."""
        request, marks = self.winners.request, self.winners.marks
        verdicts: dict[str, bool] = {}
        for component in request.components:
            for wish in request.constraints_of(component):
                if wish.is_wish:
                    is_met = marks[bindings[component.name].iri][wish.id] is Mark.MET
                    verdicts[wish.id] = verdicts.get(wish.id, True) and is_met
        for joint in request.together:
            if joint.is_wish:
                verdicts[joint.id] = joint_marks.get(joint.id) is Mark.MET
        met = tuple(name for name, is_met in verdicts.items() if is_met)
        return met, tuple(name for name, is_met in verdicts.items() if not is_met)

    def _unknown(self, bindings: Found, joint_marks: Mapping[str, Mark]) -> tuple[str, ...]:
        """List the unknown conditions whose policy is to warn, in document order."""
        request, marks = self.winners.request, self.winners.marks
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
            if is_unknown and not joint.is_wish and request.policy_of(joint) is Policy.WARN:
                listed[joint.id] = None
        return tuple(listed)

    def _order(self, bindings: Found, missed: int) -> tuple[tuple[int, int, str], ...]:
        request = self.winners.request
        order = [(0, missed, "")]
        point = self._point(bindings) if request.ranking is Ranking.PARETO else None
        order += [(0, int(part * _FINEST), "") for part in point or ()]
        for one in orders_of(request) if point is None else ():
            column = self.winners.table[one.key]
            values = [column.get(binding.iri) for binding in bindings.values()]
            known = [int(value[0][0]) for value in values if value]
            total = -sum(known) if one.is_maximise else sum(known)
            is_known = len(known) == len(values)
            order.append((0 if is_known else 1, total, ""))
        names = sorted(bindings)
        return (*order, *((0, 0, bindings[name].offering) for name in names))

    def _point(self, bindings: Found) -> tuple[Fraction, ...] | None:
        return self._reached().point(bindings)

    def _objectives(self, bindings: Found) -> dict[str, str]:
        """Give what a composition reaches, when not the first preference alone decides."""
        if self.winners.request.ranking is Ranking.LEXICOGRAPHIC:
            return {}
        return self._reached().texts(bindings)

    def _reached(self) -> Objectives:
        winners = self.winners
        read = TableReads(winners.table, winners.values)
        return Objectives(
            winners.session, winners.vocabulary, winners.request, winners.currency, read
        )

    def _configurations(self) -> dict[str, dict[str, tuple[Path, Term]]]:
        """Give what each binding picks, by dotted name: the parts that the request reads."""
        winners, request = self.winners, self.winners.request
        found: dict[str, dict[str, tuple[Path, Term]]] = {}
        for component in request.components:
            for path in choice_paths(request, component):
                name = ".".join(step.name for step in path)
                for iri, values in winners.values(path, component.name).items():
                    found.setdefault(iri, {})[name] = (path, values[0])
        return found

    def _proofs(self) -> _Proofs:
        """Give the proofs of each binding, in document order, its kind first."""
        winners, request = self.winners, self.winners.request
        questions = proof_questions(request, winners.offerings, MERGED_GRAPH)
        answers = winners.session.run(
            [Step("select", text, "snapshot") for text in questions.texts]
        )
        versions, issuers = self._standing({row["graph"][0] for rows in answers for row in rows})
        proofs: dict[str, list[Proof]] = {}
        for component in request.components:
            bindings = winners.bindings_of(component.name)
            names = [f"{component.name}.kind"]
            names += [constraint.id for constraint in request.constraints_of(component)]
            for name in names:
                own = [row for place in questions.by_name[name] for row in answers[place]]
                for proof in read_proofs(own, name, bindings, issuers):
                    proofs.setdefault(proof.binding, []).append(proof)
        return _Proofs(proofs, versions)

    def _standing(self, graphs: Collection[str]) -> tuple[dict[str, int], dict[str, str]]:
        """Read graphs' versions in the very snapshot, and who issued their documents."""
        if not graphs:
            return {}, {}
        text = render(
            "graph-standing",
            {"meta": Iri(META_GRAPH)},
            {
                "graphs": values_of("graph", sorted(graphs)),
                "documents": values_of("graph", sorted({document_of(graph) for graph in graphs})),
            },
        )
        (rows,) = self.winners.session.run([Step("select", text, "snapshot")])
        versions = {r["graph"][0]: int(r["version"][0]) for r in rows if "version" in r}
        issuers = sorted((r["graph"][0], r["issuer"][0]) for r in rows if "issuer" in r)
        return versions, dict(issuers)


@dataclass(frozen=True, slots=True)
class _Proofs:
    """Proofs by binding, and the versions of the graphs that they may rest on."""

    of: Mapping[str, Sequence[Proof]]
    versions: Mapping[str, int]


def _uses(proofs: Iterable[Proof], versions: Mapping[str, int]) -> dict[str, int]:
    graphs = sorted({s.graph for p in proofs for f in p.facts for s in f.sources})
    return {graph: versions[graph] for graph in graphs if graph in versions}


def _total(prices: Mapping[str, Money], number: int) -> Money | None:
    """Add the components' prices; unknown when one is, or when currencies differ."""
    currencies = {price.currency for price in prices.values()}
    if len(prices) != number or len(currencies) != 1:
        return None
    return Money(currencies.pop(), sum(price.minor for price in prices.values()))


def _shown(winners: Winners, path: Path, term: Term) -> str:
    return "" if isinstance(term, Blank) else write_value(term, path[-1], winners.vocabulary)


def _by_text(triple: Triple) -> tuple[str, str, str]:
    return to_text(triple[0]), to_text(triple[1]), to_text(triple[2])
