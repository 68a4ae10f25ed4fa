"""Conditions, values and amounts in words, by templates of `vocab/sentences/*.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from kgservice.model.errors import InputError
from kgservice.model.money import Money, rounded
from kgservice.model.rdf import XSD, Iri, Literal, Term
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.relaxations import Part
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    AtMost,
    Compare,
    Compatible,
    Condition,
    Constraint,
    Different,
    InSet,
    LabelAtLeast,
    NoneOf,
    Operator,
    PairLimit,
    Policy,
    ProductLimit,
    Request,
    Same,
    SumLimit,
)
from kgservice.resolution.values import is_numeric, local_name, number_of, write_value
from kgservice.resolution.yaml_writer import flow, write_part

LANGUAGES = ("en", "nl")
Tables: TypeAlias = Mapping[str, Mapping[str, str]]
_COMPARED = {
    Operator.GE: "at-least",
    Operator.LE: "at-most",
    Operator.GT: "more-than",
    Operator.LT: "less-than",
    Operator.EQ: "equal",
}
_DURATION = re.compile(
    r"^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$"
)
_UNITS = ("year", "month", "day", "hour", "minute", "second")
_LISTED = 5
_TOTALS = (SumLimit, ProductLimit, PairLimit)


@cache
def sentences(language: str) -> Tables:
    """Give the templates of a language.

    Raises:
        InputError: there are none in that language (`language-unknown`).
    """
    if language not in LANGUAGES:
        raise InputError(
            f"Explanations are not written in {language[:20]!r}.",
            code="language-unknown",
            at="?lang",
            hint=f"Use one of: {', '.join(LANGUAGES)}.",
        )
    text = files("kgservice_vocab").joinpath(f"sentences/{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words for the parts of one request, in one language.

    Attributes:
        language: `en` or `nl`.
        request: The request.
        vocabulary: Labels, units, countries.
        titles: What things outside the vocabulary are called, by IRI.
    """

    language: str
    request: Request
    vocabulary: Vocabulary
    titles: Mapping[str, str] = field(default_factory=dict)

    def say(self, section: str, key: str, **fields: object) -> str:
        """Fill in a template."""
        return sentences(self.language)[section][key].format(**fields)

    def listed(self, texts: Sequence[str], last: str = "and") -> str:
        """Join texts as people list them."""
        if len(texts) < 2:
            return "".join(texts)
        return self.say("words", "comma").join(texts[:-1]) + self.say("words", last) + texts[-1]

    def some(self, texts: Sequence[str]) -> str:
        """Name the first few and count the rest."""
        if len(texts) <= _LISTED + 1:
            return self.listed(texts)
        few = self.say("words", "comma").join(texts[:_LISTED])
        return self.say("words", "offerings-more", listed=few, number=len(texts) - _LISTED)

    def price(self, money: Money | None) -> str:
        """Say an amount per month."""
        if money is None:
            return self.say("words", "no-price")
        return self.say("words", "per-month", money=self.money(money))

    def money(self, money: Money) -> str:
        """Say an amount."""
        return self._decimal(str(money))

    def _decimal(self, text: str) -> str:
        return text.replace(".", self.say("words", "decimal"))

    def name(self, iri: Iri) -> str:
        """Say what a term of the vocabulary is called, else its local name."""
        labels = self.vocabulary.labels.get(iri.value, {})
        return labels.get(self.language) or labels.get("en") or local_name(iri)

    def path(self, path: Sequence[PropertyInfo]) -> str:
        """Say what a path leads to."""
        text = self._property(path[0])
        for step in path[1:]:
            text = self.say("conditions", "of", inner=self._property(step), outer=text)
        return text

    def _property(self, info: PropertyInfo) -> str:
        labels = self.vocabulary.labels.get(info.iri.value, {})
        return labels.get(self.language) or labels.get("en") or info.name

    def value(self, value: Term, info: PropertyInfo, currency: str = "") -> str:
        """Say a value of a property."""
        if isinstance(value, Iri):
            return self._node(value, info)
        if not isinstance(value, Literal):
            return ""
        if value.datatype == XSD + "duration":
            return self.duration(value.value)
        if value.datatype == XSD + "boolean":
            return self.say("words", value.value) if value.value in ("true", "false") else ""
        number = number_of(value) if currency else None
        if number is not None:
            return self.money(rounded(number, currency))
        text = write_value(value, info, self.vocabulary)
        return self._decimal(text) if is_numeric(info) else text

    def _node(self, iri: Iri, info: PropertyInfo) -> str:
        if iri.value in self.titles:
            return self.titles[iri.value]
        if iri.value in self.vocabulary.labels:
            return self.name(iri)
        return write_value(iri, info, self.vocabulary)

    def words(self, text: str) -> str:
        """Say a value that is written as a request writes it."""
        parts = text.split(", ")
        return self.listed(
            [self.duration(part) if part.startswith("P") else part for part in parts]
        )

    def duration(self, text: str) -> str:
        """Say an ISO 8601 duration; one that has no words stays as it is."""
        match = _DURATION.match(text)
        if match is None:
            return text
        parts = [
            self.say("units", unit if n == "1" else f"{unit}s", n=n)
            for n, unit in zip(match.groups(), _UNITS, strict=True)
            if n
        ]
        return self.listed(parts) or text

    # -- conditions -------------------------------------------------------------------------------
    def part(self, part: Part) -> str:
        """Say a whole line: what it is about and what it asks."""
        text = self._line(part) if isinstance(part, Constraint) else self._joint(part)
        own = part.policy in (Policy.WARN, Policy.ACCEPT)
        return self.say("conditions", "unknown-allowed", condition=text) if own else text

    def changed(self, part: Part, identity: str) -> str:
        """Say a changed line, which is in the place of the line with that id."""
        return self.part(replace(part, id=identity))

    def _line(self, part: Constraint) -> str:
        what, test = self.path(part.path), self.test(part)
        names = [c.name for c in self.request.components if part.id in _ids(c.constraints)]
        if names:
            return self.say("conditions", "of-component", component=names[0], what=what, test=test)
        return self.say("conditions", "of-every", what=what, test=test)

    def test(self, part: Constraint) -> str:
        """Say what a line asks of what it is about."""
        condition, info = part.condition, part.path[-1]
        if isinstance(condition, Compare):
            value = self.value(condition.value, info, condition.currency)
            return self.say("conditions", _COMPARED[condition.operator], value=value)
        if isinstance(condition, (AnyOf, NoneOf, AllOf)):
            return self._values(condition, info)
        if isinstance(condition, InSet):
            return self.say("conditions", "in-set", set=condition.name)
        if isinstance(condition, LabelAtLeast):
            return self._label(condition)
        return self.say("conditions", "other", tree=self.tree(part))

    def _values(self, condition: Condition, info: PropertyInfo) -> str:
        assert isinstance(condition, (AnyOf, NoneOf, AllOf))  # noqa: S101 - for mypy
        values = [self.value(value, info) for value in condition.values]
        if isinstance(condition, AllOf):
            return self.say("conditions", "all", values=self.listed(values))
        key = "any" if isinstance(condition, AnyOf) else "none"
        key = f"{key}-one" if len(values) == 1 else key
        return self.say("conditions", key, values=self.listed(values, "or"))

    def _label(self, label: LabelAtLeast) -> str:
        level = label.level and self.say("conditions", "label-level", level=self.name(label.level))
        time = label.valid_for and self.say(
            "conditions", "label-time", duration=self.duration(label.valid_for)
        )
        return self.say(
            "conditions",
            "label",
            scheme=self.name(label.scheme),
            level=level or "",
            time=time or "",
        )

    def _joint(self, joint: Part) -> str:
        if isinstance(joint, Compatible):
            return self.say(
                "conditions",
                "compatible",
                giver=joint.giver,
                given=self.path(joint.given),
                taker=joint.taker,
                taken=self.path(joint.taken),
            )
        if not isinstance(joint, (Same, Different, AtMost, *_TOTALS)):
            return self.say("conditions", "joint-other", tree=self.tree(joint))
        components, what = self._components(joint.over), self.path(joint.path)
        if isinstance(joint, _TOTALS):
            test = self.listed(list(self._bounds(joint)))
            what = self.path((joint.measure,)) if isinstance(joint, PairLimit) else what
            key = "pair" if isinstance(joint, PairLimit) else "sum"
            return self.say("conditions", key, what=what, components=components, test=test)
        if isinstance(joint, AtMost):
            n = joint.n
            return self.say("conditions", "at-most-distinct", components=components, n=n, what=what)
        key = "same" if isinstance(joint, Same) else "different"
        return self.say("conditions", key, components=components, what=what)

    def _bounds(self, joint: SumLimit | ProductLimit | PairLimit) -> Iterator[str]:
        info = joint.measure if isinstance(joint, PairLimit) else joint.path[0]
        currency = joint.currency if isinstance(joint, SumLimit) else ""
        for key, name in (("at-least", "minimum"), ("at-most", "limit")):
            bound = getattr(joint, name, None)
            if bound is not None:
                yield self.say("conditions", key, value=self.value(bound, info, currency))

    def _components(self, names: Sequence[str]) -> str:
        if len(names) == len(self.request.components):
            return self.say("words", "every")
        return self.listed(list(names))

    def tree(self, part: Part) -> str:
        """Write a line as YAML has it, on one line."""
        return flow(write_part(part, self.request, self.vocabulary))


def _ids(constraints: Sequence[Constraint]) -> set[str]:
    return {constraint.id for constraint in constraints}
