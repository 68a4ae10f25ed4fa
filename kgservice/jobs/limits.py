"""What a worker says that it is limited to, as statements about the worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kgservice.model.rdf import Iri, Triple, is_valid_iri, typed
from kgservice.model.terms import KG
from kgservice.store.vocabulary import load_vocabulary

MAX_LIMITS = 100
"""Properties that a registration may limit, and values of each."""

Limits = Mapping[str, tuple[str | int, ...]]

_OTHERS = frozenset(
    (
        KG.provider,
        KG.headquarters,
        KG.parent,
        KG.owner,
        KG.label,
        KG.certificate,
        KG.price,
        KG.importFormat,
        KG.exportFormat,
    )
)
"""What a worker cannot be limited to: it is said of others, or elsewhere in the registration."""


def packaged_properties() -> dict[str, Iri]:
    """Give the properties of the packaged vocabulary by their names in requests."""
    return {name: info.iri for name, info in load_vocabulary().properties.items()}


def limit_triples(node: Iri, limits: Limits, properties: Mapping[str, Iri]) -> Iterator[Triple]:
    """Write limits as statements about a worker."""
    for name, values in limits.items():
        for value in values:
            is_iri = isinstance(value, str) and is_valid_iri(value)
            term = Iri(str(value)) if is_iri else typed(value)
            yield Triple(node, properties[name], term)


def wrong_limits(limits: Limits, properties: Mapping[str, Iri]) -> Iterator[str]:
    """Complain of limits that name no property of the vocabulary, or hold what none can have.

    Any other name would become a statement too: `forProvider` would let a worker be chosen for
    the tasks of another provider.
    """
    if max([len(limits), *map(len, limits.values())]) > MAX_LIMITS:
        yield f"there are more than {MAX_LIMITS} limits, or values of one"
    for name, values in limits.items():
        if name not in properties or properties[name] in _OTHERS:
            yield f"{name!r} is not a property that a worker can be limited to"
        if any(isinstance(value, str) and not value.isprintable() for value in values):
            yield f"a value of {name!r} holds control characters"
        if any(isinstance(value, int) and abs(value) >= 2**63 for value in values):
            yield f"a value of {name!r} is too large"
