"""What a move is expected to cost and to take, beside sums written out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_situations import BASE, MADE, NOORDZEE, binding, context, running

from kgservice.model.money import Money
from kgservice.model.terms import KG
from kgservice.plan import (
    ChargeRule,
    CostLine,
    Leaving,
    LeavingTerms,
    MovePath,
    Pace,
    Way,
    best_way,
    from_triples,
    leaving_costs,
    plan_move,
    to_json,
    to_text,
    to_triples,
)

GIB = 2**30
FREE_FROM = date(2027, 1, 12)
RULES = tuple(
    ChargeRule(charge.value, FREE_FROM, Fraction(0), KG.no_switching_charges.value)
    for charge in (KG.switchingCharge, KG.switchingEgressPrice)
)
AMOUNTS = {
    KG.switchingCharge.value: Fraction(25),
    KG.switchingEgressPrice.value: Fraction("0.05"),
    KG.parallelEgressPrice.value: Fraction("0.02"),
    KG.earlyTerminationPenalty.value: Fraction(99),
}


def leaving(day: datetime = MADE, amount: int | None = 100 * GIB, **terms: object) -> Leaving:
    known = {
        "amounts": AMOUNTS,
        "currency": "EUR",
        "minimum_term": "P12M",
        "monthly": Money("EUR", 5750),
        "since": date(2026, 6, 1),
        **terms,
    }
    until = day + timedelta(days=30)
    return Leaving(f"{BASE}service/db-1", LeavingTerms(**known), amount, day, until)  # type: ignore[arg-type]


def amounts(lines: tuple[CostLine, ...]) -> dict[str, str | None]:
    return {line.name: str(line.amount) if line.amount else None for line in lines}


def test_before_the_date_of_the_data_act_the_catalogue_s_charges_count() -> None:
    lines = leaving_costs(leaving(), RULES)
    assert amounts(lines) == {
        "switching": "25.00 EUR",
        "egress": "5.00 EUR",  # 100 GiB at 0.05
        "overlap": "56.71 EUR",  # 57.50 * 30 * 12 / 365
        "penalty": "99.00 EUR",
    }
    assert {line.rule for line in lines} == {""}


def test_from_that_day_on_switching_costs_nothing_and_the_plan_names_the_rule() -> None:
    lines = leaving_costs(leaving(datetime(2027, 1, 12, tzinfo=UTC)), RULES)
    assert amounts(lines)["switching"] == "0.00 EUR"
    assert amounts(lines)["egress"] == "0.00 EUR"
    assert amounts(lines)["penalty"] == "99.00 EUR"  # no switching charge: recital 89
    assert [line.rule for line in lines[:2]] == [KG.no_switching_charges.value] * 2


def test_the_day_before_charges_still_count() -> None:
    lines = leaving_costs(leaving(datetime(2027, 1, 11, 23, 59, tzinfo=UTC)), RULES)
    assert amounts(lines)["switching"] == "25.00 EUR"


def test_parallel_use_pays_its_own_egress_whatever_the_day() -> None:
    both = replace(leaving(datetime(2027, 6, 1, tzinfo=UTC)), is_parallel=True)
    assert amounts(leaving_costs(both, RULES)) == {
        "egress": "2.00 EUR",
        "overlap": "56.71 EUR",
    }


def test_what_the_catalogue_does_not_say_is_unknown_and_never_nothing() -> None:
    lines = leaving_costs(leaving(amounts={}, monthly=None), RULES)
    assert amounts(lines) == dict.fromkeys(("switching", "egress", "overlap", "penalty"))
    assert all("not" in line.because for line in lines)


def test_a_minimum_term_that_is_over_costs_nothing() -> None:
    assert amounts(leaving_costs(leaving(since=date(2025, 1, 1)), RULES))["penalty"] == "0.00 EUR"
    assert amounts(leaving_costs(leaving(since=None), RULES))["penalty"] is None


def path(name: str, rate: int | None, *, fixed: int = 0, conversion: str = "") -> MovePath:
    pace = None if rate is None else Pace(Fraction(rate), Fraction(fixed))
    return MovePath(
        iri=f"urn:path:{name}",
        from_format="qcow2",
        to_format="raw" if conversion else "qcow2",
        giver="urn:w:1",
        taker="urn:w:2",
        conversion=conversion,
        exporting=pace,
        converting=pace if conversion else None,
        importing=pace,
    )


def test_the_gap_adds_up_export_conversion_and_import() -> None:
    converted = path("a", 1000, fixed=2, conversion="urn:c")
    way = best_way("urn:s", [converted], 5000)
    assert way is not None
    assert (way.write_gap, way.work) == ("21.000", "21.000")  # 3 * (2 + 5)
    straight = path("b", 1000, fixed=2)
    assert best_way("urn:s", [converted, straight], 5000).path == straight.iri  # type: ignore[union-attr]


def test_without_a_worker_s_figure_the_gap_is_unknown_and_comes_last() -> None:
    unknown, slow = path("a", None), path("b", 1)
    assert best_way("urn:s", [unknown], 5000).write_gap == ""  # type: ignore[union-attr]
    assert best_way("urn:s", [unknown, slow], 5000).path == slow.iri  # type: ignore[union-attr]
    assert best_way("urn:s", [unknown, slow], None).write_gap == ""  # type: ignore[union-attr]
    assert best_way("urn:s", [], 5000) is None


def test_of_several_workers_on_a_path_the_slowest_counts() -> None:
    quick, slow = path("a", 1000), path("a", 100)
    assert best_way("urn:s", [quick, slow], 1000).write_gap == "20.000"  # type: ignore[union-attr]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.one_of(st.none(), st.integers(1, 10**9)),
            st.integers(0, 100),
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 10**12),
)
def test_the_chosen_way_is_the_quickest_of_all(
    rows: list[tuple[str, int | None, int]], amount: int
) -> None:
    paths = [path(name, rate, fixed=fixed) for name, rate, fixed in rows]
    worst = {
        name: None
        if any(r is None for n, r, _ in rows if n == name)
        else max(2 * (f + Fraction(amount, r)) for n, r, f in rows if n == name and r)
        for name, _, _ in rows
    }
    known = {name: gap for name, gap in worst.items() if gap is not None}
    expected = min(known, key=lambda n: (known[n], n)) if known else min(worst)
    assert best_way("urn:s", paths, amount).path == f"urn:path:{expected}"  # type: ignore[union-attr]


WAY = Way(
    f"{BASE}service/db-1",
    "https://w3id.org/kgservice/move-path/9c",
    "qcow2",
    "raw",
    "https://w3id.org/kgservice/ns#qcow2-to-raw",
    (f"{BASE}worker/a", f"{BASE}worker/b"),
    100 * GIB,
    "2687.100",
    "2687.100",
)


@pytest.mark.parametrize("known", [True, False], ids=["figures", "no-figures"])
def test_a_plan_keeps_and_tells_ways_and_costs(known: bool) -> None:
    way = WAY if known else replace(WAY, write_gap="", work="", carries=None)
    costs = leaving_costs(leaving(amount=None), RULES)
    target = binding("db", NOORDZEE)
    plan = plan_move(running(), target, way, context(made=MADE), costs=costs)
    assert from_triples(reversed(to_triples(plan))) == plan
    shown = to_json(plan)
    assert shown["ways"][0]["expectedWriteGapSeconds"] == ("2687.100" if known else None)  # type: ignore[index,call-overload]
    assert [line["name"] for line in shown["costs"]] == [  # type: ignore[index,call-overload,union-attr]
        "switching",
        "egress",
        "overlap",
        "penalty",
    ]
    text = to_text(plan)
    assert ("2687.100 s" in text) is known
    assert "converted into raw (qcow2-to-raw)" in text
    assert "egress" in text
    assert "not known" in text


def test_the_taking_worker_is_told_to_convert() -> None:
    plan = plan_move(running(), binding("db", NOORDZEE), WAY, context(made=MADE))
    assert plan.step("export").input["format"] == "qcow2"
    assert plan.step("import").input["conversion"] == WAY.conversion
    assert plan.step("import").input["format"] == "raw"
