"""An operator's day with catalogues: add, report, history, differences, a source that goes away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_commands import run

from tests.running import Service


def offering(number: int, **more: object) -> dict[str, object]:
    identity = f"urn:ngsi-ld:product-offering:made-up-{number}"
    return {
        "id": identity,
        "href": identity,
        "@type": "ProductOffering",
        "name": f"Made-up database {number}",
        "lifecycleStatus": "Launched",
        "x-made-up": "nobody maps this",
        **more,
    }


def write(folder: Path, *offerings: dict[str, object]) -> None:
    (folder / "source").mkdir(exist_ok=True)
    (folder / "source" / "productOffering.json").write_text(json.dumps(offerings))


def kg_json(folder: Path, *arguments: str, expect: int = 0) -> dict[str, object]:
    done = run(*arguments, "--json", folder=folder)
    assert done.returncode == expect, done.stdout + done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def test_a_catalogue_is_reported_compared_and_said_to_be_old(tmp_path: Path) -> None:
    write(tmp_path, offering(1), offering(2))
    added = run("catalog", "add", "mine", "--type", "tmf620", "source", folder=tmp_path)
    assert added.returncode == 0, added.stderr
    first = kg_json(tmp_path, "catalog", "report", "mine")
    outcomes = first["outcomes"]
    assert isinstance(outcomes, dict)
    assert (outcomes["imported"], sum(outcomes.values())) == (2, 2)

    write(tmp_path, offering(1, name="Renamed"), offering(3))
    assert run("catalog", "sync", "mine", folder=tmp_path).returncode == 0
    told = kg_json(tmp_path, "catalog", "history", "mine")["syncs"]
    assert isinstance(told, list)
    assert [one["outcome"] for one in told] == ["done", "done"]
    assert told[1]["sync"] == first["sync"]
    before = kg_json(tmp_path, "catalog", "report", "mine", "--at", str(first["sync"]))
    assert before["outcomes"] == outcomes
    assert (
        kg_json(tmp_path, "catalog", "report", "mine", "--at", str(told[1]["at"]))["sync"]
        == (first["sync"])
    )

    differs = run("catalog", "diff", "mine", folder=tmp_path)
    assert differs.returncode == 1
    assert {line.split()[0] for line in differs.stdout.splitlines() if "made-up-" in line} == {
        "+",
        "~",
        "-",
    }
    same = run("catalog", "diff", "mine", told[0]["sync"], told[0]["sync"], folder=tmp_path)
    assert (same.returncode, "nothing differs" in same.stdout) == (0, True)

    (tmp_path / "source" / "productOffering.json").unlink()
    (tmp_path / "source").rmdir()
    assert run("catalog", "sync", "mine", folder=tmp_path).returncode in (2, 3)
    (listed,) = kg_json(tmp_path, "catalog", "list")["catalogs"]  # type: ignore[misc]
    failure = listed["failure"]
    assert (listed["dataFrom"], failure["failures"]) == (told[0]["at"], 1)
    for command in (("list",), ("show", "mine"), ("history", "mine"), ("report", "mine")):
        shown = run("catalog", *command, folder=tmp_path)
        assert failure["code"] in shown.stdout, command
    assert "2 documents" in run("catalog", "report", "mine", folder=tmp_path).stdout


def test_coverage_tells_each_field_of_each_type(tmp_path: Path) -> None:
    write(tmp_path, offering(1), offering(2))
    assert (
        run("catalog", "add", "mine", "--type", "tmf620", "source", folder=tmp_path).returncode == 0
    )
    coverage = kg_json(tmp_path, "catalog", "report", "mine")["coverage"]
    assert isinstance(coverage, dict)
    (kind,) = coverage
    assert coverage[kind]["name"] == [2, 0]
    assert coverage[kind]["x-made-up"] == [0, 2]
    shown = run("catalog", "report", "mine", "--coverage", folder=tmp_path).stdout
    (line,) = (line for line in shown.splitlines() if "x-made-up" in line)
    assert line.split() == ["x-made-up", "0", "2", "never"]


def test_a_first_sync_that_fails_says_what_remains(tmp_path: Path) -> None:
    done = run("catalog", "add", "mine", "--type", "tmf620", "nowhere", folder=tmp_path)
    assert done.returncode in (2, 3)
    assert "mine is registered" in done.stderr
    assert "no data yet" in done.stderr
    for what_to_do in ("kg catalog sync mine", "kg catalog remove mine"):
        assert what_to_do in done.stderr
    (listed,) = kg_json(tmp_path, "catalog", "list")["catalogs"]  # type: ignore[misc]
    assert (listed["dataFrom"], listed["failure"]["failures"]) == ("", 1)
    report = run("catalog", "report", "mine", folder=tmp_path)
    assert (report.returncode, "catalog-never-synced" in report.stderr) == (2, True)
    assert run("catalog", "remove", "mine", folder=tmp_path).returncode == 0


@pytest.mark.parametrize("command", ["report", "history", "diff"])
def test_an_unknown_catalogue_or_sync_is_named(tmp_path: Path, command: str) -> None:
    (tmp_path / "data").mkdir()
    done = run("catalog", command, "nobody", folder=tmp_path)
    assert (done.returncode, "catalog-unknown" in done.stderr) == (2, True)


def test_a_failed_job_of_a_sync_tells_the_reason_of_the_source(tmp_path: Path) -> None:
    write(tmp_path, offering(1), offering(2))
    service = Service(tmp_path / "data").start()
    try:
        source = str(tmp_path / "source")
        added = service.kg("catalog", "add", "mine", "--type", "tmf620", source)
        assert "imported" in added
        (tmp_path / "source" / "productOffering.json").unlink()
        (tmp_path / "source").rmdir()
        failed = service.kg("catalog", "sync", "mine", expect=3)
        (listed,) = service.kg_json("catalog", "list", "--json")["catalogs"]  # type: ignore[misc]
        assert f"[{listed['failure']['code']}]" in failed
        assert "[job-failed]" not in failed
    finally:
        service.stop()
