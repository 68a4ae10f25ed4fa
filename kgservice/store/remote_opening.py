"""Open somebody else's engine: for one data folder, and only when it keeps graphs apart."""

from __future__ import annotations

import fcntl
import secrets
import threading
import time
from io import TextIOWrapper
from pathlib import Path
from typing import Final

from kgservice.model.errors import Unavailable
from kgservice.store.remote_client import GRAPH, TABLE, Dataset, Refusal, RemoteClient
from kgservice.store.remote_dataset import OWN
from kgservice.store.remote_terms import from_engine, table
from kgservice.store.remote_writes import Writes

LOCK_WAIT_S: Final = 3.0
_POLL_S: Final = 0.02
_PROBE: Final = f"{OWN}probe"
_OWNER: Final = f"{OWN}owner"
_LIMIT_S: Final = 30.0


def hold(folder: Path) -> TextIOWrapper:
    """Take the data folder's lock, which ends with this process; `data-folder-in-use` otherwise."""
    file = (folder / "remote.lock").open("w", encoding="utf-8")
    end = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < end:
                threading.Event().wait(_POLL_S)
                continue
            file.close()
            raise Unavailable(
                f"The data folder {folder.parent} is in use by another process.",
                code="data-folder-in-use",
                at=str(folder.parent),
                hint="Stop the other service, or give this one a folder of its own (KG_DATA_DIR).",
            ) from None
        return file


def claim(client: RemoteClient, folder: Path) -> str:
    """Let the engine and the data folder belong together; two writers would lose each other's work.

    Gives the name that they share.

    Raises:
        Unavailable: the engine belongs to another folder, or is empty while this one has work
            left for it (`store-of-another-folder`).
    """
    file = folder / "remote.name"
    ours = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{_OWNER}> {{ ?s ?p ?o }} }}"
    found = [line.split('"')[1] for line in from_engine(_asked(client, text, GRAPH))]
    if found == [ours]:
        return ours
    if found or (folder / "remote.journal").exists():
        raise Unavailable(
            "The remote store belongs to another data folder.",
            code="store-of-another-folder",
            hint="One service writes to one store. Use that folder, or empty the store.",
        )
    ours = ours or secrets.token_hex(16)
    file.write_text(ours, encoding="utf-8")
    client.update(f'INSERT DATA {{ GRAPH <{_OWNER}> {{ <{_OWNER}> <{_OWNER}> "{ours}" }} }}')
    return ours


_X: Final = f"<{_PROBE}>"
_HIDDEN: Final = f"<{_PROBE}-hidden>"
_CHECKS: Final = (
    (f"GRAPH {_X} {{ {_X} {_X} {_X} }}", True),
    (f"GRAPH {_X} {{ {_X} {_HIDDEN} ?o }}", False),
    (f"GRAPH {_X} {{ ?s {_X} ?o GRAPH {_HIDDEN} {{ ?s {_HIDDEN} ?o }} }}", True),
    (f"GRAPH {_X} {{ ?s {_X} ?o FILTER EXISTS {{ ?s {_HIDDEN} ?o }} }}", False),
    (f"GRAPH {_X} {{ ?s {_X} ?o FILTER EXISTS {{ GRAPH {_HIDDEN} {{ ?s {_X} ?o }} }} }}", False),
    (f"GRAPH {_X} {{ ?s {_X} ?o OPTIONAL {{ ?s {_HIDDEN} ?x }} FILTER ( BOUND ( ?x ) ) }}", False),
    (f"GRAPH {_X} {{ {{ SELECT ?s WHERE {{ ?s {_HIDDEN} ?o }} }} }}", False),
    (
        f"GRAPH {_X} {{ ?s {_X} ?o . GRAPH {_X} {{ ?g {_X} ?x }} GRAPH ?g {{ ?s {_HIDDEN} ?o }} }}",
        False,
    ),
    (f"GRAPH {_X} {{ {_X} ( {_X} | {_HIDDEN} ) + {_HIDDEN} }}", False),
)
"""Patterns, and whether they are there: of two statements, one stands in a hidden graph."""


def check_fitness(client: RemoteClient, writes: Writes) -> None:
    """Try the few things on which rights rest, on statements made for it.

    Raises:
        Unavailable: the engine does them otherwise (`store-unfit`).
    """
    seen, hidden = f"{_X} {_X} {_X} ", f"{_X} {_HIDDEN} {_X} "
    writes.write({}, {_PROBE: [seen], f"{_PROBE}-hidden": [hidden]}, lambda _: set())
    for pattern, expected in _CHECKS:
        text = f"ASK WHERE {{ {pattern} }}"
        if bool(table(_asked(client, text, TABLE))) is not expected:
            raise Unavailable(
                f"The remote store does not keep graphs apart: {text} is not {expected}.",
                code="store-unfit",
                hint="See docs/remote-stores.md for what an engine must be able to do.",
            )


def follows_paths(client: RemoteClient, writes: Writes) -> bool:
    """Find out whether long paths can be relied on.

    Virtuoso 7.2.5 leaves solutions out, without a word, when its planner takes a path from a
    subject that another pattern gave; that comes and goes with the data. What always shows it is
    that it refuses a path of which both ends are open.
    """
    one, two = f"<{_PROBE}-one>", f"<{_PROBE}-two>"
    statements = [f"{one} {_HIDDEN} {_X} ", f"{two} {_HIDDEN} {one} "]
    writes.write({}, {f"{_PROBE}-paths": statements}, lambda _: set())
    text = f"SELECT ?a ?b WHERE {{ GRAPH <{_PROBE}-paths> {{ ?a {_HIDDEN} + ?b }} }}"
    try:
        rows = table(client.query(text, Dataset(), TABLE, _LIMIT_S))
    except Refusal:
        return False
    return len(list(rows)) == 3  # type: ignore[arg-type]  # a SELECT


def _asked(client: RemoteClient, text: str, accept: str) -> bytes:
    try:
        return client.query(text, Dataset(), accept, _LIMIT_S)
    except Refusal as refusal:
        raise Unavailable(
            f"The remote store does not answer as a SPARQL 1.1 service ({refusal}).",
            code="store-unfit",
            hint="Check KG_STORE_QUERY_URL; see docs/remote-stores.md.",
        ) from None
