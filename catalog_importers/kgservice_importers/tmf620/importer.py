"""The importer: take in all objects first, then give a document for each that is described."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kgservice.model.documents import (
    Gone,
    ImportContext,
    Importer,
    ImportItem,
    SourceDocument,
    Unchanged,
)
from kgservice.model.errors import Problem
from kgservice_importers.tmf620.client import read_pages
from kgservice_importers.tmf620.files import read_files
from kgservice_importers.tmf620.inventory import Inventory
from kgservice_importers.tmf620.links import Fingerprints
from kgservice_importers.tmf620.offerings import OfferingReader
from kgservice_importers.tmf620.pieces import Found, Piece, record_of
from kgservice_importers.tmf620.records import Minter, Record

_DESCRIBED: Final = ("organization", "category", "productOffering", "signed productOffering")


class Tmf620Importer:
    """Reads a TMF620 catalogue from a folder, a file or a paged API."""

    type: str = "tmf620"

    def __init__(self, wait: Callable[[float], None] = time.sleep) -> None:
        """Make the importer; `wait` is called between attempts to reach a busy server."""
        self._wait = wait

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        """Read every offering and organization of a folder, a file or an API's base URL.

        Everything is taken in before the first document is given, since objects link to each
        other: memory is the source's size and about 300 bytes an object. A document whose
        fingerprint is known costs about 20 µs, any other one 500 µs.

        Raises:
            Unavailable: the source cannot be reached (`source-unreachable`) or broke half-way
                (`source-broke`); nothing was given.
            InputError: the host may not be contacted (`host-not-allowed`).
        """
        inventory = Inventory(self._pieces(source, context))
        yield from inventory.problems
        yield from inventory.set_aside
        yield from _documents(inventory, context)

    def _pieces(self, source: str, context: ImportContext) -> Iterator[Piece | Found]:
        if urlsplit(source).scheme in ("http", "https"):
            return read_pages(source, context, self._wait)
        return read_files(Path(source))


def _documents(inventory: Inventory, context: ImportContext) -> Iterator[ImportItem]:
    """Give what is asked for, all by default; what is as it was is not read again."""
    marks = Fingerprints(inventory, context)
    minter = Minter(context.base_iri, context.catalog)
    reader = OfferingReader(context, inventory)
    missing = set(context.only)
    for resource in _DESCRIBED:
        for piece in inventory.pieces(resource).values():
            name = piece.identifier
            # What is known by its own id is spared the making of an IRI.
            known = name if name in context.known else minter.iri(resource, name).value
            if context.only and known not in context.only:
                continue
            missing.discard(known)
            mark = marks.of(piece)
            if context.known.get(known) == mark:
                yield Unchanged(known)
                continue
            made = _document(reader, piece)
            yield replace(made, fingerprint=mark) if isinstance(made, SourceDocument) else made
    yield from (Gone(one) for one in sorted(missing))


def _document(reader: OfferingReader, piece: Piece) -> SourceDocument | Problem:
    record = record_of(piece)
    if not isinstance(record, Record):
        return record
    if piece.resource == "organization":
        return reader.organization(piece.identifier, record)
    if piece.resource == "category":
        return reader.category(piece.identifier, record)
    return reader.offering(piece.identifier, record)


IMPORTER: Final[Importer] = Tmf620Importer()
"""The plug-in that the entry point `kgservice.importers` names."""
