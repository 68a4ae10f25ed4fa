"""The plug-in for folders of anything: every file has an outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from kgservice.model.documents import (
    Gone,
    ImportContext,
    ImportItem,
    SetAside,
    SourceDocument,
    Unchanged,
)
from kgservice.model.errors import InputError, KgError, Problem, Severity, Unavailable
from kgservice_importers.dcat.reader import CatalogReader
from kgservice_importers.files import whole
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.folder import read_folder
from kgservice_importers.gaiax.reading import Reading as GaiaXReading
from kgservice_importers.gaiax.structure import StructureMap
from kgservice_importers.jsonld.added import loader_of
from kgservice_importers.mixed.grouping import Group
from kgservice_importers.mixed.recognise import Recognised, recognise
from kgservice_importers.rdf.reading import Reading
from kgservice_importers.rdf.syntaxes import read_rdf

MAX_BYTES: Final = 64 * 1024 * 1024


class MixedImporter:
    """The plug-in for catalogue type `mixed`."""

    type = "mixed"

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        """Read every file of a folder by the importer that its content asks for.

        TMF620 objects of all files are read together, since they refer to each other, and so are
        the catalogues in RDF. A file that nobody reads is set aside as what it was recognised as;
        one that looks like something that is read, and is broken, is a problem.

        Raises:
            Unavailable: there is no such file or folder.
            InputError: the source is a URL.
        """
        missing = set(context.only)
        is_whole = True
        for _, item in trace(source, context):
            if isinstance(item, SourceDocument | Unchanged):
                missing.discard(item.source_id)
            is_whole &= not (isinstance(item, Problem) and item.severity is Severity.ERROR)
            yield item
        if is_whole:
            yield from (Gone(name) for name in sorted(missing))


def trace(source: str, context: ImportContext) -> Iterator[tuple[str, ImportItem]]:
    """Give each item with the file that it comes from; every file has one item or more."""
    if "://" in source:
        hint = "Give a folder, or add each URL with the type of what is there."
        raise InputError("A mixed catalogue is a folder.", code="source-not-folder", hint=hint)
    root = Path(source)
    if not root.exists():
        hint = "Check the catalogue's source."
        raise Unavailable(f"{source} does not exist.", code="source-missing", hint=hint)
    told: set[str] = set()
    for name, item in _all(root, context):
        if isinstance(item, Gone):
            continue
        if not isinstance(item, Problem) or item.severity is Severity.ERROR:
            told.add(name)
        yield name, item
    for path, name in _files(root):
        if name not in told:
            found = _recognised(path, name)
            # Its objects are parts of documents of other files, or it repeats what another says.
            role = "part" if found.reader == "tmf620" else "elsewhere"
            yield name, SetAside(name, f"{found.kind}-{role}")


def _all(root: Path, context: ImportContext) -> Iterator[tuple[str, ImportItem]]:
    tmf: list[tuple[str, Path, bool]] = []
    graphs: list[tuple[str, Path]] = []
    gaia_x = _GaiaX(context)
    for path, name in _files(root):
        found = _recognised(path, name)
        if found.problem is not None:
            yield name, found.problem
        elif found.reader == "tmf620":
            tmf.append((name, path, found.lines))
        elif found.reader == "rdf":
            graphs.append((name, path))
        elif found.reader == "gaia-x":
            yield from _caught(gaia_x.read(path, name), [name])
        else:
            yield name, SetAside(name, found.kind)
    yield from _caught(Group(tmf).read(context), [name for name, *_ in tmf])
    yield from _caught(_graphs(graphs, context), [name for name, _ in graphs])


def _caught(
    items: Iterator[tuple[str, ImportItem]], names: Sequence[str]
) -> Iterator[tuple[str, ImportItem]]:
    """Make a finding about each file of a reader's fault, so that other files are read."""
    try:
        yield from items
    except KgError:
        raise
    except Exception as error:  # whatever it is, it is a fault of ours and no one else's
        for name in names:
            yield name, _crashed(error, name)


def _crashed(error: Exception, name: str) -> Problem:
    detail = f"the reader failed: {type(error).__name__}: {error}"[:300]
    hint = "This is a fault of the importer; please report it with the file."
    return Problem("import-crashed", detail, name, hint, Severity.ERROR)


def _files(root: Path) -> list[tuple[Path, str]]:
    if root.is_file():
        return [(root, root.name)]
    return sorted(
        (path, path.relative_to(root).as_posix())
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def _recognised(path: Path, name: str) -> Recognised:
    content = whole(path, name, MAX_BYTES)
    if isinstance(content, Problem):
        return Recognised(kind="file", problem=content)
    return recognise(content, name)


class _GaiaX:
    """Reads files one by one where they lie, since they may name their neighbours."""

    def __init__(self, context: ImportContext) -> None:
        structure = StructureMap(context.vocabulary)
        self._reader = Reader(context, structure, loader_of(context.options))
        self._reading = GaiaXReading(context)

    def read(self, path: Path, name: str) -> Iterator[tuple[str, ImportItem]]:
        for item in read_folder(str(path), self._reading, self._reader):
            yield name, in_folder(item, path.name, name)


def in_folder(item: ImportItem, file: str, name: str) -> ImportItem:
    """Say where in the folder a file is that was read on its own."""

    def placed(at: str) -> str:
        return name + at.removeprefix(file) if at.startswith(file) else at

    if isinstance(item, Problem | SetAside):
        return replace(item, at=placed(item.at))
    source_id = placed(item.source_id)
    if source_id.endswith(f" in {file}"):
        source_id = source_id.removesuffix(file) + name
    if not isinstance(item, SourceDocument):
        return replace(item, source_id=source_id)
    problems = tuple(replace(p, at=placed(p.at)) for p in item.problems)
    return replace(item, source_id=source_id, problems=problems)


def _graphs(
    graphs: Sequence[tuple[str, Path]], context: ImportContext
) -> Iterator[tuple[str, ImportItem]]:
    def pages() -> Iterator[tuple[Reading | Problem | SetAside, str]]:
        for name, path in graphs:
            try:
                found = _graph(path, name, context)
            except Exception as error:  # no file takes the others with it
                found = _crashed(error, name)
            yield found, name

    yield from CatalogReader(context, waits=True).trace(pages())


def _graph(path: Path, name: str, context: ImportContext) -> Reading | Problem:
    content = whole(path, name, MAX_BYTES)
    if isinstance(content, Problem):
        return content
    base = f"{context.base_iri}catalog/{context.catalog}/document/{quote(name)}"
    return read_rdf(content, base, name, loader_of(context.options))
