"""`kg request stand`, `rest` and `changes`: requests that are kept true, and what became."""

from __future__ import annotations

import time

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import Gateway, open_gateway
from kgservice.cli.output import print_json, text
from kgservice.cli.request import request, send_request

POLL_S = 2.0


@request.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True)
def stand(file: str, as_json: bool) -> None:
    """Keep a request's answer true from now on; `kg request changes` tells what becomes of it.

    Example: kg request stand portal.yaml
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        identity = send_request(gateway, file)
        shown = gateway.call("PUT", f"/mpli/v1/requests/{identity}/standing").json()
    if as_json:
        print_json(shown)
    else:
        click.echo(f"{file} stands; its id is {identity}.")


@request.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
def rest(file: str) -> None:
    """Let a request stand no longer; what became of it until now can still be read.

    Example: kg request rest portal.yaml
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        identity = send_request(gateway, file)
        gateway.call("DELETE", f"/mpli/v1/requests/{identity}/standing")
    click.echo(f"{file} stands no longer.")


@request.command()
@click.option("--after", default=0, metavar="N", help="Number of the last change that you know.")
@click.option("--follow", is_flag=True, help="Go on and print changes as they come.")
@click.option("--json", "as_json", is_flag=True, help="As CloudEvents, one to a line.")
def changes(after: int, follow: bool, as_json: bool) -> None:
    """Tell what became of your standing requests: better, worse, possible, impossible.

    Example: kg request changes --follow
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        while True:
            events = _events(gateway, after)
            for event in events:
                after = int(text(event, "id"))
                if as_json:
                    print_json(event)
                else:
                    _print(event)
            if not events:
                if not follow:
                    return
                time.sleep(POLL_S)


def _events(gateway: Gateway, after: int) -> list[dict[str, object]]:
    found = gateway.call("GET", f"/mpli/v1/changes?after={after}").json()["items"]
    return [event for event in found if isinstance(event, dict)] if isinstance(found, list) else []


def _print(event: dict[str, object]) -> None:
    name = text(event, "subject").rpartition("/")[2]
    before, after = (
        text(event, "data", state, "monthlyPrice") or text(event, "data", state, "status")
        for state in ("before", "after")
    )
    click.echo(
        f"{text(event, 'id'):>6}  {text(event, 'time')}  {name}  "
        f"{text(event, 'data', 'change'):<10}  {before} -> {after}"
    )
