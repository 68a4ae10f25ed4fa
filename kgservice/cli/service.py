"""`kg service`: running services: look, adjust, move, release, end."""

from __future__ import annotations

import json
from contextlib import suppress

import click

from kgservice.cli.change_files import read_change
from kgservice.cli.context import load_settings
from kgservice.cli.follow import finish
from kgservice.cli.gateway import open_gateway
from kgservice.cli.keys import open_sealed
from kgservice.cli.output import print_json, print_table, text
from kgservice.model.errors import Refused


@click.group()
def service() -> None:
    """Services that were provisioned for you.

    Example: kg service list
    """


@service.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_(as_json: bool) -> None:
    """List your services.

    Example: kg service list
    """
    with open_gateway(load_settings(), needs_service=True) as gateway:
        found = gateway.call("GET", "/mpli/v1/services").json()
    if as_json:
        print_json(found)
        return
    fields = ("id", "component", "kind", "state", "provider", "offering")
    rows = found["services"] if isinstance(found["services"], list) else []
    print_table(fields, [[text(row, field) for field in fields] for row in rows])


@service.command()
@click.argument("identity", metavar="ID")
@click.option("--connect", is_flag=True, help="Decrypt and show how to connect, with your key.")
def show(identity: str, connect: bool) -> None:
    """Show a service; with --connect also its connection details, decrypted on this machine.

    Example: kg service show portal-db --connect
    """
    with open_gateway(load_settings(), needs_service=True) as gateway:
        shown = gateway.call("GET", f"/mpli/v1/services/{identity}").json()
        if connect:
            sealed = gateway.call("GET", f"/mpli/v1/services/{identity}/connection").json()
            shown["connection"] = open_sealed(text(sealed, "sealed"))
            if sealed.get("held"):
                shown["heldSource"] = open_sealed(text(sealed, "held"))
    print_json(shown)


@service.command()
@click.argument("identity", metavar="ID")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--dry-run", "only_plan", is_flag=True, help="Only show what would be done.")
@click.option("--erase-sources", is_flag=True, help="Consent that old copies are erased at once.")
def adjust(identity: str, file: str, only_plan: bool, erase_sources: bool) -> None:
    """Adjust a service: FILE is the changed request, or a merge patch of what it asks for.

    A changed request is met by the smallest change: fewest services go elsewhere, then fewest are
    touched, then the request's own order decides. One plan does all of it.

    Example: kg service adjust portal-db portal.yaml --dry-run
    """
    body, content_type = read_change(file)
    query = f"apply={int(not only_plan)}&eraseConsent={int(erase_sources)}"
    with open_gateway(load_settings(), needs_service=True) as gateway:
        answer = gateway.call(
            "PATCH",
            f"/mpli/v1/services/{identity}?{query}",
            body=body,
            content_type=content_type,
        )
        if only_plan:
            click.echo(text(answer.json(), "text"))
            return
        shown = finish(gateway, answer)
    click.echo(f"{identity}: {text(shown, 'state')}")


@service.command()
@click.argument("identity", metavar="ID")
@click.option("--to", default="", help="An offering or a provider; default: the best feasible one.")
@click.option("--erase-source", is_flag=True, help="Consent that the old copy is erased at once.")
@click.option(
    "--dry-run", "--plan", "only_plan", is_flag=True, help="Only show what would be done."
)
def move(identity: str, to: str, erase_source: bool, only_plan: bool) -> None:
    """Move a service to another provider; the source lives until the target is verified.

    Example: kg service move portal-db --to urn:ngsi-ld:organization:1
    """
    body = {"to": to, "eraseConsent": erase_source, "apply": not only_plan}
    with open_gateway(load_settings(), needs_service=True) as gateway:
        answer = gateway.call("POST", f"/mpli/v1/services/{identity}/moves", json=body)
        if only_plan:
            click.echo(text(answer.json(), "text"))
            return
        shown = finish(gateway, answer)
    click.echo(
        f"{identity}: {text(shown, 'state')}; write gap {text(shown, 'writeGap', default='?')} s"
    )


@service.command()
@click.argument("identity", metavar="ID")
def release(identity: str) -> None:
    """Consent that the held source of a moved service is erased now.

    Example: kg service release portal-db
    """
    with open_gateway(load_settings(), needs_service=True) as gateway:
        path = f"/mpli/v1/services/{identity}/release"
        shown = finish(gateway, gateway.call("POST", path, json={"consent": True}))
    click.echo(f"{identity}: the held source is erased ({text(shown, 'state')})")


@service.command()
@click.argument("identity", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--erase-now", is_flag=True, help="Waive notice and retrieval; erase at once.")
def end(identity: str, yes: bool, erase_now: bool) -> None:
    """End a service: after its notice the data is held, after the retrieval period it is erased.

    Example: kg service end portal-db --yes
    """
    if not yes:
        click.confirm(
            f"End {identity} and erase its data{' now' if erase_now else ''}?", abort=True
        )
    path = f"/mpli/v1/services/{identity}" + ("?eraseConsent=1" if erase_now else "")
    with open_gateway(load_settings(), needs_service=True) as gateway:
        shown = finish(gateway, gateway.call("DELETE", path))
    if text(shown, "state") == "holding":
        click.echo(
            f"{identity}: notice is given; `kg job show {text(shown, 'id')}` tells the dates"
        )
    else:
        click.echo(f"{identity}: ended")


@service.command()
@click.argument("identity", metavar="ID")
@click.option("--json", "as_json", is_flag=True)
def observe(identity: str, as_json: bool) -> int:
    """Look at a service now; exit code 1 when it is not as it was made.

    What differs is told, with a repair that is proposed and never applied unasked.

    Example: kg service observe portal-db
    """
    path = f"/mpli/v1/services/{identity}"
    with open_gateway(load_settings(), needs_service=True) as gateway:
        started = gateway.call("POST", f"{path}/observations")
        with suppress(Refused):  # what cannot be observed is a drift, and told below
            finish(gateway, started, quiet=True)
        shown = gateway.call("GET", path).json()
    found = shown.get("drift")
    drifts = found if isinstance(found, list) else []
    if as_json:
        print_json(shown)
    elif not drifts:
        click.echo(f"{identity}: as it was made")
    for drift in [] if as_json else drifts:
        values = [json.dumps(drift[name]) for name in ("planned", "observed")]
        click.echo(f"{identity}: {drift['setting']} was made {values[0]}, is {values[1]}")
    if drifts and not as_json:
        plan = text(shown, "repair", "plan")
        reason = text(shown, "repair", "reason")
        click.echo(f"Nothing is done. To repair it: kg apply {plan}" if plan else reason)
    return 1 if drifts else 0


@service.command("exit")
@click.argument("identity", metavar="ID")
@click.option("--rehearse", is_flag=True, help="Copy it there, verify, and remove the copy.")
@click.option("--json", "as_json", is_flag=True)
def exit_(identity: str, rehearse: bool, as_json: bool) -> int:
    """Show the way out that is kept for a service, or rehearse it; exit code 1 when there is none.

    Example: kg service exit portal-db --rehearse
    """
    path = f"/mpli/v1/services/{identity}/exit"
    with open_gateway(load_settings(), needs_service=True) as gateway:
        if rehearse:
            finish(gateway, gateway.call("POST", f"{path}/rehearsals"), quiet=as_json)
        shown = gateway.call("GET", path).json()
    if as_json:
        print_json(shown)
    else:
        click.echo(f"{identity}: {text(shown, 'state')}, checked {text(shown, 'checked')}")
        if text(shown, "reason"):
            click.echo(text(shown, "reason"))
        if text(shown, "rehearsal", "state"):
            took = text(shown, "rehearsal", "copySeconds", default="?")
            click.echo(f"Rehearsed: {text(shown, 'rehearsal', 'state')}; the copy took {took} s")
        if text(shown, "plan", "text"):
            click.echo(text(shown, "plan", "text"))
            click.echo(f"Nothing is done. To have it done: kg apply {text(shown, 'plan', 'id')}")
    return 0 if text(shown, "planned") else 1
