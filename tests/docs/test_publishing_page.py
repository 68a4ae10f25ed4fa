"""The examples of docs/publishing.md are run as they stand, against a real service."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from rdflib import Graph

from tests.programs import needs
from tests.running import Service

PAGE = Path(__file__).resolve().parents[2] / "docs" / "publishing.md"
BLOCKS = re.findall(r"^```\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    needs("curl", "curl")
    folder = tmp_path_factory.mktemp("publishing")
    one = Service(folder / "data", {"KG_ALLOW_HOSTS": "127.0.0.1:9999"}).start("--samples")
    yield one
    one.stop()


def test_there_are_examples_of_each_face() -> None:
    for part in ("/v4/productOffering", "/v4/hub", "/dcat", "/.well-known/void"):
        assert any(part in command for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_answers(service: Service, command: str) -> None:
    done = subprocess.run(
        command.replace("http://127.0.0.1:8080", service.url),
        shell=True, env={**os.environ, "KG_TOKEN": service.token}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if " -I " in command:
        assert done.stdout.startswith("HTTP/1.1 200")
        assert 'rel="next"' in done.stdout
    elif "/dcat" in command or "/void" in command:
        syntax = {"jsonld": "json-ld", "nt": "nt"}.get(command.rpartition("format=")[2][:-1])
        assert len(Graph().parse(data=done.stdout, format=syntax or "turtle")) > 20
    else:
        found = json.loads(done.stdout)
        assert found
        assert "code" not in found, found
