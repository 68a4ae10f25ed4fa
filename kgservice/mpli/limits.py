"""What the workers of a provider can make: a picked value outside of it is refused at planning."""

from __future__ import annotations

from kgservice.model.errors import Refused
from kgservice.model.rdf import Iri
from kgservice.mpli.application import Application
from kgservice.mpli.bindings import plain
from kgservice.plan import Binding, Json
from kgservice.store.queries import load_query


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
