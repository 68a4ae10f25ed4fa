"""What the gate lets pass calls nobody, as the engine itself reads it; ordinary queries pass."""

from __future__ import annotations

import os
import random
import time
from collections import Counter

import pyoxigraph as ox
import pytest

from kgservice.model.errors import InputError
from kgservice.store.federation import Federation
from kgservice.store.gate import check_query
from kgservice.store.sandbox import run_isolated
from kgservice.store.update_text import read_update
from tests.security.random_texts import calling_query, loading_update, valid_query, who_calls

SEED = int(os.environ.get("GATE_SEED", "20261124"))
FEW, MANY = 1500, 40_000


def pairs(number: int, what: str) -> list[tuple[str, str]]:
    rng = random.Random(f"{SEED} {what}")  # noqa: S311
    make = calling_query if what == "query" else loading_update
    return [make(rng) for _ in range(number)]


def passes(text: str, what: str) -> str:
    """Give the text that the engine would get, or nothing."""
    try:
        if what == "query":
            check_query(text)
            return text
        return read_update(text, "http://127.0.0.1:9/graphs/").line
    except InputError:
        return ""


def require_no_call(number: int, what: str) -> Counter[str]:
    tried = pairs(number, what)
    loud = [text for _, text in tried]
    verdicts = list(run_isolated(who_calls, (loud, what == "update"), deadline_s=600))
    for (text, _), verdict in zip(tried, verdicts, strict=True):
        if verdict == "calls":
            assert not passes(text, what), f"seed {SEED}: {text!r}"
    through = [line for text in loud if (line := passes(text, what))]
    again = list(run_isolated(who_calls, (through, what == "update"), deadline_s=600))
    for line, verdict in zip(through, again, strict=True):
        assert verdict != "calls", f"seed {SEED}: {line!r}"
    return Counter(verdicts) + Counter({"passes": len(through)})


@pytest.mark.parametrize("what", ["query", "update"])
def test_what_passes_calls_nobody(what: str) -> None:
    counted = require_no_call(FEW, what)
    assert counted["calls"] > FEW / 20, f"too few texts would call: {counted}"


@pytest.mark.long
@pytest.mark.parametrize("what", ["query", "update"])
def test_what_passes_calls_nobody_in_many_texts(what: str) -> None:
    require_no_call(MANY, what)


def test_ordinary_queries_pass_as_they_are() -> None:
    rng = random.Random(f"{SEED} valid")  # noqa: S311
    nobody, valid = Federation(), 0
    for _ in range(1000):
        text = valid_query(rng)
        try:
            ox.Store().query(text)
        except SyntaxError:
            continue
        valid += 1
        assert nobody.complete(text, time.monotonic() + 60) == text
    assert valid > 700
