"""A service whose job is under way when it is backed up; run by `test_restored_jobs.py`.

Arguments: data folder, file of the cloud's effects, what to do: `until-backup FOLDER` starts a job,
makes a backup while a worker holds a task, and lets the job end; `after-restore` waits for the
job's end on a restored folder. Prints one JSON line.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fake_workers import Cloud, FakeWorker, until
from plan_situations import BASE, NOORDZEE, WATERLINIE, composition, context

from kgservice.jobs import JobRunner, Lease
from kgservice.model.errors import AccessDenied, Refused
from kgservice.model.settings import resolve_settings
from kgservice.mpli.backup import make_backup
from kgservice.mpli.opening import open_application
from kgservice.plan import plan_provisioning

WAIT_S = 60


def use_lease(jobs: JobRunner, workers: list[FakeWorker], file: str) -> list[str]:
    """Complete a task under a lease of before; give the codes of the refusals."""
    task, token = json.loads(Path(file).read_text("utf-8"))
    refused = []
    for worker in workers:
        try:
            jobs.leases.complete(worker.token, task, token, {}, {})
        except AccessDenied:  # the task is the other worker's
            continue
        except Refused as error:
            refused.append(error.code)
    return refused


def main(folder: str, cloud_file: str, what: str, target: str) -> None:
    """Do one half of the story."""
    settings = resolve_settings({"KG_DATA_DIR": folder, "KG_BASE_IRI": BASE}, {})
    application = open_application(settings)
    jobs = application.need_jobs()
    cloud = Cloud(file=Path(cloud_file))
    is_held, may_go_on = threading.Event(), threading.Event()
    seen: list[tuple[str, int]] = []

    def hold(verb: str, lease: Lease) -> str:
        seen.append((lease.task, lease.token))
        if what == "until-backup" and verb == "provision" and not is_held.is_set():
            is_held.set()
            may_go_on.wait(WAIT_S)
        return ""

    workers = [FakeWorker(jobs, name, cloud, hold) for name in (WATERLINIE, NOORDZEE)]
    refused = use_lease(jobs, workers, target) if what == "after-restore" else []
    for worker in workers:
        worker.start()
    if what == "until-backup":
        job = jobs.start_plan(plan_provisioning(composition(), context()))
        assert is_held.wait(WAIT_S)
        make_backup(application, Path(target))
        may_go_on.set()
    else:
        (job,) = [one.id for one in jobs.jobs()]
    state = until(jobs, job, "done", "rolled-back", "failed")
    said = {
        "state": state,
        "seen": seen,
        "refused": refused,
        "effects": cloud.effects,
        "databases": sorted(map(list, cloud.databases)),
        "steps": {one.step: one.outcome for one in jobs.job(job).executions},
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:5])
