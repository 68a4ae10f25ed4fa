"""The answer as RDF: compositions, bindings, verdicts and proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from kgservice.model.rdf import RDF, XSD, Iri, Literal, Triple, to_text, typed
from kgservice.model.terms import KG, PROV
from kgservice.resolution.answer import ResolvedComposition
from kgservice.resolution.judgement import BoundOffering, Mark
from kgservice.resolution.proofs import Fact, Proof
from kgservice.resolution.request import Request
from kgservice.resolution.values import decimal_text

_TYPE = Iri(RDF + "type")
_PREDICATES = {Mark.MET: KG.met, Mark.VIOLATED: KG.violated, Mark.UNKNOWN: KG.unknown}


def composition_iri(request: Request, rank: int) -> str:
    """Give the node of a composition."""
    return f"{request.iri}/c{rank}"


def composition_core(
    request: Request, found: Sequence[Mapping[str, BoundOffering]]
) -> list[Triple]:
    """Write what makes a composition: its rank and its bindings."""
    triples = []
    for rank, bindings in enumerate(found, start=1):
        node = Iri(composition_iri(request, rank))
        triples.append(Triple(node, _TYPE, KG.Composition))
        triples.append(Triple(node, KG.rank, typed(rank)))
        triples += [Triple(node, KG.binds, Iri(binding.iri)) for binding in bindings.values()]
    return triples


def policy_facts(request: Request) -> list[Triple]:
    """Write each condition's effective policy and which conditions are wishes."""
    triples = []
    for part in (*request.all_constraints(), *request.together):
        policy = Iri(KG.NS + request.policy_of(part).value.capitalize())
        triples.append(Triple(Iri(request.iri_of(part.id)), KG.unknownPolicy, policy))
    triples += [
        Triple(Iri(request.iri), KG.wish, Iri(request.iri_of(constraint.id)))
        for constraint in (*request.all_constraints(), *request.together)
        if constraint.is_wish
    ]
    return triples


def mark_triples(request: Request, node: str, verdicts: Mapping[str, Mark]) -> list[Triple]:
    """Write verdicts on a binding or a composition."""
    return [
        Triple(Iri(node), _PREDICATES[mark], Iri(request.iri_of(name)))
        for name, mark in sorted(verdicts.items())
    ]


def composition_details(composition: ResolvedComposition) -> list[Triple]:
    """Write a composition's price, missed wishes and the graphs that it rests on."""
    node = Iri(composition.iri)
    triples = [Triple(node, KG.missedWishes, typed(len(composition.missed_wishes)))]
    if composition.monthly is not None:
        amount = decimal_text(Decimal(composition.monthly.amount))
        triples.append(Triple(node, KG.monthlyPrice, Literal(amount, XSD + "decimal")))
        triples.append(Triple(node, KG.currency, typed(composition.monthly.currency)))
    triples += [Triple(node, PROV.wasDerivedFrom, Iri(graph)) for graph in composition.uses]
    return triples


def proof_triples(request: Request, composition: str, proofs: Iterable[Proof]) -> list[Triple]:
    """Write a composition's proofs; a fact's node is named by its content."""
    triples = []
    for number, proof in enumerate(proofs, start=1):
        node = Iri(f"{composition}/proof#{number}")
        triples.append(Triple(Iri(composition), KG.proof, node))
        triples.append(Triple(node, _TYPE, KG.Proof))
        triples.append(Triple(node, KG.proves, Iri(request.iri_of(proof.constraint))))
        triples.append(Triple(node, PROV.used, Iri(proof.binding)))
        for fact in proof.facts:
            name = _fact_iri(request, fact)
            triples.append(Triple(node, KG.fact, name))
            triples += _fact_triples(name, fact)
    return triples


def _fact_iri(request: Request, fact: Fact) -> Iri:
    text = " ".join(to_text(term) for term in (fact.subject, fact.property, fact.value))
    return Iri(f"{request.iri}/fact/{hashlib.sha256(text.encode()).hexdigest()[:16]}")


def _fact_triples(name: Iri, fact: Fact) -> list[Triple]:
    triples = [
        Triple(name, _TYPE, Iri(RDF + "Statement")),
        Triple(name, Iri(RDF + "subject"), fact.subject),
        Triple(name, Iri(RDF + "predicate"), fact.property),
        Triple(name, Iri(RDF + "object"), fact.value),
    ]
    for source in fact.sources:
        triples.append(Triple(name, PROV.wasDerivedFrom, Iri(source.graph)))
        if source.issuer:
            triples.append(Triple(name, PROV.wasAttributedTo, Iri(source.issuer)))
    return triples
