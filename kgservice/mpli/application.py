"""The application: everything that the faces share, opened once per process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from kgservice.inference.rules import run_rules
from kgservice.ingest.ontologies import load_ontologies
from kgservice.jobs import JobOptions, JobRunner
from kgservice.model.errors import Unavailable
from kgservice.model.settings import Settings
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.access import TokenStore
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.port import Store
from kgservice.store.vocabulary import load_vocabulary


@dataclass(frozen=True, slots=True)
class Application:
    """What a use case needs.

    Attributes:
        settings: Settings with their origin.
        folder: The data folder.
        ontologies: Extra ontology files that extend the vocabulary.
        store: The graphs.
        contents: Original bytes by content hash.
        vocabulary: What the ontology files define.
        tokens: Who may call.
        jobs: Durable jobs; None when the data folder was opened without a service.
    """

    settings: Settings
    folder: Path
    ontologies: tuple[Path, ...]
    store: Store
    contents: ContentStore
    vocabulary: Vocabulary
    tokens: TokenStore
    jobs: JobRunner | None

    @property
    def base_iri(self) -> str:
        """Base of every IRI that the service mints, ending in a slash."""
        return self.settings.base_iri

    def need_jobs(self) -> JobRunner:
        """Give the job runner.

        Raises:
            Unavailable: there is none, since no service runs on the data folder.
        """
        if self.jobs is None:
            raise Unavailable(
                "This needs a running service.",
                code="service-not-running",
                hint="Start it with `kg serve`.",
            )
        return self.jobs

    def now(self) -> datetime:
        """Give the current time, UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """Give the current day, UTC."""
        return self.now().date()

    def close(self) -> None:
        """Stop jobs and processes; everything committed stays."""
        if self.jobs is not None:
            self.jobs.stop()
        self.store.close()


def open_application(
    settings: Settings, *, with_jobs: bool = True, ontologies: Sequence[Path] = ()
) -> Application:
    """Open the data folder; makes it when it does not exist.

    Files in `DATA/ontology/*.ttl` extend the vocabulary, beside those given; files in
    `DATA/queries/*.rq` stand in for the packaged queries that decide in jobs (`ready-steps`).

    Raises:
        Unavailable: another process holds the folder (`data-folder-in-use`).
    """
    folder = Path(settings.data_dir).resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    extra = (*sorted((folder / "ontology").glob("*.ttl")), *ontologies)
    store = open_store(
        folder,
        query_workers=settings.query_workers,
        query_timeout_s=settings.query_timeout_s,
        query_memory_mb=settings.query_memory_mb,
    )
    try:
        load_ontologies(store, extra)
        vocabulary = load_vocabulary(extra)
        jobs = _start_jobs(settings, store, folder, vocabulary) if with_jobs else None
    except BaseException:
        store.close()
        raise
    return Application(
        settings=settings,
        folder=folder,
        ontologies=extra,
        store=store,
        contents=ContentStore(folder / "documents"),
        vocabulary=vocabulary,
        tokens=TokenStore(folder),
        jobs=jobs,
    )


def _start_jobs(
    settings: Settings, store: Store, folder: Path, vocabulary: Vocabulary
) -> JobRunner:
    def derive_again() -> None:
        run_rules(store, settings.base_iri)

    properties = {name: info.iri for name, info in vocabulary.properties.items()}
    options = JobOptions(
        queries=folder / "queries", properties=properties, on_workers_changed=derive_again
    )
    jobs = JobRunner(store, folder, settings.base_iri, jobs_url=settings.jobs_url, options=options)
    jobs.start()
    return jobs
