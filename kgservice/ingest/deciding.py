"""What decides on a document beside its own content, as one hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from typing import TYPE_CHECKING

from kgservice.ingest.reading import code_digest
from kgservice.model.documents import Credential, EmbeddedProof, SourceDocument, StatusEntry
from kgservice.model.errors import Problem

if TYPE_CHECKING:
    from kgservice.ingest.pipeline import SyncRequest

_FORM = repr(
    [
        [one.name for one in fields(kind)]
        for kind in (SourceDocument, Credential, EmbeddedProof, StatusEntry, Problem)
    ]
)
"""What kept documents consist of: those of another release are read again."""


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
        _FORM,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
