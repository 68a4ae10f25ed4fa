"""What commands print: tables for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import click


def print_json(value: object) -> None:
    """Print a value as JSON, readable and with a stable order of members."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns; nothing is cut off when the output is not a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
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
