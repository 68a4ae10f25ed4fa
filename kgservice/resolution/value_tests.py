"""Two-valued tests of single values, as the engine's expressions make them (`Compiler.test`)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final

from kgservice.model.duration import parse_duration
from kgservice.model.errors import InputError
from kgservice.model.rdf import RDF_LANG_STRING, XSD, XSD_STRING, Literal, Term
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.request import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    InSet,
    Matches,
    NoneOf,
    NotIn,
    Operator,
    Value,
)

COMPARISONS: Final[Mapping[Operator, Callable[[Any, Any], Any]]] = {
    Operator.GE: operator.ge,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.LT: operator.lt,
    Operator.EQ: operator.eq,
}
_DURATION: Final = XSD + "duration"
_TEXT: Final = (XSD_STRING, RDF_LANG_STRING)
_EXACT: Final = (XSD + "integer", XSD + "decimal")


def values_of(condition: Condition, vocabulary: Vocabulary, as_of: date) -> tuple[Value, ...]:
    """Give the values that a condition lists."""
    if isinstance(condition, Compare):
        return (condition.value,)
    if isinstance(condition, (InSet, NotIn)):
        return vocabulary.members(condition.name, as_of)
    return condition.values if isinstance(condition, (AnyOf, AllOf, NoneOf)) else ()


def passes(
    term: Term, condition: Condition, step: PropertyInfo, values: tuple[Value, ...], as_of: date
) -> bool | None:
    """Say whether a value passes; None when only the engine knows how such values compare."""
    if isinstance(condition, Matches):
        return None
    if isinstance(condition, (NoneOf, NotIn)):
        found = _any(Operator.EQ, term, step, values, as_of)
        return None if found is None else not found
    asked = condition.operator if isinstance(condition, Compare) else Operator.EQ
    return _any(asked, term, step, values, as_of)


def _any(
    asked: Operator, term: Term, step: PropertyInfo, values: tuple[Value, ...], as_of: date
) -> bool | None:
    if step.datatype == _DURATION:
        end = _end(term, as_of)
        limits = (_end(value, as_of) for value in values)
        return end is not None and any(COMPARISONS[asked](end, limit) for limit in limits)
    found = [_compared(asked, term, value) for value in values]
    return True if True in found else None if None in found else False


def _end(term: Term, as_of: date) -> datetime | None:
    """Give the moment at which a duration from as-of ends, in whole seconds as in the engine."""
    if not isinstance(term, Literal) or term.datatype != _DURATION:
        return None
    try:
        return parse_duration(term.value).after(as_of).replace(microsecond=0)
    except InputError:
        return None


def _compared(asked: Operator, left: Term, right: Value) -> bool | None:
    if isinstance(left, Literal) and isinstance(right, Literal):
        if left.datatype in _EXACT and right.datatype in _EXACT:
            return _numbers(asked, left, right)
        if left.datatype == right.datatype == XSD_STRING:
            return bool(COMPARISONS[asked](left.value, right.value))
        if asked is Operator.EQ and left.datatype in _TEXT and right.datatype in _TEXT:
            return left == right
        return None
    return left == right if asked is Operator.EQ else None


def _numbers(asked: Operator, left: Literal, right: Literal) -> bool | None:
    try:
        return bool(COMPARISONS[asked](Fraction(left.value), Fraction(right.value)))
    except ValueError:
        return None
