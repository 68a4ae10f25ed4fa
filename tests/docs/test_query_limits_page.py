"""The examples of docs/query-limits.md are run as they stand, and its tables are compared."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgservice.model.settings import DEFAULTS
from tests.programs import needs
from tests.running import Service

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "query-limits.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^```sh\n(.*?)^```\n```(json|text)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    needs("curl", "curl")
    settings = {"KG_QUERY_TIMEOUT_S": "3", "KG_QUERY_MAX_ROWS": "10000"}
    one = Service(tmp_path_factory.mktemp("limits") / "data", settings).start("--samples")
    yield one
    one.stop()


@pytest.mark.parametrize(("command", "kind", "expected"), EXAMPLES)
def test_an_example_gives_what_is_shown(
    service: Service, command: str, kind: str, expected: str
) -> None:
    command = command.replace("http://127.0.0.1:8080", service.url)
    command = command.replace("kg doctor", f"{sys.executable} -m kgservice doctor")
    done = subprocess.run(
        command,
        shell=True,
        env=service.env,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if kind == "json":
        found, wanted = json.loads(done.stdout), json.loads(expected)
        assert {name: found[name] for name in wanted} == wanted
    else:
        assert expected.split() == next(
            line.split()
            for line in done.stdout.splitlines()
            if expected.split()[0] in line.split()[:1] and "may" in line
        )


def test_the_defaults_are_those_of_the_settings() -> None:
    table = dict(re.findall(r"^\| `(KG_\w+)` \| (\w+) \|", PAGE, re.MULTILINE))
    assert len(table) == 6
    assert {name: "" if value == "none" else value for name, value in table.items()} == {
        name: DEFAULTS[name] for name in table
    }


def test_every_code_of_the_page_is_an_error() -> None:
    codes = set(re.findall(r"`((?:query|answer|service|update)-[a-z-]+)`", PAGE))
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert codes <= set(re.findall(r"^### (\S+)$", page, re.MULTILINE))
