"""A way out is kept for services that ask for one: planned, renewed, and rehearsed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.change_stage import NS, ChangeStage, change_stage, database, provider

pytestmark = pytest.mark.xdist_group("change")
REQUEST = """
request: Three databases with a way out
as-of: "2026-12-01"
components:
  a: {kind: PostgreSQL, storage: ">= 10 GiB"}
  b: {kind: PostgreSQL, storage: ">= 10 GiB"}
  c: {kind: PostgreSQL, storage: ">= 10 GiB", extension: [postgis]}
prefer: [minimise monthlyPrice]
exit: {within: P1D, different: provider}
"""
OFFERINGS = [
    database("alpha-pg", "alpha", "10.00"),
    database("alpha-big", "alpha", "11.00"),
    database("beta-pg", "beta", "12.00", Extensions="postgis"),
    database("gamma-pg", "gamma", "15.00", Extensions="postgis"),
]
QUICK = [
    {"verb": verb, "of": f"{NS}pg_dump-directory", "bytesPerSecond": 10**8}
    for verb in ("export", "import")
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangeStage]:
    with change_stage(tmp_path_factory.mktemp("exits"), *OFFERINGS) as found:
        for name in ("alpha", "beta", "gamma"):
            found.add_worker(name, figures=QUICK)
        yield found


@pytest.fixture(scope="module")
def made(stage: ChangeStage) -> dict[str, str]:
    services = stage.provision(REQUEST)
    assert {name: stage.at(one) for name, one in services.items()} == {
        "a": "alpha-pg",
        "b": "alpha-pg",
        "c": "beta-pg",
    }
    return services


def targets(shown: dict) -> dict[str, str]:  # type: ignore[type-arg]
    return {
        step["component"]: step["provider"]
        for step in shown["plan"]["steps"]
        if step["verb"] == "provision"
    }


def test_services_at_one_provider_leave_together_and_the_others_stay(
    stage: ChangeStage, made: dict[str, str]
) -> None:
    shown = stage.call("GET", f"services/{made['a']}/exit")
    assert shown["state"] == "ready"
    assert targets(shown) == {"a": provider("beta"), "b": provider("beta")}
    shown = stage.call("GET", f"services/{made['c']}/exit")
    assert targets(shown) == {"c": provider("gamma")}
    again = stage.call("GET", f"services/{made['c']}/exit")
    assert again["planned"] == shown["planned"]  # kept, not made anew


def test_the_exit_is_renewed_when_the_world_changes(
    stage: ChangeStage, made: dict[str, str]
) -> None:
    before = stage.call("GET", f"services/{made['a']}/exit")
    dearer = database("beta-pg", "beta", "50.00", Extensions="postgis")
    stage.publish(*OFFERINGS[:2], dearer, OFFERINGS[3])
    after = stage.call("GET", f"services/{made['a']}/exit")
    assert after["planned"] != before["planned"]
    assert targets(after) == {"a": provider("gamma"), "b": provider("gamma")}
    gone = [OFFERINGS[0], dearer]  # nothing with postgis but the present one
    stage.publish(*gone)
    none = stage.call("GET", f"services/{made['c']}/exit")
    assert (none["state"], none["plan"]) == ("none", None)
    assert "reach" in none["reason"]
    said = stage.service.kg("service", "exit", made["c"], expect=1)
    assert "none" in said
    refused = stage.call("POST", f"services/{made['c']}/exit/rehearsals", expect=409)
    assert refused["code"] == "exit-none"
    stage.publish(*OFFERINGS)
    assert stage.call("GET", f"services/{made['c']}/exit")["state"] == "ready"


def test_figures_decide_whether_the_way_is_short_enough(
    stage: ChangeStage, made: dict[str, str]
) -> None:
    slow = [{**one, "bytesPerSecond": 1000} for one in QUICK]
    stage.workers["gamma"].register(figures=slow)
    stage.publish(*OFFERINGS[:3], database("gamma-pg", "gamma", "16.00", Extensions="postgis"))
    shown = stage.call("GET", f"services/{made['c']}/exit")
    assert shown["state"] == "too-slow"
    stage.workers["gamma"].register(figures=[])
    assert stage.call("GET", f"services/{made['c']}/exit")["state"] == "unproven"
    stage.workers["gamma"].register(figures=QUICK)
    stage.publish(*OFFERINGS)


def test_a_rehearsal_copies_verifies_and_removes_and_leaves_the_service_alone(
    stage: ChangeStage, made: dict[str, str]
) -> None:
    before = stage.call("GET", f"services/{made['c']}")
    stage.forget()
    said = stage.service.kg("service", "exit", made["c"], "--rehearse")
    assert "Rehearsed: done" in said
    assert stage.workers["beta"].verbs() == ["export"]
    assert stage.workers["beta"].done[0][1]["rehearsal"] is True
    assert stage.workers["gamma"].verbs() == ["provision", "import", "verify", "rollback"]
    names = {given["name"] for _, given in stage.workers["gamma"].done}
    assert len(names) == 1
    after = stage.call("GET", f"services/{made['c']}")
    assert {**after, "exit": None} == {**before, "exit": None}
    shown = stage.call("GET", f"services/{made['c']}/exit")
    assert shown["rehearsal"]["state"] == "done"
    assert float(shown["rehearsal"]["copySeconds"]) >= 0


def test_a_rehearsal_that_fails_says_so_and_leaves_nothing(
    stage: ChangeStage, made: dict[str, str]
) -> None:
    stage.forget()
    stage.workers["gamma"].failing["verify"] = {"class": "permanent", "code": "made-up"}
    try:
        job = stage.call("POST", f"services/{made['c']}/exit/rehearsals")
        stage.wait(job["id"], "rolled-back")
    finally:
        stage.workers["gamma"].failing.clear()
    assert stage.workers["gamma"].verbs()[-1] == "rollback"
    shown = stage.call("GET", f"services/{made['c']}/exit")
    assert "made-up" in shown["rehearsal"]["reason"]
    assert stage.call("GET", f"services/{made['c']}")["state"] == "Running"


def test_the_kept_plan_can_be_applied_as_it_is(stage: ChangeStage, made: dict[str, str]) -> None:
    shown = stage.call("GET", f"services/{made['a']}/exit")
    stage.apply(shown["plan"]["id"])
    assert {name: stage.at(made[name]) for name in "ab"} == {"a": "beta-pg", "b": "beta-pg"}
    shown = stage.call("GET", f"services/{made['a']}/exit")  # now out of the new place
    assert set(targets(shown)) == {"a", "b", "c"}


def test_without_the_wish_no_exit_is_kept(stage: ChangeStage) -> None:
    text = "\n".join(line for line in REQUEST.splitlines() if not line.startswith("exit:"))
    services = stage.provision(text.replace("with a way out", "without one"))
    refused = stage.call("GET", f"services/{services['a']}/exit", expect=404)
    assert refused["code"] == "exit-not-kept"
