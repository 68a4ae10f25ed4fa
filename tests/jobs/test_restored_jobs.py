"""A job that ran when a backup was made ends after the restore; nobody works under old leases."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from kgservice.mpli.restoring import restore

CHILD = Path(__file__).resolve().parent / "backed_up_jobs.py"


def run(*arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(CHILD), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads([x for x in done.stdout.splitlines() if x.startswith("{")][-1]))


def test_a_job_under_way_at_the_backup_ends_after_the_restore(tmp_path: Path) -> None:
    cloud = tmp_path / "cloud.jsonl"
    before = run(tmp_path / "data", cloud, "until-backup", tmp_path / "backup")
    assert before["state"] == "done"

    restored = restore(tmp_path / "backup", tmp_path / "again")
    held = tmp_path / "held.json"
    held.write_text(json.dumps(before["seen"][0]), "utf-8")
    after = run(tmp_path / "again", cloud, "after-restore", held)

    assert restored.leased >= 1, "a worker held a task"
    assert after["state"] == "done"
    assert set(after["steps"].values()) == {"Completed"}
    assert after["steps"].keys() == before["steps"].keys()
    assert len(after["effects"]) == len(set(after["effects"])), "nothing was done twice"
    assert after["databases"] == before["databases"]
    highest = dict(before["seen"])
    assert after["seen"], "the task that was held was given out again"
    assert all(token > highest.get(task, 0) for task, token in after["seen"])
    assert "stale-lease" in after["refused"], "a lease of the time after the backup counts no more"
