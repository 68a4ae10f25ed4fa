"""`kg label`: what is concluded from evidence."""

from __future__ import annotations

from urllib.parse import quote

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import open_gateway
from kgservice.cli.output import print_json


@click.group()
def label() -> None:
    """Labels and the evidence behind them.

    Example: kg label show urn:ngsi-ld:product-offering:1
    """


@label.command()
@click.argument("subject")
def show(subject: str) -> None:
    """Show each criterion of each scheme: met, not met or unknown, with evidence and validity.

    Example: kg label show urn:ngsi-ld:product-offering:1
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        print_json(gateway.call("GET", f"/labels?subject={quote(subject, safe='')}").json())
