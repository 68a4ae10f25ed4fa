"""What decides on a document beside its own content, as one hash."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from kgservice.ingest.reading import code_digest

if TYPE_CHECKING:
    from kgservice.ingest.pipeline import SyncRequest


def rules_digest(request: SyncRequest) -> str:
    """Hash what decides on a document beside its own content."""
    context, catalog = request.context, request.catalog
    parts = (
        request.rules.digest,
        code_digest(request.importer),
        catalog.type,
        catalog.source,
        json.dumps(dict(context.options), sort_keys=True),
        repr(context.vocabulary),
        context.base_iri,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
