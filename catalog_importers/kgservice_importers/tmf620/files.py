"""Read TMF620 objects from a JSON file, or from all JSON files of a folder."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kgservice.model.errors import Problem, Severity, Unavailable
from kgservice_importers.tmf620.json_tree import Json
from kgservice_importers.tmf620.records import Record, resource_named, unpack

_LARGEST_FILE: Final = 256 * 1024 * 1024
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_files(source: Path) -> Iterator[Record | Problem]:
    """Give every object of a file or, in the order of their names, of a folder's `*.json` files.

    Links to elsewhere are not followed.

    Raises:
        Unavailable: there is no such file or folder (`source-unreachable`).
    """
    if source.is_file():
        yield from _read_one(source, source.name)
        return
    if not source.is_dir():
        raise Unavailable(
            f"There is no file or folder {str(source)!r}.",
            code="source-unreachable",
            at=str(source),
            hint="Give the path as the service sees it.",
        )
    for path in sorted(source.rglob("*.json")):
        if path.is_file() and not path.is_symlink():
            yield from _read_one(path, path.relative_to(source).as_posix())


def parse_json(data: bytes) -> Json:
    """Parse JSON in UTF-8 or, by its byte order mark, UTF-16.

    Raises:
        ValueError: this is not JSON, or it is nested too deeply to be read.
    """
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    try:
        tree: Json = json.loads(data.decode(encoding))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return tree


def _read_one(path: Path, name: str) -> Iterator[Record | Problem]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError(f"larger than {_LARGEST_FILE} bytes")  # noqa: TRY301
        tree = parse_json(path.read_bytes())
    except (OSError, ValueError) as error:
        yield Problem(
            "json-invalid",
            f"The file cannot be read as JSON: {str(error)[:200]}.",
            name,
            "It was left out.",
            Severity.ERROR,
        )
        return
    endpoint = resource_named(path.stem) if isinstance(tree, list) else ""
    yield from unpack(tree, f"{name}#", endpoint)
