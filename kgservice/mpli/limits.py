"""What the workers of a provider can make: a picked value outside of it is refused at planning."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from kgservice.model.errors import Refused
from kgservice.model.rdf import Iri
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.mpli.application import Application
from kgservice.mpli.bindings import plain
from kgservice.plan import Binding, Json
from kgservice.resolution.values import is_numeric
from kgservice.store.queries import load_query


def require_sold(application: Application, binding: Binding, changes: Mapping[str, Json]) -> None:
    """Refuse a change beyond what the offering says that it has; what it does not say is open.

    A number that is asked for is a lower bound, anything else must be among the values.

    Raises:
        Refused: the offering has less, or other things (`not-offered`).
    """
    for name, asked in changes.items():
        info = application.vocabulary.properties[name]
        terms = {"offering": Iri(binding.offering), "property": info.iri}
        has = [plain(row["value"]) for row in application.store.read(load_query("offered", terms))]
        lacking = [
            one
            for one in (asked if isinstance(asked, list) else [asked])
            if has and not any(_covers(value, one, info) for value in has)
        ]
        if lacking:
            shown = ", ".join(sorted(str(value) for value in has))
            raise Refused(
                f"{binding.component}: the offering has {name} {shown} {info.unit}".rstrip()
                + f", not {lacking[0]}.",
                code="not-offered",
                at=f"/{name}",
                hint="Ask for less, or move to an offering that has it (`kg service move`).",
            )


def _covers(value: Json, asked: Json, info: PropertyInfo) -> bool:
    if not is_numeric(info) or info.kind is ValueKind.CHOICE:
        return value == asked
    return Decimal(str(value)) >= Decimal(str(asked))


def require_within_limits(application: Application, binding: Binding) -> Binding:
    """Give the binding back when some worker of its provider can make what was picked.

    A property that a worker does not limit is free; a provider without any worker is left to the
    plan's own check.

    Raises:
        Refused: every worker is limited to other values (`no-worker`).
    """
    limits = _limits(application, binding)
    if not limits or any(_misfits(one, binding) == [] for one in limits.values()):
        return binding
    misfits = [name for one in limits.values() for name in _misfits(one, binding)]
    name = misfits[0]
    able = sorted({str(value) for one in limits.values() for value in one.get(name, ())})
    raise Refused(
        f"{binding.component}: no worker at <{binding.provider}> makes {name}"
        f" {binding.requirements[name]}; they make {', '.join(able)}.",
        code="no-worker",
        at=binding.component,
        hint=f"Ask for another {name}, or choose another provider.",
    )


def _limits(application: Application, binding: Binding) -> dict[str, dict[str, list[Json]]]:
    parameters = {"provider": Iri(binding.provider), "kind": Iri(binding.kind)}
    names = application.vocabulary.names_by_iri
    found: dict[str, dict[str, list[Json]]] = {}
    for row in application.store.read(load_query("worker-limits", parameters)):
        name = names.get(row["property"][0])
        if name is not None:
            worker = found.setdefault(row["worker"][0], {})
            worker.setdefault(name, []).append(plain(row["value"]))
    return found


def _misfits(limits: dict[str, list[Json]], binding: Binding) -> list[str]:
    return [
        name
        for name, values in limits.items()
        if name in binding.requirements and binding.requirements[name] not in values
    ]
