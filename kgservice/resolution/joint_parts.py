"""What is checked of every joint condition, whatever it was written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from kgservice.model.errors import InputError
from kgservice.model.rdf import Literal
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.names import check_sum
from kgservice.resolution.request import Policy

_SHARE: Final = "%"


@dataclass(frozen=True, slots=True)
class Part:
    """What every joint condition has: its id, its own policy, and whether it is a wish."""

    id: str
    policy: Policy | None = None
    is_wish: bool = False


def check_part(part: Part, at: str) -> None:
    """Check that a wish has no policy.

    Raises:
        InputError: it has one (`joint-invalid`).
    """
    if part.is_wish and part.policy is not None:
        raise InputError(
            "A wish has no policy: what is unknown is missed.", code="joint-invalid", at=at
        )


def check_sum_limits(limit: Literal | None, minimum: Literal | None, at: str) -> None:
    """Check the limits of a sum.

    Raises:
        InputError: there is none (`key-missing`), or no number is between them (`joint-invalid`).
    """
    if limit is None and minimum is None:
        raise InputError("A sum has a `max`, a `min` or both.", code="key-missing", at=at)
    if limit and minimum and Fraction(limit.value) < Fraction(minimum.value):
        raise InputError("`max` is less than `min`.", code="joint-invalid", at=at)


def check_product(path: tuple[PropertyInfo, ...], minimum: Literal | None, at: str) -> Literal:
    """Check a product and give its minimum.

    Raises:
        InputError: the property is no share (`joint-invalid`), or `min` is missing or no share.
    """
    check_sum(path, at)
    if path[0].unit != _SHARE:
        raise InputError(
            f"`{path[0].name}` is no share, so a product of it means nothing.",
            code="joint-invalid",
            at=at,
            hint="Shares have the unit `%`, such as `availability`.",
        )
    if minimum is None:
        raise InputError("`min` is missing.", code="key-missing", at=at)
    if not 0 <= Fraction(minimum.value) <= 100:
        raise InputError("`min` is a share from 0 to 100 %.", code="value-invalid", at=at)
    return minimum


def check_ends(measure: PropertyInfo, vocabulary: Vocabulary, at: str) -> tuple[PropertyInfo, ...]:
    """Give the path from a binding to the ends between which a property is measured.

    Raises:
        InputError: it is not measured between two ends (`joint-invalid`).
    """
    name = vocabulary.names_by_iri.get(measure.ends, "")
    if name not in vocabulary.properties:
        raise InputError(
            f"`{measure.name}` is not measured between two components.",
            code="joint-invalid",
            at=at,
            hint="Use a property with kg:measuredAlong, such as `roundTrip`.",
        )
    return (vocabulary.properties[name],)


def check_pair(between: Sequence[str], limit: Literal | None, at: str) -> Literal:
    """Check a pair limit and give its limit.

    Raises:
        InputError: there are not two components (`joint-invalid`), or `max` is missing.
    """
    if len(between) != 2 or between[0] == between[1]:
        raise InputError("`between` names two components.", code="joint-invalid", at=at)
    if limit is None:
        raise InputError("`max` is missing.", code="key-missing", at=at)
    return limit


def check_capacity(path: tuple[PropertyInfo, ...], at: str) -> None:
    """Check that a property says how many instances can be had.

    Raises:
        InputError: it is no whole number without a unit (`joint-invalid`).
    """
    check_sum(path, at)
    if path[0].kind is not ValueKind.SINGLE or path[0].unit or path[0].is_money:
        raise InputError(
            f"`{path[0].name}` does not say how many instances can be had.",
            code="joint-invalid",
            at=at,
        )
