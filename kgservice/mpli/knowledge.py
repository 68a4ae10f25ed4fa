"""Why a fact that a condition reads is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.mpli.graph_engine import GraphEngine
from kgservice.resolution.judgement import BoundOffering
from kgservice.resolution.reads import Path


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of offerings, for the list of missing facts."""

    titles: Mapping[str, str]
    providers: Mapping[str, str]
    engine: GraphEngine

    def why(self, binding: BoundOffering, path: Path) -> str:
        """Say why a fact is unknown."""
        step = path[0]
        price = self.engine.prices[binding.component][binding.offering]
        if step.is_derived:
            known = {KG.monthlyPrice: price.monthly, KG.oneTimePrice: price.one_time}
            is_known = known.get(step.iri, price.total) is not None
            return "other-currency" if is_known else price.unknown_because
        if step.is_money and self.engine.values(path, binding.component).get(binding.iri):
            return "other-currency"
        if step.kind in (ValueKind.FEATURE, ValueKind.EXPOSURE):
            return "not-complete"
        return "two-values" if self._has_several(binding, step) else "absent"

    def _has_several(self, binding: BoundOffering, step: PropertyInfo) -> bool:
        plain = PropertyInfo(step.iri, step.name, ValueKind.FEATURE)
        return len(self.engine.values((plain,), binding.component).get(binding.iri, ())) > 1
