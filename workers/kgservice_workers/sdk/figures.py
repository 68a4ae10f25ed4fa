"""Figures for the registration: how quickly a worker moves data, from its configuration file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kgservice.model.errors import InputError
from kgservice.model.terms import KG
from kgservice_workers.sdk.values import Config, Json

_MEMBERS: Final = {
    "verb": "verb",
    "of": "of",
    "bytes_per_second": "bytesPerSecond",
    "fixed_seconds": "fixedSeconds",
}


def read_figures(config: Config) -> list[dict[str, Json]]:
    """Read the tables `[[figures]]`: `verb`, `of`, `bytes_per_second`, `fixed_seconds`.

    `of` is a format or a conversion, by IRI or by its local name. Without the table nothing is
    promised and the expected write gap of a move stays unknown.

    Raises:
        InputError: a member is not known or not a figure (`worker-config-invalid`).
    """
    tables = config.get("figures", [])
    if not isinstance(tables, Sequence) or isinstance(tables, str):
        raise _invalid("it must be a list of tables")
    return [_figure(table) for table in tables]


def _figure(table: Json) -> dict[str, Json]:
    if not isinstance(table, dict) or not {"verb", "of", "bytes_per_second"} <= table.keys():
        raise _invalid("each needs verb, of and bytes_per_second")
    unknown = sorted(table.keys() - _MEMBERS.keys())
    if unknown:
        raise _invalid(f"{unknown[0]} is not a member of it")
    figure = {_MEMBERS[name]: value for name, value in table.items()}
    of = str(table["of"])
    return {**figure, "of": of if ":" in of else KG.NS + of}


def _invalid(what: str) -> InputError:
    return InputError(f"`figures` cannot be used: {what}.", code="worker-config-invalid")
