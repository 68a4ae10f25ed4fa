"""Missing facts: which offerings would do if something were known, and who could say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from kgservice.resolution.answer import Missing
from kgservice.resolution.judgement import BoundOffering, Marks, Rules, unknown_facts
from kgservice.resolution.reads import Path
from kgservice.resolution.request import Constraint, LabelAtLeast

MAX_MISSING = 200


class Knowledge(Protocol):
    """What is known of offerings."""

    @property
    def titles(self) -> Mapping[str, str]:
        """Offering to title."""
        ...

    @property
    def providers(self) -> Mapping[str, str]:
        """Offering to provider."""
        ...

    def why(self, binding: BoundOffering, path: Path) -> str:
        """Say why a fact is unknown."""
        ...


def missing_facts(
    rules: Rules,
    bindings: Mapping[str, Sequence[BoundOffering]],
    marks: Marks,
    known: Knowledge,
) -> tuple[Missing, ...]:
    """List what is not known of offerings that would do but for it, at most `MAX_MISSING`."""
    found: dict[tuple[str, str], Missing] = {}
    for component in rules.request.components:
        for binding, constraint in unknown_facts(component, bindings[component.name], marks, rules):
            key = (binding.offering, constraint.name)
            if key not in found and len(found) < MAX_MISSING:
                why = known.why(binding, constraint.path)
                found[key] = Missing(
                    offering=binding.offering,
                    title=known.titles.get(binding.offering, ""),
                    fact=constraint.name,
                    who_could_say=_who(constraint, binding, known, why),
                    why=why,
                )
    return tuple(found[key] for key in sorted(found))


_ASKER_SAYS = ("quantity-not-asked", "no-term")


def _who(constraint: Constraint, binding: BoundOffering, known: Knowledge, why: str) -> str:
    """A label is granted by its scheme's rules; most else the provider can state."""
    if why in _ASKER_SAYS:
        return "the request"
    if isinstance(constraint.condition, LabelAtLeast):
        return constraint.condition.scheme.value
    return known.providers.get(binding.offering, "the provider")
