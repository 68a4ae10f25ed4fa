"""What commands print: tables for people, JSON for machines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import click


def print_json(value: object) -> None:
    """Print a value as JSON, readable and with a stable order of members."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


# Control characters (C0 but the line feed, DEL, C1) and marks that turn the direction of text.
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _escaped(value: object) -> str:
    """Show what would steer the terminal: strangers write titles, names and queries."""
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], str(value))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns; nothing is cut off when the output is not a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(_escaped(heading), overflow="fold")
    for row in rows:
        table.add_row(*(_escaped(cell) for cell in row))
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 200
    console.print(table)


def text(mapping: Mapping[str, object], *path: str, default: str = "") -> str:
    """Read a nested member as text; a missing one is the default."""
    value: object = mapping
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return default
        value = value[name]
    return default if value is None else str(value)
