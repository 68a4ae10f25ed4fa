"""The examples of docs/sparql.md are run as they stand, with the real clients."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kgservice.mpli.query_header import read_header
from tests.programs import needs
from tests.running import Service

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sparql.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```\n(?:```text\n(.*?)^```)?", PAGE, re.M | re.S)
PYTHON = [(code, said) for kind, code, said in BLOCKS if kind == "python"]
R = [(code, said) for kind, code, said in BLOCKS if kind == "r"]
SHELL = [(code, said) for kind, code, said in BLOCKS if kind == "sh"]


def run(service: Service, command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    folder = str(Path(sys.executable).parent)
    environment = service.env | {"KG_TOKEN": service.token}
    environment["PATH"] = f"{folder}:{environment.get('PATH', '')}"
    return subprocess.run(
        command, input=text, env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def placed(code: str, service: Service) -> str:
    return code.replace("http://127.0.0.1:8080", service.url)


@pytest.mark.parametrize(("code", "said"), PYTHON, ids=["pandas", "sparqlwrapper", "rdflib"])
def test_a_python_client_gets_what_the_page_says(service: Service, code: str, said: str) -> None:
    done = run(service, [sys.executable, "-"], placed(code, service))
    assert done.returncode == 0, done.stderr
    assert done.stdout == said


def test_r_gets_what_the_page_says(service: Service) -> None:
    rscript = needs("Rscript", "r-base-core")
    ((code, said),) = R
    done = run(service, [rscript, "-"], placed(code, service))
    assert done.returncode == 0, done.stderr
    assert done.stdout == said


def test_snippets_are_short() -> None:
    assert len(PYTHON) == 3
    for code, _ in (*PYTHON, *R):
        assert len([line for line in code.splitlines() if line]) <= 5, code


@pytest.mark.parametrize(("code", "said"), SHELL, ids=range(len(SHELL)))
def test_a_command_says_what_the_page_says(service: Service, code: str, said: str) -> None:
    needs("curl", "curl")
    heard = ""
    for line in code.strip().splitlines():
        expected = re.search(r"# exit (\d)$", line)
        done = run(service, ["bash", "-c", placed(line, service)])
        assert done.returncode == int(expected[1] if expected else 0), done.stderr
        heard += done.stdout + done.stderr
        assert '"code"' not in done.stdout
    if said:
        assert re.sub(r" +$", "", heard, flags=re.M) == re.sub(r" +$", "", said, flags=re.M)
    else:
        assert len(heard.strip().splitlines()) > 2


def test_an_operators_query_from_the_page_counts(service: Service) -> None:
    ((text,),) = [[code] for kind, code, _ in BLOCKS if kind == "sparql"]
    assert len(read_header("memory", text).parameters) == 3
    folder = service.folder / "queries"
    folder.mkdir()
    (folder / "memory-in-a-country.rq").write_text(text, encoding="utf-8")
    try:
        found = service.kg("query", "memory-in-a-country", "--param", "memory=32")
        assert "waterlinie-vm-large" in found
        assert "waterlinie-vm-small" not in found
        assert "Memory in a country" in service.kg("query", "--list")
    finally:
        (folder / "memory-in-a-country.rq").unlink()
        folder.rmdir()


def test_the_table_lists_exactly_the_questions(service: Service) -> None:
    listed = service.kg_json("query", "--list", "--json")["queries"]
    assert isinstance(listed, list)
    table = re.findall(r"^\| ([a-z-]+) \| (.+) \|$", PAGE, re.M)
    heads = {"name": "what it answers", "pattern": "sees"}
    assert dict(table) == heads | {one["name"]: one["title"] for one in listed}
