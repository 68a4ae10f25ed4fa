"""Ask the store this room's questions (`queries/*.rq`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from itertools import islice

from kgservice.model.rdf import Row, is_valid_iri
from kgservice.store.port import Store

_CHUNK = 500


@cache
def text(name: str) -> str:
    """Read a query file."""
    return (files(__package__) / "queries" / f"{name}.rq").read_text(encoding="utf-8")


def select(store: Store, name: str, **parameters: str) -> list[Row]:
    """Run a query on the live state; each parameter replaces `%NAME%`."""
    query = text(name)
    for key, value in parameters.items():
        query = query.replace(f"%{key.upper()}%", value)
    return store.read(query)


def select_for(
    store: Store, name: str, parameter: str, iris: Iterable[str], **parameters: str
) -> Iterator[Row]:
    """Run a query once for every 500 IRIs."""
    rest = iter(sorted(iri for iri in iris if is_valid_iri(iri)))
    while chunk := list(islice(rest, _CHUNK)):
        listed = " ".join(f"<{iri}>" for iri in chunk)
        yield from select(store, name, **{parameter: listed}, **parameters)
