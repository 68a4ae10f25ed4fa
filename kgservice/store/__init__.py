"""The only room that talks to an RDF engine: writer process, snapshots, readers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kgservice.model.settings import RemoteStoreSettings
    from kgservice.store.caps import AnswerLimits, QueryLimits
    from kgservice.store.port import Store
    from kgservice.store.writer_link import WriterLink

__all__ = ["open_remote_store", "open_store", "start_writer"]


def start_writer(data_dir: Path) -> WriterLink:
    """Start the writer process and do not wait: it opens a large store while others get ready.

    Whether it could is said by `open_store`, which takes it over.
    """
    from kgservice.store.writer_link import WriterLink

    return WriterLink(data_dir.resolve())


def open_store(
    data_dir: Path | WriterLink,
    *,
    query_workers: int = 2,
    query_timeout_s: float = 30.0,
    query_memory_mb: int = 1024,
    answer_limits: AnswerLimits | None = None,
    service_endpoints: frozenset[str] = frozenset(),
) -> Store:
    """Start the writer process and the reader processes over a data folder.

    Args:
        data_dir: Made when absent; held by this process until `close`. Or the writer that
            `start_writer` gave for it.
        query_workers: Queries that may run at once; as many long ones may go on beside them, and
            as many processes (at most 4) stand by.
        query_timeout_s: Deadline of a query that gives none of its own, in seconds.
        query_memory_mb: Address space of one reader process, in MiB.
        answer_limits: Rows and bytes of one answer; by default those of `AnswerLimits`.
        service_endpoints: What SERVICE in a query may call.

    Raises:
        Unavailable: another process holds the folder (`data-folder-in-use`).
    """
    from kgservice.store.embedded import EmbeddedStore  # children load this package without it

    return EmbeddedStore(
        data_dir,
        query_workers=query_workers,
        query_timeout_s=query_timeout_s,
        query_memory_mb=query_memory_mb,
        answer_limits=answer_limits,
        service_endpoints=service_endpoints,
    )


def open_remote_store(
    data_dir: Path,
    remote: RemoteStoreSettings,
    limits: QueryLimits | None = None,
    service_endpoints: frozenset[str] = frozenset(),
) -> Store:
    """Open the engine of others that holds a data folder's statements; see `open_store`.

    Raises:
        Unavailable: another process holds the folder (`data-folder-in-use`), another folder the
            engine (`store-of-another-folder`), or the engine is away (`store-unreachable`), does
            not let us in (`store-login`) or is not fit for this (`store-unfit`).
    """
    from kgservice.store.caps import QueryLimits
    from kgservice.store.remote import RemoteStore

    return RemoteStore(data_dir, remote, limits or QueryLimits(), service_endpoints)
