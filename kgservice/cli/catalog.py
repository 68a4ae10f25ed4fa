"""`kg catalog`: the sources that are mapped."""

from __future__ import annotations

from pathlib import Path

import click

from kgservice.cli.context import load_settings
from kgservice.cli.follow import finish
from kgservice.cli.gateway import Gateway, open_gateway
from kgservice.cli.official import print_official
from kgservice.cli.output import print_json, print_table, text
from kgservice.mpli.sample_catalogs import SAMPLES, sample_folder


@click.group()
def catalog() -> None:
    """Add, sync and inspect catalogues.

    Example: kg catalog add dome --type tmf620 offerings/
    """


@catalog.command()
@click.argument("name")
@click.option("--type", "kind", required=True, metavar="tmf620|gaia-x", help="The source's format.")
@click.argument("source")
@click.option(
    "--option", "given", multiple=True, metavar="NAME=VALUE",
    help="An option of the importer; @FILE as value stands for the file's text.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True)
def add(name: str, kind: str, source: str, given: tuple[str, ...], as_json: bool) -> None:
    """Add a catalogue (URL, file or folder) and sync it.

    Example: kg catalog add polder --type tmf620 offerings/
    """
    place = source if "://" in source else str(Path(source).resolve())
    with open_gateway(load_settings()) as gateway:
        body = {"name": name, "type": kind, "source": place, "options": _options(given)}
        gateway.call("POST", "/catalogs", json=body)
        _sync(gateway, name, as_json)


def _options(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.BadParameter(f"{one!r} is not NAME=VALUE", param_hint="--option")
        try:
            found[name] = Path(value[1:]).read_text("utf-8") if value[:1] == "@" else value
        except (OSError, UnicodeDecodeError):
            raise click.BadParameter(f"{value[1:]!r} cannot be read") from None
    return found


@catalog.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
def sync(name: str, as_json: bool) -> None:
    """Read the source again and take over what changed.

    Example: kg catalog sync polder
    """
    with open_gateway(load_settings()) as gateway:
        _sync(gateway, name, as_json)


@catalog.command()
def samples() -> None:
    """Add the two bundled sample catalogues, whose providers are made up.

    Example: kg catalog samples
    """
    with open_gateway(load_settings()) as gateway:
        for name, kind in SAMPLES.items():
            body = {"name": name, "type": kind, "source": str(sample_folder(name))}
            gateway.call("POST", "/catalogs", json=body)
            _sync(gateway, name, False)


@catalog.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_(as_json: bool) -> None:
    """List the catalogues.

    Example: kg catalog list
    """
    with open_gateway(load_settings()) as gateway:
        found = gateway.call("GET", "/catalogs").json()
    if as_json:
        print_json(found)
        return
    rows = found["catalogs"] if isinstance(found["catalogs"], list) else []
    print_table(
        ["name", "type", "offerings", "last sync", "source"],
        [
            [
                text(r, "name"),
                text(r, "type"),
                text(r, "offerings"),
                text(r, "synced", default="never"),
                text(r, "source"),
            ]
            for r in rows
        ],
    )


@catalog.command()
@click.argument("name")
def show(name: str) -> None:
    """Show a catalogue.

    Example: kg catalog show polder
    """
    with open_gateway(load_settings()) as gateway:
        print_json(gateway.call("GET", f"/catalogs/{name}").json())


@catalog.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
def report(name: str, as_json: bool) -> None:
    """Show what the last sync found: counts, problems, quarantine.

    Example: kg catalog report polder
    """
    with open_gateway(load_settings()) as gateway:
        _print_report(gateway.call("GET", f"/catalogs/{name}/report").json(), as_json)


@catalog.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a catalogue and all that came from it; its originals are kept.

    Example: kg catalog remove polder
    """
    with open_gateway(load_settings()) as gateway:
        gateway.call("DELETE", f"/catalogs/{name}")
    click.echo(f"{name} is removed.")


def _sync(gateway: Gateway, name: str, as_json: bool) -> None:
    answer = gateway.call("POST", f"/catalogs/{name}/sync")
    if answer.status == 202:
        finish(gateway, answer, quiet=as_json)
        answer = gateway.call("GET", f"/catalogs/{name}/report")
    _print_report(answer.json(), as_json)


def _print_report(report: dict[str, object], as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    counts = report.get("counts")
    if isinstance(counts, dict):
        said = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
        click.echo(f"{text(report, 'catalog')}: {said or 'nothing changed'}")
    problems = report.get("problems")
    for problem in problems if isinstance(problems, list) else []:
        click.echo(
            f"  {text(problem, 'at')}: {text(problem, 'detail')}   [{text(problem, 'code')}]"
        )
    print_official(report)
