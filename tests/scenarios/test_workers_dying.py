"""Kill -9 of a worker in the middle of its task, with a lock that tells where it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from tests.clusters import Site
from tests.scenarios.stage import NOORDZEE, RHEINTAL, WATERLINIE, Stage, until

pytestmark = pytest.mark.xdist_group("stage")


@contextmanager
def locked(site: Site, table: str, database: str = "postgres") -> Iterator[None]:
    """Keep others from writing a table, and administrators from going on."""
    with site.admin(database) as admin, admin.transaction():
        admin.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def no_new_databases(site: Site) -> Iterator[None]:
    with site.admin() as admin, admin.transaction():
        admin.execute("LOCK TABLE pg_database IN SHARE MODE")
        yield


def is_stuck(site: Site, statement: str) -> bool:
    """Whether some session waits for a lock in a statement that begins like this."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND query ILIKE %s || '%%'"
    )
    with site.admin() as admin:
        return admin.execute(query, (statement,)).fetchone() != (0,)


def is_restoring(site: Site) -> bool:
    """Whether an import is at its `pg_restore`."""
    return any(role.endswith("_in") for role in site.roles())


def test_workers_that_die_in_provision_export_and_import_do_it_once(stage: Stage) -> None:
    """Three jobs, a worker killed in each; started again, they do what was left, and once."""
    first, second = stage.provisioned()["db"], stage.provisioned()["db"]
    for service in (first, second):
        stage.write_rows(service)
    before = stage.fingerprint(first), stage.fingerprint(second)

    with no_new_databases(stage.sites[NOORDZEE]):
        provisioning = stage.apply(stage.plan()["id"])
        until(lambda: is_stuck(stage.sites[NOORDZEE], "CREATE DATABASE"), "a role, no database")
        stage.workers[NOORDZEE].kill()

    importing = stage.apply(stage.plan_move(first, RHEINTAL)["id"])
    until(lambda: is_restoring(stage.sites[RHEINTAL]), "pg_restore runs")
    stage.workers[RHEINTAL].kill()
    stage.workers[RHEINTAL].start()

    database = stage.logins(second)["sealed"]["database"]
    with locked(stage.sites[WATERLINIE], "visit", database):
        exporting = stage.apply(stage.plan_move(second, RHEINTAL)["id"])
        until(lambda: is_stuck(stage.sites[WATERLINIE], ""), "the export reads the table")
        stage.workers[WATERLINIE].kill()

    stage.workers[NOORDZEE].start()
    stage.workers[WATERLINIE].start()
    assert stage.ended(provisioning)["state"] == "done"
    assert stage.ended(importing)["state"] == "holding"
    assert stage.ended(exporting)["state"] == "holding"
    assert (stage.fingerprint(first), stage.fingerprint(second)) == before
    assert stage.is_writable(first)
    assert stage.is_writable(second)
    stage.require_agreement()


def test_a_worker_that_comes_back_takes_the_next_task_at_once(stage: Stage) -> None:
    """Its old open call must not have taken the task: that would cost the length of a lease."""
    plan = stage.plan()["id"]
    stage.workers[WATERLINIE].kill()
    job = stage.apply(plan)
    stage.wait_for(job, "started", "provision-db")
    stage.workers[WATERLINIE].start()
    shown = stage.ended(job)
    assert shown["state"] == "done"
    assert attempts(stage, job, "provision-db") == 1


def attempts(stage: Stage, job: str, step: str) -> object:
    """Say how often a task was given out."""
    with closing(sqlite3.connect(stage.service.folder / "leases.sqlite")) as db:
        text = "SELECT attempts FROM task WHERE job = ? AND step = ?"
        row = db.execute(text, (job, step)).fetchone()
    return row[0] if row else None


def test_a_move_whose_worker_stays_away_can_be_cancelled(stage: Stage) -> None:
    service = stage.provisioned()["db"]
    stage.write_rows(service)
    stage.workers[RHEINTAL].kill()
    job = stage.apply(stage.plan_move(service, RHEINTAL)["id"])
    stage.wait_for(job, "started", "provision")
    stage.service.kg("job", "cancel", job)
    assert stage.ended(job)["state"] == "rolled-back"
    assert stage.is_writable(service)
    stage.require_agreement()
    stage.workers[RHEINTAL].start()


def test_a_cancelled_move_frees_the_source_before_the_lost_worker_is_back(stage: Stage) -> None:
    """The worker dies in the import and stays away: the source must not wait for it."""
    service = stage.provisioned()["db"]
    stage.write_rows(service)
    before = stage.fingerprint(service)
    job = stage.apply(stage.plan_move(service, RHEINTAL)["id"])
    until(lambda: is_restoring(stage.sites[RHEINTAL]), "pg_restore runs")
    stage.workers[RHEINTAL].kill()
    with pytest.raises(psycopg.OperationalError), stage.customer(service):
        pass
    stage.service.kg("job", "cancel", job)
    stage.wait_for(job, "ended", "undo-fence")
    assert stage.fingerprint(service) == before
    assert stage.is_writable(service)
    stage.workers[RHEINTAL].start()
    shown = stage.ended(job)
    assert (shown["state"], "cancelled" in shown["reason"]) == ("rolled-back", True)
    assert stage.version(service) == 16
    stage.require_agreement()
