"""What must not be done is refused with its code, and leaves everything as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.scenarios.stage import REQUEST, Stage

pytestmark = pytest.mark.xdist_group("stage")
CONTAINER = """
request: A place for a container
as-of: "2026-12-01"
components:
  web: {kind: Container}
prefer: [minimise monthlyPrice]
"""


def everything(stage: Stage) -> tuple[object, object, object]:
    """Give what a refusal must leave alone: clusters, services and the jobs of plans."""
    services = stage.call("GET", "services")["services"]
    jobs = [one for one in stage.call("GET", "jobs")["jobs"] if one["kind"] != "Synchronisation"]
    return stage.in_clusters(), services, jobs


@contextmanager
def other_prices(stage: Stage) -> Iterator[None]:
    """Let every price of a catalogue rise, for a while."""
    file = stage.folder / "polder-market" / "productOfferingPrice.json"
    was = file.read_text(encoding="utf-8")
    prices = json.loads(was)
    for price in prices:
        if isinstance(price.get("price", {}).get("value"), float | int):
            price["price"]["value"] += 1
    try:
        file.write_text(json.dumps(prices), encoding="utf-8")
        stage.service.kg("catalog", "sync", "polder-market")
        yield
    finally:
        file.write_text(was, encoding="utf-8")
        stage.service.kg("catalog", "sync", "polder-market")


def test_a_stale_plan_is_refused_and_nothing_is_done(stage: Stage) -> None:
    plan = str(stage.service.kg_json("plan", str(REQUEST), "--json")["id"])
    before = everything(stage)
    with other_prices(stage):
        assert "plan-stale" in stage.service.kg("apply", plan, expect=1)
    assert everything(stage) == before


def test_a_plan_that_is_applied_twice_at_once_is_one_job(stage: Stage) -> None:
    plan = str(stage.plan()["id"])
    with ThreadPoolExecutor() as pool:
        jobs = set(pool.map(stage.apply, [plan] * 4))
    assert len(jobs) == 1
    job = jobs.pop()
    assert stage.ended(job)["state"] == "done"
    assert job in stage.service.kg("apply", plan)
    assert len([one for one in stage.call("GET", "jobs")["jobs"] if one["id"] == job]) == 1
    stage.require_agreement()


def test_an_unknown_target_of_a_move_is_refused(stage: Stage) -> None:
    service = stage.provisioned()["db"]
    before = everything(stage)
    said = stage.service.kg("service", "move", service, "--to", "urn:example:nothing", expect=None)
    assert "offering-unknown" in said
    assert everything(stage) == before


def test_a_target_may_be_called_by_its_name(stage: Stage) -> None:
    service = stage.provisioned()["db"]
    before = everything(stage)
    said = stage.service.kg("service", "move", service, "--to", "Nobody at all", expect=None)
    assert "offering-unknown" in said
    assert "Nothing is called" in said
    said = stage.service.kg("service", "move", service, "--to", "Prairie Cloud Inc.", expect=None)
    assert "move-infeasible" in said  # its headquarters are outside of what was asked for
    assert everything(stage) == before


def test_an_adjustment_beyond_what_is_sold_is_refused(stage: Stage) -> None:
    service = stage.provisioned()["db"]
    before = everything(stage)
    file = stage.folder / "too-much.json"
    file.write_text('{"storage": "900000 GiB"}', encoding="utf-8")
    said = stage.service.kg("service", "adjust", service, str(file), expect=None)
    assert "not-offered" in said
    assert everything(stage) == before


def test_an_unknown_plan_is_refused(stage: Stage) -> None:
    assert "plan-unknown" in stage.service.kg("apply", "0123456789abcdef", expect=2)


def test_a_kind_that_no_worker_performs_is_refused_at_planning(stage: Stage) -> None:
    file = stage.folder / "container.yaml"
    file.write_text(CONTAINER, encoding="utf-8")
    before = everything(stage)
    said = stage.service.kg("plan", str(file), expect=1)
    answer = stage.service.kg_json("request", "resolve", str(file), "--json")
    offering = answer["compositions"][0]["offerings"]["web"]  # type: ignore[index]
    query = f"SELECT ?p {{ <{offering}> kg:provider ?p }}"
    found = stage.service.kg_json("query", query, "--format", "json")["results"]
    provider = found["bindings"][0]["p"]["value"]  # type: ignore[index]
    for word in ("no-worker", "web", "ns#Container", provider):
        assert word in said, said
    assert everything(stage) == before
