"""The example of docs/sparql-update.md is run as it stands, against a real service."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Service

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sparql-update.md"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if shutil.which("curl") is None:
        message = "the page's example needs curl: apt install curl"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    one = Service(tmp_path_factory.mktemp("update-page") / "data").start()
    yield one
    one.stop()


def test_the_example_prints_what_the_page_says(service: Service) -> None:
    (block,) = re.findall(r"^```console\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    commands = "\n".join(
        line.removeprefix("$ ") for line in block.splitlines() if line not in ("rating", "5")
    )
    program = f'kg() {{ "{sys.executable}" -m kgservice "$@"; }}\n{commands}'
    done = subprocess.run(
        ["bash", "-euc", program],
        env={**service.env, "KG_URL": service.url, "KG_TOKEN": service.token},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.split()[-2:] == ["rating", "5"], done.stdout + done.stderr
