"""Settings for a command, read from the environment, the settings file and `--data`."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import click

from kgservice.model.errors import InputError
from kgservice.model.settings import Settings, resolve_settings

SETTINGS_FILE = "kgservice.toml"


def load_settings(**overrides: str | None) -> Settings:
    """Combine command-line overrides (`data_dir`, `host`, `port`), environment and file.

    Raises:
        InputError: the settings file is not TOML, or a value is wrong.
    """
    context = click.get_current_context(silent=True)
    given = {f"KG_{name.upper()}": value for name, value in overrides.items() if value}
    if context is not None and context.obj and context.obj.get("data"):
        given.setdefault("KG_DATA_DIR", context.obj["data"])
    path = Path(os.environ.get("KG_SETTINGS", SETTINGS_FILE))
    values: dict[str, str] = {}
    if path.is_file():
        try:
            values = {name: str(v) for name, v in tomllib.loads(path.read_text("utf-8")).items()}
        except tomllib.TOMLDecodeError as error:
            raise InputError(
                f"The settings file is not TOML: {error}.", code="setting-invalid", at=str(path)
            ) from None
    return resolve_settings(os.environ, values, str(path), given)
