"""What no feasible composition costs more than: a limited sum of what is to be least."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kgservice.resolution.joint_tests import JointTests
from kgservice.resolution.joint_totals import Direction, Total, totals_of
from kgservice.resolution.options import Table
from kgservice.resolution.ranking import Ranking


def ceiling(ranking: Ranking, tables: Mapping[str, Table], tests: JointTests) -> int | None:
    """Give the highest cost that limits on sums allow; None when they allow any.

    A limit says so when what it adds up over all components is what the order reads first:
    `sum: {of: monthlyPrice, max: …}` with `prefer: [minimise monthlyPrice]`. Where nothing is
    within the limit, the search then ends at the first thing that it looks at.
    """
    limits = [
        total.limit
        for joint in tests.rules.joint()
        for total in totals_of(joint)
        if total.direction is Direction.MAXIMUM and _is_order(total, tables)
    ]
    if not limits:
        return None
    most_missed = sum(int(table.missed.max(initial=0)) for table in tables.values())
    most_missed += len(tests.rules.joint_wishes())
    return ranking.highest(min(limits), most_missed)


def _is_order(total: Total, tables: Mapping[str, Table]) -> bool:
    """Say whether a sum adds up the very numbers that the order reads first."""
    if set(total.over) != set(tables):
        return False
    for table in tables.values():
        numbers = table.sums[total.joint.id]
        known = np.where(numbers.known, numbers.values, 0)
        if not table.order or not np.array_equal(known, table.order[0]):
            return False
    return True
