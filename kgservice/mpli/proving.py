"""The compositions of an answer: judged a second time, proved, and written as statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kgservice.model.money import Money
from kgservice.model.rdf import Blank, Iri, Row, Term, Triple, to_text
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.mpli.verification import verify
from kgservice.resolution.answer import ResolvedComposition
from kgservice.resolution.answer_rdf import (
    composition_core,
    composition_details,
    composition_iri,
    mark_triples,
    proof_triples,
)
from kgservice.resolution.judgement import BoundOffering, Mark
from kgservice.resolution.proofs import (
    Proof,
    document_of,
    evidence_until,
    kind_query,
    proof_query,
    read_proofs,
)
from kgservice.resolution.queries import returned_bindings
from kgservice.resolution.reads import Path, choice_paths
from kgservice.resolution.request import Policy
from kgservice.resolution.templates import render, values_of
from kgservice.resolution.values import write_value
from kgservice.store.port import MERGED_GRAPH, META_GRAPH

Found = Mapping[str, BoundOffering]


@dataclass(frozen=True, slots=True)
class Proving:
    """Makes the compositions of one answer.

    Attributes:
        engine: A graph engine that has judged their bindings.
        titles: Offering to title.
    """

    engine: GraphEngine
    titles: Mapping[str, str]

    def compositions(
        self, found: Sequence[Found]
    ) -> tuple[tuple[ResolvedComposition, ...], tuple[Triple, ...]]:
        """Give the compositions, best first, and the answer as statements.

        Raises:
            KgError: a second judgement differs from the search's (`verification-differs`).
        """
        request = self.engine.request
        joint_marks = verify(self.engine, found)
        proofs = self._proofs(found)
        configurations = self._configurations()
        versions = self._versions(p for some in proofs.values() for p in some)
        triples = composition_core(request, found)
        compositions = []
        for rank, bindings in enumerate(found, start=1):
            node = composition_iri(request, rank)
            own = [proof for b in bindings.values() for proof in proofs[b.iri]]
            one = self._composition(rank, bindings, joint_marks[node], own, configurations)
            compositions.append(replace(one, uses=_uses(own, versions)))
            one = compositions[-1]
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
                name: {key: _shown(engine, *value) for key, value in values.items()}
                for name, values in picked.items()
            },
            monthly=_total(prices, len(bindings)),
            prices=prices,
            met_wishes=met,
            missed_wishes=missed,
            unknown=self._unknown(bindings, joint_marks),
            evidence_until=evidence_until(proofs),
            order=self._order(bindings, len(missed)),
            is_verified=True,
        )

    def _versions(self, proofs: Iterable[Proof]) -> dict[str, int]:
        """Read the versions of the graphs that proofs rest on, in the very snapshot."""
        graphs = sorted({s.graph for p in proofs for f in p.facts for s in f.sources})
        if not graphs:
            return {}
        text = render(
            "graph-versions", {"meta": Iri(META_GRAPH)}, {"graphs": values_of("graph", graphs)}
        )
        rows = self.engine.session.select(text, where="snapshot")
        return {row["graph"][0]: int(row["version"][0]) for row in rows}

    def _prices(self, bindings: Found) -> dict[str, Money]:
        prices = {}
        for name, binding in bindings.items():
            monthly = self.engine.prices[name][binding.offering].monthly
            if monthly is not None:
                prices[name] = monthly
        return prices

    def _wishes(
        self, bindings: Found, joint_marks: Mapping[str, Mark]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Tell met from missed wishes; unknown is missed, and so is what one component misses."""
        request, marks = self.engine.request, self.engine.marks
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
            if is_unknown and not joint.is_wish and request.policy_of(joint) is Policy.WARN:
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
        read: list[tuple[str, list[Row], list[BoundOffering]]] = []
        for component in request.components:
            bindings = list(
                {one[component.name].iri: one[component.name] for one in found}.values()
            )
            offerings = sorted({binding.offering for binding in bindings})
            texts = {f"{component.name}.kind": kind_query(component.kind, offerings, MERGED_GRAPH)}
            for constraint in request.constraints_of(component):
                texts[constraint.id] = proof_query(constraint, offerings, MERGED_GRAPH)
            for name, text in texts.items():
                rows = engine.session.select(text, where="snapshot")
                read.append((name, rows, bindings))
        issuers = self._issuers({row["graph"][0] for _, rows, _ in read for row in rows})
        proofs: dict[str, list[Proof]] = {}
        for name, rows, bindings in read:
            for proof in read_proofs(rows, name, bindings, issuers):
                proofs.setdefault(proof.binding, []).append(proof)
        return proofs

    def _issuers(self, graphs: Collection[str]) -> dict[str, str]:
        documents = sorted({document_of(graph) for graph in graphs})
        if not documents:
            return {}
        text = render(
            "document-issuers",
            {"meta": Iri(META_GRAPH)},
            {"documents": values_of("document", documents)},
        )
        rows = self.engine.session.select(text, where="snapshot")
        return {row["document"][0]: row["issuer"][0] for row in sorted(rows, key=_by_document)}

    def _binding_triples(self, found: Sequence[Found]) -> list[Triple]:
        """Take the bindings' own statements from the scratch store, and what the rule concluded."""
        iris = sorted({b.iri for one in found for b in one.values()})
        text = returned_bindings(self.engine.request, iris)
        return [*self.engine.session.triples(text), *self.engine.concluded]


def _by_document(row: Row) -> tuple[str, str]:
    return row["document"][0], row["issuer"][0]


def _uses(proofs: Iterable[Proof], versions: Mapping[str, int]) -> dict[str, int]:
    graphs = sorted({s.graph for p in proofs for f in p.facts for s in f.sources})
    return {graph: versions[graph] for graph in graphs if graph in versions}


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
