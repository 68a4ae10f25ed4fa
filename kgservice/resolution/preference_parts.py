"""What is checked of preferences, whatever they were written in."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from kgservice.model.errors import InputError
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.joint_parts import check_ends
from kgservice.resolution.names import check_preference, refuse
from kgservice.resolution.preferences import Extent, Preference, Ranking
from kgservice.resolution.values import decimal_text, is_numeric

_LARGEST_WEIGHT = 10**6


def read_weight(text: str, at: str) -> str:
    """Read what one stored unit counts.

    Raises:
        InputError: it is no number above 0 with at most 6 decimals (`value-invalid`).
    """
    try:
        number = Decimal(text) if len(text) < 20 else Decimal(0)
    except InvalidOperation:
        number = Decimal(0)
    is_fit = number.is_finite() and 0 < number <= _LARGEST_WEIGHT
    if not is_fit or number != round(number, 6):
        raise InputError(
            f"{text!r} is not a weight.",
            code="value-invalid",
            at=at,
            hint="Write a number above 0 with at most 6 decimals: what one unit counts.",
        )
    return decimal_text(number)


def check_number(
    info: PropertyInfo, between: Sequence[str], vocabulary: Vocabulary, at: str
) -> tuple[PropertyInfo, ...]:
    """Check what a preference reads, and give the path to the ends between which it is measured.

    Raises:
        InputError: it is no number of each component, or not measured between two.
    """
    if not between:
        check_preference(info, at)
        return ()
    if len(set(between)) != 2 or len(between) != 2:
        raise InputError(
            "A measured property is preferred between two components.",
            code="preference-invalid",
            at=at,
            hint="Write `minimise roundTrip between db web`.",
        )
    return check_ends(info, vocabulary, at)


def check_ranking(prefer: Sequence[Preference], ranking: Ranking, at: str) -> None:
    """Check that preferences can rank together.

    Raises:
        InputError: a weighted property is no number, or one good component would do
            (`preference-invalid`).
        NotSupported: it reads more than a sum, and no front is asked for.
    """
    for one in prefer:
        is_worst = one.is_maximise is (one.extent is Extent.HIGHEST or bool(one.between))
        if not one.is_sum() and is_worst:
            raise InputError(
                f"`{one.text()}` would ask for one good component among bad ones.",
                code="preference-invalid",
                at=at,
                hint="Use `maximise lowest` or `minimise highest`.",
            )
        if ranking is Ranking.WEIGHTS and not is_numeric(one.property):
            raise InputError(
                f"`{one.property.name}` is no number that could be weighted.",
                code="preference-invalid",
                at=at,
            )
        if ranking is not Ranking.PARETO and not one.is_sum():
            refuse(f"`{one.text()}` outside `pareto`", at)


def check_no_wishes(wishes: Sequence[str], ranking: Ranking, at: str) -> None:
    """Check that nothing but preferences ranks on a Pareto front.

    Raises:
        NotSupported: there is a wish.
    """
    if ranking is Ranking.PARETO and wishes:
        refuse(f"the wish `{wishes[0]}` beside `pareto`", at, "Make it a condition.")
