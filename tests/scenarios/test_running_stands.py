"""What runs stands by itself: its customer is told when it becomes worse, impossible, possible."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.scenarios.change_stage import ChangeStage, Json, change_stage, database
from tests.scenarios.stage import until

pytestmark = pytest.mark.xdist_group("change")
REQUEST = """
request: A database that runs
as-of: "2026-12-01"
components:
  db: {kind: PostgreSQL, storage: ">= 100 GiB"}
prefer: [minimise monthlyPrice]
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangeStage]:
    with change_stage(
        tmp_path_factory.mktemp("stands"), database("alpha-pg", "alpha", "10.00")
    ) as found:
        found.add_worker("alpha")
        yield found


def told(stage: ChangeStage) -> list[Json]:
    found = stage.call("GET", "changes")
    assert isinstance(found, list)
    return found


def kinds(stage: ChangeStage) -> list[str]:
    return [str(event["type"]).rpartition("io.github.kgservice.")[2] for event in told(stage)]


def test_a_service_becomes_worse_impossible_and_possible_again(stage: ChangeStage) -> None:
    stage.provision(REQUEST)
    prices = count(11)

    def dearer() -> bool:
        """Raise the price until it is noticed: the first look is no news."""
        stage.publish(database("alpha-pg", "alpha", f"{next(prices)}.00"))
        return "service.worse" in kinds(stage)

    until(dearer, "a service becomes worse")
    worse = told(stage)[0]
    assert worse["data"]["after"]["offerings"] == {"db": "urn:ngsi-ld:product-offering:alpha-pg"}

    other = database("beta-pg", "beta", "1.00")
    small = database("alpha-pg", "alpha", "10.00", Storage="50 GiB")
    stage.publish(small, other)
    until(lambda: kinds(stage)[-1] == "service.impossible", "it does not meet the request")
    stage.publish(database("alpha-pg", "alpha", "10.00"), other)
    until(lambda: kinds(stage)[-1] == "service.possible", "it meets the request again")
