"""Preferences read from statements."""

from __future__ import annotations

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, Literal, Term
from kgservice.model.terms import KG, RDF
from kgservice.resolution.joint_from_rdf import Reading
from kgservice.resolution.names import refuse
from kgservice.resolution.preference_parts import check_number, check_ranking, read_weight
from kgservice.resolution.preferences import Extent, Preference, Ranking
from kgservice.resolution.rdf_graph import Node

_RANKINGS = {KG.Weighted: Ranking.WEIGHTS, KG.ParetoFront: Ranking.PARETO}
_EXTENTS = {KG.Lowest: Extent.LOWEST, KG.Highest: Extent.HIGHEST}
_TERMS = frozenset({KG.of, KG.extent, KG.between, KG.weight})


def read_rdf_preferences(reader: Reading, node: Node) -> tuple[tuple[Preference, ...], Ranking]:
    """Read kg:prefer and kg:ranking of a request.

    Raises:
        InputError: a preference is none, or they cannot rank together.
        NotSupported: a preference has no direction, or reads more than a sum outside a front.
    """
    term = node.one(KG.ranking)
    if term is not None and (not isinstance(term, Iri) or term not in _RANKINGS):
        refuse(f"the ranking `{term[0]}`", node.at, "Use kg:Weighted or kg:ParetoFront.")
    ranking = _RANKINGS[term] if isinstance(term, Iri) else Ranking.LEXICOGRAPHIC
    listed = reader.graph.items(node.one(KG.prefer))
    prefer = tuple(_preference(reader, reader.graph.node(one), ranking) for one in listed)
    check_ranking(prefer, ranking, node.at)
    return prefer, ranking


def _preference(reader: Reading, node: Node, ranking: Ranking) -> Preference:
    node.check(_TERMS)
    (info,) = reader.shapes.path_of([t for t in [node.one(KG.of)] if t], node)
    listed = reader.graph.items(node.one(KG.between))
    between = tuple(reader.component_of(term, node) for term in listed)
    path = check_number(info, between, reader.shapes.vocabulary, node.at)
    types = node.all(RDF.type)
    if (KG.Minimise in types) == (KG.Maximise in types):
        refuse("a preference that is neither kg:Minimise nor kg:Maximise", node.at)
    weight = node.one(KG.weight)
    if (weight is not None) is not (ranking is Ranking.WEIGHTS):
        raise InputError(
            "kg:weight goes with `kg:ranking kg:Weighted`, on each preference.",
            code="preference-invalid",
            at=node.at,
        )
    text = "" if weight is None else _weight(weight, node)
    return Preference(info, KG.Maximise in types, text, _extent(node), between, path)


def _weight(term: Term, node: Node) -> str:
    return read_weight(term.value if isinstance(term, Literal) else "", node.at)


def _extent(node: Node) -> Extent:
    term = node.one(KG.extent)
    if term is None:
        return Extent.SUM
    if not isinstance(term, Iri) or term not in _EXTENTS:
        raise InputError(
            "kg:extent is kg:Lowest or kg:Highest.", code="preference-invalid", at=node.at
        )
    return _EXTENTS[term]
