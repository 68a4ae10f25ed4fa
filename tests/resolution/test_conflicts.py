"""Conflicts and corrections of any family of forbidden sets are those of going through all sets."""

from __future__ import annotations

from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from kgservice.model.errors import Refused
from kgservice.resolution.conflicts import MAX_CORRECTION_SIZE, MAX_CORRECTIONS, find_causes

NAMES = ("a", "b", "c", "d", "e", "f", "g")
forbidden = st.lists(
    st.sets(st.sampled_from(NAMES), min_size=1, max_size=4).map(frozenset), min_size=1, max_size=6
)


@given(forbidden)
def test_conflicts_and_corrections_are_minimal_and_complete(family: list[frozenset[str]]) -> None:
    def is_feasible(names: frozenset[str]) -> bool:
        return not any(names >= one for one in family)

    found = find_causes(NAMES, is_feasible)
    subsets = [frozenset(s) for n in range(8) for s in combinations(NAMES, n)]
    conflicts = {s for s in subsets if not is_feasible(s) and _all_smaller(s, is_feasible)}
    rest = frozenset(NAMES)
    corrections = {
        s
        for s in subsets
        if is_feasible(rest - s) and not any(is_feasible(rest - (s - {x})) for x in s)
    }
    assert {frozenset(one) for one in found.conflicts} <= conflicts
    assert found.conflicts
    got = {frozenset(one) for one in found.corrections}
    assert len(got) == len(found.corrections)
    assert got <= corrections
    small = [one for one in corrections if len(one) <= MAX_CORRECTION_SIZE]
    assert len(got) == min(MAX_CORRECTIONS, len(small))
    assert sorted(map(len, got)) == sorted(map(len, small))[:MAX_CORRECTIONS]
    if found.is_exhausted:
        assert len(got) == len(small)
    assert all(one & other for one in got for other in map(frozenset, found.conflicts))
    assert list(found.corrections) == sorted(found.corrections, key=lambda one: (len(one), one))


def _all_smaller(names: frozenset[str], is_feasible) -> bool:  # type: ignore[no-untyped-def]  # noqa: ANN001
    return all(is_feasible(names - {name}) for name in names)


def test_a_conflict_keeps_the_order_of_the_document() -> None:
    family = [frozenset("fb"), frozenset("ga")]
    found = find_causes(NAMES, lambda names: not any(names >= one for one in family))
    assert found.conflicts == (("a", "g"), ("b", "f"))
    assert found.corrections == (("a", "b"), ("a", "f"), ("b", "g"), ("f", "g"))
    assert set(chain(*found.corrections)) == set("abfg")


def test_what_was_found_is_kept_when_a_question_cannot_be_answered() -> None:
    asked = 0

    def is_feasible(names: frozenset[str]) -> bool:
        nonlocal asked
        asked += 1
        if asked > 14:
            raise Refused("too much", code="search-too-large")
        return not (names >= {"a", "b"} or names >= {"c", "d"})

    found = find_causes(NAMES, is_feasible)
    assert found.conflicts
    assert not found.is_exhausted
