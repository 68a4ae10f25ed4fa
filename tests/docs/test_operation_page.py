"""The commands of docs/operation.md are run as they stand; its tables are compared."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from kgservice.model.settings import DEFAULTS
from kgservice.mpli.watch import OUTCOMES
from tests.programs import needs
from tests.running import Service

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operation.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    needs("curl", "curl")
    one = Service(tmp_path_factory.mktemp("operation") / "data").start("--samples")
    yield one
    one.stop()


def test_the_commands_work_one_after_the_other(service: Service) -> None:
    place = str(service.folder.parent)
    assert len(COMMANDS) == 4
    for command in COMMANDS:
        adapted = command.replace("http://127.0.0.1:8080", service.url)
        adapted = adapted.replace("/tmp", place)  # noqa: S108
        adapted = re.sub(r"^kg ", f"{sys.executable} -m kgservice ", adapted)
        done = subprocess.run(
            adapted,
            shell=True,
            env={**service.env, "KG_TOKEN": service.token},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, command + done.stdout + done.stderr
    manifest = json.loads((service.folder.parent / "kg-backup-of-today/backup.json").read_text())
    assert all((service.folder.parent / "kg-trial" / name).exists() for name in manifest["files"])


def test_each_number_of_the_page_is_there_and_each_that_is_there_on_the_page(
    service: Service,
) -> None:
    answer = requests.get(
        service.url + "/metrics",
        headers={"Authorization": f"Bearer {service.token}"},
        timeout=60,
    )
    there = set(re.findall(r"^# TYPE (kg_\w+)", answer.text, re.MULTILINE))
    page = set(re.findall(r"`(kg_\w+)`", PAGE))

    assert {name for name in there if not name.endswith("_created")} == page


def test_the_tables_are_those_of_the_code() -> None:
    defaults = dict(re.findall(r"^\| `(KG_\w+)` \| (\w+) \|", PAGE, re.MULTILINE))
    assert defaults == {name: DEFAULTS[name] for name in defaults}
    (line,) = [line for line in PAGE.splitlines() if line.startswith("| `kg_query_seconds`")]
    said = set(re.findall(r"`([a-z-]+)`", line)) - {"outcome"}
    assert said == {"ok", "refused", "failed", *OUTCOMES.values()}
