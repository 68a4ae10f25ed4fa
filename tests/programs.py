"""Programs that tests need: found, or the test fails in CI and is skipped elsewhere."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(command: str, package: str) -> str:
    """Give the path of a program; without it, say the command that installs it."""
    path = shutil.which(command)
    if path is None:
        message = f"{command} is missing: apt install {package}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path
