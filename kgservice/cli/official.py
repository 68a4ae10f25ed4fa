"""Print what official shapes said about a catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import click

MOST: Final = 10
"""Findings that are printed; `--json` has more."""


def print_official(report: Mapping[str, object]) -> None:
    """Print the official shapes' part of a report, if it has one."""
    found = report.get("officialShapes")
    if not isinstance(found, Mapping):
        return
    releases = found.get("releases")
    names = ", ".join(releases) if isinstance(releases, Mapping) else ""
    click.echo(
        f"  official shapes: {found.get('conforming')} of {found.get('checked')} documents conform,"
        f" {found.get('unchecked')} not checked{f' ({names})' if names else ''}"
    )
    findings = found.get("findings")
    for one in findings[:MOST] if isinstance(findings, list) else []:
        path = str(one.get("path", "")).rpartition("#")[2]
        click.echo(f"    {one.get('document')}: {path or 'node'}: {one.get('message')}")
