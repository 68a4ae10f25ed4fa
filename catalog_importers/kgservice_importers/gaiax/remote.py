"""Read credentials from addresses: one, a list of them, a federated catalogue, or a feed."""

from __future__ import annotations

from collections.abc import Iterator

from kgservice.model.documents import ImportItem
from kgservice.model.errors import Problem
from kgservice.net.fetch import Fetcher
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.listing import fetch_listed
from kgservice_importers.gaiax.reading import Reading, fingerprint_of


def read_remote(
    source: str, fetcher: Fetcher, reading: Reading, reader: Reader
) -> Iterator[ImportItem]:
    """Read what an address gives.

    Raises:
        Unavailable: the source gives no usable answer.
        InputError: its host may not be contacted.
    """
    for content, name in fetch_listed(source, fetcher):
        if isinstance(content, Problem):
            yield content
            continue
        fingerprint = fingerprint_of(content, reader)
        if reading.has(fingerprint):
            yield from reading.unchanged(fingerprint)
        else:
            yield from reading.read(content, name, reader, fingerprint)
