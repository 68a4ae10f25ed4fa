"""`kg request`: check, resolve and explain a desired situation."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import Gateway, open_gateway
from kgservice.cli.output import print_json, print_table, text
from kgservice.model.errors import InputError

MEDIA_TYPES = {
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".ttl": "text/turtle",
    ".jsonld": "application/ld+json",
}


@click.group()
def request() -> None:
    """Say what you want; learn whether and in which way it is possible.

    Example: kg request resolve portal.yaml
    """


def read_request(file: str) -> tuple[bytes, str]:
    """Read a request file and tell its media type by its ending.

    Raises:
        InputError: it cannot be read, or its ending is unknown.
    """
    path = Path(file)
    if path.suffix not in MEDIA_TYPES:
        raise InputError(
            f"A request is not written in {path.suffix or 'a file without ending'}.",
            code="request-format-unknown",
            at=file,
            hint=f"Use one of: {', '.join(MEDIA_TYPES)}.",
        )
    try:
        return path.read_bytes(), MEDIA_TYPES[path.suffix]
    except OSError as error:
        raise InputError(
            f"The request cannot be read: {error.strerror}.", code="file-unreadable", at=file
        ) from None


def send_request(gateway: Gateway, file: str) -> str:
    """Hand a request to the service and give its id."""
    content, media_type = read_request(file)
    try:
        made = gateway.call("POST", "/mpli/v1/requests", body=content, content_type=media_type)
    except InputError as error:
        error.at = f"{file}:{error.at}" if error.at else file
        raise
    return text(made.json(), "id")


@request.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True)
def check(file: str, as_json: bool) -> int:
    """Check that a request is well written, and can be met by anything; nothing is searched.

    Example: kg request check portal.yaml
    """
    with open_gateway(load_settings()) as gateway:
        identity = send_request(gateway, file)
        made = gateway.call("GET", f"/mpli/v1/requests/{identity}").json()
    found = made.get("notes", [])
    notes = [note for note in found if isinstance(note, dict)] if isinstance(found, list) else []
    if as_json:
        print_json(made)
    else:
        for note in notes:
            place = text(note, "at").replace("request:", f"{file}:", 1)
            said = f"{text(note, 'message')} {text(note, 'hint')}"
            click.echo(f"{place}: {said}  [{text(note, 'code')}]")
        click.echo(f"{file} is a valid request; its id is {identity}.")
    return 1 if any(note.get("neverMet") is True for note in notes) else 0


@request.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--engine", type=click.Choice(["fast", "graph"]), default="fast")
@click.option("--json", "as_json", is_flag=True)
def resolve(file: str, engine: str, as_json: bool) -> int:
    """Find the best feasible compositions, or the reasons why there is none.

    Example: kg request resolve portal.yaml
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        identity = send_request(gateway, file)
        path = f"/mpli/v1/requests/{identity}/resolution?engine={engine}"
        answer = gateway.call("GET", path).json()
    if as_json:
        print_json(answer)
    else:
        print_resolution(answer)
    return 0 if answer.get("status") == "feasible" else 1


@request.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--lang", type=click.Choice(["en", "nl"]), default="en", help="Of the sentences.")
@click.option("--offering", default="", metavar="IRI", help="One offering in full, or its title.")
@click.option("--without", multiple=True, metavar="PROVIDER", help="What if it offered nothing.")
@click.option(
    "--price-change", multiple=True, metavar="CHANGE", help="What if: +10%, or 'PROVIDER: -5%'."
)
@click.option("--on", default="", metavar="DATE", help="What if it were for another day.")
@click.option(
    "--cheapest", type=int, metavar="N", help="Only the N cheapest refused offerings, in a table."
)
@click.option("--engine", type=click.Choice(["fast", "graph"]), default="fast")
@click.option("--json", "as_json", is_flag=True)
def explain(file: str, cheapest: int | None, as_json: bool, **asked: object) -> int:
    """Tell why a request is possible or not, what to change, and what would be if.

    Example: kg request explain portal.yaml --lang nl
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        identity = send_request(gateway, file)
        path = f"/mpli/v1/requests/{identity}/explanation?{_query_string(asked)}"
        answer = gateway.call("GET", path).json()
    if as_json:
        print_json(answer)
    else:
        if cheapest is None:
            click.echo(text(answer, "text"), nl=False)
        if cheapest is not None or not asked["offering"]:
            print_refused(answer, SHOWN if cheapest is None else cheapest)
    return 0 if answer.get("status") == "feasible" else 1


SHOWN = 10
"""How many refused offerings of a component are listed when nobody asks for a number."""
_PARAMETERS = {"price_change": "priceChange"}


def _query_string(asked: dict[str, object]) -> str:
    """Write options as parameters; those that were not given are left out."""
    given = {_PARAMETERS.get(name, name): value for name, value in asked.items() if value}
    return urlencode(given, doseq=True)


def print_resolution(answer: dict[str, object]) -> None:
    """Print an answer as a table of compositions, and the reasons behind it."""
    click.echo(f"{text(answer, 'status')} on {text(answer, 'asOf')}")
    compositions = answer.get("compositions")
    listed = compositions if isinstance(compositions, list) else []
    if listed:
        names = _asked(listed[0])
        preferred = list(listed[0].get("objectives", {}))
        print_table(
            ["rank", "per month", *preferred, *names, "missed wishes"],
            [
                [
                    row["rank"],
                    _price(row),
                    *(row["objectives"][name] or "unknown" for name in preferred),
                    *(_offering(row, name) for name in names),
                    ", ".join(row["wishes"]["missed"]) or "none",
                ]
                for row in listed
            ],
        )
    print_explanation(answer)


def _price(row: dict[str, object]) -> str:
    return f"{text(row, 'monthlyPrice', 'amount')} {text(row, 'monthlyPrice', 'currency')}"


def _asked(row: dict[str, object]) -> list[str]:
    """Name the components that were asked for, without parts of recipes and without bundles."""
    ways = row.get("ways")
    listed = ways if isinstance(ways, dict) else {}
    inner = {part for way in listed.values() for part in way.get("parts", ())}
    inner |= {way["price"] for way in listed.values() if "bundle" in way}
    offerings = row.get("offerings")
    return [
        name for name in (offerings if isinstance(offerings, dict) else {}) if name not in inner
    ]


def _offering(row: dict[str, object], name: str) -> str:
    """Say what a component is bound to, what was picked, and how it is had."""
    picked = row.get("configuration")
    values = picked.get(name) if isinstance(picked, dict) else None
    chosen = ", ".join(f"{key} {value}" for key, value in (values or {}).items())
    title = text(row, "titles", name) or text(row, "offerings", name)
    said = f"{title} ({chosen})" if chosen else title
    ways = row.get("ways")
    way = ways.get(name, {}) if isinstance(ways, dict) else {}
    if way.get("way") == "recipe":
        return f"{said}: {', '.join(_offering(row, part) for part in way['parts'])}"
    return f"{said}, in {_offering(row, way['price'])}" if way.get("way") == "bundle" else said


def print_explanation(answer: dict[str, object]) -> None:
    """Print the counts and reasons of an answer."""
    counts = answer.get("counts")
    for name, count in counts.items() if isinstance(counts, dict) else ():
        click.echo(
            f"{name}: {count['offerings']} offerings, {count['satisfied']} satisfy,"
            f" {count['unknown']} unknown, {count['violated']} do not"
        )
        for constraint, number in count.get("firstReason", {}).items():
            click.echo(f"    {number:>4}  {constraint}")
    conflicts = answer.get("conflicts")
    for conflict in conflicts if isinstance(conflicts, list) else []:
        click.echo("conflict: " + ", ".join(conflict))
    print_relaxations(answer)
    missing = answer.get("missing")
    for item in missing if isinstance(missing, list) else []:
        click.echo(
            f"unknown: {text(item, 'fact')} of {text(item, 'title') or text(item, 'offering')};"
            f" {text(item, 'whoCouldSay')} could say"
        )


def print_relaxations(answer: dict[str, object]) -> None:
    """Print what could be asked instead, with the price of the best that it opens."""
    listed = answer.get("relaxations")
    for row in listed if isinstance(listed, list) else []:
        changes = ", ".join(
            f"{one['constraint']}: {'left out' if one['to'] is None else one['to']}"
            for one in row["change"]
        )
        price = text(row, "best", "monthlyPrice", "amount")
        currency = text(row, "best", "monthlyPrice", "currency")
        click.echo(f"possible with {changes}; {f'{price} {currency}' if price else 'no price'}")


def print_refused(answer: dict[str, object], most: int | None = None) -> None:
    """Print, per component, the offerings that were not allowed, the cheapest first."""
    refused = answer.get("refused")
    listed = refused if isinstance(refused, list) else []
    for name in dict.fromkeys(text(row, "component") for row in listed):
        rows = [row for row in listed if text(row, "component") == name][:most]
        print_table(
            [f"not allowed for {name}", "per month", "does not hold", "not known"],
            [
                [
                    text(row, "title") or text(row, "offering"),
                    _price(row).strip() or "unknown",
                    ", ".join(row["violated"]),
                    ", ".join(row["unknown"]),
                ]
                for row in rows
            ],
        )
