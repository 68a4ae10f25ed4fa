"""The command line by itself: help, examples, exit codes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from rdflib import Graph

from kgservice.cli.main import cli
from kgservice.model.errors import InputError
from kgservice.model.settings import Setting, resolve_settings


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


def test_a_service_answers_before_it_imports_what_it_seldom_needs() -> None:
    """Each of these costs every start a tenth of a second or more (decision 0037)."""
    code = (
        "import sys, kgservice.api.app, kgservice.mpli.opening;"
        "heavy = {'dbos', 'owlrl', 'pyshacl', 'rdflib', 'sqlalchemy'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_wrong_use_exits_with_2(tmp_path: Path) -> None:
    assert run("query", folder=tmp_path).returncode == 2
    assert run("nonsense", folder=tmp_path).returncode == 2
    (tmp_path / "data").mkdir()
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KG_HOST", "http://127.0.0.1"),
        ("KG_HOST", ""),
        ("KG_PORT", "99999"),
        ("KG_PORT", "-1"),
        ("KG_PORT", "80.5"),
        ("KG_BASE_IRI", "foo"),
        ("KG_BASE_IRI", "ftp://kg.example/"),
        ("KG_BASE_IRI", "http://kg.example/?x"),
        ("KG_JOBS_URL", "mysql://somewhere/jobs"),
        ("KG_JOBS_URL", "sqlite:"),
        ("KG_QUERY_TIMEOUT_S", "-3"),
        ("KG_QUERY_TIMEOUT_S", "nan"),
        ("KG_QUERY_TIMEOUT_S", "inf"),
        ("KG_SLOW_QUERY_S", "-1"),
        ("KG_SLOW_QUERY_S", "often"),
        ("KG_SLOW_QUERY_S", "nan"),
        ("KG_QUERY_MEMORY_MB", "0"),
        ("KG_QUERY_MEMORY_MB", "300"),
        ("KG_QUERY_MAX_ROWS", "0"),
        ("KG_QUERY_MAX_MB", "much"),
        ("KG_SERVICE_ENDPOINTS", "example.org/sparql"),
        ("KG_SERVICE_ENDPOINTS", "http://user@example.org/sparql"),
        ("KG_SERVICE_ENDPOINTS", "https://a.example/sparql, http://127.0.0.1:8080/sparql"),
        ("KG_SERVICE_ENDPOINTS", "http://127.0.0.1:8080"),
        ("KG_QUERY_WORKERS", "0"),
        ("KG_PUBLIC_READ", "yes"),
        ("KG_ALLOW_HOSTS", "https://market.example/"),
    ],
)
@pytest.mark.parametrize("origin", ["environment", "kgservice.toml"])
def test_an_impossible_setting_is_refused_with_its_origin(
    name: str, value: str, origin: str
) -> None:
    given = {name: value}
    layers = (given, {}) if origin == "environment" else ({}, given)
    with pytest.raises(InputError) as caught:
        resolve_settings(*layers)
    assert (caught.value.code, caught.value.at) == ("setting-invalid", f"{name} ({origin})")
    assert "\n" not in str(caught.value)
    assert "give" in caught.value.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KG_HOST", "::1"),
        ("KG_BASE_IRI", "https://kg.example/kg"),
        ("KG_JOBS_URL", "sqlite:////somewhere/jobs.sqlite"),
        ("KG_JOBS_URL", "postgresql://user@db.example:5432/jobs"),
        ("KG_QUERY_TIMEOUT_S", "0.5"),
        ("KG_SLOW_QUERY_S", "0"),
        ("KG_SLOW_QUERY_S", ""),
        ("KG_ALLOW_HOSTS", "market.example, other.example:8443"),
        ("KG_SERVICE_ENDPOINTS", "https://a.example/sparql, http://10.0.0.7:3030/ds?x=1"),
    ],
)
def test_a_possible_setting_is_taken(name: str, value: str) -> None:
    assert Setting(name, value, "environment") in resolve_settings({name: value}, {}).origins


def test_a_password_in_a_setting_is_not_repeated() -> None:
    with pytest.raises(InputError) as caught:
        resolve_settings({"KG_JOBS_URL": "mysql://me:hunter2@db.example/jobs"}, {})
    assert "hunter2" not in str(caught.value)


def test_a_host_of_another_machine_is_told_from_a_port_in_use(tmp_path: Path) -> None:
    done = run("serve", "--host", "192.0.2.1", "--port", "0", folder=tmp_path)
    assert done.returncode == 2
    assert "no address of this machine" in done.stderr
    assert "another --port" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "query queries", "query 'ASK {}'", "why urn:a urn:b urn:c", "label show urn:a",
        "catalog list", "catalog show polder", "catalog sync polder", "catalog remove polder",
        "token list", "context list",
    ],
)  # fmt: skip
def test_a_mistyped_data_folder_is_not_made(tmp_path: Path, command: str) -> None:
    done = run(*shlex.split(command), folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "data-folder-missing" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_host_that_no_address_is_found_for_stops_the_start(tmp_path: Path) -> None:
    done = run("serve", "--host", "nowhere.invalid", "--port", "0", folder=tmp_path)
    assert done.returncode == 2
    assert "KG_HOST (command line)" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_ask_says_yes_or_no_and_a_construct_turtle(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    yes = run("query", "ASK { kg:PostgreSQL ?p ?o }", folder=tmp_path)
    assert (yes.returncode, yes.stdout) == (0, "yes\n")
    no = run("query", "ASK { kg:made-up ?p ?o }", folder=tmp_path)
    assert (no.returncode, no.stdout) == (1, "no\n")
    assert run("query", "ASK { kg:made-up ?p ?o }", "--json", folder=tmp_path).returncode == 1
    text = "CONSTRUCT { kg:PostgreSQL kg:made-up ?c } { kg:PostgreSQL rdfs:subClassOf ?c }"
    made = run("query", text, folder=tmp_path)
    assert made.returncode == 0
    found = Graph().parse(data=made.stdout, format="turtle")
    assert len(found) >= 1
    assert "rows" not in made.stdout
