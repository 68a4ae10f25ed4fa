"""Open a data folder: store, vocabulary, tokens and, for a service, jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from kgservice.ingest.consequences import follow_rules
from kgservice.ingest.ontologies import load_ontologies
from kgservice.jobs import Handler, JobOptions, JobRunner
from kgservice.model.settings import Settings
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli import standing_requests
from kgservice.mpli.access import TokenStore
from kgservice.mpli.application import Application
from kgservice.mpli.catalogs import CHORES
from kgservice.mpli.hub_book import HubBook
from kgservice.mpli.keeper import Keeper
from kgservice.mpli.metrics import watch_state
from kgservice.mpli.notice_book import NoticeBook
from kgservice.mpli.notice_clerk import NoticeClerk
from kgservice.mpli.projecting import Projector
from kgservice.mpli.publish_hub import Hub
from kgservice.mpli.standing import StandingClerk
from kgservice.mpli.standing_book import StandingBook
from kgservice.mpli.watch import Watch
from kgservice.resolution.recipes import read_recipes
from kgservice.store import open_remote_store, open_store
from kgservice.store.caps import AnswerLimits, QueryLimits
from kgservice.store.documents import ContentStore
from kgservice.store.port import Store
from kgservice.store.spare import SPARE
from kgservice.store.vocabulary import load_vocabulary
from kgservice.store.writer_link import WriterLink


def open_application(
    settings: Settings,
    *,
    with_jobs: bool = True,
    ontologies: Sequence[Path] = (),
    writer: WriterLink | None = None,
    at_work: bool = True,
) -> Application:
    """Open the data folder; makes it when it does not exist.

    `at_work` takes interrupted jobs up at once; else `begin_work` does, when there are answers.

    Files in `DATA/ontology/*.ttl` extend the vocabulary, beside those given; files in
    `DATA/queries/*.rq` stand in for the packaged queries that decide in jobs (`ready-steps`).

    Raises:
        InputError: an ontology file or a recipe cannot be used.
        Unavailable: another process holds the folder (`data-folder-in-use`).
    """
    folder = Path(settings.data_dir).resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    extra = (*sorted((folder / "ontology").glob("*.ttl")), *ontologies)
    store = _open_store(settings, folder, writer)
    try:
        load_ontologies(store, extra)
        vocabulary = load_vocabulary(extra)
        read_recipes(vocabulary.recipes, vocabulary)  # says now what is wrong with them
        chores: dict[str, Handler] = {}
        keeper = Keeper()
        parts = (chores, keeper.propose_repair)
        jobs = _make_jobs(settings, store, folder, vocabulary, parts) if with_jobs else None
    except BaseException:
        store.close()
        raise
    projector = Projector(store, vocabulary)
    application = Application(
        settings=settings,
        folder=folder,
        ontologies=extra,
        store=store,
        contents=ContentStore(folder / "documents"),
        vocabulary=vocabulary,
        projector=projector,
        tokens=TokenStore(folder),
        watch=Watch(settings.slow_query_s),
        jobs=jobs,
        hub=_make_hub(settings, store, folder) if with_jobs else None,
        notices=_make_notices(folder, jobs) if jobs is not None else None,
        standing=StandingClerk(StandingBook(folder), projector) if with_jobs else None,
        keeper=keeper if with_jobs else None,
    )
    watch_state(application.watch, store, jobs)
    for thread in (application.hub, application.notices):
        if thread is not None:
            thread.start()
    if jobs is not None:
        SPARE.keep()
        chores |= {action: partial(do, application) for action, do in CHORES.items()}
        keeper.serve(application)
        standing_requests.serve(application)
        jobs.repair()
        if at_work:
            begin_work(application)
    return application


def begin_work(application: Application) -> None:
    """Take interrupted jobs up and let new ones begin, once; last, as a chore needs all else."""
    application.need_jobs().work()


def _open_store(settings: Settings, folder: Path, writer: WriterLink | None) -> Store:
    answers = AnswerLimits(settings.query_max_rows, settings.query_max_mb)
    if settings.remote_store is not None:
        limits = QueryLimits(
            settings.query_workers, settings.query_timeout_s, settings.query_memory_mb, answers
        )
        return open_remote_store(folder, settings.remote_store, limits, settings.service_endpoints)
    return open_store(
        writer or folder,
        query_workers=settings.query_workers,
        query_timeout_s=settings.query_timeout_s,
        query_memory_mb=settings.query_memory_mb,
        answer_limits=answers,
        service_endpoints=settings.service_endpoints,
    )


def _make_hub(settings: Settings, store: Store, folder: Path) -> Hub:
    book = HubBook(folder / "hub.sqlite")
    return Hub(store, book, settings.base_iri, settings.allow_hosts)


def _make_notices(folder: Path, jobs: JobRunner) -> NoticeClerk:
    def start_job(catalog: str) -> None:
        jobs.start_chore(KG.PartialSynchronisation.value, catalog, "")

    return NoticeClerk(NoticeBook(folder / "notices.sqlite"), start_job)


def _make_jobs(
    settings: Settings,
    store: Store,
    folder: Path,
    vocabulary: Vocabulary,
    parts: tuple[Mapping[str, Handler], Callable[[str], None]],
) -> JobRunner:
    chores, on_drift = parts

    def derive_again() -> None:
        follow_rules(store, settings.base_iri)

    properties = {name: info.iri for name, info in vocabulary.properties.items()}
    options = JobOptions(
        queries=folder / "queries",
        properties=properties,
        on_workers_changed=derive_again,
        on_drift=on_drift,
        chores=chores,
    )
    return JobRunner(store, folder, settings.base_iri, jobs_url=settings.jobs_url, options=options)
