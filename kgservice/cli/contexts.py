"""`kg context`: JSON-LD contexts that importers may read, pinned by hash."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import open_gateway
from kgservice.cli.output import print_json, print_table, text


@click.group()
def context() -> None:
    """Add and list JSON-LD contexts; none is ever fetched.

    Example: kg context add loire.jsonld --sha256 3f1c…
    """


@context.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sha256", required=True, metavar="H", help="The file's hash, from its publisher.")
@click.option("--iri", default="", help="The address that documents name; else what the file says.")
@click.option("--json", "as_json", is_flag=True)
def add(file: Path, sha256: str, iri: str, as_json: bool) -> None:
    """Keep a context, so that documents that name it can be read.

    Example: kg context add loire.jsonld --sha256 3f1c… --iri https://w3id.org/gaia-x/2511#
    """
    query = urlencode({"sha256": sha256, "iri": iri})
    with open_gateway(load_settings()) as gateway:
        made = gateway.call(
            "POST",
            f"/contexts?{query}",
            body=file.read_bytes(),
            content_type="application/ld+json",
        ).json()
    if as_json:
        print_json(made)
    else:
        click.echo(f"{text(made, 'iri')} is {text(made, 'sha256')}")


@context.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_(as_json: bool) -> None:
    """List the contexts that were added.

    Example: kg context list
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        found = gateway.call("GET", "/contexts").json()
    if as_json:
        print_json(found)
        return
    rows = found["contexts"] if isinstance(found["contexts"], list) else []
    print_table(["address", "SHA-256"], [[text(row, "iri"), text(row, "sha256")] for row in rows])
