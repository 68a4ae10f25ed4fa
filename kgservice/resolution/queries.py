"""The graph engine's queries for one request, as texts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kgservice.model.rdf import Iri, to_text
from kgservice.model.terms import DCTERMS, KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution.compile import Compiler
from kgservice.resolution.reads import Reads, Way, reads_of
from kgservice.resolution.request import Component, Constraint, Request
from kgservice.resolution.templates import render, values_of
from kgservice.resolution.worked_queries import chains, evident_facts, is_picked, picks
from kgservice.resolution.worked_steps import judged


@dataclass(frozen=True, slots=True)
class Only:
    """Which offerings may be bound to a component: one that is pinned, these, or all."""

    pinned: str = ""
    among: Collection[str] = ()

    @property
    def named(self) -> list[str]:
        """The offerings that are named, in IRI order; empty when all may be bound."""
        return [self.pinned] if self.pinned else sorted(self.among)

    def pattern(self) -> str:
        """Write them as values of ?offering; empty when all may be bound."""
        return values_of("offering", self.named) if self.named else ""


def candidates(request: Request, component: Component, only: Only) -> str:
    """Write the query that makes a component's bindings, on the merged graph."""
    choices = reads_of(request, component).choices
    picks = [f"OPTIONAL {{ ?offering {to_text(c.iri)} ?pick{i} }}" for i, c in enumerate(choices)]
    picked = [f"?binding {to_text(c.iri)} ?pick{i} ." for i, c in enumerate(choices)]
    keys = "".join(f', "\\n", COALESCE(STR(?pick{i}), "")' for i in range(len(choices)))
    identity = f'BIND(CONCAT(STR(?component), "\\n", STR(?offering){keys}) AS ?identity)'
    component_iri = Iri(request.iri_of(component.name))
    text = render(
        "candidates",
        {"request": Iri(request.iri), "kind": component.kind},
        {
            "picked": "\n  ".join(picked),
            "choices": "\n  ".join(picks),
            "only": only.pattern(),
            "identity": identity,
        },
    )
    return text.replace("?component", to_text(component_iri))


def facts(request: Request, component: Component, only: Only) -> list[str]:
    """Write the queries that bring the facts of a component's candidates, on the merged graph."""
    reads = reads_of(request, component)
    nowhere: Way = ()
    ways = [(nowhere, reads.properties), *reads.further]
    found = [
        render(
            "candidate-facts",
            {"kind": component.kind},
            {
                "only": only.pattern(),
                "way": way_to(way),
                "properties": among("property", properties),
            },
        )
        for way, properties in ways
    ]
    return found + [
        evident_facts(
            f"{only.pattern()} ?offering a {to_text(component.kind)} .",
            (way_to(way), evidence, properties),
        )
        for way, evidence, properties in reads.evident
    ]


def way_to(way: Way) -> str:
    """Write the patterns from ?offering to ?node along some properties."""
    if not way:
        return "BIND(?offering AS ?node)"
    names = ["?offering", *(f"?way{i}" for i in range(1, len(way))), "?node"]
    steps = zip(names, way, names[1:], strict=False)
    return " ".join(
        f"{start} {to_text(leg.iri)}{leg.repeated} {end} ." for start, leg, end in steps
    )


def among(variable: str, iris: Iterable[Iri]) -> str:
    """Write the filter that a variable is one of some IRIs."""
    listed = ", ".join(to_text(iri) for iri in sorted(iris))
    return f"FILTER(?{variable} IN ({listed}))"


def all_choices(request: Request) -> list[Iri]:
    """Name the choices that some condition reads, in IRI order."""
    reads: list[Reads] = [reads_of(request, component) for component in request.components]
    return sorted({choice.iri for read in reads for choice in read.choices})


def copied_properties(request: Request) -> set[Iri]:
    """Name the properties whose values a binding has from its offering."""
    reads = [reads_of(request, component) for component in request.components]
    copied = {iri for read in reads for iri in read.properties}
    copied |= {step.iri for read in reads for step in read.worked if not is_picked(step)}
    return copied - {*all_choices(request), DCTERMS.title}


def binding_facts(request: Request) -> str:
    """Write the query that gives each binding its offering's facts, on the scratch store."""
    copied = among("property", copied_properties(request))
    return render("binding-facts", slots={"copied": copied})


def worked_out(request: Request) -> list[str]:
    """Write the queries on the scratch store that complete the facts, in order.

    Chains, then the bindings' facts, then what they pick on enough evidence.
    """
    return around_facts(request, binding_facts(request))


def around_facts(request: Request, text: str) -> list[str]:
    """Put a query for bindings' facts between those for chains and those for evident picks."""
    steps = [step for c in request.components for step in reads_of(request, c).worked]
    return [*chains(steps), text, *picks(steps)]


def bindings(request: Request) -> str:
    """Write the query that lists the bindings and what they pick."""
    return render("bindings", slots={"choices": among("property", all_choices(request))})


def judgement(request: Request, constraint: Constraint, compiler: Compiler) -> str:
    """Write the CONSTRUCT that marks bindings with the verdict on one condition."""
    return render(
        "judge",
        {"constraint": Iri(request.iri_of(constraint.id))},
        judge_slots(request, constraint, compiler),
    )


def judge_slots(request: Request, constraint: Constraint, compiler: Compiler) -> Mapping[str, str]:
    """Write the parts of a query that judges one condition: whose bindings, met, violated."""
    verdict = compiler.verdict(judged(constraint), "?binding")
    owners = [c.name for c in request.components if constraint in request.constraints_of(c)]
    return {
        "components": values_of("component", [request.iri_of(name) for name in owners]),
        "met": f"BIND({verdict.met} AS ?met)",
        "violated": f"BIND({verdict.violated} AS ?violated)",
    }


def path_values(request: Request, path: tuple[PropertyInfo, ...], name: str) -> str:
    """Write the query for the values that a path reaches from a component's bindings."""
    component = Iri(request.iri_of(name))
    return render("path-values", {"component": component}, {"path": one_by_one(path)})


def one_by_one(path: tuple[PropertyInfo, ...], currency: str = "") -> str:
    """Write the patterns from ?binding to ?value; a single property with two values has none."""
    names = ["?binding", *(f"?step{i}" for i in range(1, len(path))), "?value"]
    patterns = []
    for start, step, end in zip(names, path, names[1:], strict=False):
        prop = to_text(step.iri)
        patterns.append(f"{start} {prop} {end} .")
        if step.kind in (ValueKind.SINGLE, ValueKind.CHOICE):
            other = f"?other{len(patterns)}"
            patterns.append(
                f"FILTER NOT EXISTS {{ {start} {prop} {other} FILTER(!sameTerm({end}, {other})) }}"
            )
    if currency:
        money = to_text(KG.currency)
        patterns.append(f'FILTER EXISTS {{ ?binding {money} "{currency}" }}')
        patterns.append(f'FILTER NOT EXISTS {{ ?binding {money} ?c FILTER(?c != "{currency}") }}')
    return "\n  ".join(patterns)
