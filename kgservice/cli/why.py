"""`kg why`: the derivation of one statement, or what is missing for it."""

from __future__ import annotations

from urllib.parse import urlencode

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import open_gateway
from kgservice.cli.output import print_json, text


@click.command()
@click.argument("subject", metavar="S")
@click.argument("predicate", metavar="P")
@click.argument("value", metavar="O")
@click.option("--json", "as_json", is_flag=True)
def why(subject: str, predicate: str, value: str, as_json: bool) -> int:
    """Tell why a statement holds, down to the documents; or what is missing for it (exit code 1).

    Example: kg why urn:ngsi-ld:product-offering:1 kg:canMoveTo urn:ngsi-ld:product-offering:2
    """
    parameters = urlencode({"subject": subject, "property": predicate, "value": value})
    with open_gateway(load_settings(), needs_data=True) as gateway:
        answer = gateway.call("GET", f"/why?{parameters}").json()
    if as_json:
        print_json(answer)
    else:
        for explanation in _items(answer, "explanations"):
            _print(explanation, "")
    return 0 if answer.get("holds") else 1


def _items(mapping: object, name: str) -> list[dict[str, object]]:
    found = mapping.get(name) if isinstance(mapping, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _print(shown: dict[str, object], indent: str) -> None:
    holds = "" if shown.get("holds", True) else "   does not hold"
    click.echo(f"{indent}{text(shown, 'statement')}{holds}")
    for one in _items(shown, "stated"):
        names = [text(one, name) for name in ("catalog", "source", "issuer", "evidence")]
        where = ", ".join(name for name in names if name) or text(one, "graph")
        click.echo(f"{indent}    stated: {where}")
    for one in _items(shown, "derivations"):
        click.echo(f"{indent}    follows by {text(one, 'label')} ({text(one, 'rule')}) from:")
        for premise in _items(one, "premises"):
            _print(premise, f"{indent}      ")
    for one in _items(shown, "missing"):
        _print_missing(one, f"{indent}    ")


def _print_missing(lack: dict[str, object], indent: str) -> None:
    click.echo(f"{indent}{text(lack, 'label')}:")
    would = lack.get("wouldHoldWith")
    for line in would if isinstance(would, list) else []:
        click.echo(f"{indent}  it would with: {line}")
    if lack.get("condition"):
        click.echo(f"{indent}  its condition does not hold: {text(lack, 'condition')}")
    if lack.get("nothingFor"):
        click.echo(f"{indent}  there is nothing for: {text(lack, 'nothingFor')}")
