"""Take a source over: read, check, admit, infer, validate, and commit it all at once or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kgservice.inference.rules import RulesReport
from kgservice.ingest.catalogs import Catalog
from kgservice.ingest.consequences import follow
from kgservice.ingest.history import Attempt, record
from kgservice.ingest.judging_again import ReadAgain
from kgservice.ingest.kept import KeptIndex
from kgservice.ingest.policy import Policy, current_policy
from kgservice.ingest.reading import rare_collections
from kgservice.ingest.report import SyncReport
from kgservice.ingest.syncing import Sync
from kgservice.labels.derive import LabelReport
from kgservice.model.documents import ImportContext, Importer
from kgservice.model.errors import KgError
from kgservice.model.rdf import Triple
from kgservice.store.documents import ContentStore
from kgservice.store.port import Store


def _nothing(_read: int, _changed: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What a sync needs.

    Attributes:
        catalog: The registered source.
        importer: The plug-in of the catalogue's type.
        context: What the importer may know; the pipeline adds what is kept and what is asked for.
        contents: Where original bytes are kept.
        ontologies: Ontology files beside the bundled ones.
        policy: Axioms, shapes, authority and keys; by default those of the package.
        at: The moment of the sync; now by default.
        isolated: Run the importer in a process of its own.
        progress: Is told, after each batch, how many documents were read and how many of them
            are new or different.
    """

    catalog: Catalog
    importer: Importer
    context: ImportContext
    contents: ContentStore
    ontologies: tuple[Path, ...] = ()
    policy: Policy | None = None
    at: datetime | None = None
    isolated: bool = True
    progress: Callable[[int, int], None] = _nothing

    @property
    def base_iri(self) -> str:
        """The service's base IRI, ending in a slash."""
        return self.context.base_iri

    @property
    def rules(self) -> Policy:
        """The policy that holds."""
        return self.policy or current_policy(self.ontologies)


def sync(store: Store, request: SyncRequest) -> SyncReport:
    """Make the store say what the source says now, in one transaction.

    A source that breaks half-way changes nothing. Documents that did not change are not written;
    those that the importer finds unchanged are not even looked at. Memory does not grow with the
    documents but for some 300 bytes each. About 1 ms a document that is new.

    Raises:
        Unavailable: the source cannot be read; the last good version stays.
        InputError: the source or an option is wrong.
    """
    return _attempt(store, request, frozenset())


def sync_documents(store: Store, request: SyncRequest, source_ids: Iterable[str]) -> SyncReport:
    """Bring some documents up to date; what the others say is not looked at.

    Cost follows the documents, given an importer that can read some of a source. When the rules
    have changed, or conclude from documents together, this is a whole `sync`.

    Raises:
        Unavailable: the source cannot be read; the last good version stays.
        InputError: the source or an option is wrong.
    """
    return _attempt(store, request, frozenset(source_ids))


def _attempt(store: Store, request: SyncRequest, only: frozenset[str]) -> SyncReport:
    moment = request.at or datetime.now(UTC)
    name, at = request.catalog.name, moment.isoformat()
    try:
        with rare_collections(), KeptIndex(request.contents.beside(name)) as kept:
            try:
                report = Sync(store, request, kept, moment, only).run()
            except ReadAgain:
                kept.forget_changes()
                report = Sync(store, request, kept, moment, frozenset(), whole=True).run()
    except KgError as error:
        record(request.contents, name, Attempt(at, error.code, error.detail))
        raise
    return report


def after_sync(
    store: Store, base_iri: str, as_of: datetime, authority: Sequence[Triple] = ()
) -> tuple[RulesReport, LabelReport]:
    """Derive what depends on all catalogues, as far as it is touched by what changed.

    `authority` holds the operator's authority rules, beside the packaged ones.
    """
    return follow(store, base_iri, as_of, authority)
