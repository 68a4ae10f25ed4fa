"""All shapes in which catalogues write prices; what is not understood is unknown, never zero."""

from __future__ import annotations

from pathlib import Path

import pytest
from tmf620_reading import codes, offering, only, prices, read_tree, values


def price(amount: object = None, **members: object) -> dict[str, object]:
    return {
        "priceType": "recurring",
        "recurringChargePeriodType": "monthly",
        "price": {"unit": "EUR", "value": 12.5} if amount is None else amount,
        **members,
    }


STORAGE = {"prodSpecCharValueUse": [{"name": "Storage"}]}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (price(), ("Recurring", "12.5", "P1M", "false")),
        (price({"amount": "12,50", "currency": "eur"}), ("Recurring", "12.5", "P1M", "false")),
        (price({"dutyFreeAmount": {"unit": "EUR", "value": 6},
                "taxIncludedAmount": {"unit": "EUR", "value": 7.2}, "taxRate": 0.2}),
         ("Recurring", "6", "P1M", "false")),
        (price({"taxIncludedAmount": {"unit": "EUR", "value": 7.2}}),
         ("Recurring", "7.2", "P1M", "true")),
        (price(recurringChargePeriodType="MONTHLY", priceType="recurring-prepaid"),
         ("Recurring", "12.5", "P1M", "false")),
        (price(recurringChargePeriodType="YEARLY", recurringChargePeriodLength="2"),
         ("Recurring", "12.5", "P2Y", "false")),
        (price(recurringChargePeriodType="", recurringChargePeriod="1 month"),
         ("Recurring", "12.5", "P1M", "false")),
        (price(priceType=None), ("Recurring", "12.5", "P1M", "false")),
        (price({"unit": "EUR", "value": 0}), ("Recurring", "0", "P1M", "false")),
        (price(priceType="one time", recurringChargePeriodType=None),
         ("OneTime", "12.5", "", "false")),
        (price(percentage=0.0), ("Recurring", "12.5", "P1M", "false")),
        (price({"unit": "EUR", "value": "1.234,50"}), ("Recurring", "1234.5", "P1M", "false")),
    ],
)  # fmt: skip
def test_price_shape_is_read(
    tmp_path: Path, written: dict[str, object], expected: tuple[str, ...]
) -> None:
    found = only(read_tree(tmp_path, offering(productOfferingPrice=[written])))
    (component,) = prices(found)
    names = ("priceType", "amount", "period", "taxIncluded")
    assert tuple(component.get(name, "") for name in names) == expected
    assert component["currency"] == "EUR"
    assert values(found, "currency") == {"EUR"}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ([price({})], "price-on-request"),
        ([price({}, priceType="custom")], "price-on-request"),
        ([price({"unit": "EUR", "value": 1, "amount": 2, "currency": "EUR"})], "price-ambiguous"),
        ([price(), price({"unit": "EUR", "value": 15})], "price-ambiguous"),
        ([price({"unit": "EUR", "value": float("nan")})], "number-invalid"),
        ([price({"unit": "EUR", "value": float("inf")})], "number-invalid"),
        ([price({"unit": "EUR", "value": -1})], "number-invalid"),
        ([price({"unit": "EUR", "value": 10**30})], "number-invalid"),
        ([price({"unit": "EUR", "value": "1,250"})], "number-ambiguous"),
        ([price({"value": 3})], "currency-missing"),
        ([price(recurringChargePeriodType="now and then")], "period-unmapped"),
        ([price(recurringChargePeriodType=None)], "price-unsupported"),
        ([price(percentage=10)], "price-unsupported"),
        ([price(unitOfMeasure={"amount": 1, "units": "seat"})], "price-unsupported"),
        ([price(**STORAGE)], "price-unsupported"),
        ([price(), {"id": "urn:ProductOfferingPrice:gone"}], "link-missing"),
        ([price(), price({}, unitOfMeasure="GiB", **STORAGE)], "price-on-request"),
    ],
)
def test_price_that_is_not_understood_in_full_is_unknown(
    tmp_path: Path, written: list[dict[str, object]], code: str
) -> None:
    found = only(read_tree(tmp_path, offering(productOfferingPrice=written)))
    assert prices(found) == []
    assert code in codes(found)


def test_offering_without_price_has_no_price_and_no_finding_about_it(tmp_path: Path) -> None:
    found = only(read_tree(tmp_path, offering()))
    assert prices(found) == []
    assert not any(code.startswith("price") for code in codes(found))


@pytest.mark.parametrize("unit", ["GiB", "1 GiB", {"amount": 1, "units": "GiB"}])
def test_price_per_gib_counts_by_the_property_that_it_names(tmp_path: Path, unit: object) -> None:
    written = [price(), price({"unit": "EUR", "value": 0.08}, unitOfMeasure=unit, **STORAGE)]
    found = only(read_tree(tmp_path, offering(productOfferingPrice=written)))
    scaled = [one for one in prices(found) if "perProperty" in one]
    assert [(one["perProperty"], one["perUnit"], one["perQuantity"]) for one in scaled] == [
        ("storage", "GiB", "1")
    ]
    assert len(prices(found)) == 2


def test_tiers_keep_their_bounds(tmp_path: Path) -> None:
    def tier(amount: float, start: int, end: int | None) -> dict[str, object]:
        bounds = {"valueFrom": start, "valueTo": end}
        use = {"name": "Storage", "productSpecCharacteristicValue": [bounds]}
        return price(
            {"unit": "EUR", "value": amount}, unitOfMeasure="GiB", prodSpecCharValueUse=[use]
        )

    tree = offering(productOfferingPrice=[tier(0.2, 0, 100), tier(0.1, 100, None)])
    found = prices(only(read_tree(tmp_path, tree)))
    assert {(one["amount"], one["fromQuantity"], one.get("toQuantity")) for one in found} == {
        ("0.2", "0", "100"),
        ("0.1", "100", None),
    }


def test_two_bundles_are_plans_to_choose_from_and_so_ambiguous(tmp_path: Path) -> None:
    def plan(name: str) -> dict[str, object]:
        return {"name": name, "bundledPopRelationship": [price(id=f"urn:p:{name}")]}

    tree = offering(productOfferingPrice=[plan("a"), plan("b")])
    found = only(read_tree(tmp_path, tree))
    assert "price-ambiguous" in codes(found)
    assert prices(found) == []


def test_bundle_that_contains_itself_ends(tmp_path: Path) -> None:
    loop = {"id": "urn:ProductOfferingPrice:l", "priceType": "recurring"}
    loop["bundledPopRelationship"] = [{"id": "urn:ProductOfferingPrice:l"}]  # type: ignore[assignment]
    tree = [offering(productOfferingPrice=[{"id": "urn:ProductOfferingPrice:l"}]), loop]
    assert "link-missing" in codes(only(read_tree(tmp_path, tree)))


def alteration(percentage: object = None, **members: object) -> dict[str, object]:
    share = {} if percentage is None else {"price": {"percentage": percentage}}
    return {"priceType": "discount", **share, **members}


LATER, EARLIER = "2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("alterations", "amount"),
    [
        ([], "12.5"),
        ([alteration(20)], "10"),
        ([alteration(-20)], "10"),
        ([alteration("20 %")], "10"),
        ([alteration(-20, priceType="recurring")], "10"),
        ([alteration(20, priceType="surcharge")], "15"),
        ([alteration(price={"value": 2.5, "unit": "EUR"})], "10"),
        ([alteration(price={"dutyFreeAmount": {"value": -2.5, "unit": "EUR"}})], "10"),
        ([alteration(50), alteration(20)], "5"),
        ([alteration(20, priority=2), alteration(price={"value": 2.5, "unit": "EUR"}, priority=1)],
         "8"),
        ([alteration(20, priority=1), alteration(price={"value": 2.5, "unit": "EUR"}, priority=2)],
         "7.5"),
        ([alteration(100)], "0"),
        ([alteration(20, validFor={"endDateTime": EARLIER})], "12.5"),
        ([alteration(20, validFor={"startDateTime": LATER})], "12.5"),
        ([alteration(20, validFor={"startDateTime": EARLIER, "endDateTime": LATER})], "10"),
    ],
    ids=range(15),
)  # fmt: skip
def test_plain_alterations_are_part_of_the_price(
    tmp_path: Path, alterations: list[dict[str, object]], amount: str
) -> None:
    written = price(priceAlteration=alterations)
    (component,) = prices(only(read_tree(tmp_path, offering(productOfferingPrice=[written]))))
    assert component["amount"] == amount


@pytest.mark.parametrize(
    "alterations",
    [
        [alteration(20, priceType="recurring")],
        [alteration(20, applicationDuration={"amount": 3, "units": "month"})],
        [alteration(20, unitOfMeasure={"amount": 20, "units": "GB"})],
        [alteration(20, recurringChargePeriod="yearly")],
        [alteration(-20, priceType="one time")],
        [alteration(20), alteration(price={"value": 2.5, "unit": "EUR"})],
        [alteration(price={"value": 2.5, "unit": "USD"})],
        [alteration(price={"taxIncludedAmount": {"value": 2.5, "unit": "EUR"}})],
        [alteration(price={"value": 20, "unit": "EUR"})],
        [alteration(120)],
        [alteration("some")],
        [alteration()],
    ],
    ids=range(12),
)
def test_an_alteration_that_is_not_plain_leaves_the_price_unknown(
    tmp_path: Path, alterations: list[dict[str, object]]
) -> None:
    found = only(
        read_tree(tmp_path, offering(productOfferingPrice=[price(priceAlteration=alterations)]))
    )
    assert prices(found) == []
    assert codes(found) & {"price-unsupported", "number-invalid"}
