"""The importer: take in all objects first, then give a document for each that is described."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kgservice.model.documents import (
    Gone,
    ImportContext,
    Importer,
    ImportItem,
    Noticed,
    SourceDocument,
    Unchanged,
)
from kgservice.model.errors import Problem
from kgservice_importers.tmf620.client import Client
from kgservice_importers.tmf620.credentials import CredentialReader, may_hold_credentials
from kgservice_importers.tmf620.files import read_files
from kgservice_importers.tmf620.inventory import Inventory
from kgservice_importers.tmf620.links import Fingerprints
from kgservice_importers.tmf620.notices import noticed
from kgservice_importers.tmf620.offerings import OfferingReader
from kgservice_importers.tmf620.paging import read_list
from kgservice_importers.tmf620.pieces import Found, Piece, record_of
from kgservice_importers.tmf620.records import SIGNED, Minter, Record
from kgservice_importers.tmf620.since import changed_since
from kgservice_importers.tmf620.single import fetch_objects

_DESCRIBED: Final = ("organization", "category", "productOffering", SIGNED + "productOffering")


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
        if urlsplit(source).scheme not in ("http", "https"):
            inventory, unreadable = Inventory(read_files(Path(source))), set[str]()
        elif context.only:
            fetched = fetch_objects(Client(source, context, self._wait), context)
            inventory, unreadable = fetched.inventory, fetched.unreadable
        else:
            client = Client(source, context, self._wait)
            inventory, unreadable = Inventory(_lists(client)), set()
        yield from inventory.problems
        yield from inventory.set_aside
        yield from _documents(inventory, context, unreadable)

    def changed(self, source: str, context: ImportContext, since: str) -> Noticed:
        """Tell which documents an API says have changed; of files nobody knows.

        Raises:
            Unavailable: the source cannot be reached.
        """
        if urlsplit(source).scheme not in ("http", "https"):
            return Noticed(is_whole=True)
        return changed_since(Client(source, context, self._wait), context, since)

    def hub(self, source: str, context: ImportContext) -> str:
        """Give where a listener is registered: `/hub` of the product catalogue's API.

        Raises:
            Unavailable: the source cannot be reached.
        """
        if urlsplit(source).scheme not in ("http", "https"):
            return ""
        address = Client(source, context, self._wait).lists()[0].urls[0]
        return f"{address.rpartition('/')[0]}/hub"

    def noticed(self, event: str, body: object, context: ImportContext) -> Noticed:
        """Tell what a notice hints at.

        Raises:
            InputError: it is no notice of a product catalogue (`notice-invalid`).
        """
        return noticed(event, body, context)


def _lists(client: Client) -> Iterator[Piece | Found]:
    for address in client.lists():
        for piece in read_list(client, address):
            is_missing = isinstance(piece, Problem) and piece.code == "list-missing"
            if address.is_named or not is_missing:
                yield piece
    client.end()


def _documents(
    inventory: Inventory, context: ImportContext, unreadable: set[str]
) -> Iterator[ImportItem]:
    """Give what is asked for, all by default; what is as it was is not read again."""
    now = datetime.now(UTC)
    marks = Fingerprints(inventory, context, now)
    reader = OfferingReader(context, inventory, now)
    told = set(unreadable)
    described = _described(inventory, context, marks, reader)
    for source_id, item in chain(described, _credentials(inventory, context)):
        told.add(source_id)
        yield item
    if not context.only:
        yield from inventory.unlinked(marks.linked)
    yield from (Gone(one) for one in sorted(context.only - told))


def _described(
    inventory: Inventory, context: ImportContext, marks: Fingerprints, reader: OfferingReader
) -> Iterator[tuple[str, ImportItem]]:
    """Give the documents of the objects that are described, one each, with their ids."""
    minter = Minter(context.base_iri, context.catalog)
    for resource in _DESCRIBED:
        is_signed = resource.startswith(SIGNED)  # told by its credential's id, which must be read
        for piece in inventory.pieces(resource).values():
            name = piece.identifier
            # What is known by its own id is spared the making of an IRI.
            source_id = name if name in context.known else minter.iri(resource, name).value
            if context.only and source_id not in context.only and not is_signed:
                continue
            mark = marks.of(piece)
            if context.known.get(source_id) == mark and not is_signed:
                yield source_id, Unchanged(source_id)
                continue
            made = _document(reader, piece, mark)
            if isinstance(made, SourceDocument):
                source_id = made.source_id
                if context.known.get(source_id) == mark:
                    made = Unchanged(source_id)
            if not context.only or source_id in context.only:
                yield source_id, made


def _credentials(inventory: Inventory, context: ImportContext) -> Iterator[tuple[str, ImportItem]]:
    """Give the credentials that lie in objects, each a document of its own, with its id."""
    reader: CredentialReader | None = None
    for resource in list(inventory.resources()):
        for piece in inventory.pieces(resource).values():
            record = record_of(piece) if may_hold_credentials(bytes(piece.text)) else None
            if isinstance(record, Record):
                reader = reader or CredentialReader(context)
                for item in reader.read(record.body, record.at):
                    if isinstance(item, SourceDocument | Unchanged):
                        yield item.source_id, item
                    else:
                        yield "", item


def _document(
    reader: OfferingReader, piece: Piece, mark: str
) -> SourceDocument | Unchanged | Problem:
    record = record_of(piece)
    if not isinstance(record, Record):
        return record
    read = {"organization": reader.organization, "category": reader.category}
    document = read.get(piece.resource, reader.offering)(piece.identifier, record)
    return replace(document, fingerprint=mark)


IMPORTER: Final[Importer] = Tmf620Importer()
"""The plug-in that the entry point `kgservice.importers` names."""
