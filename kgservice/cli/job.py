"""`kg job`: long work and its progress."""

from __future__ import annotations

import click

from kgservice.cli.context import load_settings
from kgservice.cli.follow import follow
from kgservice.cli.gateway import open_gateway
from kgservice.cli.output import print_json, print_table, text


@click.group()
def job() -> None:
    """Jobs: what runs, what was done, and which query started it.

    Example: kg job list
    """


@job.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_(as_json: bool) -> None:
    """List jobs, newest first.

    Example: kg job list
    """
    with open_gateway(load_settings(), needs_service=True) as gateway:
        found = gateway.call("GET", "/mpli/v1/jobs").json()
    if as_json:
        print_json(found)
        return
    fields = ("id", "kind", "state", "started", "subject")
    rows = found["jobs"] if isinstance(found["jobs"], list) else []
    print_table(fields, [[text(row, field) for field in fields] for row in rows])


@job.command()
@click.argument("identity", metavar="ID")
@click.option("--query", "with_query", is_flag=True, help="Show the rows that started each step.")
@click.option("--json", "as_json", is_flag=True)
def show(identity: str, with_query: bool, as_json: bool) -> None:
    """Show a job; with --query the answers of ready-steps.rq that started its steps.

    Example: kg job show 7d1f0c2a9be4 --query
    """
    path = f"/mpli/v1/jobs/{identity}" + ("?query=1" if with_query else "")
    with open_gateway(load_settings(), needs_service=True) as gateway:
        shown = gateway.call("GET", path).json()
    if as_json or not with_query:
        print_json(shown)
        return
    click.echo(f"job {identity}: {text(shown, 'state')}")
    print_ready_rows(shown)


def print_ready_rows(shown: dict[str, object]) -> None:
    """Print the rows of ready-steps.rq that started the steps of a job."""
    answers = shown.get("ready")
    rows = [
        [
            number,
            text(row, "step").rpartition("#")[2],
            text(row, "verb").rpartition("#")[2],
            text(row, "provider"),
            text(row, "worker", default="(the service itself)").rpartition("/")[2],
        ]
        for number, answer in enumerate(answers if isinstance(answers, list) else [], 1)
        for row in answer
    ]
    print_table(["answer", "step", "verb", "provider", "worker"], rows)


@job.command()
@click.argument("identity", metavar="ID")
def watch(identity: str) -> None:
    """Follow a job until it ends.

    Example: kg job watch 7d1f0c2a9be4
    """
    with open_gateway(load_settings(), needs_service=True) as gateway:
        shown = follow(gateway, identity)
    click.echo(f"job {identity}: {text(shown, 'state')}")


@job.command()
@click.argument("identity", metavar="ID")
def cancel(identity: str) -> None:
    """Cancel a job: what it did is undone, in reverse order.

    Example: kg job cancel 7d1f0c2a9be4
    """
    with open_gateway(load_settings(), needs_service=True) as gateway:
        gateway.call("POST", f"/mpli/v1/jobs/{identity}/cancel")
    click.echo(f"job {identity} is being undone: kg job watch {identity}")
