"""Read credentials from a file or a folder; files may refer to each other by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from kgservice.model.documents import ImportItem, SourceDocument
from kgservice.model.errors import Problem, Unavailable
from kgservice.model.rdf import Triple
from kgservice_importers.files import beginning
from kgservice_importers.gaiax.decoding import decoded
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.reading import MAX_BYTES, Reading, fingerprint_of, read_content

_NAMED: Final = re.compile(r'"([\w.-]+\.(?:json|jsonld))"')


def read_folder(source: str, reading: Reading, reader: Reader) -> Iterator[ImportItem]:
    """Read every file of a folder, or one file.

    A file that could not be read is a finding, and so is one that is no credential.

    Raises:
        Unavailable: there is no such file or folder.
    """
    root = Path(source)
    if not root.exists():
        raise Unavailable(
            f"{source} does not exist.", code="source-missing", hint="Check the catalogue's source."
        )
    neighbours = _Neighbours(reader)
    for file in _files(root):
        name = file.relative_to(root).as_posix() if root.is_dir() else file.name
        content = beginning(file, name, MAX_BYTES)
        if isinstance(content, Problem):
            yield content
            continue
        linked = neighbours.of(file, content)
        fingerprint = fingerprint_of(content, reader, *(one.content for one in linked.values()))
        if reading.has(fingerprint):
            yield from reading.unchanged(fingerprint)
            continue
        named = replace(
            reader,
            names={name: one.primary.value for name, one in linked.items()},
            linked=_unsigned(linked),
        )
        yield from reading.read(content, name, named, fingerprint)


def _files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    return sorted(f for f in root.rglob("*") if f.is_file() and not f.is_symlink())


class _Neighbours:
    """Documents of the same folder that a file names, as those of the 2022 hackathon do."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._read: dict[Path, SourceDocument | None] = {}

    def of(self, file: Path, content: bytes) -> dict[str, SourceDocument]:
        """Give the documents by the names that the file uses."""
        names = set(_NAMED.findall(decoded(content[:MAX_BYTES]))) - {file.name}
        found = {name: self._document(file.parent / name) for name in sorted(names)}
        return {name: one for name, one in found.items() if one is not None}

    def _document(self, file: Path) -> SourceDocument | None:
        if file not in self._read:
            self._read[file] = self._first(file)
        return self._read[file]

    def _first(self, file: Path) -> SourceDocument | None:
        if not file.is_file() or file.is_symlink():
            return None
        content = beginning(file, file.name, MAX_BYTES)
        items = [] if isinstance(content, Problem) else read_content(
            content, file.name, self._reader
        )  # fmt: skip
        return next((item for item in items if isinstance(item, SourceDocument)), None)


def _unsigned(linked: dict[str, SourceDocument]) -> tuple[Triple, ...]:
    """Give the statements that queries may look at: those that the catalogue itself says.

    What an issuer signed is not mixed with what others say; the graph joins that after admission.
    """
    return tuple(
        triple
        for document in linked.values()
        if document.credential is None or not document.credential.proof_kind
        for triple in document.triples
    )
