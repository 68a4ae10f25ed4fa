"""What every plan must have: an order that can be carried out, an undo, a worker for each step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_situations import (
    BASE,
    MADE,
    NOORDZEE,
    PG,
    WATERLINIE,
    binding,
    composition,
    context,
    performers,
    running,
)

from kgservice.model.errors import InputError, Refused
from kgservice.model.terms import KG
from kgservice.plan import (
    Composition,
    Plan,
    from_triples,
    plan_adjustment,
    plan_ending,
    plan_move,
    plan_provisioning,
    require_fresh,
    require_sound,
    to_json,
    to_text,
    to_triples,
)
from kgservice.plan.clocks import later, stamp

VOCAB = Path(__file__).resolve().parents[2] / "vocab"


def effect_verbs() -> set[str]:
    store = ox.Store()
    store.load(path=str(VOCAB / "plan.ttl"), format=ox.RdfFormat.TURTLE)
    rows = store.query(f"SELECT ?v WHERE {{ ?v a <{KG.EffectVerb.value}> }}")
    assert isinstance(rows, ox.QuerySolutions)
    return {row["v"].value for row in rows}  # type: ignore[union-attr]


def all_plans() -> list[Plan]:
    ctx = context(made=MADE)
    return [
        plan_provisioning(composition(), ctx),
        plan_move(running(), binding("db", NOORDZEE), "pg_dump-directory", ctx),
        plan_adjustment(running(), {"maxConnections": 20, "storage": "200"}, ctx),
        plan_ending(running(), ctx),
    ]


@pytest.mark.parametrize("plan", all_plans(), ids=lambda plan: to_json(plan)["action"])
def test_every_step_comes_after_what_it_waits_for(plan: Plan) -> None:
    assert require_sound(plan) is plan
    seen: set[str] = set()
    for step in plan.steps:
        assert seen.issuperset(step.after)
        seen.add(step.name)


@pytest.mark.parametrize("plan", all_plans(), ids=lambda plan: to_json(plan)["action"])
def test_every_effect_before_the_point_of_no_return_has_an_undo(plan: Plan) -> None:
    effects = effect_verbs()
    assert effects
    for step in plan.steps:
        if step.point_of_no_return:
            break
        if step.verb.value in effects:
            undo = plan.step(step.undo)
            assert (undo.provider, undo.service) == (step.provider, step.service)
            assert undo.input["name"] == step.input["name"]


@pytest.mark.parametrize("plan", all_plans(), ids=lambda plan: to_json(plan)["action"])
def test_a_plan_is_the_same_after_a_way_through_its_graph(plan: Plan) -> None:
    assert from_triples(reversed(to_triples(plan))) == plan


@pytest.mark.parametrize("plan", all_plans(), ids=lambda plan: to_json(plan)["action"])
def test_the_text_names_every_step_and_its_undo(plan: Plan) -> None:
    text = to_text(plan, {WATERLINIE: "Waterlinie Cloud"})
    for step in plan.steps:
        assert step.name in text
    assert text.count("undo: ") == sum(bool(step.undo) for step in plan.steps)


def test_the_same_wish_at_the_same_moment_gives_the_same_plan() -> None:
    assert all_plans() == all_plans()
    other = plan_provisioning(composition(), context(made=MADE + timedelta(seconds=1)))
    assert other.id != all_plans()[0].id


def test_a_component_that_no_worker_performs_is_named() -> None:
    ctx = replace(context(made=MADE), performers=performers(WATERLINIE))
    with pytest.raises(Refused) as caught:
        plan_provisioning(composition(), ctx)
    assert caught.value.code == "no-worker"
    assert [reason.at for reason in caught.value.reasons] == ["replica"]
    assert PG in str(caught.value)
    assert NOORDZEE in str(caught.value)


def test_a_worker_for_another_kind_does_not_count() -> None:
    rows = tuple(replace(row, kind=KG.Container.value) for row in performers(WATERLINIE, NOORDZEE))
    with pytest.raises(Refused, match="no-worker"):
        plan_provisioning(composition(), replace(context(made=MADE), performers=rows))


def test_components_that_need_each_other_in_a_circle_are_refused() -> None:
    circular = Composition(
        f"{BASE}c",
        (
            binding("a", WATERLINIE, needs=("b",)),
            binding("b", NOORDZEE, needs=("a",)),
        ),
    )
    with pytest.raises(InputError, match="needs-circular"):
        plan_provisioning(circular, context(made=MADE))


@given(st.integers(1, 7), st.randoms(use_true_random=False))
def test_a_component_is_provisioned_after_all_that_it_needs(size: int, random) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    names = [f"c{number}" for number in range(size)]
    order = random.sample(names, size)
    bindings = tuple(
        binding(
            name,
            random.choice((WATERLINIE, NOORDZEE)),
            needs=tuple(n for n in order[: order.index(name)] if random.random() < 0.4),
        )
        for name in names
    )
    plan = plan_provisioning(Composition(f"{BASE}c", bindings), context(made=MADE))
    position = {step.name: number for number, step in enumerate(plan.steps)}
    for one in bindings:
        for need in one.needs:
            assert position[f"provision-{need}"] < position[f"provision-{one.component}"]
            assert f"provision-{need}" in plan.step(f"provision-{one.component}").after


def test_a_target_never_has_the_name_of_its_source() -> None:
    """A source that is held at the very worker it later moves to must not be taken for the new."""
    plan = all_plans()[1]
    assert plan.step("provision").input["name"] != plan.step("fence").input["name"]
    assert plan.step("undo-provision").input["name"] == plan.step("provision").input["name"]


def test_the_point_of_no_return_is_the_cut_over_and_erasing_waits_for_the_retrieval_period() -> (
    None
):
    plan = all_plans()[1]
    assert [step.name for step in plan.steps if step.point_of_no_return] == ["cut-over"]
    assert plan.step("erase").waits == "P30D"
    assert [clock.name for clock in plan.clocks] == ["retrieval"]


def test_a_longer_agreed_retrieval_period_replaces_the_minimum() -> None:
    service = running()
    longer = replace(service, binding=replace(service.binding, retrieval_period="P3M"))
    plan = plan_move(longer, binding("db", NOORDZEE), "pg_dump-directory", context(made=MADE))
    assert plan.step("erase").waits == "P3M"


def test_a_move_without_a_common_format_is_refused() -> None:
    with pytest.raises(Refused, match="no-move-path"):
        plan_move(running(), binding("db", NOORDZEE), "", context(made=MADE))


def test_an_adjustment_that_changes_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="nothing-to-do"):
        plan_adjustment(running(), {"majorVersion": 16}, context(made=MADE))


def test_a_stale_plan_names_the_graph_that_changed() -> None:
    plan = all_plans()[0]
    require_fresh(plan, dict(plan.uses), MADE)
    graph = next(iter(plan.uses))
    with pytest.raises(Refused, match="plan-stale") as caught:
        require_fresh(plan, {graph: plan.uses[graph] + 1}, MADE)
    assert caught.value.reasons[0].at == graph
    with pytest.raises(Refused, match="plan-expired"):
        require_fresh(plan, dict(plan.uses), MADE + timedelta(days=2))


def test_a_plan_expires_with_its_evidence() -> None:
    soon = stamp(MADE + timedelta(hours=1))
    plan = plan_provisioning(replace(composition(), evidence_until=soon), context(made=MADE))
    assert plan.expires == soon


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("P1M", datetime(2027, 2, 28, tzinfo=UTC)),
        ("P1Y1M", datetime(2028, 2, 29, tzinfo=UTC)),
        ("P30D", datetime(2027, 3, 2, tzinfo=UTC)),
        ("PT36H", datetime(2027, 2, 1, 12, tzinfo=UTC)),
    ],
)
def test_months_are_added_by_the_calendar(duration: str, expected: datetime) -> None:
    assert later(datetime(2027, 1, 31, tzinfo=UTC), duration) == expected


@pytest.mark.parametrize(
    "duration", ["P", "PT", "2 months", "P1M2", "-P1D", "P1DT", "P99999Y", "P9999999999999D"]
)
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(InputError, match="duration-invalid"):
        later(MADE, duration)


def test_what_a_recipe_makes_comes_after_its_parts_and_is_agreed_on_with_nobody() -> None:
    recipe = "https://w3id.org/kgservice/recipes/postgresql-on-virtual-machine"
    machine = KG.VirtualMachine.value
    made = replace(
        binding("db", recipe, needs=("db-vm",)), offering=recipe, is_made=True, requirements={}
    )
    part = replace(binding("db-vm", NOORDZEE), kind=machine)
    able = (*performers(recipe), *(replace(p, kind=machine) for p in performers(NOORDZEE)))
    plan = plan_provisioning(
        replace(composition(), bindings=(made, part)), replace(context(), performers=able)
    )
    names = [step.name for step in plan.steps]
    assert [n for n in names if n.startswith("agree")] == ["agree-noordzee-example"]
    assert names.index("provision-db-vm") < names.index("provision-db")
    steps = {step.name: step for step in plan.steps}
    assert steps["provision-db"].after == ("provision-db-vm",)
    assert steps["provision-db"].input["connections"] == {
        "db-vm": {"$sealed": "provision-db-vm:db"}
    }
    assert steps["provision-db-vm"].input["recipients"] == {"db": {"$workerKey": "provision-db"}}
    with pytest.raises(Refused, match="db") as caught:
        plan_provisioning(
            replace(composition(), bindings=(made, part)),
            replace(context(), performers=able[len(performers(recipe)) :]),
        )
    assert caught.value.code == "no-worker"


def test_parts_of_a_bundle_are_agreed_on_at_its_price() -> None:
    bundle = f"{WATERLINIE}offers/both"
    parts = tuple(
        replace(binding(name, WATERLINIE), bundle=bundle, price="45.00 EUR a month")
        for name in ("db", "replica")
    )
    plan = plan_provisioning(replace(composition(), bindings=parts), context())
    agreed = next(step for step in plan.steps if step.verb == KG.Agree).input["agreements"]
    assert [(one["bundle"], one["price"]) for one in agreed] == [(bundle, "45.00 EUR a month")] * 2  # type: ignore[union-attr,index,call-overload]
