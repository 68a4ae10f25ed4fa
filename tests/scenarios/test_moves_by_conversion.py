"""A move is an answer of the graph: it comes and goes with what workers register."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.change_stage import (
    NS,
    ChangeStage,
    change_stage,
    database,
    document,
    offering,
    provider,
)

pytestmark = pytest.mark.xdist_group("change")
MACHINE = """
request: A machine that can go elsewhere
as-of: "2026-12-01"
components:
  vm: {kind: VirtualMachine, storage: ">= 2 GiB"}
prefer: [minimise monthlyPrice]
"""
GIVES = {"Service type": "Virtual machine", "Storage": "100 GiB", "Export format": "qcow2"}
TAKES = {"Service type": "Virtual machine", "Storage": "100 GiB", "Import format": "raw"}
FIGURES = [
    {"verb": "export", "of": f"{NS}qcow2", "bytesPerSecond": 2**30, "fixedSeconds": 1},
    {"verb": "import", "of": f"{NS}raw", "bytesPerSecond": 2**30, "fixedSeconds": "0.5"},
    {"verb": "import", "of": f"{NS}qcow2-to-raw", "bytesPerSecond": 2**29},
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangeStage]:
    machines = [
        document("alpha-vm", "alpha", "10.00", **GIVES),
        document("beta-vm", "beta", "20.00", **TAKES),
        database("alpha-pg", "alpha", "10.00"),
    ]
    with change_stage(tmp_path_factory.mktemp("conversion"), *machines) as found:
        kinds = {"kinds": [f"{NS}VirtualMachine"]}
        gives = {"exportFormats": [f"{NS}qcow2"], "importFormats": []}
        takes = {"exportFormats": [], "importFormats": [f"{NS}raw"]}
        found.add_worker("alpha", **kinds, **gives, figures=FIGURES[:1])
        found.add_worker(
            "beta", **kinds, **takes, conversions=[f"{NS}qcow2-to-raw"], figures=FIGURES[1:]
        )
        yield found


def test_deleting_a_conversion_removes_the_move_and_kg_why_says_so(stage: ChangeStage) -> None:
    service = stage.provision(MACHINE)["vm"]
    statement = (offering("alpha-vm"), "kg:canMoveTo", offering("beta-vm"))
    said = stage.service.kg("why", *statement)
    assert "follows by What can move" in said
    assert "follows by Move by a conversion" in said
    assert "kg:converts kg:qcow2-to-raw" in said
    plan = stage.call("POST", f"services/{service}/moves", {"apply": False})
    way = plan["ways"][0]
    assert way["conversion"] == f"{NS}qcow2-to-raw"
    assert way["bytes"] == 2 * 2**30
    # export 1 + 2, conversion 4, import 0.5 + 2
    assert way["expectedWriteGapSeconds"] == "9.500"
    steps = {step["name"]: step for step in plan["steps"]}
    assert steps["export"]["input"]["format"] == "qcow2"
    assert steps["import"]["input"]["conversion"] == f"{NS}qcow2-to-raw"

    stage.workers["beta"].register(conversions=[])

    said = stage.service.kg("why", *statement, expect=1)
    assert "does not hold" in said
    worker = stage.workers["beta"].iri
    assert f"it would with: <{worker}> kg:converts kg:qcow2-to-raw" in said
    refused = stage.call("POST", f"services/{service}/moves", {"apply": False}, expect=409)
    assert refused["code"] == "no-move-path"

    stage.workers["beta"].register(conversions=[f"{NS}qcow2-to-raw"])
    plan = stage.call("POST", f"services/{service}/moves", {"apply": False})
    stage.apply(plan["id"])
    assert stage.at(service) == "beta-vm"
    imported = next(given for verb, given in stage.workers["beta"].done if verb == "import")
    assert imported["conversion"] == f"{NS}qcow2-to-raw"


def test_a_worker_without_figures_leaves_the_gap_unknown(stage: ChangeStage) -> None:
    service = stage.provision(MACHINE)["vm"]
    stage.workers["beta"].register(figures=[])
    plan = stage.call("POST", f"services/{service}/moves", {"apply": False})
    assert plan["ways"][0]["expectedWriteGapSeconds"] is None
    assert "write gap is not known" in plan["text"]
    costs = {line["name"]: line["amount"] for line in plan["costs"]}
    assert costs["egress"] is None  # the catalogue does not say; unknown is not nothing
    assert costs["overlap"] is not None
    said = stage.service.kg("service", "move", service, "--dry-run")
    assert "overlap" in said
    stage.workers["beta"].register(figures=FIGURES[1:])


@pytest.mark.parametrize(
    "wrong",
    [
        {"figures": [{"verb": "import", "of": "no iri", "bytesPerSecond": 1}]},
        {"figures": [{"verb": "fence", "of": f"{NS}raw", "bytesPerSecond": 1}]},
        {"figures": [{"verb": "import", "of": f"{NS}raw", "bytesPerSecond": 0}]},
        {"conversions": ["no iri"]},
    ],
    ids=["iri", "verb", "rate", "conversion"],
)
def test_what_is_no_figure_is_refused(stage: ChangeStage, wrong: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match=r"worker-invalid|body-invalid"):
        stage.workers["beta"].register(**wrong)
    stage.workers["beta"].registration |= {
        "figures": FIGURES[1:],
        "conversions": [f"{NS}qcow2-to-raw"],
    }


def test_why_reaches_the_document_that_says_so(stage: ChangeStage) -> None:
    said = stage.service.kg("why", offering("alpha-pg"), "kg:majorVersion", "16")
    assert "stated: made-up" in said
    seller = (offering("alpha-pg"), "http://schema.org/provider", provider("alpha"))
    inferred = stage.service.kg("why", *seller)
    assert "follows by OWL 2 RL (prp-spo1)" in inferred
    assert "kg:provider" in inferred
    assert "does not hold" in stage.service.kg(
        "why", offering("alpha-pg"), "kg:majorVersion", "99", expect=1
    )
    assert "term-invalid" in stage.service.kg("why", "no iri", "a", "b", expect=2)
