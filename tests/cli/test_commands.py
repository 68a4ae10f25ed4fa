"""The command line by itself: help, examples, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kgservice.cli.main import cli


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    return subprocess.run(
        [sys.executable, "-m", "kgservice", *arguments],
        env={**clean, "KG_DATA_DIR": str(folder / "data"), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("name", "command"), list(commands(cli)), ids=lambda value: str(value))
def test_every_command_says_what_it_does_with_an_example(name: str, command: click.Command) -> None:
    assert command.help, name
    assert f"Example: kg {name}" in command.help or isinstance(command, click.Group), command.help


def test_help_needs_no_engine(tmp_path: Path) -> None:
    """`kg --help` must stay quick: nothing heavy may be imported for it."""
    code = (
        "import sys; from kgservice.cli.main import cli; import kgservice.cli.query;"
        "heavy = {'flask', 'pyoxigraph', 'rdflib', 'pyshacl', 'dbos', 'requests', 'rich'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_wrong_use_exits_with_2(tmp_path: Path) -> None:
    assert run("query", folder=tmp_path).returncode == 2
    assert run("nonsense", folder=tmp_path).returncode == 2
    done = run("query", "missing.rq", folder=tmp_path)
    assert (done.returncode, "file-unreadable" in done.stderr) == (2, True)


def test_commands_that_need_a_service_say_so(tmp_path: Path) -> None:
    done = run("service", "list", folder=tmp_path)
    assert done.returncode == 3
    assert "service-not-running" in done.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    done = run("doctor", folder=tmp_path, KG_PORT="many")
    assert done.returncode == 2
    assert "KG_PORT" in done.stderr


def test_an_unknown_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kgservice.toml").write_text('KG_PROT = "8080"\n', encoding="utf-8")
    done = run("doctor", folder=tmp_path)
    assert (done.returncode, "setting-unknown" in done.stderr) == (2, True)


def test_doctor_shows_the_origin_of_each_setting(tmp_path: Path) -> None:
    (tmp_path / "kgservice.toml").write_text("KG_QUERY_WORKERS = 3\n", encoding="utf-8")
    done = run("doctor", folder=tmp_path, KG_PORT="0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kgservice.toml" in done.stdout
    assert "environment" in done.stdout
