"""`kg catalog`: the sources that are mapped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import click

from kgservice.cli import catalog_tables
from kgservice.cli.context import load_settings
from kgservice.cli.follow import finish
from kgservice.cli.gateway import Gateway, open_gateway
from kgservice.cli.official import print_official
from kgservice.cli.output import print_json, text
from kgservice.model.errors import KgError, Refused, Unavailable
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
        try:
            _sync(gateway, name, as_json)
        except KgError as error:
            _say_what_remains(gateway, name)
            raise error from None


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
    with open_gateway(load_settings(), needs_data=True) as gateway:
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
    """List the catalogues: how old their data is, and whether the last attempt failed.

    Example: kg catalog list
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        found = gateway.call("GET", "/catalogs").json()
    if as_json:
        print_json(found)
    else:
        catalog_tables.print_catalogs(catalog_tables.items(found, "catalogs"))


@catalog.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
def show(name: str, as_json: bool) -> None:
    """Show a catalogue: where it comes from, how old its data is and why.

    Example: kg catalog show polder
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        found = gateway.call("GET", f"/catalogs/{name}").json()
    if as_json:
        print_json(found)
    else:
        catalog_tables.print_catalog(found)


@catalog.command()
@click.argument("name")
@click.option("--at", metavar="SYNC", help="A sync of `kg catalog history`; by default the last.")
@click.option("--coverage", is_flag=True, help="Also which fields of the source are mapped.")
@click.option("--json", "as_json", is_flag=True)
def report(name: str, at: str | None, coverage: bool, as_json: bool) -> None:
    """Show what a sync found: an outcome for each document, problems, quarantine.

    Example: kg catalog report polder --coverage
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        found = _get(gateway, f"/catalogs/{name}/report", at=at)
    if as_json:
        print_json(found)
    else:
        catalog_tables.print_report(found, with_coverage=coverage)
        print_official(found)


@catalog.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
def history(name: str, as_json: bool) -> None:
    """List every attempt to sync, failed ones too, the latest first.

    Example: kg catalog history polder
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        found = _get(gateway, f"/catalogs/{name}/history")
    if as_json:
        print_json(found)
    else:
        catalog_tables.print_history(found)


@catalog.command()
@click.argument("name")
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--json", "as_json", is_flag=True)
def diff(name: str, old: str | None, new: str | None, as_json: bool) -> int:
    """Show what is different between two syncs, by default the last two; exit 1 when something is.

    OLD and NEW are syncs of `kg catalog history`, or the beginning of their names or moments.

    Example: kg catalog diff polder
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        found = _get(gateway, f"/catalogs/{name}/diff", **{"from": old, "to": new})
    if as_json:
        print_json(found)
    else:
        catalog_tables.print_difference(found)
    return 0 if found.get("same") else 1


@catalog.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a catalogue and all that came from it; its originals are kept.

    Example: kg catalog remove polder
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        gateway.call("DELETE", f"/catalogs/{name}")
    click.echo(f"{name} is removed.")


def _get(gateway: Gateway, path: str, **parameters: str | None) -> dict[str, object]:
    given = urlencode({name: value for name, value in parameters.items() if value})
    return gateway.call("GET", f"{path}?{given}" if given else path).json()


def _sync(gateway: Gateway, name: str, as_json: bool) -> None:
    answer = gateway.call("POST", f"/catalogs/{name}/sync")
    if answer.status == 202:
        try:
            expected = gateway.call("GET", f"/catalogs/{name}").json().get("documents")
            finish(gateway, answer, quiet=as_json, expected=int(str(expected or 0)))
        except Refused as refused:
            raise _reason(gateway, name, refused) from None
    found = _get(gateway, f"/catalogs/{name}/report")
    if as_json:
        print_json(found)
    else:
        catalog_tables.print_report(found)
        print_official(found)


def _reason(gateway: Gateway, name: str, refused: Refused) -> KgError:
    """Tell a failed sync's own reason instead of its job's."""
    failure = _failure(gateway, name)
    if refused.code != "job-failed" or not failure:
        return refused
    return Unavailable(text(failure, "detail"), code=text(failure, "code"), hint=refused.hint)


def _failure(gateway: Gateway, name: str) -> Mapping[str, object]:
    return catalog_tables.members(gateway.call("GET", f"/catalogs/{name}").json(), "failure")


def _say_what_remains(gateway: Gateway, name: str) -> None:
    """Say, when the first sync fails, what is registered and what can be done."""
    found = gateway.call("GET", f"/catalogs/{name}").json()
    since = text(found, "dataFrom")
    has = f"the data of {catalog_tables.moment(since)}" if since else "no data yet"
    click.echo(
        f"{name} is registered for {text(found, 'source')}, with {has}: `kg catalog sync {name}`"
        f" tries again, `kg catalog add {name} …` changes the source,"
        f" `kg catalog remove {name}` forgets it.",
        err=True,
    )
