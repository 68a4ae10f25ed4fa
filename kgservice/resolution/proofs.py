"""Proofs: which statements decided a condition, from which documents, by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kgservice.model.rdf import RDF, Iri, Row, Subject, Term, to_text
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.conditions import inner_constraints, labels_in
from kgservice.resolution.judgement import BoundOffering
from kgservice.resolution.reads import LABEL_PARTS
from kgservice.resolution.request import Constraint, Request
from kgservice.resolution.templates import render, values_of
from kgservice.resolution.worked_steps import base_of

_TYPE = Iri(RDF + "type")


@dataclass(frozen=True, slots=True)
class Source:
    """A graph that holds a statement, and who issued its document (empty: the service itself)."""

    graph: str
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement with its sources."""

    subject: Subject
    property: Iri
    value: Term
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """The facts on which one condition was decided for one binding."""

    constraint: str
    binding: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class ProofQuestions:
    """The queries for all facts that decided an answer; each kind of fact is asked for once.

    Attributes:
        texts: The queries.
        by_name: What is proved (a short id, or `COMPONENT.kind`) to the places of its queries.
    """

    texts: tuple[str, ...]
    by_name: Mapping[str, tuple[int, ...]]


def proof_questions(request: Request, offerings: Sequence[str], merged: str) -> ProofQuestions:
    """Ask for the facts that made offerings of a kind, and for those that conditions read."""
    blocks: dict[str, list[str]] = {}
    for component in request.components:
        kind = _one("?offering", _TYPE, to_text(component.kind))
        blocks[f"{component.name}.kind"] = [kind]
    for constraint in request.all_constraints():
        blocks[constraint.id] = list(_blocks(constraint, "?offering", "a"))
    places: dict[str, int] = {}
    by_name = {
        name: tuple(places.setdefault(block, len(places)) for block in some)
        for name, some in blocks.items()
    }
    named = values_of("offering", list(offerings))
    texts = (
        render("proof", {"merged": Iri(merged)}, {"offerings": named, "step": block})
        for block in places
    )
    return ProofQuestions(tuple(texts), by_name)


def _one(subject: str, prop: Iri, value: str = "?value") -> str:
    bound = "" if value == "?value" else f" BIND({value} AS ?value)"
    return (
        f"{subject} {to_text(prop)} {value} . BIND({subject} AS ?subject) "
        f"BIND({to_text(prop)} AS ?property){bound}"
    )


def _blocks(constraint: Constraint, start: str, prefix: str, before: str = "") -> Iterator[str]:
    """Give a block for each step of a path, with the pattern that leads there in front."""
    node, lead = start, before
    for number, step in enumerate(constraint.path):
        following = f"?{prefix}{number}"
        if step.iri == KG.offering:
            lead = f"{lead} BIND({node} AS {following})"
            node = following
            continue
        yield from (f"{lead} {block}" for block in _step_blocks(step, node))
        along = to_text(base_of(step).iri) + ("+" if step.follows else "")
        lead = f"{lead} {node} {along} {following} ."
        node = following
    for number, inner in enumerate(inner_constraints(constraint.condition)):
        yield from _blocks(inner, node, f"{prefix}{number}x", lead)
    if any(labels_in(constraint.condition)):
        for part in LABEL_PARTS:
            yield f"{lead} {_one(node, part)}"


def _step_blocks(step: PropertyInfo, node: str) -> Iterator[str]:
    if step.is_derived:
        price = to_text(KG.price)
        yield _one(node, KG.price)
        yield f"{node} {price} ?subject . ?subject ?property ?value ."
        return
    if step.follows is not None:
        chain = to_text(step.follows.iri)
        for said in (chain, to_text(KG.completeFor)):
            value = "?value" if said == chain else chain
            yield (
                f"{node} {chain}* ?subject . ?subject {said} {value} . "
                f"BIND({said} AS ?property)"
                + ("" if said == chain else f" BIND({value} AS ?value)")
            )
        return
    yield _one(node, step.iri)
    if step.kind in (ValueKind.FEATURE, ValueKind.EXPOSURE):
        yield _one(node, KG.completeFor, to_text(step.iri))


MAX_SOURCES = 20
"""How many of a statement's sources a proof names; of more, those that describe the offering."""

_INFERRED = "/inferred"


def document_of(graph: str) -> str:
    """Give the document whose statements, or what follows from them, a graph holds."""
    return graph.removesuffix(_INFERRED)


def read_proofs(
    rows: Iterable[Row],
    constraint: str,
    bindings: Sequence[BoundOffering],
    issuers: Mapping[str, str],
) -> list[Proof]:
    """Read the rows of `proof.rq` as one proof per binding, facts in order.

    `issuers` says who issued a document.
    """
    by_offering: dict[str, dict[tuple[Subject, Iri, Term], set[str]]] = {}
    for row in rows:
        subject, prop = row["subject"], row["property"]
        if isinstance(prop, Iri) and isinstance(subject, Iri):
            facts = by_offering.setdefault(row["offering"][0], {})
            facts.setdefault((subject, prop, row["value"]), set()).add(row["graph"][0])
    return [
        Proof(
            constraint,
            binding.iri,
            _facts_of(by_offering.get(binding.offering, {}), binding, issuers),
        )
        for binding in bindings
    ]


def _facts_of(
    facts: Mapping[tuple[Subject, Iri, Term], set[str]],
    binding: BoundOffering,
    issuers: Mapping[str, str],
) -> tuple[Fact, ...]:
    """Keep of a choice only what was picked."""
    picked = dict(binding.picks)
    left = {
        value
        for (subject, prop, value) in facts
        if subject[0] == binding.offering and prop.value in picked and picked[prop.value] != value
    }
    kept = sorted(key for key in facts if key[2] not in left and key[0] not in left)
    own = {graph for key in kept if key[0][0] == binding.offering for graph in facts[key]}
    return tuple(
        Fact(
            *key,
            tuple(
                Source(graph, issuers.get(document_of(graph), ""))
                for graph in _named(facts[key], own)
            ),
        )
        for key in kept
    )


def _named(graphs: set[str], own: set[str]) -> list[str]:
    """Choose the sources to name: a place that a thousand documents describe has a thousand."""
    if len(graphs) > MAX_SOURCES:
        graphs = graphs & own or graphs
    return sorted(graphs)[:MAX_SOURCES]


def evidence_until(proofs: Iterable[Proof]) -> str:
    """Say when the first piece of evidence expires: per proof its latest, of all the earliest."""
    ends = []
    for proof in proofs:
        found = [fact.value[0] for fact in proof.facts if fact.property == KG.validUntil]
        if found:
            ends.append(max(found))
    return min(ends, default="")
