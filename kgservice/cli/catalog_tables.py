"""How catalogues and their syncs look on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import click

from kgservice.cli.output import print_table, text

Json = Mapping[str, object]

_STEPS: Final = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_SHOWN: Final = 5
"""Problems of one code that are shown; `--json` gives all that the report lists."""


def members(found: Json, name: str) -> dict[str, object]:
    """Give a member that is an object; a missing one is empty."""
    value = found.get(name)
    return dict(value) if isinstance(value, Mapping) else {}


def items(found: Json, name: str) -> list[dict[str, object]]:
    """Give a member that is a list of objects; a missing one is empty."""
    value = found.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def names(found: Json, name: str) -> list[str]:
    """Give a member that is a list of texts."""
    value = found.get(name)
    return [str(one) for one in value] if isinstance(value, list) else []


def span(seconds: object) -> str:
    """Say how long something is, in its largest unit: `3 hours`."""
    if not isinstance(seconds, int | float):
        return ""
    for size, unit in _STEPS:
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' * (number != 1)}"
    return "0 seconds"


def moment(stamp: str) -> str:
    """Show an xsd:dateTime to the second, in UTC as it is stored."""
    return f"{stamp[:19].replace('T', ' ')} UTC" if stamp else "never"


def age_of(found: Json) -> str:
    """Say how old the data is, and why it is not newer when the last attempt failed."""
    since = text(found, "dataFrom")
    said = f"data from {moment(since)}, {span(found.get('ageSeconds'))} old" if since else "no data"
    failure = members(found, "failure")
    if not failure:
        return said
    number = text(failure, "failures")
    tries = "the last attempt" if number == "1" else f"the last {number} attempts"
    return (
        f"{said}; {tries} failed, since {moment(text(failure, 'since'))}:"
        f" {text(failure, 'detail')} [{text(failure, 'code')}]"
    )


def print_catalogs(found: Iterable[Json]) -> None:
    """List catalogues, with the age of their data and what hinders."""
    rows = []
    for one in found:
        failure = members(one, "failure")
        state = f"failing: {text(failure, 'code')}" if failure else "ok"
        since = text(one, "dataFrom")
        rows.append(
            [
                text(one, "name"),
                text(one, "type"),
                text(one, "offerings"),
                f"{span(one.get('ageSeconds'))} old" if since else "no data",
                state if failure or since else "never synced",
                text(one, "source"),
            ]
        )
    print_table(["name", "type", "offerings", "data", "last attempt", "source"], rows)


def print_catalog(one: Json) -> None:
    """Show a catalogue."""
    options = ", ".join(f"{k}={v}" for k, v in members(one, "options").items())
    rows = [
        ["name", text(one, "name")],
        ["type", text(one, "type")],
        ["source", text(one, "source")],
        ["options", options or "none"],
        ["IRI", text(one, "catalog")],
        ["documents", text(one, "documents")],
        ["offerings", text(one, "offerings")],
        ["age", age_of(one)],
    ]
    print_table(["", ""], rows)


def print_report(report: Json, *, with_coverage: bool = False) -> None:
    """Show a sync: outcomes that add up, problems by code, quarantine, coverage."""
    click.echo(f"{text(report, 'catalog')}: {_said(members(report, 'counts'))}")
    click.echo(f"  sync {text(report, 'sync')} of {moment(text(report, 'synced'))}")
    if members(report, "failure"):
        click.echo(f"  {age_of(report)}")
    outcomes = {k: int(str(n)) for k, n in members(report, "outcomes").items()}
    if any(outcomes.values()):
        rows: list[list[object]] = [[name, n] for name, n in outcomes.items() if n]
        print_table(["outcome", "documents"], [*rows, ["in all", sum(outcomes.values())]])
    _print_problems(report)
    _print_listed(report)
    if with_coverage:
        print_coverage(members(report, "coverage"))


def print_coverage(coverage: Json) -> None:
    """Show for each kind of source document which fields are mapped, and how often."""
    if not coverage:
        click.echo("The importer of this catalogue tells no coverage.")
    for kind in coverage:
        fields = members(coverage, kind)
        pairs = {name: [int(str(n)) for n in names(fields, name)] for name in fields}
        never = [name for name, (mapped, _) in pairs.items() if not mapped]
        click.echo(f"{kind}: {len(pairs) - len(never)} of {len(pairs)} fields mapped")
        print_table(
            ["field", "mapped", "not mapped", ""],
            [
                [name, mapped, not_mapped, "" if mapped else "never"]
                for name, (mapped, not_mapped) in pairs.items()
            ],
        )


def print_history(found: Json) -> None:
    """List the attempts to sync a catalogue, the latest first."""
    click.echo(f"{text(found, 'catalog')}: {age_of(found)}")
    print_table(
        ["sync", "at", "outcome", "what"],
        [
            [
                text(one, "sync", default="") or "-",
                moment(text(one, "at")),
                text(one, "outcome") + (" (partial)" if one.get("partial") else ""),
                _said(members(one, "counts"))
                if text(one, "outcome") == "done"
                else f"{text(one, 'detail')} [{text(one, 'code')}]",
            ]
            for one in items(found, "syncs")
        ],
    )


def print_difference(found: Json) -> None:
    """Show what is different between two syncs."""
    head = f"{text(found, 'catalog')}: {moment(text(found, 'from'))} to {moment(text(found, 'to'))}"
    click.echo(head + (": nothing differs" if found.get("same") else ""))
    for mark, name in (("+", "new"), ("~", "changed"), ("-", "retired")):
        for document in names(found, name):
            click.echo(f"  {mark} {document}")
    for name in ("quarantined", "released"):
        for document in names(found, name):
            click.echo(f"  {name}: {document}")
    for name, word in (("problemsAppeared", "new problem"), ("problemsDisappeared", "gone")):
        for code, number in members(found, name).items():
            click.echo(f"  {word}: {code} ({number})")
    for name in members(found, "counts"):
        before, after = names(members(found, "counts"), name)
        click.echo(f"  {name}: {before} → {after}")


def _said(counts: Json) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "empty"


def _print_problems(report: Json) -> None:
    codes, left_out = members(report, "codes"), members(report, "leftOut")
    for code, number in codes.items():
        found = [p for p in items(report, "problems") if text(p, "code") == code]
        hints = {text(p, "hint") for p in found} - {""}
        click.echo(f"\n{code} ({number})")
        for problem in found[:_SHOWN]:
            click.echo(f"  {text(problem, 'at')}: {text(problem, 'detail')}")
        more = int(str(number)) - len(found[:_SHOWN])
        if more > 0:
            listed = "" if code in left_out else "; --json lists them"
            click.echo(f"  … and {more} more{listed}")
        for hint in sorted(hints)[:2]:
            click.echo(f"    {hint}")


def _print_listed(report: Json) -> None:
    """List what is kept aside, with the reasons, and what was otherwise not taken over."""
    outcomes = members(report, "outcomes")
    for outcome in members(report, "listed"):
        found = names(members(report, "listed"), outcome)
        click.echo(f"\n{outcome}")
        for name in found:
            reasons = _reasons(report, name) if outcome in ("quarantined", "refused") else []
            click.echo(f"  {name}" + (f": {'; '.join(reasons)}" if reasons else ""))
        more = int(str(outcomes.get(outcome, len(found)))) - len(found)
        if more > 0:
            click.echo(f"  … and {more} more")


def _reasons(report: Json, document: str) -> list[str]:
    """Give the errors that were found in a document."""
    found = (
        f"{text(p, 'detail')} [{text(p, 'code')}]"
        for p in items(report, "problems")
        if text(p, "severity") == "error" and text(p, "at").startswith(document)
    )
    return list(dict.fromkeys(found))
