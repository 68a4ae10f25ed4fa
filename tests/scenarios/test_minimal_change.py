"""A changed request is met by the smallest change of what runs, in one plan that can be undone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.change_stage import ChangeStage, change_stage, database

pytestmark = pytest.mark.xdist_group("change")
HEAD = """
request: Three databases
as-of: "2026-12-01"
"""
REQUEST = (
    HEAD
    + """
components:
  a: {kind: PostgreSQL, storage: ">= 10 GiB"}
  b: {kind: PostgreSQL, storage: ">= 10 GiB"}
  c: {kind: PostgreSQL, storage: ">= 10 GiB"}
together:
  - different: {of: provider, over: [a, b]}
prefer: [minimise monthlyPrice]
"""
)
OFFERINGS = [
    database("alpha-pg", "alpha", "10.00", Extensions="vector"),
    database("beta-pg", "beta", "12.00"),
    database("gamma-pg", "gamma", "15.00", Extensions="vector,postgis"),
    database("delta-pg", "delta", "40.00", Extensions="vector,postgis"),
]

LARGER = 'a: {kind: PostgreSQL, storage: ">= 20'


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangeStage]:
    with change_stage(tmp_path_factory.mktemp("change"), *OFFERINGS) as found:
        for name in ("alpha", "beta", "gamma", "delta"):
            found.add_worker(name)
        yield found


def places(stage: ChangeStage, services: dict[str, str]) -> dict[str, str]:
    return {name: stage.at(one).removesuffix("-pg") for name, one in services.items()}


def adjust(stage: ChangeStage, service: str, request: str, expect: int = 0) -> dict[str, object]:
    path = f"services/{service}?apply=0"
    return stage.call("PATCH", path, request, expect)


def test_only_what_must_go_is_moved_and_the_rest_is_not_touched(stage: ChangeStage) -> None:
    """Another place is cheaper by now: a fresh resolution would move all three."""
    made = stage.provision(REQUEST)
    assert places(stage, made) == {"a": "alpha", "b": "beta", "c": "alpha"}
    stage.forget()
    stage.publish(*OFFERINGS[:3], database("delta-pg", "delta", "1.00", Extensions="vector"))
    changed = REQUEST.replace(
        'b: {kind: PostgreSQL, storage: ">= 10 GiB"}',
        'b: {kind: PostgreSQL, storage: ">= 10 GiB", extension: [postgis]}',
    )
    plan = adjust(stage, made["b"], changed)
    assert plan["action"] == "adjust"
    stage.apply(str(plan["id"]))
    assert places(stage, made) == {"a": "alpha", "b": "gamma", "c": "alpha"}
    assert stage.workers["alpha"].verbs() == []
    assert stage.workers["beta"].verbs() == ["fence", "export", "hold", "erase"]
    assert stage.workers["gamma"].verbs() == ["provision", "import", "verify"]
    again = adjust(stage, made["a"], changed, expect=409)
    assert again["code"] == "nothing-to-do"
    stage.publish(*OFFERINGS)


def test_settings_change_in_place_beside_a_move_a_new_part_and_one_less(
    stage: ChangeStage,
) -> None:
    made = stage.provision(REQUEST)
    stage.forget()
    changed = HEAD + (
        """
components:
  a: {kind: PostgreSQL, storage: ">= 10 GiB", maxConnections: ">= 80"}
  b: {kind: PostgreSQL, storage: ">= 10 GiB", extension: [postgis]}
  d: {kind: PostgreSQL, storage: ">= 20 GiB"}
together:
  - different: {of: provider, over: [a, b]}
prefer: [minimise monthlyPrice]
"""
    )
    plan = adjust(stage, made["a"], changed)
    text = str(plan["text"])
    assert "1 to change" in text
    services = stage.apply(str(plan["id"]))
    assert places(stage, {n: services[n] for n in "abd"}) == {
        "a": "alpha",
        "b": "gamma",
        "d": "alpha",
    }
    facts = stage.call("GET", f"services/{made['a']}")["facts"]
    assert facts["maxConnections"] == 80
    assert stage.call("GET", f"services/{made['c']}")["state"] == "Ended"
    steps = [verb for verb, _ in stage.workers["beta"].done]
    assert steps.index("fence") < steps.index("hold")
    # the new part belongs to the same situation: a later move of b keeps d where it is
    later = stage.call("POST", f"services/{services['b']}/moves", {"to": "delta", "apply": False})
    assert later["action"] == "move"


def test_a_failure_before_the_cut_over_takes_everything_back(stage: ChangeStage) -> None:
    made = stage.provision(REQUEST)
    before = {name: stage.call("GET", f"services/{one}") for name, one in made.items()}
    changed = HEAD + (
        """
components:
  a: {kind: PostgreSQL, storage: ">= 10 GiB", maxConnections: ">= 90"}
  b: {kind: PostgreSQL, storage: ">= 10 GiB", extension: [postgis]}
  c: {kind: PostgreSQL, storage: ">= 10 GiB"}
  e: {kind: PostgreSQL, storage: ">= 20 GiB"}
together:
  - different: {of: provider, over: [a, b]}
prefer: [minimise monthlyPrice]
"""
    )
    plan = adjust(stage, made["c"], changed)
    stage.workers["gamma"].failing["verify"] = {"class": "permanent", "code": "made-up"}
    try:
        services = stage.apply(str(plan["id"]), state="rolled-back")
    finally:
        stage.workers["gamma"].failing.clear()
    after = {name: stage.call("GET", f"services/{one}") for name, one in made.items()}
    for name in made:
        for kept in ("state", "offering", "provider"):
            assert after[name][kept] == before[name][kept], name
    assert stage.call("GET", f"services/{services['e']}")["state"] == "Ended"


def test_what_an_operator_adjusts_stays_its_customers(stage: ChangeStage) -> None:
    """The request by which it then runs is the customer's own: the next change rests on it."""
    made_token = stage.service.kg("token", "create", "--role", "customer", "--name", "somebody")
    stage.token = made_token.strip()
    try:
        made = stage.provision(REQUEST)
        changed = REQUEST.replace('a: {kind: PostgreSQL, storage: ">= 10', LARGER)
        stage.token = ""
        plan = adjust(stage, made["a"], changed)
        stage.apply(str(plan["id"]))
        stage.token = made_token.strip()
        assert adjust(stage, made["a"], changed, expect=409)["code"] == "nothing-to-do"
    finally:
        stage.token = ""


def test_what_is_not_feasible_changes_nothing_and_says_why(stage: ChangeStage) -> None:
    made = stage.provision(REQUEST)
    changed = REQUEST.replace(
        'c: {kind: PostgreSQL, storage: ">= 10', 'c: {kind: PostgreSQL, storage: ">= 900'
    )
    refused = adjust(stage, made["a"], changed, expect=409)
    assert refused["code"] == "infeasible"
    assert refused["reasons"]
    assert adjust(stage, made["a"], "request: no components", expect=400)["code"] == "key-missing"


def test_the_command_shows_and_applies_a_changed_request(stage: ChangeStage) -> None:
    made = stage.provision(REQUEST)
    file = stage.folder / "changed.yaml"
    file.write_text(
        REQUEST.replace(
            'a: {kind: PostgreSQL, storage: ">= 10', 'a: {kind: PostgreSQL, storage: ">= 30'
        )
    )
    said = stage.service.kg("service", "adjust", made["b"], str(file), "--dry-run")
    assert "adjust-a" in said
    stage.service.kg("service", "adjust", made["b"], str(file), "--erase-sources")
    assert stage.call("GET", f"services/{made['a']}")["facts"]["storage"] == "30"


@pytest.mark.parametrize("verb", ["import", "verify"])
def test_an_adjustment_of_several_services_survives_a_kill(stage: ChangeStage, verb: str) -> None:
    made = stage.provision(REQUEST)
    changed = REQUEST.replace(
        'b: {kind: PostgreSQL, storage: ">= 10 GiB"}',
        'b: {kind: PostgreSQL, storage: ">= 10 GiB", extension: [postgis]}',
    ).replace('a: {kind: PostgreSQL, storage: ">= 10', 'a: {kind: PostgreSQL, storage: ">= 40')
    plan = adjust(stage, made["b"], changed)
    stage.forget()
    worker = stage.workers["gamma"]
    worker.paused.clear()
    worker.go_on.clear()
    worker.pausing = verb
    job = stage.call("POST", f"plans/{plan['id']}/apply", {"eraseConsent": True})
    stage.kill_at(verb, "gamma")
    stage.wait(job["id"])
    assert places(stage, made) == {"a": "alpha", "b": "gamma", "c": "alpha"}
    assert stage.call("GET", f"services/{made['a']}")["facts"]["storage"] == "40"
    assert stage.workers["beta"].verbs() == ["fence", "export", "hold", "erase"]
    assert adjust(stage, made["c"], changed, expect=409)["code"] == "nothing-to-do"


def test_a_source_held_by_an_adjustment_is_released_by_consent(stage: ChangeStage) -> None:
    changed = REQUEST.replace(
        'b: {kind: PostgreSQL, storage: ">= 10 GiB"}',
        'b: {kind: PostgreSQL, storage: ">= 10 GiB", extension: [postgis]}',
    )
    without_c = "\n".join(line for line in changed.splitlines() if not line.startswith("  c:"))
    for request, code in ((without_c, "release-not-alone"), (changed, "")):
        made = stage.provision(REQUEST)
        plan = adjust(stage, made["b"], request)
        job = stage.call("POST", f"plans/{plan['id']}/apply", {})
        stage.wait(job["id"], "holding")
        path, body = f"services/{made['b']}/release", {"consent": True}
        if code:
            assert stage.call("POST", path, body, expect=409)["code"] == code
        else:
            stage.wait(stage.call("POST", path, body)["id"])
            refused = stage.call("POST", f"services/{made['a']}/release", body, expect=409)
            assert refused["code"] == "nothing-held"
