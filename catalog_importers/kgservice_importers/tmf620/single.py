"""Fetch single objects of an API, with all that their statements are made from."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote

from kgservice.model.documents import ImportContext
from kgservice.model.errors import Problem, Unavailable
from kgservice_importers.tmf620.addresses import ListAddress
from kgservice_importers.tmf620.client import Client
from kgservice_importers.tmf620.inventory import Inventory
from kgservice_importers.tmf620.links import everywhere, links_of
from kgservice_importers.tmf620.paging import read_list
from kgservice_importers.tmf620.pieces import Found, Piece
from kgservice_importers.tmf620.records import classify

_DESCRIBED: Final = ("productOffering", "organization", "category")
_MOST_OBJECTS: Final = 2_000


@dataclass(slots=True)
class Fetched:
    """The objects that were asked for and those they link to; ids of which one cannot be read."""

    inventory: Inventory = field(default_factory=Inventory)
    unreadable: set[str] = field(default_factory=set)


def fetch_objects(client: Client, context: ImportContext) -> Fetched:
    """Fetch the objects of the documents in `context.only`: one request each, and one each link.

    What is not there is absent from the inventory.

    Raises:
        Unavailable: the server cannot be reached, or the objects link to more than 2,000 others
            (`source-too-linked`).
    """
    fetched = Fetched()
    addresses = {address.resource: address for address in client.lists()}
    for resource in everywhere():
        if resource in addresses:
            fetched.inventory.take_in(_list(client, addresses[resource]))
    waiting = deque(
        (resource, identifier, source_id)
        for source_id in sorted(context.only)
        for resource, identifier in _named(source_id, context)
    )
    done: set[tuple[str, str]] = set()
    while waiting:
        resource, identifier, source_id = waiting.popleft()
        if (resource, identifier) in done or resource not in addresses:
            continue
        done.add((resource, identifier))
        if len(done) > _MOST_OBJECTS + len(context.only):
            raise _too_linked(source_id)
        piece = client.object(addresses[resource], identifier)
        if piece is None:
            continue
        fetched.inventory.take_in([piece])
        record = fetched.inventory.get(resource, identifier)
        if isinstance(piece, Problem) or record is None:
            fetched.unreadable |= {source_id} & context.only
            continue
        waiting += ((*link, "") for link in links_of(resource, record.body))
    return fetched


def _named(source_id: str, context: ImportContext) -> list[tuple[str, str]]:
    """Tell which object a document is about, from the IRI that it was given."""
    own = f"{context.base_iri}catalog/{quote(context.catalog, safe='')}/"
    if source_id.startswith(own):
        resource, _, identifier = source_id.removeprefix(own).partition("/")
        return [(resource, unquote(identifier))] if resource in _DESCRIBED else []
    resource = classify({"id": source_id})
    found = [resource] if resource in _DESCRIBED else list(_DESCRIBED)
    return [(one, source_id) for one in found]


def _list(client: Client, address: ListAddress) -> list[Piece | Found]:
    return [
        piece
        for piece in read_list(client, address)
        if not isinstance(piece, Problem) or piece.code != "list-missing"
    ]


def _too_linked(source_id: str) -> Unavailable:
    return Unavailable(
        f"The objects that were asked for link to more than {_MOST_OBJECTS} others.",
        code="source-too-linked",
        at=source_id,
        hint="Sync the whole catalogue instead.",
    )
