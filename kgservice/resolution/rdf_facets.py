"""Which terms of SHACL, and of ours, may stand in the property shapes of a request."""

from __future__ import annotations

from kgservice.model.terms import KG, SCHEMA, SH
from kgservice.resolution.conditions import Operator

BOUNDS = {
    SH.minInclusive: Operator.GE,
    SH.maxInclusive: Operator.LE,
    SH.minExclusive: Operator.GT,
    SH.maxExclusive: Operator.LT,
}
FACETS = (
    *BOUNDS,
    SH.hasValue,
    SH.in_,
    SH.not_,
    SH.or_,
    SH.pattern,
    SH.node,
    SH.property,
    KG.ofScheme,
)
UNDERSTOOD = frozenset(
    {
        *FACETS,
        SH.path,
        SH.order,
        SH.datatype,
        SH.minCount,
        SH.maxCount,
        SH.qualifiedValueShape,
        SH.qualifiedMinCount,
        SH.qualifiedMaxCount,
        KG.inSet,
        KG.atLeast,
        KG.validFor,
        KG.ofSchemeVersion,
        KG.unknownPolicy,
        KG.minEvidence,
        KG.goesWith,
        SCHEMA.priceCurrency,
    }
)
