"""Prices, money and durations: exact, and unknown rather than wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgservice.model.duration import Duration, iso_duration, parse_duration
from kgservice.model.errors import InputError
from kgservice.model.money import Money, parse_money, rounded
from kgservice.model.price import PriceComponent, PriceQuestion, PriceType, evaluate

MONTH = parse_duration("P1M")
STORAGE = "urn:storage"
amounts = st.integers(0, 10**7).map(lambda cents: Fraction(cents, 100))


def flat(amount: Fraction, kind: PriceType = PriceType.RECURRING, **more: object) -> PriceComponent:
    return PriceComponent(kind, amount, "EUR", MONTH, **more)  # type: ignore[arg-type]


def per_gib(amount: str, **more: object) -> PriceComponent:
    return flat(Fraction(amount), per_property=STORAGE, **more)


def ask(**asked: int) -> PriceQuestion:
    return PriceQuestion({f"urn:{name}": Fraction(value) for name, value in asked.items()})


@given(st.lists(amounts, min_size=1, max_size=5), st.integers(1, 9))
def test_flat_monthly_prices_add_up_times_instances(parts: list[Fraction], instances: int) -> None:
    price = evaluate([flat(part) for part in parts], PriceQuestion({}, instances))
    assert price.monthly == rounded(sum(parts, Fraction(0)) * instances, "EUR")


@given(st.lists(amounts, min_size=1, max_size=5), st.randoms())
def test_order_of_components_does_not_matter(parts: list[Fraction], random: object) -> None:
    listed = [flat(part) for part in parts]
    turned = list(reversed(listed))
    assert evaluate(listed, ask()) == evaluate(turned, ask())


@given(amounts, st.integers(1, 36))
def test_total_is_term_times_monthly_plus_one_time(amount: Fraction, months: int) -> None:
    parts = [flat(amount), flat(Fraction(100), PriceType.ONE_TIME)]
    price = evaluate(parts, PriceQuestion({}, term=Duration(months, Fraction(0))))
    assert price.one_time == Money("EUR", 100_00)
    assert price.total == rounded(amount * months + 100, "EUR")


def test_price_per_unit_counts_the_asked_quantity() -> None:
    parts = [flat(Fraction(10)), per_gib("0.125", per_quantity=Fraction(10))]
    assert evaluate(parts, ask(storage=100)).monthly == Money("EUR", 11_25)


def test_tier_that_holds_the_quantity_counts() -> None:
    parts = [
        per_gib("0.20", to_quantity=Fraction(100)),
        per_gib("0.10", from_quantity=Fraction(100), to_quantity=Fraction(1000)),
    ]
    assert evaluate(parts, ask(storage=99)).monthly == Money("EUR", 19_80)
    assert evaluate(parts, ask(storage=100)).monthly == Money("EUR", 10_00)
    assert evaluate(parts, ask(storage=1000)).unknown_because == "quantity-out-of-range"


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], "no-price"),
        ([flat(Fraction(1), PriceType.USAGE, per_property=STORAGE)], "no-price"),
        (
            [flat(Fraction(1)), PriceComponent(PriceType.RECURRING, Fraction(1), "USD")],
            "mixed-currencies",
        ),
        ([flat(Fraction(1), tax_included=True)], "tax-included"),
        ([per_gib("0.1")], "quantity-not-asked"),
    ],
)
def test_what_cannot_be_priced_is_unknown_with_its_reason(
    parts: list[PriceComponent], reason: str
) -> None:
    price = evaluate(parts, ask())
    assert (price.monthly, price.unknown_because) == (None, reason)


def test_usage_that_is_not_asked_costs_nothing_beforehand() -> None:
    parts = [flat(Fraction(5)), flat(Fraction(1), PriceType.USAGE, per_property=STORAGE)]
    assert evaluate(parts, ask()).monthly == Money("EUR", 5_00)
    assert evaluate(parts, ask(storage=3)).monthly == Money("EUR", 8_00)


@pytest.mark.parametrize(
    ("period", "cents"), [("P1Y", 10_00), ("P1M", 120_00), ("PT1H", 120 * 730_00), ("P1D", 3650_00)]
)
def test_periods_are_made_months(period: str, cents: int) -> None:
    part = PriceComponent(PriceType.RECURRING, Fraction(120), "EUR", parse_duration(period))
    assert evaluate([part], ask()).monthly == Money("EUR", cents)


def test_ending_before_the_shortest_term_adds_the_penalty() -> None:
    term, longer = Duration(6, Fraction(0)), Duration(12, Fraction(0))
    known = PriceQuestion({}, term=term, minimum_term=longer, penalty=Money("EUR", 50_00))
    unknown = PriceQuestion({}, term=term, minimum_term=longer)
    assert evaluate([flat(Fraction(10))], known).total == Money("EUR", 110_00)
    assert evaluate([flat(Fraction(10))], unknown).unknown_because == "penalty-unknown"


def test_rounding_is_half_to_even_and_happens_once() -> None:
    assert [rounded(Fraction(n, 1000), "EUR").minor for n in (125, 135, 145)] == [12, 14, 14]
    thirds = [flat(Fraction(1, 3))] * 3
    assert evaluate(thirds, ask()).monthly == Money("EUR", 1_00)


@given(st.integers(-(10**9), 10**9), st.sampled_from(["EUR", "JPY", "CHF"]))
def test_money_text_reads_back(minor: int, currency: str) -> None:
    money = Money(currency, minor)
    assert parse_money(str(money)) == money


@pytest.mark.parametrize("text", ["450", "EUR 450", "1.234 EUR", "1.5 JPY", "1e3 EUR", "450 euro"])
def test_odd_money_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_money(text)


def test_months_move_the_calendar_and_days_do_not() -> None:
    start = date(2026, 12, 31)
    assert parse_duration("P2M").after(start) == datetime(2027, 2, 28, tzinfo=UTC)
    assert parse_duration("P60D").after(start) == datetime(2027, 3, 1, tzinfo=UTC)
    assert parse_duration("P1Y2M").after(start) == datetime(2028, 2, 29, tzinfo=UTC)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 300), st.integers(0, 300))
def test_more_months_end_later(start: date, fewer: int, more: int) -> None:
    ends = [Duration(months, Fraction(0)).after(start) for months in sorted((fewer, more))]
    assert ends == sorted(ends)
    assert (ends[0] < ends[1]) == (fewer != more)


@pytest.mark.parametrize(
    ("text", "iso"),
    [("2 months", "P2M"), ("60 days", "P60D"), ("2 weeks", "P14D"), ("P2W", "P14D"), ("P1Y", "P1Y"),
     ("30 minutes", "PT30M"), ("1 hour", "PT1H")],
)  # fmt: skip
def test_durations_that_people_write(text: str, iso: str) -> None:
    assert iso_duration(text) == iso


@pytest.mark.parametrize("text", ["", "P", "PT", "P1", "2 moons", "1M", "P1M2Y", "soon"])
def test_odd_durations_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        iso_duration(text)
