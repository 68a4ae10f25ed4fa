"""Jobs that are asked for before the engine runs, and an engine that cannot start."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kgservice.jobs import JobOptions, JobRunner
from kgservice.model.terms import KG
from kgservice.store import open_store

BASE = "http://127.0.0.1:8080/"
SYNC = KG.Synchronisation.value


def test_a_job_that_comes_before_the_engine_waits_for_it_and_is_done(tmp_path: Path) -> None:
    done = threading.Event()
    store = open_store(tmp_path)
    options = JobOptions(chores={SYNC: lambda *_: (done.set(), "synced")[1]})
    runner = JobRunner(store, tmp_path, BASE, options=options)
    try:
        runner.repair()
        caller = threading.Thread(target=runner.start_chore, args=(SYNC, "polder", ""))
        caller.start()
        caller.join(0.05)
        assert caller.is_alive()
        assert not done.is_set()
        runner.work()
        runner.work()  # once is enough
        assert done.wait(30)
        caller.join(30)
        assert len(runner.jobs()) == 1
    finally:
        runner.stop()
        store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_service_whose_jobs_cannot_start_ends_and_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "jobs.sqlite").write_bytes(b"this is no database, and long enough to be one" * 200)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    done = subprocess.run(
        [sys.executable, "-m", "kgservice", "serve", "--port", "0", "--data", str(folder)],
        env=clean,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "not a database" in done.stderr
