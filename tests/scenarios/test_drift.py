"""What is observed and is not as it was made is told, with a repair that nobody applies unasked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kgservice.jobs.drift import Drift, differences
from tests.scenarios.change_stage import ChangeStage, change_stage, database

pytestmark = pytest.mark.xdist_group("change")
REQUEST = """
request: A database to look after
as-of: "2026-12-01"
components:
  db: {kind: PostgreSQL, storage: ">= 10 GiB", maxConnections: ">= 50", majorVersion: ">= 16"}
prefer: [minimise monthlyPrice]
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangeStage]:
    with change_stage(
        tmp_path_factory.mktemp("drift"), database("alpha-pg", "alpha", "10.00")
    ) as found:
        found.add_worker("alpha")
        yield found


def observe(stage: ChangeStage, service: str, state: str = "done", **facts: object) -> dict:  # type: ignore[type-arg]
    stage.workers["alpha"].facts["observe"] = facts
    job = stage.call("POST", f"services/{service}/observations")
    stage.wait(job["id"], state)
    stage.workers["alpha"].facts.clear()
    return {
        "job": stage.call("GET", f"jobs/{job['id']}"),
        **stage.call("GET", f"services/{service}"),
    }


def test_a_changed_setting_is_an_event_and_a_proposed_repair_and_nothing_is_done(
    stage: ChangeStage,
) -> None:
    service = stage.provision(REQUEST)["db"]
    stage.forget()
    shown = observe(stage, service, maxConnections=20, storage="10", majorVersion=16)
    assert shown["drift"] == [{"setting": "maxConnections", "planned": 50, "observed": 20}]
    assert shown["facts"]["maxConnections"] == 20  # a fact is what was observed
    events = [event for event in shown["job"]["events"] if event["kind"] == "drift"]
    assert len(events) == 1
    assert "maxConnections 20 (made: 50)" in events[0]["message"]
    assert stage.workers["alpha"].verbs() == []  # nothing was done

    plan = stage.call("GET", f"plans/{shown['repair']['plan']}")
    steps = {step["name"]: step for step in plan["steps"]}
    assert steps["adjust"]["input"]["changes"] == {"maxConnections": 50}
    undo = {step["name"]: step for step in plan["undoSteps"]}
    assert undo["undo-adjust"]["input"]["changes"] == {"maxConnections": 20}
    again = stage.call("GET", f"services/{service}")
    assert again["repair"]["plan"] == plan["id"]  # the same proposal, not another one

    stage.workers["alpha"].facts["observe"] = {"maxConnections": 50}
    stage.apply(plan["id"])
    assert stage.workers["alpha"].verbs() == ["adjust"]
    assert "drift" not in stage.call("GET", f"services/{service}")


def test_an_observation_as_it_was_made_is_no_drift(stage: ChangeStage) -> None:
    service = stage.provision(REQUEST)["db"]
    shown = observe(stage, service, maxConnections=50, storage="10.0", dataBytes=123)
    assert "drift" not in shown
    said = stage.service.kg("service", "observe", service)
    assert "as it was made" in said


def test_what_was_adjusted_is_what_is_compared_with(stage: ChangeStage) -> None:
    service = stage.provision(REQUEST)["db"]
    file = stage.folder / "more.json"
    file.write_text('{"maxConnections": 80}')
    stage.service.kg("service", "adjust", service, str(file))
    assert "drift" not in observe(stage, service, maxConnections=80)
    shown = observe(stage, service, maxConnections=50)
    assert shown["drift"] == [{"setting": "maxConnections", "planned": 80, "observed": 50}]
    stage.workers["alpha"].facts["observe"] = {"maxConnections": 50}
    said = stage.service.kg("service", "observe", service, expect=1)
    stage.workers["alpha"].facts.clear()
    assert "maxConnections was made 80, is 50" in said
    assert "kg apply" in said


def test_an_instance_that_is_gone_is_drift_without_a_repair_that_would_lose_data(
    stage: ChangeStage,
) -> None:
    service = stage.provision(REQUEST)["db"]
    stage.workers["alpha"].failing["observe"] = {"class": "permanent", "code": "instance-unknown"}
    try:
        shown = observe(stage, service, "rolled-back")
    finally:
        stage.workers["alpha"].failing.clear()
    assert shown["state"] == "Running"  # what it is to its customer is not the worker's to say
    assert shown["drift"][0]["setting"] == "instance"
    assert "instance-unknown" in shown["drift"][0]["observed"]
    assert shown["repair"]["plan"] is None
    assert "lose its data" in shown["repair"]["reason"]
    assert "drift" not in observe(stage, service)  # it is there again


@pytest.mark.parametrize(
    ("made", "observed", "names"),
    [
        ({"storage": "100"}, {"storage": 100.0}, []),
        ({"storage": "100"}, {"storage": "101"}, ["storage"]),
        ({"extension": ["vector"]}, {"extension": ["plpgsql", "vector"]}, []),
        ({"extension": ["vector"]}, {"extension": ["plpgsql"]}, ["extension"]),
        ({"ipv6": True}, {"ipv6": "true"}, []),
        ({"ipv6": True}, {"ipv6": False}, ["ipv6"]),
        ({"a": 1, "b": "x"}, {"b": "y", "c": 3}, ["b"]),
        ({"a": 1}, {}, []),
        ({"a": 1}, {"a": None}, []),
    ],
)
def test_only_what_was_observed_and_differs_is_drift(
    made: dict[str, object], observed: dict[str, object], names: list[str]
) -> None:
    found = differences(made, observed)  # type: ignore[arg-type]
    assert [one.name for one in found] == names
    assert all(isinstance(one, Drift) for one in found)
