"""Fixtures that every room's tests use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded real payloads, which is not part of the project."""
    folder = Path(os.environ.get("KG_SHARED", ROOT.parent / "shared")) / "data"
    if folder.is_dir():
        return folder
    message = f"real payloads are not at {folder}: set KG_SHARED to the folder that holds data/"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
