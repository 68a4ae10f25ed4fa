"""A plan as JSON for the API, and as text for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kgservice.model.terms import KG
from kgservice.plan.costs import CostLine, total
from kgservice.plan.values import Json, Plan, Step
from kgservice.plan.ways import Way

_ACTIONS = {
    KG.Provisioning: "provision",
    KG.Move: "move",
    KG.Adjustment: "adjust",
    KG.Ending: "end",
    KG.Rehearsal: "rehearse",
    KG.Observation: "observe",
}
_MARKS = {
    KG.Provision: "+",
    KG.Adjust: "~",
    KG.Erase: "-",
    KG.End: "-",
    KG.CutOver: "!",
}


def to_json(plan: Plan) -> dict[str, Json]:
    """Give the plan as a JSON object (camelCase); what is empty is left out."""
    document: dict[str, Json] = {
        "id": plan.id,
        "iri": plan.iri,
        "action": _ACTIONS[plan.action],
        "customer": plan.customer,
        "made": plan.made,
        "expires": plan.expires,
        "composition": plan.composition,
        "service": plan.service,
        "cost": plan.cost,
        "uses": {graph: version for graph, version in sorted(plan.uses.items())},
        "clocks": [
            {"name": c.name, "service": c.service, "period": c.period, "endsAt": c.ends_at}
            for c in plan.clocks
        ],
        "ways": [_way_json(way) for way in plan.ways],
        "costs": [_cost_json(line) for line in plan.costs],
        "steps": [_step_json(step) for step in plan.steps],
        "undoSteps": [_step_json(step) for step in plan.undo_steps],
    }
    return {name: value for name, value in document.items() if value not in ("", [], {})}


def _way_json(way: Way) -> dict[str, Json]:
    return {
        "service": way.service,
        "path": way.path,
        "fromFormat": way.from_format,
        "toFormat": way.to_format or way.from_format,
        "conversion": way.conversion or None,
        "workers": list(way.workers),
        "bytes": way.carries,
        "expectedWriteGapSeconds": way.write_gap or None,
        "expectedWorkSeconds": way.work or None,
    }


def _cost_json(line: CostLine) -> dict[str, Json]:
    money = line.amount
    return {
        "name": line.name,
        "amount": None if money is None else {"amount": money.amount, "currency": money.currency},
        "because": line.because,
        "service": line.service,
        "rule": line.rule or None,
    }


def _step_json(step: Step) -> dict[str, Json]:
    document: dict[str, Json] = {
        "name": step.name,
        "verb": step.verb.value.removeprefix(KG.NS).lower(),
        "component": step.component,
        "service": step.service,
        "offering": step.offering,
        "provider": step.provider,
        "kind": step.kind,
        "after": list(step.after),
        "undo": step.undo,
        "input": dict(step.input),
        "notBefore": step.not_before,
        "waits": step.waits,
        "leadsTo": step.leads_to,
    }
    shown = {name: value for name, value in document.items() if value not in ("", [], {})}
    if step.point_of_no_return:
        shown["pointOfNoReturn"] = True
    return shown


def to_text(plan: Plan, titles: Mapping[str, str] | None = None) -> str:
    """Write the plan for people: one line per step, with what it waits for and its undo.

    `titles` gives names for IRIs of providers and offerings; others are shown as IRIs.
    """

    def title(iri: str) -> str:
        return (titles or {}).get(iri) or f"<{iri}>"

    subject = plan.service or plan.composition
    lines = [f"Plan {plan.id}: {_ACTIONS[plan.action]} {subject}".rstrip(), ""]
    width = max(len(step.name) for step in plan.steps)
    for step in plan.steps:
        lines.append(_line(plan, step, width, title))
    counts = {mark: sum(_MARKS.get(s.verb) == mark for s in plan.steps) for mark in "+~-"}
    lines += [
        "",
        f"{len(plan.steps)} steps: {counts['+']} to make, {counts['~']} to change,"
        f" {counts['-']} to destroy.",
    ]
    if plan.cost:
        lines.append(f"Cost: {plan.cost}.")
    lines += [_way_text(way) for way in plan.ways]
    lines += _cost_texts(plan.costs)
    for clock in plan.clocks:
        lines.append(
            f"Legal clock: {clock.name} {clock.period}, until {clock.ends_at} at the earliest"
            f" ({clock.service.rsplit('/', 1)[-1]})."
        )
    lines.append(f"It may be applied until {plan.expires}.")
    return "\n".join(lines) + "\n"


def _way_text(way: Way) -> str:
    name = way.service.rsplit("/", 1)[-1]
    how = way.from_format
    if way.conversion:
        how += f", converted into {way.to_format} ({way.conversion.rsplit('#', 1)[-1]})"
    if not way.write_gap:
        return f"Way of {name}: {how}; the write gap is not known (no worker's figures)."
    return (
        f"Way of {name}: {how}; expected write gap {way.write_gap} s for at most"
        f" {way.carries} bytes; workers are busy for {way.work} s."
    )


def _cost_texts(lines: Sequence[CostLine]) -> list[str]:
    if not lines:
        return []
    found = [
        f"  {line.name.ljust(10)} {str(line.amount or 'not known').rjust(14)}   {line.because}"
        for line in lines
    ]
    known, unknown = total(lines)
    said = f"Beside the price it costs {known or 'an amount that is not known'}"
    said += f", and {unknown} more that is not known:" if unknown and known else ":"
    return [said, *found]


def _line(plan: Plan, step: Step, width: int, title: Callable[[str], str]) -> str:
    mark = _MARKS.get(step.verb, " ")
    where = "" if step.verb == KG.CutOver else f"at {title(step.provider)}"
    if step.verb in (KG.Provision, KG.CutOver):
        where += f" → {title(step.offering)}"
    notes = []
    if step.undo:
        undo = plan.step(step.undo)
        notes.append(f"undo: {undo.verb.value.removeprefix(KG.NS).lower()}")
    if step.point_of_no_return:
        notes.append("point of no return")
    if step.not_before:
        notes.append(f"not before {step.not_before} unless you consent")
    if step.waits:
        notes.append(f"{step.waits} later unless you consent")
    note = f"   [{'; '.join(notes)}]" if notes else ""
    after = f" after {', '.join(step.after)}" if step.after else ""
    return f"  {mark} {step.name.ljust(width)}  {where.strip()}{after}{note}"
