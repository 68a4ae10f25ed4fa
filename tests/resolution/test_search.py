"""The search over bit masks finds what going through all compositions finds."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from random import Random

import numpy as np
import pytest

from kgservice.model.errors import Refused
from kgservice.model.rdf import Literal
from kgservice.resolution import search as search_module
from kgservice.resolution.joint_columns import Numbers, Sets
from kgservice.resolution.joint_tests import JointTests
from kgservice.resolution.judgement import Rules
from kgservice.resolution.options import Option, Table
from kgservice.resolution.request import (
    AtMost,
    Component,
    Different,
    Joint,
    Request,
    Same,
    SumLimit,
)
from kgservice.resolution.search import Search
from tests.resolution.worlds import VOCABULARY

NOTHING = -1
PROVIDER = (VOCABULARY.properties["provider"],)
PRICE = (VOCABULARY.properties["monthlyPrice"],)
KIND = VOCABULARY.classes["PostgreSQL"]
SEED = 4711


def random_joints(random: Random, names: list[str]) -> list[Joint]:
    made: list[Joint] = []
    for number in range(random.randrange(4)):
        over = tuple(random.sample(names, random.randint(2, len(names))))
        name = f"together.{number + 1}"
        limit = Literal(str(random.randint(len(over), len(over) * 6)))
        made.append(
            random.choice(
                [
                    Same(name, PROVIDER, over),
                    Different(name, PROVIDER, over),
                    AtMost(name, PROVIDER, over, random.randint(1, 2)),
                    SumLimit(name, PRICE, over, limit),
                ]
            )
        )
    return made


def random_options(random: Random, joints: list[Joint], sets: Sets, name: str) -> list[Option]:
    is_rough = random.random() < 0.3  # unknown numbers and missed wishes for everybody
    options = []
    for row in range(random.randint(1, 9)):
        price = random.randint(1, 8)
        unknown = is_rough and random.random() < 0.3
        options.append(
            Option(
                row=row,
                offering=row // 2,
                rank=row % 2,
                missed=random.choice([0, 0, 0, 1]),
                missed_every=(is_rough and random.random() < 0.3,),
                order=(0 if unknown else price,),
                is_unknown=(unknown,),
                sets={
                    joint.id: random_set(random, sets)
                    for joint in joints
                    if not isinstance(joint, SumLimit) and name in joint.over
                },
                sums={
                    joint.id: None if unknown else price * 1_000_000
                    for joint in joints
                    if isinstance(joint, SumLimit) and name in joint.over
                },
            )
        )
    return sorted(options, key=lambda o: (o.missed, o.order, o.offering, o.rank))


def random_set(random: Random, sets: Sets) -> int:
    if random.random() < 0.1:
        return NOTHING
    if random.random() < 0.15:
        return sets.number(frozenset(random.sample(range(4), 2)))
    return random.randrange(4)


def table_of(options: list[Option]) -> Table:
    """The options as the search wants them: those of one signature together, the best first."""

    def signature(one: Option) -> tuple[object, ...]:
        known = tuple(number is not None for number in one.sums.values())
        return (*one.sets.items(), one.missed_every, one.is_unknown, known)

    numbers: dict[tuple[object, ...], int] = {}
    for one in options:
        numbers.setdefault(signature(one), len(numbers))
    some = sorted(
        options, key=lambda o: (numbers[signature(o)], o.missed, o.order, o.offering, o.rank)
    )
    first = some[0]

    def column(values: Iterable[object], kind: type = np.int64) -> np.ndarray:
        return np.array(list(values), kind)

    return Table(
        signatures=column(numbers[signature(o)] for o in some),
        rows=column((o.row for o in some), np.int32),
        offerings=column((o.offering for o in some), np.int32),
        ranks=column((o.rank for o in some), np.int32),
        nodes=column((o.node for o in some), np.int32),
        missed=column(o.missed for o in some),
        missed_every=tuple(
            column((o.missed_every[n] for o in some), np.bool_)
            for n in range(len(first.missed_every))
        ),
        order=tuple(column(o.order[n] for o in some) for n in range(len(first.order))),
        is_unknown=tuple(
            column((o.is_unknown[n] for o in some), np.bool_) for n in range(len(first.is_unknown))
        ),
        sets={key: column(o.sets[key] for o in some) for key in first.sets},
        sums={
            key: Numbers(
                column((o.sums[key] is not None for o in some), np.bool_),
                column(o.sums[key] or 0 for o in some),
            )
            for key in first.sums
        },
    )


def tables_of(options: dict[str, list[Option]]) -> dict[str, Table]:
    return {name: table_of(some) for name, some in options.items()}


def brute_force(
    options: dict[str, list[Option]], joints: list[Joint], sets: Sets, strict: bool
) -> list[tuple[int, ...]]:
    """All compositions in order, by the offerings and configurations of the components by name."""
    names = sorted(options)
    found: dict[tuple[int, ...], tuple[tuple[int, ...], tuple[int, ...]]] = {}
    for chosen in product(*(options[name] for name in names)):
        by_name = dict(zip(names, chosen, strict=True))
        if not all(meets(joint, by_name, sets, strict) for joint in joints):
            continue
        missed = sum(o.missed for o in chosen) + any(o.missed_every[0] for o in chosen)
        order = (missed, any(o.is_unknown[0] for o in chosen), sum(o.order[0] for o in chosen))
        offerings = tuple(o.offering for o in chosen)
        entry = (order, tuple(o.rank for o in chosen))
        if offerings not in found or entry < found[offerings]:
            found[offerings] = entry
    ranked = sorted((order, offerings, ranks) for offerings, (order, ranks) in found.items())
    return [(*offerings, *ranks) for _, offerings, ranks in ranked]


def meets(joint: Joint, chosen: dict[str, Option], sets: Sets, strict: bool) -> bool:
    if isinstance(joint, SumLimit):
        numbers = [chosen[name].sums[joint.id] for name in joint.over]
        if strict and None in numbers:
            return False
        return sum(number or 0 for number in numbers) <= int(joint.limit.value) * 1_000_000
    values = [sorted(sets.of(chosen[name].sets[joint.id])) or [None] for name in joint.over]
    return any(value_meets(joint, picked, strict) for picked in product(*values))


def value_meets(joint: Joint, picked: tuple[int | None, ...], strict: bool) -> bool:
    known = [value for value in picked if value is not None]
    absent = len(picked) - len(known)
    if isinstance(joint, AtMost):
        return len(set(known)) + (absent if strict else 0) <= joint.n
    if strict and absent:
        return False
    return len(set(known)) <= 1 if isinstance(joint, Same) else len(set(known)) == len(known)


@pytest.mark.parametrize("batch", range(10))
def test_the_best_compositions_are_those_of_brute_force(batch: int) -> None:
    feasible = 0
    for number in range(60):
        seed = SEED + batch * 60 + number
        random = Random(seed)  # noqa: S311
        names = ["a", "b", "c", "d"][: random.randint(1, 4)]
        sets = Sets()
        joints = random_joints(random, names) if len(names) > 1 else []
        options = {name: random_options(random, joints, sets, name) for name in names}
        lenient = random.random() < 0.4
        components = tuple(Component(name, KIND) for name in names)
        request = Request("", components, together=tuple(joints), iri="urn:request")
        rules = Rules(request, frozenset(joint.id for joint in joints), is_lenient=lenient)
        tests = JointTests(rules, sets, {})
        expected = brute_force(options, joints, sets, strict=not lenient)
        for answers in (1, 3, 10):
            found = Search(tables_of(options), tests, answers).run()
            rows = [
                (*(one[n].offering for n in sorted(names)), *(one[n].rank for n in sorted(names)))
                for one in found
            ]
            assert rows == expected[:answers], f"seed {seed}, {answers} answers"
        assert Search(tables_of(options), tests, 1).is_feasible() is bool(expected), f"seed {seed}"
        feasible += bool(expected)
    assert feasible > 20


def test_a_search_without_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "MAX_STEPS", 2)
    options = {
        name: [
            Option(row, row, 0, 0, (), (row,), (False,), {"together.1": row % 2}, {})
            for row in range(40)
        ]
        for name in "abc"
    }
    joint = Different("together.1", PROVIDER, ("a", "b", "c"))  # three of two values
    components = tuple(Component(name, KIND) for name in "abc")
    request = Request("", components, together=(joint,), iri="urn:request")
    tests = JointTests(Rules(request, frozenset({joint.id})), Sets(), {})
    with pytest.raises(Refused) as refused:
        Search(tables_of(options), tests, 3).run()
    assert refused.value.code == "search-too-large"
