"""Drift and rehearsal on real databases: a change behind our back, a copy thrown away."""

from __future__ import annotations

import json

import pytest

from tests.scenarios.stage import REQUEST, Stage

pytestmark = pytest.mark.xdist_group("stage")


def test_a_limit_changed_behind_our_back_is_drift_and_its_repair_restores_it(stage: Stage) -> None:
    service = stage.provisioned()["db"]
    said = stage.service.kg("service", "observe", service)
    assert "as it was made" in said
    login = stage.logins(service)["sealed"]
    site = next(s for s in stage.sites.values() if s.cluster.port == login["port"])
    with site.admin() as admin:
        admin.execute(f'ALTER DATABASE "{login["database"]}" CONNECTION LIMIT 3')  # type: ignore[arg-type]
    shown = json.loads(stage.service.kg("service", "observe", service, "--json", expect=1))
    assert shown["drift"] == [{"setting": "maxConnections", "planned": 50, "observed": 3}]
    stage.service.kg("apply", shown["repair"]["plan"])
    assert "as it was made" in stage.service.kg("service", "observe", service)
    stage.require_agreement()


def test_the_way_out_is_rehearsed_with_real_data_while_the_service_goes_on(stage: Stage) -> None:
    file = stage.folder / "with-a-way-out.yaml"
    file.write_text(
        REQUEST.read_text("utf-8") + "\nexit: {within: P30D, different: provider}\n", "utf-8"
    )
    services = stage.services_of(stage.finished(stage.plan(file)["id"]))
    moved = next(
        one
        for one in services.values()
        if stage.call("GET", f"services/{one}/exit")["planned"] is not None
    )
    stage.write_rows(moved)
    before = stage.fingerprint(moved)
    said = stage.service.kg("service", "exit", moved, "--rehearse")
    assert "Rehearsed: done" in said
    assert stage.fingerprint(moved) == before
    assert stage.is_writable(moved)
    shown = stage.call("GET", f"services/{moved}/exit")
    assert float(shown["rehearsal"]["copySeconds"]) > 0
    stage.require_agreement()
