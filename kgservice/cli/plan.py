"""`kg plan` and `kg apply`: see what would be done, then have it done."""

from __future__ import annotations

import click

from kgservice.cli.context import load_settings
from kgservice.cli.follow import finish
from kgservice.cli.gateway import open_gateway
from kgservice.cli.keys import public_key
from kgservice.cli.output import print_json, text
from kgservice.cli.request import send_request


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--rank", default=1, show_default=True, help="Which of the compositions.")
@click.option("--json", "as_json", is_flag=True)
def plan(file: str, rank: int, as_json: bool) -> None:
    """Make and save a plan for a request; nothing is done yet.

    Example: kg plan portal.yaml
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        identity = send_request(gateway, file)
        body = {"request": identity, "rank": rank, "customerKey": public_key()}
        made = gateway.call("POST", "/mpli/v1/plans", json=body).json()
    if as_json:
        print_json(made)
    else:
        click.echo(text(made, "text"))
        click.echo(f"\nNothing is done yet. To have it done: kg apply {text(made, 'id')}")


@click.command()
@click.argument("plan_id", metavar="PLAN")
@click.option("--no-wait", is_flag=True, help="Give the job's id and do not wait for its end.")
@click.option("--json", "as_json", is_flag=True)
def apply(plan_id: str, no_wait: bool, as_json: bool) -> None:
    """Carry out a saved plan; refuses one whose facts have changed since.

    Example: kg apply 5b0c7e19f2d1a4e8
    """
    with open_gateway(load_settings(), needs_service=True) as gateway:
        answer = gateway.call("POST", f"/mpli/v1/plans/{plan_id}/apply")
        shown = answer.json() if no_wait else finish(gateway, answer, quiet=as_json)
    if as_json:
        print_json(shown)
    elif no_wait:
        click.echo(f"job {text(shown, 'id')} is on its way: kg job watch {text(shown, 'id')}")
    else:
        click.echo(f"job {text(shown, 'id')}: {text(shown, 'state')}")
