"""Take documents over, batch by batch: what they are, what changes, and what is reported of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from kgservice.ingest.changes import contents_of, deletion, graph_changes
from kgservice.ingest.documents import (
    INFERRED,
    QUARANTINE,
    Digest,
    Entry,
    Origin,
    dating,
    metadata,
    retirement,
)
from kgservice.ingest.history import Changes
from kgservice.ingest.joining import Joining
from kgservice.ingest.kept import Before, KeptIndex
from kgservice.ingest.outcomes import evidence_of, kept_of, whole_of
from kgservice.ingest.ownership import Ownership
from kgservice.ingest.policy import Policy
from kgservice.ingest.report import SyncReport
from kgservice.ingest.review import (
    OLDER,
    admit_all,
    conclude_each,
    conclude_together,
    enter,
    findings_of,
    link_context,
)
from kgservice.model.documents import SourceDocument
from kgservice.store.documents import ContentStore
from kgservice.store.port import META_GRAPH, ChangeFile, ChangeKind, GraphChange, Store

PACK = 8 << 20
"""Bytes of original documents that are written together."""
MOST_WRITING = 2
"""Packs that may wait to be written."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all documents of a sync have in common.

    Attributes:
        store: Where they go.
        contents: Where their original bytes are kept.
        policy: What decides about them.
        origin: Where they come from.
        catalog: The catalogue's name.
        moment: When the sync began.
    """

    store: Store
    contents: ContentStore
    policy: Policy
    origin: Origin
    catalog: str
    moment: datetime


@dataclass(slots=True)
class Taking:
    """Takes documents over: into a file of changes, the index and a report.

    Attributes:
        setting: What they have in common.
        kept: What is kept of the catalogue.
        ownership: Whose subjects are.
        report: What is told.
        file: The changes.
        joining: Reads documents with those that they refer to.
        changes: The documents that changed.
        ids: Documents that were taken over, with their outcome.
    """

    setting: Setting
    kept: KeptIndex
    ownership: Ownership
    report: SyncReport
    file: ChangeFile
    joining: Joining
    changes: Changes = field(default_factory=Changes)
    ids: dict[str, str] = field(default_factory=dict)
    fired: set[str] = field(default_factory=set)
    unchanged: int = 0
    _stood_back: set[str] = field(default_factory=set)
    _waiting: list[bytes] = field(default_factory=list)
    _writing: list[Future[None]] = field(default_factory=list)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "original documents")
    )

    def enter(self, documents: Iterable[SourceDocument]) -> list[Entry]:
        """Check the proofs of a batch."""
        setting = self.setting
        with self.report.phase("verify"):
            entries = enter(
                documents,
                setting.policy,
                setting.origin.base_iri,
                setting.catalog,
                setting.moment,
            )
            self.joining.mark(entries)
            return entries

    def enter_newest(self, documents: Iterable[SourceDocument]) -> list[Entry]:
        """Check the proofs of a batch; an older issue of what is kept stands back for that.

        So the documents that refer to it are read with the newer issue, as they were before.
        """
        entries = self.enter(documents)
        older = {e.document.source_id: e for e in entries if e.proof.code == OLDER}
        if not older:
            return entries
        whole = [one for packed in self.kept.wholes(older) for one in whole_of(packed)]
        kept = {e.document.source_id: e for e in self.enter(whole) if e.proof.code != OLDER}
        for source_id in kept.keys() - self._stood_back:
            self.report.find(findings_of(older[source_id]))
        self._stood_back |= kept.keys()
        return [kept.get(entry.document.source_id, entry) for entry in entries]

    def offer(self, entries: Iterable[Entry]) -> None:
        """Let others be read with those of a batch that they refer to, as far as is believed."""
        policy = self.setting.policy
        described = [entry for entry in entries if self.joining.is_wanted(entry)]
        admit_all(described, policy, self.ownership)
        conclude_each(described, policy, self.report)
        self.joining.offer(entry for entry in described if entry.is_valid)

    def take(self, entries: Sequence[Entry]) -> None:
        """Admit, conclude, validate and write a batch whose documents stand for themselves."""
        policy = self.setting.policy
        entries = self._without_older(entries)
        with self.report.phase("admit"):
            self.joining.join(entries)
            admit_all(entries, policy, self.ownership)
        conclude_each(entries, policy, self.report)
        self._write(entries)

    def take_together(self, entries: Sequence[Entry]) -> None:
        """Do the same for all documents of a source, which are concluded from together."""
        setting, base = self.setting, self.setting.origin.base_iri
        entries = self._without_older(entries)
        with self.report.phase("admit"):
            self.joining.join(entries)
            admit_all(entries, setting.policy, self.ownership)
            context = link_context(entries, setting.policy, setting.store, base, setting.catalog)
        conclude_together(entries, setting.policy, context, self.report)
        self._write(entries)

    def _without_older(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Leave what is kept where a document would bring back an older issue of it."""
        older = {e.document.source_id: e for e in entries if e.proof.code == OLDER}
        if not older:
            return entries
        stays = self.kept.find(list(older))
        for source_id in stays:
            self.report.find(findings_of(older[source_id]))
            self.ids[source_id] = "unchanged"
            self.unchanged += 1
        return [entry for entry in entries if entry.document.source_id not in stays]

    def retire(self, documents: Iterable[tuple[str, str]]) -> None:
        """Take out documents that are no longer in the source: ids with graphs."""
        setting, base = self.setting, self.setting.origin.base_iri
        for source_id, graph in documents:
            gone = retirement(graph, base, setting.catalog, setting.moment.isoformat())
            self.file.add(deletion(name) for name in (graph, graph + INFERRED, graph + QUARANTINE))
            self.file.add([GraphChange(META_GRAPH, tuple(gone), ChangeKind.ADD)])
            self.changes.retired.add(source_id)
            self.report.close("retired", source_id)
        self.kept.drop(self.changes.retired)

    def keep_originals(self) -> None:
        """Wait until all original bytes are on disk."""
        self._hand_over()
        for writing in self._writing:
            writing.result()
        self._writing.clear()

    def close(self) -> None:
        """Let go of the file and the thread."""
        self._pool.shutdown()
        self.file.close()

    def _write(self, entries: Sequence[Entry]) -> None:
        with self.report.phase("compare"):
            before = self.kept.find([entry.document.source_id for entry in entries])
            foreign = self.ownership.foreign({n for entry in entries for n in entry.named})
            digest = Digest()
            put = []
            for entry in entries:
                self._write_one(entry, before.get(entry.document.source_id), digest)
                put.append(kept_of(entry, entry.digest, foreign))
                self.ids[entry.document.source_id] = put[-1].outcome
                if entry.report is not None:
                    self.fired |= entry.report.fired
            self.kept.put(put)
            for one in put:
                self._note_quarantine(one.source_id, one.outcome, before.get(one.source_id))

    def _write_one(self, entry: Entry, before: Before | None, digest: Digest) -> None:
        evidence = evidence_of(entry, self.setting.policy)
        described = metadata(entry, self.setting.origin, evidence)
        entry.digest = digest.parts(*contents_of(entry), described)
        if before and (before.content, before.digest) == (entry.content, entry.digest):
            self.unchanged += 1
            return
        source_id = entry.document.source_id
        (self.changes.changed if before else self.changes.new).add(source_id)
        if before is None or before.content != entry.content:
            self._waiting.append(entry.document.content)
            if sum(map(len, self._waiting)) > PACK:
                self._hand_over()
        described += dating(entry, self.setting.moment.isoformat())
        self.file.add(graph_changes(entry, before.digest if before else None))
        self.file.add([GraphChange(META_GRAPH, tuple(described), ChangeKind.DESCRIBE)])

    def _note_quarantine(self, source_id: str, outcome: str, before: Before | None) -> None:
        was = before is not None and before.outcome == "quarantined"
        if was != (outcome == "quarantined"):
            (self.changes.released if was else self.changes.quarantined).add(source_id)

    def _hand_over(self) -> None:
        waiting, self._waiting = self._waiting, []
        if len(self._writing) >= MOST_WRITING:  # or a slow disk would fill the memory
            self._writing.pop(0).result()
        put: Callable[[Sequence[bytes]], None] = self.setting.contents.put_many
        self._writing.append(self._pool.submit(put, waiting))
