"""The application: everything that the faces share; `opening` makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kgservice.jobs import JobRunner
from kgservice.model.errors import Unavailable
from kgservice.model.settings import Settings
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.access import TokenStore
from kgservice.mpli.answer_writer import AnswerWriter
from kgservice.mpli.kept_resolutions import KeptResolutions, Lately
from kgservice.mpli.notice_clerk import NoticeClerk
from kgservice.mpli.projecting import Projector
from kgservice.mpli.publish_hub import Hub
from kgservice.mpli.remembered import RememberedAnswers
from kgservice.mpli.watch import Watch
from kgservice.store.documents import ContentStore
from kgservice.store.port import Store
from kgservice.store.spare import SPARE

if TYPE_CHECKING:
    from kgservice.mpli.requests import SavedRequest


class Thread(Protocol):
    """Something that works beside the calls until it is stopped."""

    def stop(self) -> None:
        """End it; what it has not done yet is done after the next start."""
        ...


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
        projector: The merged graph as columns, for the fast engine.
        tokens: Who may call.
        watch: What is counted of queries.
        jobs: Durable jobs; None when the data folder was opened without a service.
        hub: Notices of changed offerings; None likewise.
        notices: Notices of sources; None likewise.
        answers: Answers of queries, while they are true.
        resolutions: Answers of requests, likewise.
        requests_read: Requests that were read lately, by IRI and day.
        standing: Keeps standing requests true; None without a service.
        keeper: Looks after what runs: kept exits, proposed repairs; None without a service.
    """

    settings: Settings
    folder: Path
    ontologies: tuple[Path, ...]
    store: Store
    contents: ContentStore
    vocabulary: Vocabulary
    projector: Projector
    tokens: TokenStore
    watch: Watch
    jobs: JobRunner | None
    hub: Hub | None = None
    notices: NoticeClerk | None = None
    answers: RememberedAnswers = field(default_factory=RememberedAnswers)
    resolutions: KeptResolutions = field(default_factory=KeptResolutions)
    requests_read: Lately[tuple[str, str], SavedRequest] = field(
        default_factory=lambda: Lately(256)
    )
    _writers: list[AnswerWriter] = field(default_factory=list)
    standing: Thread | None = None
    keeper: Thread | None = None

    @property
    def base_iri(self) -> str:
        """Base of every IRI that the service mints, ending in a slash."""
        return self.settings.base_iri

    @property
    def answer_writer(self) -> AnswerWriter:
        """What writes answers into their graphs."""
        if not self._writers:
            self._writers.append(AnswerWriter(self.store))
        return self._writers[0]

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
        for thread in (self.standing, self.keeper, self.hub, self.notices):
            if thread is not None:
                thread.stop()
        if self.jobs is not None:
            self.jobs.stop()
            SPARE.let_go()
        self.answer_writer.flush()
        self.store.close()
