"""Read TMF620 objects from a JSON or JSON Lines file, or from all such files of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kgservice.model.errors import Unavailable
from kgservice_importers.tmf620.pieces import (
    Found,
    Piece,
    is_array,
    not_json,
    piece_of,
    plain_utf8,
    take_apart,
)
from kgservice_importers.tmf620.records import resource_named

_LARGEST_FILE: Final = 768 * 1024 * 1024
_SUFFIXES: Final = frozenset({".json", ".jsonl", ".ndjson"})


def read_files(source: Path) -> Iterator[Piece | Found]:
    """Give every object of a file or, in the order of their names, of a folder's files.

    A file whose name is that of a resource holds objects of that resource. Links to elsewhere are
    not followed. A file is held in memory as long as its objects are; it is not read twice.

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
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not path.is_symlink():
            yield from _read_one(path, path.relative_to(source).as_posix())


def _read_one(path: Path, name: str) -> Iterator[Piece | Found]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError(f"larger than {_LARGEST_FILE} bytes")  # noqa: TRY301
        data = plain_utf8(path.read_bytes())
        named = resource_named(path.stem)
        if path.suffix.lower() == ".json":
            yield from take_apart(data, f"{name}#", named if is_array(data) else "")
            return
    except (OSError, ValueError) as error:
        yield not_json(name, str(error))
        return
    yield from _lines(data, name, named)


def _lines(data: bytes, name: str, endpoint: str) -> Iterator[Piece | Found]:
    """Read JSON Lines: a line that is no JSON takes no other with it."""
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            yield piece_of(line, f"{name}:{number}#", endpoint)
