"""The importer: read all objects first, then give a document for each offering and organization."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kgservice.model.documents import ImportContext, Importer, ImportItem
from kgservice.model.errors import Problem
from kgservice_importers.tmf620.client import read_pages
from kgservice_importers.tmf620.files import read_files
from kgservice_importers.tmf620.offerings import OfferingReader
from kgservice_importers.tmf620.records import Index, Record


class Tmf620Importer:
    """Reads a TMF620 catalogue from a folder, a file or a paged API."""

    type: str = "tmf620"

    def __init__(self, wait: Callable[[float], None] = time.sleep) -> None:
        """Make the importer; `wait` is called between attempts to reach a busy server."""
        self._wait = wait

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        """Read every offering and organization of a folder, a file or an API's base URL.

        Everything is read before the first document is given, since objects link to each other:
        memory grows with the source, about 20 KB an offering.

        Raises:
            Unavailable: the source cannot be reached (`source-unreachable`) or broke half-way
                (`source-broke`); nothing was given.
            InputError: the host may not be contacted (`host-not-allowed`).
        """
        index = Index(_records(source, context, self._wait))
        yield from index.problems
        reader = OfferingReader(context, index)
        for identifier, record in index.all("organization"):
            yield reader.organization(identifier, record)
        for identifier, record in index.all("productOffering"):
            yield reader.offering(identifier, record)


def _records(
    source: str, context: ImportContext, wait: Callable[[float], None]
) -> Iterator[Record | Problem]:
    if urlsplit(source).scheme in ("http", "https"):
        return read_pages(source, context, wait)
    return read_files(Path(source))


IMPORTER: Final[Importer] = Tmf620Importer()
"""The plug-in that the entry point `kgservice.importers` names."""
