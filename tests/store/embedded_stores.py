"""How the tests of this room open a store."""

from __future__ import annotations

from pathlib import Path

from kgservice.store.caps import AnswerLimits
from kgservice.store.embedded import EmbeddedStore


def open_embedded(
    folder: Path,
    *,
    memory_mb: int = 1024,
    answer_limits: AnswerLimits | None = None,
    service_endpoints: frozenset[str] = frozenset(),
) -> EmbeddedStore:
    """Open a store with two readers, as `open_store` does."""
    return EmbeddedStore(
        folder,
        query_workers=2,
        query_timeout_s=20,
        query_memory_mb=memory_mb,
        answer_limits=answer_limits,
        service_endpoints=service_endpoints,
    )
