"""The main story through `kg` commands: provision, adjust, move, release, end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.scenarios.stage import NOORDZEE, REQUEST, RHEINTAL, ROOT, WATERLINIE, Stage

pytestmark = pytest.mark.xdist_group("stage")
CHANGE = ROOT / "docs" / "examples" / "more-connections.yaml"
READY = Path(str(files("kgservice_vocab"))) / "queries" / "ready-steps.rq"


def apply_with_kg(stage: Stage) -> dict[str, str]:
    """Plan and apply as a customer does; service ids by component."""
    plan = stage.service.kg_json("plan", str(REQUEST), "--json")
    job = stage.service.kg_json("apply", str(plan["id"]), "--json")
    assert job["state"] == "done"
    facts = {one["step"]: one["facts"] for one in job["steps"]}
    assert facts["provision-replica"]["connectedTo"] == ["db"]  # its worker could open them
    return stage.services_of(job)


def connection_limit(stage: Stage, name: str, database: str) -> object:
    with stage.sites[name].admin() as admin:
        query = "SELECT datconnlimit FROM pg_database WHERE datname = %s"
        row = admin.execute(query, (database,)).fetchone()
    assert row is not None
    return row[0]


def shown(stage: Stage, service: str, *options: str) -> dict[str, Any]:
    return dict(stage.service.kg_json("service", "show", service, *options))


def refuses_writes(uri: str) -> bool:
    """Whether a login can read a table, and cannot write it even when it asks to."""
    with psycopg.connect(uri, autocommit=True) as db:
        assert db.execute("SELECT count(*) FROM visit").fetchone() == (300,)
        db.execute("SET default_transaction_read_only = off")
        for wrong in ("DELETE FROM visit", "CREATE TABLE mine (id int)", "TRUNCATE visit"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(wrong)
    return True


def test_a_service_lives_from_plan_to_end(stage: Stage) -> None:
    live_from_plan_to_end(stage)


def live_from_plan_to_end(stage: Stage) -> None:
    """Provision, adjust, move, release and end, with `kg` alone."""
    kg = stage.service.kg
    services = apply_with_kg(stage)
    db, replica = services["db"], services["replica"]
    assert shown(stage, db)["provider"] == stage.providers[WATERLINIE]
    assert shown(stage, replica)["provider"] == stage.providers[NOORDZEE]
    old = shown(stage, db, "--connect")["connection"]
    assert connection_limit(stage, WATERLINIE, old["database"]) == 50

    assert "done" in kg("service", "adjust", db, str(CHANGE))
    assert connection_limit(stage, WATERLINIE, old["database"]) == 80
    assert shown(stage, db)["facts"]["maxConnections"] == 80

    stage.write_rows(db)
    before = stage.fingerprint(db)
    assert stage.version(db) == 16
    assert "write gap" in kg("service", "move", db, "--to", stage.providers[RHEINTAL])
    details = shown(stage, db, "--connect")
    assert details["provider"] == stage.providers[RHEINTAL]
    assert (stage.version(db), stage.fingerprint(db)) == (18, before)
    assert connection_limit(stage, RHEINTAL, details["connection"]["database"]) == 80
    assert refuses_writes(details["heldSource"]["uri"])
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(old["uri"], connect_timeout=5)
    stage.require_agreement()

    assert "erased" in kg("service", "release", db)
    assert old["database"] not in stage.sites[WATERLINIE].databases()
    assert "heldSource" not in shown(stage, db, "--connect")
    assert "ended" in kg("service", "end", db, "--yes", "--erase-now")
    assert "ended" in kg("service", "end", replica, "--yes", "--erase-now")
    assert "nothing-held" in kg("service", "release", replica, expect=1)
    states = {one["id"]: one["state"] for one in stage.call("GET", "services")["services"]}
    assert (states[db], states[replica]) == ("Ended", "Ended")
    stage.require_agreement()


@contextmanager
def ready_steps(stage: Stage, text: str) -> Iterator[None]:
    """Put a query into the data folder, in place of the packaged one."""
    own = stage.service.folder / "queries" / "ready-steps.rq"
    own.parent.mkdir(exist_ok=True)
    own.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        own.unlink()


def test_a_filter_in_a_query_file_holds_a_step_back(stage: Stage) -> None:
    """No code changes and nothing is restarted: the file decides what starts."""
    service = stage.provisioned()["db"]
    stage.write_rows(service)
    packaged = READY.read_text(encoding="utf-8")
    held_back = packaged.replace("\n}\nORDER BY", "\n  FILTER (?verb != kg:Import)\n}\nORDER BY")
    assert held_back != packaged
    with ready_steps(stage, held_back):
        job = stage.apply(stage.plan_move(service, RHEINTAL)["id"])
        stage.wait_for(job, "ended", "export")
        # Another job comes and goes in the meantime; this one stands still.
        stage.provisioned()
        now = stage.job(job)
        assert (now["state"], now["steps"][-1]["step"]) == ("running", "export")
    assert stage.ended(job)["state"] == "holding"
    rows = [row for answer in stage.call("GET", f"jobs/{job}?query=1")["ready"] for row in answer]
    assert [row["verb"].rpartition("#")[2] for row in rows].count("Import") == 1
    stage.require_agreement()
