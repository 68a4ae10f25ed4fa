"""Read the TMF620 objects of many files together, and tell which file an item comes from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from kgservice.model.documents import (
    ImportContext,
    ImportItem,
    SetAside,
    SourceDocument,
    Unchanged,
)
from kgservice.model.errors import Problem
from kgservice_importers.jsonld.trees import BadJson, parse_json
from kgservice_importers.mixed.rules import Json, names
from kgservice_importers.rdf.text import decode
from kgservice_importers.tmf620 import IMPORTER as TMF620
from kgservice_importers.tmf620.pieces import Piece, take_apart


class Group:
    """Files whose objects refer to each other."""

    def __init__(self, files: Sequence[tuple[str, Path, bool]]) -> None:
        """Take name and path of each, and whether it has one object a line."""
        self._files = files
        self._staged: dict[str, str] = {}
        self._owner: dict[str, str] = {}

    def read(self, context: ImportContext) -> Iterator[tuple[str, ImportItem]]:
        """Give the items of the `tmf620` importer, each with its file.

        That importer reads files whose names end in `.json`; so they are laid out in a folder of
        their own under such names.
        """
        if not self._files:
            return
        with tempfile.TemporaryDirectory(prefix="kg-mixed-") as folder:
            for name, path, lines in self._files:
                self._stage(Path(folder), name, path.read_bytes(), lines)
            for item in TMF620.read(folder, context):
                placed = self._placed(item)
                yield self._file_of(placed), placed

    def _stage(self, folder: Path, name: str, content: bytes, lines: bool) -> None:
        suffix = ".jsonl" if lines else ".json"
        staged = name if name.lower().endswith(suffix) else name + suffix
        target = folder / staged
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        self._staged[staged] = name
        for identifier in identifiers(content, lines):
            self._owner.setdefault(identifier, name)

    def _placed(self, item: ImportItem) -> ImportItem:
        if not isinstance(item, Problem | SetAside):
            return item
        staged = _file_in(item.at)
        name = self._staged.get(staged, staged)
        at = name + item.at.removeprefix(staged)
        if isinstance(item, SetAside):
            return SetAside(at, item.kind)
        return Problem(item.code, item.detail, at, item.hint, item.severity)

    def _file_of(self, item: ImportItem) -> str:
        if isinstance(item, Problem | SetAside):
            found = _file_in(item.at)
            return found if found in self._staged.values() else self._owner.get(item.at, "")
        if isinstance(item, SourceDocument | Unchanged):
            return self._owner_of(item.source_id)
        return ""

    def _owner_of(self, source_id: str) -> str:
        """Find the file by the id of the object; a minted IRI ends in it."""
        source_id = source_id.removesuffix(" (signed)")
        found = self._owner.get(source_id)
        if found is not None:
            return found
        return self._owner.get(source_id.rpartition("/")[2], "")


def _file_in(at: str) -> str:
    """Take the pointer or the line from the end of a place."""
    head, hash_sign, _ = at.partition("#")
    if not hash_sign and head.rpartition(":")[2].isdecimal():
        return head.rpartition(":")[0]
    name, colon, line = head.rpartition(":")
    return name if colon and line.isdecimal() else head


def identifiers(content: bytes, lines: bool) -> Iterator[str]:
    """Give the ids, or the names, of the objects of a file, and those in IRIs made of them."""
    text = decode(content)
    for part in text.splitlines() if lines else [text]:
        for name in (*_of_pieces(part), *_of_trees(part)):
            yield name
            yield quote(name, safe="")


def _of_pieces(text: str) -> Iterator[str]:
    try:
        for piece in take_apart(text.encode("utf-8", "surrogatepass"), "#"):
            if isinstance(piece, Piece):
                yield piece.identifier
    except ValueError:  # told by the importer
        return


def _of_trees(text: str) -> Iterator[str]:
    try:
        tree, _ = parse_json(text, "")
    except BadJson:
        return
    for item in tree if isinstance(tree, list) else [tree]:
        if isinstance(item, dict):
            yield from _of(item)


def _of(item: dict[str, Json]) -> Iterator[str]:
    subject = item.get("credentialSubject")
    for body in (item, *([subject] if isinstance(subject, dict) else [])):
        found = [*names(body)] or [
            body[n] for n in ("productNumber", "name") if isinstance(body.get(n), str)
        ]
        yield from found
