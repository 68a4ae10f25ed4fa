"""Catalogues: registered, synced, reported; and what follows from them: rules and labels."""

from __future__ import annotations

import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, replace
from typing import Final

from kgservice.ingest import catalogs
from kgservice.ingest.history import Attempt, record
from kgservice.ingest.issuers import Issuers, IssuerSettings, reader_of
from kgservice.ingest.linking import linking_catalogs
from kgservice.ingest.passes import sync_as_registered
from kgservice.ingest.pipeline import SyncRequest, after_sync, sync, sync_documents
from kgservice.ingest.policy import Policy, current_policy
from kgservice.jobs import Tell
from kgservice.labels.derive import ClaimReason, label_status
from kgservice.labels.schemes import operator_rules
from kgservice.model.documents import ImportContext
from kgservice.model.errors import KgError, NotFound
from kgservice.model.terms import KG
from kgservice.mpli.application import Application
from kgservice.mpli.catalog_history import age
from kgservice.mpli.importers import cache_folder, context_of, load_importer, trust_folder
from kgservice.mpli.notice_book import WHOLE
from kgservice.mpli.notices import listen, shown, stop_listening
from kgservice.mpli.official_shapes import check_catalog
from kgservice.mpli.sample_catalogs import SAMPLES, sample_folder

CREDENTIALS: Final = "gaia-x"
"""The importer that reads credentials, of whatever catalogue."""
TELL_EACH: Final = 2000
"""Documents after which a sync says how far it is."""


def add_catalog(
    application: Application, name: str, kind: str, source: str, options: Mapping[str, str]
) -> dict[str, object]:
    """Register a source; nothing is read yet.

    Raises:
        InputError: the name or type is not possible.
    """
    load_importer(kind)
    made = catalogs.register(
        application.store, application.base_iri, catalogs.Catalog(name, kind, source, options)
    )
    return _shown(application, made)


def list_catalogs(application: Application) -> list[dict[str, object]]:
    """Show the registered catalogues."""
    return [_shown(application, one) for one in catalogs.list_catalogs(application.store)]


def show_catalog(application: Application, name: str) -> dict[str, object]:
    """Show one catalogue.

    Raises:
        NotFound: there is none of that name.
    """
    return _shown(application, catalogs.get_catalog(application.store, name))


def remove_catalog(application: Application, name: str) -> None:
    """Remove a catalogue and all that came from it; its original documents are kept.

    Raises:
        NotFound: there is none of that name.
    """
    with _following_links(application, name):
        catalogs.remove(application.store, application.base_iri, name)
    stop_listening(application, name)
    shutil.rmtree(cache_folder(application, name), ignore_errors=True)
    derive(application)


def _tell_nobody(_message: str) -> None:
    """Leave progress untold."""


def sync_now(application: Application, name: str, tell: Tell = _tell_nobody) -> dict[str, object]:
    """Read a source and take over what changed, with all that follows from it.

    `tell` hears how far it is, every `TELL_EACH` documents.

    Raises:
        NotFound: there is no such catalogue.
        Unavailable: the source cannot be reached or broke half-way; nothing changed.
    """
    with _following_links(application, name), _taking(application, name) as request:
        progress = _progress(tell)
        catalog, report = (
            request.catalog,
            sync_as_registered(application.store, replace(request, progress=progress)),
        )
    derive(application)
    check_catalog(application, name)
    listen(application, catalog)
    return report.as_json()


def _progress(tell: Tell) -> Callable[[int, int], None]:
    steps = 0

    def note(read: int, new: int) -> None:
        nonlocal steps
        if read // TELL_EACH > steps:
            steps = read // TELL_EACH
            tell(f"{read} documents read, {new} of them new or different")

    return note


def sync_some(application: Application, name: str, source_ids: Iterable[str]) -> dict[str, object]:
    """Read some documents of a source again, with all that follows from them.

    Raises:
        NotFound: there is no such catalogue.
        Unavailable: the source cannot be reached; nothing changed.
    """
    with _following_links(application, name), _taking(application, name) as request:
        report = sync_documents(application.store, request, source_ids)
    derive(application)
    return report.as_json()


_TAKING: Final = defaultdict[str, threading.Lock](threading.Lock)
"""One sync at a time of each catalogue; a whole one and one after a notice may meet."""


@contextmanager
def _following_links(application: Application, name: str) -> Iterator[None]:
    """After the block, conclude again in catalogues that link to what changed in this one.

    Only where an ontology concludes from several documents together. One hop along links is
    enough: what is concluded of a document is read by no other document's conclusions. A source
    that cannot be read keeps what there is, and its history says so.
    """
    store = application.store
    catalog = catalogs.get_catalog(store, name)
    since = store.changes(0, ()).number
    yield
    if not _policy(application).looks_across:
        return
    for other in linking_catalogs(store, application.base_iri, catalog, since):
        with suppress(KgError), _taking(application, other) as request:
            sync(store, request)


@contextmanager
def _taking(application: Application, name: str) -> Iterator[SyncRequest]:
    """Prepare a sync; no other one of the catalogue runs meanwhile."""
    with _TAKING[f"{application.folder} {name}"]:
        catalog = catalogs.get_catalog(application.store, name)
        with _request(application, catalog) as request:
            yield request


@contextmanager
def _request(application: Application, catalog: catalogs.Catalog) -> Iterator[SyncRequest]:
    try:
        context = context_of(application, catalog)
    except KgError as error:
        attempt = Attempt(application.now().isoformat(), error.code, error.detail)
        record(application.contents, catalog.name, attempt)
        raise
    with closing(_issuers(application, context)) as issuers:
        yield SyncRequest(
            catalog=catalog,
            importer=load_importer(catalog.type),
            context=context,
            contents=application.contents,
            ontologies=application.ontologies,
            policy=_policy(application).with_issuers(issuers),
        )


def _policy(application: Application) -> Policy:
    return current_policy(application.ontologies, trust_folder(application))


def _issuers(application: Application, context: ImportContext) -> Issuers:
    """Prepare to check proofs by `DATA/trust` and by what issuers publish at allowed hosts."""
    settings = IssuerSettings(
        trust_folder(application),
        application.settings.allow_hosts,
        reader_of(load_importer(CREDENTIALS), replace(context, options={}, known={}, token="")),
    )
    return Issuers(settings, at=application.now())


def start_sync(application: Application, name: str, customer: str) -> str:
    """Sync a catalogue as a job; give its id. A sync that runs already is that job.

    Raises:
        NotFound: there is no such catalogue.
        Unavailable: no service runs.
    """
    catalogs.get_catalog(application.store, name)
    return application.need_jobs().start_chore(KG.Synchronisation.value, name, customer)


def _sync_chore(application: Application, name: str, tell: Tell) -> str:
    return _told(name, sync_now(application, name, tell))


def _noticed_chore(application: Application, name: str, tell: Tell) -> str:
    if application.notices is None:
        return f"{name}: nobody listens"
    book = application.notices.book
    number, documents = book.waiting(name)
    if not documents:
        return f"{name}: read already"
    is_whole = WHOLE in documents
    report = (
        sync_now(application, name, tell) if is_whole else sync_some(application, name, documents)
    )
    book.done(name, number)
    return _told(name, report)


def _told(name: str, report: Mapping[str, object]) -> str:
    counts = report["counts"]
    said = counts.items() if isinstance(counts, dict) else ()
    return f"{name}: " + (
        ", ".join(f"{number} {what}" for what, number in said if number) or "empty"
    )


CHORES: Final[Mapping[str, Callable[[Application, str, Tell], str]]] = {
    KG.Synchronisation.value: _sync_chore,
    KG.PartialSynchronisation.value: _noticed_chore,
}
"""What is done as a chore of the job runner, by the IRI of its kind; the subject is a name."""


def derive(application: Application) -> None:
    """Run the rules and derive the labels on the present state."""
    authority = operator_rules(trust_folder(application))
    after_sync(application.store, application.base_iri, application.now(), authority)


def load_samples(application: Application) -> None:
    """Add and sync the bundled sample catalogues."""
    for name, kind in SAMPLES.items():
        add_catalog(application, name, kind, str(sample_folder(name)), {})
        sync_now(application, name)


def label_of(application: Application, subject: str) -> dict[str, object]:
    """Tell each criterion of each label scheme for a subject, with its evidence."""
    authority = operator_rules(trust_folder(application))
    found = label_status(application.store, subject, application.now(), authority=authority)
    return {
        "subject": subject,
        "criteria": [
            {
                "criterion": one.criterion.value,
                "name": one.name,
                "scheme": one.scheme.value,
                "level": one.level.value,
                "outcome": one.outcome.value,
                "reasons": [_reason(reason) for reason in one.reasons],
            }
            for one in found
        ],
    }


def _reason(reason: ClaimReason) -> dict[str, object]:
    condition = reason.condition.value if reason.condition else ""
    return {**asdict(replace(reason, condition=None)), "condition": condition}


def _shown(application: Application, catalog: catalogs.Catalog) -> dict[str, object]:
    try:
        counts = catalogs.last_report(application.store, application.contents, catalog.name).counts
    except NotFound:
        counts = {}
    return {
        "name": catalog.name,
        "catalog": catalog.iri(application.base_iri).value,
        "type": catalog.type,
        "source": catalog.source,
        "options": dict(catalog.options),
        "synced": catalog.synced,
        "documents": counts.get("documents", 0),
        "offerings": counts.get("offerings", 0),
        "notices": shown(application, catalog.name),
        **age(application, catalog),
    }
