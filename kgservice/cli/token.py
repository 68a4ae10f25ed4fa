"""`kg token`: who may call."""

from __future__ import annotations

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import open_gateway
from kgservice.cli.output import print_json, print_table, text


@click.group()
def token() -> None:
    """Make, list and revoke tokens.

    Example: kg token create --role customer --name portal-team
    """


@token.command()
@click.option("--role", required=True, metavar="ROLE")
@click.option("--name", default="", help="Whom it is for; requests and services belong to it.")
@click.option("--type", "kind", default="", help="For a worker: the type it works as.")
@click.option("--provider", default="", help="For a worker: the provider's IRI.")
def create(role: str, name: str, kind: str, provider: str) -> None:
    """Make a token and print it; it cannot be shown again.

    Example: kg token create --role worker --type postgresql --provider urn:ngsi-ld:organization:1
    """
    body = {"role": role, "name": name, "type": kind, "provider": provider}
    with open_gateway(load_settings()) as gateway:
        click.echo(text(gateway.call("POST", "/tokens", json=body).json(), "token"))


@token.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_(as_json: bool) -> None:
    """List tokens, without their secrets.

    Example: kg token list
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        found = gateway.call("GET", "/tokens").json()
    if as_json:
        print_json(found)
        return
    fields = ("id", "role", "name", "worker_type", "provider", "created", "revoked")
    rows = found["tokens"] if isinstance(found["tokens"], list) else []
    print_table(fields, [[text(row, field) for field in fields] for row in rows])


@token.command()
@click.argument("identity")
def revoke(identity: str) -> None:
    """Make a token useless from now on.

    Example: kg token revoke 3f0a12bc9d1e
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        gateway.call("DELETE", f"/tokens/{identity}")
    click.echo(f"{identity} is revoked.")
