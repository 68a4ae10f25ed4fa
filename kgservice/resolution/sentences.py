"""Sentences of reasons, in English or Dutch, from the templates of `vocab/sentences/*.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kgservice.model.money import Money, parse_money
from kgservice.model.rdf import Iri
from kgservice.resolution.answer import JsonValue, Resolution
from kgservice.resolution.phrases import Phrases
from kgservice.resolution.reasons import SECTIONS, Reason
from kgservice.resolution.relaxations import Change, Relaxation, part_of
from kgservice.resolution.request import Constraint
from kgservice.resolution.words import sentences

Facts = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells the reasons of one answer.

    Attributes:
        phrases: Words for the parts of its request.
        answer: What the reasons are about.
    """

    phrases: Phrases
    answer: Resolution

    def as_json(self, reasons: Sequence[Reason]) -> list[JsonValue]:
        """Write reasons for machines, each with its sentence."""
        return [
            {"section": one.section, "code": one.code, **one.facts, "text": self.say(one)}
            for one in reasons
        ]

    def text(self, reasons: Sequence[Reason]) -> str:
        """Write all as plain text, by sections."""
        titles = sentences(self.phrases.language)["sections"]
        blocks = []
        for section in SECTIONS:
            own = [one for one in reasons if one.section == section]
            if not own:
                continue
            lines = [f"{_indent(one)}{self.say(one)}" for one in own]
            heading = [] if section == "outcome" else [titles[section]]
            blocks.append("\n".join(heading + (lines if heading else [x.strip() for x in lines])))
        return "\n\n".join(blocks) + "\n"

    def say(self, reason: Reason) -> str:
        """Write one reason as a sentence."""
        special = _SPECIAL.get(reason.code)
        if special is not None:
            return special(self, reason)
        fields = {key: self._field(key, value) for key, value in reason.facts.items()}
        return self.phrases.say("reasons", reason.code, title=self._title(), **fields)

    def _title(self) -> str:
        return self.phrases.request.title

    def _field(self, key: str, value: JsonValue) -> str:
        if key == "price":
            return self.phrases.price(money_of(value))
        if key == "compositions":
            unit = "composition" if value == 1 else "compositions"
            return self.phrases.say("units", unit, n=value)
        return str(value)

    # -- what needs more than filling in ----------------------------------------------------------
    def conditions(self, facts: Facts) -> str:
        """Say the lines that a fact `constraints` names, each with its id."""
        names = facts["constraints"]
        assert isinstance(names, list)  # noqa: S101 - for mypy
        return self.phrases.say("words", "semicolon").join(self.condition(str(n)) for n in names)

    def condition(self, name: str) -> str:
        """Say a line, with its id and where it is written."""
        text = self.phrases.part(part_of(self.phrases.request, name))
        return f"{self.phrases.say('words', 'quote', text=text)} ({self.place(name)})"

    def place(self, name: str) -> str:
        """Give the id of a line, with its number where it has one."""
        line = getattr(part_of(self.phrases.request, name), "line", 0)
        return self.phrases.say("words", "line", name=name, line=line) if line else name

    def _conflict(self, reason: Reason) -> str:
        return self.phrases.say("reasons", reason.code, conditions=self.conditions(reason.facts))

    def _conflict_of_offering(self, reason: Reason) -> str:
        return self.phrases.say(
            "reasons",
            reason.code,
            component=reason.facts["component"],
            conditions=self.conditions(reason.facts),
        )

    def _kind(self, reason: Reason) -> str:
        facts = reason.facts
        component = str(facts["component"])
        return self.phrases.say(
            "reasons", "kind-not-offered", component=component, kind=self.kind_of(component)
        )

    def kind_of(self, component: str) -> str:
        """Say what kind of service a component is."""
        parts = self.phrases.request.components
        return self.phrases.name(next(one.kind for one in parts if one.name == component))

    def _counts(self, reason: Reason) -> str:
        facts = reason.facts
        kind = self.kind_of(str(facts["component"]))
        return self.phrases.say("reasons", "component-counts", kind=kind, **facts)

    def _first_reason(self, reason: Reason) -> str:
        facts = reason.facts
        name = str(facts["constraint"])
        return self.phrases.say(
            "reasons", "first-reason", number=facts["number"], condition=self.condition(name)
        )

    def _missing(self, reason: Reason) -> str:
        facts = reason.facts
        offerings = facts["offerings"]
        assert isinstance(offerings, list)  # noqa: S101 - for mypy
        titles = {one.offering: one.title for one in self.answer.missing}
        listed = [titles.get(str(iri)) or str(iri) for iri in offerings]
        who = str(facts["whoCouldSay"])
        is_scheme = who in self.phrases.vocabulary.level_order
        return self.phrases.say(
            "reasons",
            "missing-label" if is_scheme else "missing",
            who=self.phrases.name(Iri(who)) if is_scheme else self._who(who),
            fact=self._fact(str(facts["fact"])),
            offerings=self.phrases.some(listed),
            why=self.why(str(facts["why"])),
        )

    def _who(self, who: str) -> str:
        if who in ("the request", "the provider"):
            return self.phrases.say("words", who.replace(" ", "-"))
        return self.phrases.titles.get(who) or self._label(who)

    def _label(self, iri: str) -> str:
        known = iri in self.phrases.vocabulary.labels
        return self.phrases.name(Iri(iri)) if known else iri

    def _fact(self, dotted: str) -> str:
        properties = self.phrases.vocabulary.properties
        steps = [properties.get(step) for step in dotted.split(".")]
        known = [step for step in steps if step is not None]
        return self.phrases.path(known) if len(known) == len(steps) else dotted

    def why(self, slug: str) -> str:
        """Say why a fact is not known."""
        table = sentences(self.phrases.language)["why"]
        return table[slug] if slug in table else table["other"].format(why=slug)

    def _relaxation(self, reason: Reason) -> str:
        facts = reason.facts
        number = facts["relaxation"]
        assert isinstance(number, int)  # noqa: S101 - for mypy
        relaxation = self.answer.relaxations[number]
        changes = [self._change(one) for one in relaxation.changes]
        best = relaxation.best
        offerings = [
            self.phrases.say("words", "offering-as", component=name, title=best.titles[name] or iri)
            for name, iri in best.offerings.items()
        ]
        text = self.phrases.say(
            "reasons",
            "relaxation",
            changes=self.phrases.say("words", "stop").join(changes),
            offerings=self.phrases.listed(offerings),
            price=self.phrases.price(best.monthly),
        )
        return f"{text} {self._left_out(relaxation)}".strip()

    def _left_out(self, relaxation: Relaxation) -> str:
        """Say what leaving the lines out would cost, where that differs."""
        price = relaxation.left_out
        if price is None or price == relaxation.best.monthly:
            return ""
        lines = self.phrases.listed([one.constraint for one in relaxation.changes])
        return self.phrases.say(
            "reasons", "left-out-price", lines=lines, price=self.phrases.price(price)
        )

    def _line(self, reason: Reason) -> str:
        facts = reason.facts
        text = str(facts["found"])
        found = self.phrases.words(text) if text else self.phrases.say("words", "nothing")
        unknown = self.why(str(facts["why"])).strip(" ()") or found
        return self.phrases.say(
            "reasons",
            reason.code,
            condition=self.phrases.part(self._part(str(facts["constraint"]))),
            found=found,
            why=unknown,
            verdict=self.phrases.say("words", str(facts["verdict"])),
            constraint=self.place(str(facts["constraint"])),
        )

    def _part(self, name: str) -> Constraint:
        """Give a line, a wish too."""
        return next(one for one in self.phrases.request.all_constraints() if one.id == name)

    def _offering_of(self, reason: Reason) -> str:
        offering, provider = str(reason.facts["offering"]), str(reason.facts["provider"])
        title = self.phrases.titles.get(offering) or offering
        who = self.phrases.titles.get(provider) or provider
        key = "offering-of" if who else "offering-alone"
        return self.phrases.say("reasons", key, title=title, provider=who)

    def _not_of_kind(self, reason: Reason) -> str:
        component = str(reason.facts["component"])
        return self.phrases.say(
            "reasons", reason.code, component=component, kind=self.kind_of(component)
        )

    def _configuration(self, reason: Reason) -> str:
        picked = reason.facts["configuration"]
        assert isinstance(picked, dict)  # noqa: S101 - for mypy
        listed = [f"{self._fact(name)} {value}" for name, value in picked.items()]
        return self.phrases.say("reasons", reason.code, configuration=self.phrases.listed(listed))

    def _before(self, reason: Reason) -> str:
        price = self.phrases.price(money_of(reason.facts.get("price")))
        is_feasible = reason.facts["status"] == "feasible"
        key = "before-feasible" if is_feasible else "before-infeasible"
        outcome = self.phrases.say("reasons", key, price=price)
        return self.phrases.say("reasons", "before", outcome=outcome)

    def _assumed_price(self, reason: Reason) -> str:
        whose = str(reason.facts["whose"]) or self.phrases.say("words", "everybody")
        return self.phrases.say(
            "reasons", reason.code, whose=whose, percent=reason.facts["percent"]
        )

    def _assumed_without(self, reason: Reason) -> str:
        return self.phrases.say("reasons", reason.code, provider=reason.facts["called"])

    def _change(self, change: Change) -> str:
        after = change.after
        found = self.phrases.listed(
            [self.phrases.words(text) for text in dict.fromkeys(change.found.values())]
        )
        fields = {
            "constraint": self.place(change.constraint),
            "from_": self.phrases.part(change.before),
            "what": self.phrases.part(change.before),
            "to": "" if after is None else self.phrases.changed(after, change.constraint),
            "tree": "" if after is None else self.phrases.tree(after),
            "found": self.phrases.say("reasons", "found", found=found) if found else "",
        }
        return self.phrases.say("reasons", f"change-{change.kind}", **fields)


_SPECIAL: Mapping[str, Callable[[Teller, Reason], str]] = {
    "conflict-alone": Teller._conflict,
    "conflict-together": Teller._conflict,
    "conflict-unknown": Teller._conflict,
    "kind-not-offered": Teller._kind,
    "component-counts": Teller._counts,
    "first-reason": Teller._first_reason,
    "missing": Teller._missing,
    "relaxation": Teller._relaxation,
    "line-met": Teller._line,
    "line-violated": Teller._line,
    "line-unknown": Teller._line,
    "line-wish": Teller._line,
    "offering-of": Teller._offering_of,
    "offering-not-of-kind": Teller._not_of_kind,
    "offering-configuration": Teller._configuration,
    "offering-joint": Teller._conflict_of_offering,
    "before": Teller._before,
    "assuming-price": Teller._assumed_price,
    "assuming-without": Teller._assumed_without,
}


_INNER = ("first-reason", "offering-configuration")


def money_of(value: JsonValue) -> Money | None:
    """Read an amount back from its JSON form."""
    if not isinstance(value, dict):
        return None
    return parse_money(f"{value['amount']} {value['currency']}")


def _indent(reason: Reason) -> str:
    return "      " if reason.code in _INNER or reason.code.startswith("line-") else "  - "
