"""The black-box SPARQL suite (W3C tests and its own) against a real service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Service

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = "3"


@pytest.fixture(scope="module")
def suite() -> Path:
    """The suite's folder, which is not part of the project."""
    folder = Path(os.environ.get("KG_SHARED", ROOT.parent / "shared")) / "suites" / "sparql"
    if (folder / "run.py").is_file():
        return folder
    message = f"the SPARQL suite is not at {folder}: set KG_SHARED to the folder of suites/"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def outcomes(
    suite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[str, str]]]:
    """What came of each test, by its id: `pass`, `fail` or `skip`, and why."""
    folder = tmp_path_factory.mktemp("suite")
    environment = {"KG_DEFAULT_GRAPH": "isolated", "KG_QUERY_TIMEOUT_S": TIMEOUT_S}
    service = Service(folder / "data", environment).start()
    try:
        url, result = service.url, folder / "outcomes.json"
        done = subprocess.run(
            [
                sys.executable, str(suite / "run.py"),
                "--query", f"{url}/sparql", "--update", f"{url}/sparql/update",
                "--gsp", f"{url}/graphs", "--gsp-direct", f"{url}/graphs",
                "--token", service.token, "--allow", str(suite / "engine_known.txt"),
                "--hard-timeout", TIMEOUT_S, "--timeout", "60", "--json", str(result), "-v",
            ],
            capture_output=True, text=True, check=False, timeout=1200,
        )  # fmt: skip
        assert result.is_file(), done.stdout + done.stderr
        print(done.stdout)  # noqa: T201 - for whoever looks why one failed
        yield {name: tuple(found) for name, found in json.loads(result.read_text()).items()}
    finally:
        service.stop()


def failed(outcomes: dict[str, tuple[str, str]], prefix: str) -> dict[str, str]:
    return {
        name: why
        for name, (outcome, why) in outcomes.items()
        if outcome != "pass" and name.startswith(prefix)
    }


@pytest.mark.xdist_group("sparql-suite")
def test_every_must_test_passes(outcomes: dict[str, tuple[str, str]]) -> None:
    assert failed(outcomes, "must/") == {}


@pytest.mark.xdist_group("sparql-suite")
def test_no_w3c_test_fails_that_passes_elsewhere(
    outcomes: dict[str, tuple[str, str]], suite: Path
) -> None:
    """Those that may fail are the engine's: they fail in `oxigraph serve` too."""
    known = set((suite / "engine_known.txt").read_text(encoding="utf-8").split())
    assert len(known) <= 28
    assert {n: why for n, why in failed(outcomes, "sparql1").items() if n not in known} == {}
    assert sum(name.startswith("sparql1") for name in outcomes) > 1000


@pytest.mark.xdist_group("sparql-suite")
def test_at_least_95_percent_of_the_should_tests_pass(
    outcomes: dict[str, tuple[str, str]],
) -> None:
    all_of_them = [name for name in outcomes if name.startswith("should/")]
    missing = failed(outcomes, "should/")
    assert len(missing) <= 0.05 * len(all_of_them), missing
