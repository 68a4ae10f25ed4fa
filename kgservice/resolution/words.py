"""Values, amounts and names in words, by the templates of `vocab/sentences/*.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from kgservice.model.errors import InputError
from kgservice.model.money import Money, rounded
from kgservice.model.rdf import XSD, Iri, Literal, Term
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.request import (
    Request,
)
from kgservice.resolution.values import decimal_text, is_numeric, local_name, number_of, write_value

LANGUAGES = ("en", "nl")
Tables: TypeAlias = Mapping[str, Mapping[str, str]]
_DURATION = re.compile(
    r"^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$"
)
_LONG_NUMBER = re.compile(r"^(\d+\.\d{3,})( .*)?$")
_UNITS = ("year", "month", "day", "hour", "minute", "second")
_LISTED = 5


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
class Words:
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
        return self.listed([self._word(part) for part in text.split(", ")])

    def _word(self, text: str) -> str:
        long = _LONG_NUMBER.match(text)
        if long is None:
            return self.duration(text)
        short = decimal_text(round(Fraction(long.group(1)), 2))
        return self._decimal(short) + (long.group(2) or "")

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
