"""A Pareto front is printed with what each composition reaches."""

from __future__ import annotations

import pytest

from kgservice.cli.request import print_resolution


def row(rank: int, price: str, objectives: dict[str, str]) -> dict[str, object]:
    return {
        "rank": rank,
        "offerings": {"db": f"urn:o{rank}"},
        "titles": {"db": f"Offer {rank}"},
        "configuration": {"db": {}},
        "monthlyPrice": {"amount": price, "currency": "EUR"},
        "wishes": {"met": [], "missed": []},
        "objectives": objectives,
    }


def test_a_front_is_a_table_of_what_is_preferred(capsys: pytest.CaptureFixture[str]) -> None:
    cheap, near = "minimise monthlyPrice", "minimise roundTrip between db web"
    rows = [
        row(1, "20.00", {cheap: "20.00 EUR", near: "9.99 ms"}),
        row(2, "35.00", {cheap: "35.00 EUR", near: ""}),
    ]
    print_resolution({"status": "feasible", "asOf": "2026-12-01", "compositions": rows})
    text = " ".join(capsys.readouterr().out.split())
    for word in ("9.99 ms", "35.00 EUR", "unknown", "Offer 2"):
        assert word in text
    assert text.index("9.99 ms") < text.index("35.00 EUR")
