"""Ask an API which objects changed since a moment, by `lastUpdate` (TMF630 part 1, filtering)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from kgservice.model.documents import ImportContext, Noticed
from kgservice.model.errors import Problem
from kgservice_importers.tmf620.addresses import ListAddress
from kgservice_importers.tmf620.client import OK, Client
from kgservice_importers.tmf620.json_tree import member_text
from kgservice_importers.tmf620.links import everywhere
from kgservice_importers.tmf620.moments import date_time
from kgservice_importers.tmf620.paging import read_list
from kgservice_importers.tmf620.pieces import Piece, record_of
from kgservice_importers.tmf620.records import Minter, Record

_WHOLE: Final = Noticed(is_whole=True)
_DESCRIBED: Final = frozenset({"productOffering", "organization", "category"})


def changed_since(client: Client, context: ImportContext, since: str) -> Noticed:
    """Tell which documents changed, as far as the source says.

    Everything may have changed where the filter is not heeded (an object is older, or says no
    time), where a list is refused because of it, and where something changed that others link to.

    Raises:
        Unavailable: the source cannot be reached.
    """
    minter = Minter(context.base_iri, context.catalog)
    begin = datetime.fromisoformat(since)
    found: set[str] = set()
    for address in client.lists():
        query = "&".join(filter(None, (address.query, urlencode({"lastUpdate.gte": since}))))
        for piece in read_list(client, replace(address, query=query)):
            if isinstance(piece, Piece):
                if not _is_later(piece, begin) or not _is_single(piece):
                    return _WHOLE
                found.add(minter.iri(piece.resource, piece.identifier).value)
            elif isinstance(piece, Problem) and _may_hide(client, address, piece):
                return _WHOLE
    return Noticed(frozenset(found))


def _is_single(piece: Piece) -> bool:
    """Whether an object's own document is all that is made from it, as a notice takes it."""
    return piece.resource in _DESCRIBED and piece.resource not in everywhere()


def _is_later(piece: Piece, begin: datetime) -> bool:
    record = record_of(piece)
    text = date_time(member_text(record.body, "lastUpdate")) if isinstance(record, Record) else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) >= begin


def _may_hide(client: Client, address: ListAddress, problem: Problem) -> bool:
    """Whether a list could not be had; one that is not there without a filter either is none."""
    if problem.code != "list-missing":
        return True
    return any(client.ask(f"{url}?offset=0&limit=1").status in OK for url in address.urls)
