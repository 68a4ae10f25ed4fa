"""`kg query`: SPARQL from the command line, by its text, by a file, or by a saved query's name."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import Answer, Gateway, open_gateway
from kgservice.cli.output import print_json, print_table
from kgservice.model.errors import InputError

_FORMATS = {
    "table": "text/tab-separated-values, text/turtle;q=0.5",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/sparql-results+json",
    "xml": "application/sparql-results+xml",
    "ttl": "text/turtle",
    "nt": "application/n-triples",
}
PREFIXES = {
    "kg": "https://w3id.org/kgservice/ns#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "dcterms": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "sh": "http://www.w3.org/ns/shacl#",
    "country": "http://publications.europa.eu/resource/authority/country/",
}
_PLACE = re.compile(r"\b(\d+):(\d+)\b")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@click.command()
@click.argument("text", required=False)
@click.option("--param", "given", metavar="NAME=VALUE", multiple=True, help="Of a saved query.")
@click.option("--list", "is_list", is_flag=True, help="List the saved queries and parameters.")
@click.option("--show", is_flag=True, help="Print the saved query instead of running it.")
@click.option("--format", "form", type=click.Choice(list(_FORMATS)), default="table")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def query(
    text: str | None, given: tuple[str, ...], is_list: bool, show: bool, form: str, as_json: bool
) -> int:
    """Run a SPARQL query: a text, a .rq file, - for standard input, or a saved query's name.

    Usual prefixes (kg, dcterms, prov, country …) need not be declared. By default a SELECT gives a
    table, a CONSTRUCT or DESCRIBE Turtle, and an ASK yes or no, with exit code 1 for no.

    Example: kg query 'SELECT ?title { ?o a kg:PostgreSQL ; dcterms:title ?title }'

    Example: kg query postgresql-offers --param country=NLD --param most=60
    """
    _require_text(text or "", *given)
    with open_gateway(load_settings(), needs_data=True) as gateway:
        if is_list:
            return _list(gateway, as_json)
        if text is None:
            raise click.UsageError("Give a query, a file, - or the name of a saved query.")
        is_saved = _NAME.fullmatch(text) is not None
        if show:
            click.echo(gateway.call("GET", f"/queries/{quote(text)}/text").body.decode(), nl=False)
            return 0
        accept = _FORMATS["json" if as_json else form]
        if is_saved:
            answer = gateway.call("GET", _address(text, given), accept=accept)
        elif given:
            raise click.UsageError("--param is for saved queries; see kg query --list.")
        else:
            answer = _run(gateway, _read(text), accept)
    return _print(answer, is_table=form == "table" and not as_json)


def _require_text(*arguments: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for one in arguments for letter in one):
        raise click.UsageError("An argument is not UTF-8 text; write it in UTF-8.")


def _address(name: str, given: tuple[str, ...]) -> str:
    pairs = [one.partition("=") for one in given]
    for one, (_, equals, _) in zip(given, pairs, strict=True):
        if not equals:
            raise click.UsageError(f"--param {one}: write NAME=VALUE.")
    return f"/queries/{quote(name)}?{urlencode([(key, value) for key, _, value in pairs])}"


def _run(gateway: Gateway, text: str, accept: str) -> Answer:
    prologue = usual_prefixes(text)
    try:
        answer = gateway.call(
            "POST",
            "/sparql",
            body=prologue + text,
            content_type="application/sparql-query",
            accept=accept,
        )
    except InputError as error:
        if prologue:  # positions are those of the text as it was given
            error.at, error.hint = _one_line_up(error.at), _one_line_up(error.hint)
        raise
    hint = answer.headers.get("Kg-Hint", "")
    if hint:
        click.echo(f"kg: {_one_line_up(hint) if prologue else hint}", err=True)
    return answer


def _one_line_up(text: str) -> str:
    return _PLACE.sub(lambda place: f"{max(1, int(place[1]) - 1)}:{place[2]}", text)


def _list(gateway: Gateway, as_json: bool) -> int:
    found = gateway.call("GET", "/queries").json()
    if as_json:
        print_json(found)
        return 0
    listed = found.get("queries")
    for one in listed if isinstance(listed, list) else []:
        click.echo(f"{one['name']}: {one['title']}")
        for parameter in one["parameters"]:
            click.echo(f"    {_usage(parameter)}  {parameter['description']}")
    problems = found.get("problems")
    for problem in problems if isinstance(problems, list) else []:
        click.echo(f"kg: {problem['at']}: {problem['detail']}   [{problem['code']}]", err=True)
    return 0


def _usage(parameter: dict[str, str]) -> str:
    if "default" in parameter:
        return f"{parameter['name']}={parameter['default']}"
    written = f"{parameter['name']}={parameter['example']}"
    return written if parameter["required"] else f"[{written}]"


def _print(answer: Answer, *, is_table: bool) -> int:
    content = answer.body.decode("utf-8")
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    said = _answer(content, media_type)
    if not is_table or media_type != "text/tab-separated-values":
        click.echo(content, nl=not content.endswith("\n"))
    elif said is not None:
        click.echo("yes" if said else "no")
    else:
        _print_tsv(content)
    return 1 if said is False else 0


def _answer(content: str, media_type: str) -> bool | None:
    """Read the answer of an ASK; None when it is another form's."""
    if media_type == _FORMATS["json"]:
        value = json.loads(content).get("boolean")
        return value if isinstance(value, bool) else None
    if media_type == _FORMATS["xml"]:
        found = re.search(r"<boolean>(true|false)</boolean>", content)
        return found[1] == "true" if found else None
    return {"true": True, "false": False}.get(content.strip())


def usual_prefixes(text: str) -> str:
    """Declare, in one line, the usual prefixes that a query uses and does not declare."""
    lower = text.lower()
    missing = [
        f"PREFIX {name}: <{iri}>"
        for name, iri in PREFIXES.items()
        if f"{name}:" in text and f"prefix {name}:" not in lower
    ]
    return " ".join(missing) + "\n" if missing else ""


def _read(text: str) -> str:
    if text == "-":
        try:
            return sys.stdin.buffer.read().decode("utf-8")
        except UnicodeDecodeError:
            raise InputError(
                "The query is not UTF-8 text.", code="file-unreadable", at="standard input"
            ) from None
    if text.endswith((".rq", ".sparql")):
        try:
            return Path(text).read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"The query file cannot be read: {error.strerror}.", code="file-unreadable", at=text
            ) from None
        except UnicodeDecodeError:
            raise InputError(
                "The query file is not UTF-8 text.", code="file-unreadable", at=text
            ) from None
    return text


def _print_tsv(content: str) -> None:
    lines = content.rstrip("\n").split("\n")
    headings = [name.lstrip("?") for name in lines[0].split("\t")]
    print_table(headings, [[_plain(cell) for cell in line.split("\t")] for line in lines[1:]])
    click.echo("1 row" if len(lines) == 2 else f"{len(lines) - 1} rows")


def _plain(cell: str) -> str:
    """Show an N-Triples term the short way: a literal's text, an IRI with its prefix."""
    if cell.startswith('"'):
        return cell[1 : cell.rfind('"')].replace('\\"', '"').replace("\\n", " ")
    if cell.startswith("<"):
        for name, iri in PREFIXES.items():
            local = cell[1:-1].removeprefix(iri)
            if local != cell[1:-1] and local.replace("-", "").replace("_", "").isalnum():
                return f"{name}:{local}"
        return cell[1:-1]
    return cell
