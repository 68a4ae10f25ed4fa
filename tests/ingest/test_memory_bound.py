"""What a sync holds in memory does not grow as its source does; measured in real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def peaks(folder: Path, *arguments: str) -> dict[str, int]:
    """Sync a source in a process of its own; give peaks in MB: its own, its largest child's."""
    folder.mkdir()
    paths = os.pathsep.join([str(HERE), str(ROOT)])
    done = subprocess.run(
        [sys.executable, str(HERE / "measured_sync.py"), str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        check=True,
        timeout=1200,
    )
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_same_number_of_documents_with_more_bytes_needs_no_more_memory(tmp_path: Path) -> None:
    small = peaks(tmp_path / "small", "made-up", "1500", "2000")
    large = peaks(tmp_path / "large", "made-up", "1500", "100000")
    assert small["documents"] == large["documents"] == 1500
    more_mb = 1500 * 98_000 >> 20
    for process in ("own", "child"):
        grown = large[process] - small[process]
        assert grown < more_mb / 2, f"{process} grew by {grown} MB with {more_mb} MB of source"


@pytest.mark.long
def test_four_times_as_many_offerings_need_less_than_four_times_the_source(tmp_path: Path) -> None:
    small = peaks(tmp_path / "small", "tmf620", "5000", "0")
    large = peaks(tmp_path / "large", "tmf620", "20000", "0")
    size = (tmp_path / "large" / "offerings.json").stat().st_size
    more_mb = size * 3 // 4 >> 20
    for process in ("own", "child"):
        grown = large[process] - small[process]
        assert grown < 4 * more_mb, f"{process} grew by {grown} MB with {more_mb} MB of source"
