"""`kg query`: SPARQL from the command line."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import open_gateway
from kgservice.cli.output import print_table
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


@click.command()
@click.argument("text")
@click.option("--format", "form", type=click.Choice(list(_FORMATS)), default="table")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def query(text: str, form: str, as_json: bool) -> int:
    """Run a SPARQL query: a text, a .rq file, or - for standard input.

    Usual prefixes (kg, dcterms, prov, country …) need not be declared. By default a SELECT gives a
    table, a CONSTRUCT or DESCRIBE Turtle, and an ASK yes or no, with exit code 1 for no.

    Example: kg query 'SELECT ?title { ?o a kg:PostgreSQL ; dcterms:title ?title }'
    """
    source = with_prefixes(_read(text))
    accept = _FORMATS["json" if as_json else form]
    with open_gateway(load_settings()) as gateway:
        answer = gateway.call(
            "POST", "/sparql", body=source, content_type="application/sparql-query", accept=accept
        )
    content = answer.body.decode("utf-8")
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    said = _answer(content, media_type)
    if form != "table" or as_json or media_type != "text/tab-separated-values":
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


def with_prefixes(text: str) -> str:
    """Declare, on the first line, the usual prefixes that a query uses but does not declare."""
    lower = text.lower()
    missing = [
        f"PREFIX {name}: <{iri}>"
        for name, iri in PREFIXES.items()
        if f"{name}:" in text and f"prefix {name}:" not in lower
    ]
    return " ".join([*missing, text])


def _read(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if text.endswith((".rq", ".sparql")):
        try:
            return Path(text).read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"The query file cannot be read: {error.strerror}.", code="file-unreadable", at=text
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
