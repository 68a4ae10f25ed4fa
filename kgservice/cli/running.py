"""`kg running`: queries under way."""

from __future__ import annotations

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import open_gateway
from kgservice.cli.output import print_json, print_table, text

_WIDTH = 70


@click.group()
def running() -> None:
    """List and cancel SPARQL queries that run or wait: your own, or as an operator all.

    Example: kg running list
    """


@running.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_(as_json: bool) -> None:
    """List queries, oldest first.

    Example: kg running list
    """
    with open_gateway(load_settings(), needs_service=True) as gateway:
        found = gateway.call("GET", "/sparql/queries").json()
    if as_json:
        print_json(found)
        return
    rows = found["queries"] if isinstance(found["queries"], list) else []
    fields = ("number", "state", "seconds", "token")
    shown = [" ".join(text(row, "query").split())[:_WIDTH] for row in rows]
    print_table(
        (*fields, "query"),
        [[*(text(row, f) for f in fields), q] for row, q in zip(rows, shown, strict=True)],
    )


@running.command()
@click.argument("number", type=int)
def cancel(number: int) -> None:
    """Stop a query; whoever waits for it is told that it was cancelled.

    Example: kg running cancel 17
    """
    with open_gateway(load_settings(), needs_service=True) as gateway:
        gateway.call("DELETE", f"/sparql/queries/{number}")
    click.echo(f"query {number} is cancelled.")
