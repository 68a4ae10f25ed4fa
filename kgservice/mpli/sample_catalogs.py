"""The two bundled sample catalogues; their providers are made up."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

SAMPLES: Final[Mapping[str, str]] = {"polder-market": "tmf620", "rijn-federation": "gaia-x"}
"""Name to source type."""


def sample_folder(name: str) -> Path:
    """Give the folder of a bundled sample catalogue."""
    return Path(str(files("kgservice_importers.samples").joinpath(name)))
