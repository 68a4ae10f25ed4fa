"""What a relaxation opens, for people: offerings, what was picked, prices, unknown conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kgservice.model.money import Money
from kgservice.model.rdf import Blank, Iri, Term
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.mpli.engines import SearchEngine
from kgservice.mpli.exploring import Explorer, derived_money
from kgservice.resolution.judgement import BoundOffering, Mark, Rules
from kgservice.resolution.reads import Path, choice_paths
from kgservice.resolution.relaxations import Opened, Part, owners_of
from kgservice.resolution.request import (
    AtMost,
    Component,
    Constraint,
    Different,
    LabelAtLeast,
    Same,
    SumLimit,
)
from kgservice.resolution.values import local_name, write_value

Found = Mapping[str, BoundOffering]
_LEVEL = PropertyInfo(KG.level, "level", ValueKind.FEATURE, range_class=KG.LabelLevel.value)


@dataclass(frozen=True, slots=True)
class Opening:
    """Reads compositions that were found under changed requests."""

    engine: SearchEngine
    explorer: Explorer

    def opened(self, rules: Rules, found: Found) -> Opened:
        """Tell a composition; `rules` are those under which it was found."""
        request = rules.request
        configuration = {}
        for component in self.engine.request.components:
            configuration[component.name] = self.picked(component, found[component.name])
        unknown = {
            constraint.id.partition("~")[0]: None
            for component in request.components
            for constraint in rules.hard(component)
            if self.explorer.mark(found[component.name], constraint.id) is Mark.UNKNOWN
        }
        return Opened(
            offerings={name: binding.offering for name, binding in found.items()},
            configuration=configuration,
            prices=self._prices(found),
            monthly=self.monthly(found),
            unknown=tuple(unknown),
        )

    def picked(self, component: Component, binding: BoundOffering) -> dict[str, str]:
        """Give what a binding picks where the request reads it, as text, by dotted name."""
        shown = {
            ".".join(step.name for step in path): self._text(path, binding)
            for path in choice_paths(self.engine.request, component)
        }
        return {key: text for key, text in shown.items() if text}

    def _prices(self, found: Found) -> dict[str, Money]:
        known = {name: self.explorer.price(binding).monthly for name, binding in found.items()}
        return {name: money for name, money in known.items() if money is not None}

    def monthly(self, found: Found) -> Money | None:
        """Add the components' prices; unknown when one is, or when currencies differ."""
        prices = self._prices(found)
        currencies = {price.currency for price in prices.values()}
        if len(prices) != len(found) or len(currencies) != 1:
            return None
        return Money(currencies.pop(), sum(price.minor for price in prices.values()))

    def shown(self, part: Part, found: Found) -> dict[str, str]:
        """Give what bindings have where a condition reads, as text, by component."""
        if isinstance(part, Constraint):
            is_label = isinstance(part.condition, LabelAtLeast)
            path = (*part.path, _LEVEL) if is_label else part.path
            names: Sequence[str] = owners_of(self.engine.request, part)
        elif isinstance(part, (Same, Different, AtMost, SumLimit)):
            path, names = part.path, part.over
        else:
            return {}
        texts = {name: self._text(path, found[name]) for name in names}
        return {name: text for name, text in texts.items() if text}

    def _text(self, path: Path, binding: BoundOffering) -> str:
        if path[0].is_derived:
            money = derived_money(self.explorer.price(binding), path[0])
            return str(money) if money else ""
        values = self.explorer.values(binding, path)
        return ", ".join(text for value in values if (text := self._shown(value, path)))

    def _shown(self, value: Term, path: Path) -> str:
        if isinstance(value, Blank):
            return ""
        if path[-1] is _LEVEL and isinstance(value, Iri):
            return local_name(value)
        return write_value(value, path[-1], self.engine.vocabulary)
