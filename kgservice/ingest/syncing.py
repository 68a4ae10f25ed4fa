"""One sync from beginning to end: what is read, in which order it is taken over, the commit."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from kgservice.ingest.catalogs import list_catalogs
from kgservice.ingest.changes import kept_documents
from kgservice.ingest.deciding import rules_digest
from kgservice.ingest.documents import Entry, Origin, graph_name
from kgservice.ingest.history import Attempt, record
from kgservice.ingest.joining import Joining, neighbours
from kgservice.ingest.judging_again import KeptVerdicts
from kgservice.ingest.kept import KeptIndex
from kgservice.ingest.ownership import Ownership
from kgservice.ingest.reading import Batch, Spool, pack, read_batches
from kgservice.ingest.report import UNREADABLE, SyncReport
from kgservice.ingest.taking import Setting, Taking
from kgservice.model.documents import Gone, SetAside, SourceDocument
from kgservice.model.errors import Problem, Severity
from kgservice.model.terms import KG
from kgservice.store.port import META_GRAPH, ChangeKind, GraphChange, Store

if TYPE_CHECKING:
    from kgservice.ingest.pipeline import SyncRequest


class Sync:
    """One sync. While the importer reads, what came is taken over; nothing is committed yet."""

    def __init__(
        self,
        store: Store,
        request: SyncRequest,
        kept: KeptIndex,
        moment: datetime,
        only: frozenset[str],
        *,
        whole: bool = False,
    ) -> None:
        """Prepare; `whole` reads every document, known or not."""
        self._store, self._request, self._kept, self._moment = store, request, kept, moment
        self._home = request.catalog.iri(request.base_iri)
        self._rules = rules_digest(request)
        others = {c.name: c.state for c in list_catalogs(store) if c.synced}
        others.pop(request.catalog.name, None)
        self._others = json.dumps(others, sort_keys=True)
        self._is_current = self._check_index()
        # Documents that are concluded from together are read together.
        self._is_whole = whole or request.rules.looks_across or not self._is_current
        self._only = frozenset() if self._is_whole else only
        self._report = SyncReport(
            request.catalog.name, moment.isoformat(), is_partial=bool(self._only)
        )
        has_proven = kept.has_proven()
        self._is_alone = not others and not has_proven
        self._verdicts = KeptVerdicts(kept, request.rules, moment)
        self._joining = Joining(request, is_whole=self._is_whole)
        self._taking = self._begin()
        self._spool = Spool(request.contents.beside(request.catalog.name))
        self._waits = request.rules.looks_across or has_proven
        self._seen: set[str] = set()
        self._gone: list[str] = []
        self._unchanged: list[str] = []

    def _check_index(self) -> bool:
        """Say whether the index tells what is in the graphs, by the rules of today."""
        kept, catalog = self._kept, self._request.catalog
        if not catalog.state or kept.get("state") != catalog.state:
            kept.rebuild(kept_documents(self._store, self._home))
        return bool(catalog.state) and kept.get("rules") == self._rules

    def _begin(self) -> Taking:
        request = self._request
        origin = Origin(self._home, request.base_iri, request.catalog.source)
        matrix = request.rules.matrix
        ownership = Ownership(
            self._store,
            request.base_iri,
            request.catalog.name,
            providers=matrix.properties_below(KG.provider.value) | {KG.provider.value},
            alone=self._is_alone,
        )
        setting = Setting(
            self._store, request.contents, request.rules, origin, request.catalog.name, self._moment
        )
        file = self._store.change_file()
        return Taking(setting, self._kept, ownership, self._report, file, self._joining)

    def run(self) -> SyncReport:
        """Read, take over, commit."""
        try:
            with self._report.phase("total"):
                if not self._is_whole:
                    self._verdicts.learn_lists()
                self._read({} if self._is_whole else self._known())
                self._judge_again()
                if self._waits:
                    self._take_spooled()
                self._retire()
                with self._report.phase("keep"):
                    self._taking.keep_originals()
                return self._finish()
        finally:
            self._spool.close()
            self._taking.close()

    def _known(self) -> dict[str, str]:
        """Give the fingerprints of what is decided; not where a provider is somebody else's now."""
        kept = self._kept
        known = kept.known(self._only)
        if kept.get("others") != self._others:
            before = kept.names()
            now = self._taking.ownership.foreign(before)
            moved = [name for name, owner in before.items() if now.get(name, "") != owner]
            for source_id in kept.naming(moved):
                known.pop(source_id, None)
        return known

    def _read(self, known: dict[str, str]) -> None:
        request, report = self._request, self._report
        context = replace(request.context, known=known, only=self._only)
        batches = read_batches(
            request.importer, request.catalog.source, context, isolated=request.isolated
        )
        while True:
            with report.phase("import"):
                batch = next(batches, None)
            if batch is None:
                return
            self._note_others(batch)
            self._take_in(batch.documents, batch.packed)
            changes = self._taking.changes
            request.progress(
                len(self._seen) + len(self._unchanged), len(changes.new) + len(changes.changed)
            )

    def _take_in(self, documents: list[SourceDocument], packed: bytes) -> None:
        entries = self._taking.enter(self._without_duplicates(documents))
        if not self._waits and any(entry.claim.is_proven for entry in entries):
            self._wait_for_all()
        self._spool.add(packed)
        if not self._waits:
            self._taking.take(entries)

    def _judge_again(self) -> None:
        """Judge what is in the source as it was, where the verdict may be another one by now."""
        due = set() if self._is_whole else self._verdicts.due()
        again = [one for one in self._unchanged if one in due]
        if self._joining.is_possible:
            again += self._beside(again)
        if again:
            taken = set(again)
            self._unchanged = [one for one in self._unchanged if one not in taken]
        for documents in self._verdicts.documents(again):
            self._take_in(documents, pack(documents))

    def _beside(self, again: list[str]) -> list[str]:
        """Name kept documents that are read together with what changed or is judged again."""
        left = {name for name, _ in self._leaving()}
        changed = self._seen.union(again, left)
        there = {name for name, _ in self._kept.ids()} if self._only else set(self._unchanged)
        return sorted(neighbours(self._kept.links, changed, self._joining) & (there - changed))

    def _wait_for_all(self) -> None:
        """Take nothing over until all is read: what an issuer has proven is settled first."""
        self._waits, self._is_alone = True, False
        self._taking.close()
        self._kept.forget_changes()
        self._taking = self._begin()

    def _without_duplicates(self, documents: list[SourceDocument]) -> list[SourceDocument]:
        found = []
        for document in documents:
            if document.source_id not in self._seen:
                self._seen.add(document.source_id)
                found.append(document)
                continue
            self._report.close("duplicate", document.source_id)
            detail, hint = "The source has two documents with this id.", "The first is kept."
            problem = Problem(
                "document-duplicate", detail, document.source_id, hint, Severity.ERROR
            )
            self._report.find([problem])
        return found

    def _note_others(self, batch: Batch) -> None:
        report = self._report
        self._unchanged += batch.unchanged
        for item in batch.others:
            if isinstance(item, Problem):
                report.find([item])
                if item.severity is Severity.ERROR:
                    report.close("unreadable", item.at)
            elif isinstance(item, SetAside):
                report.close("set-aside", f"{item.at} ({item.kind})")
            elif isinstance(item, Gone):
                self._gone.append(item.source_id)

    def _take_spooled(self) -> None:
        """Settle owners over all documents, then take them over; together where rules ask so."""
        taking = self._taking
        every = (entry for entries in self._spooled() for entry in entries)
        taking.ownership.begin(every, self._staying())
        for entries in self._spooled() if self._joining.is_needed else ():
            taking.offer(entries)
        if self._request.rules.looks_across:
            taking.take_together([entry for entries in self._spooled() for entry in entries])
            return
        for entries in self._spooled():
            taking.take(entries)

    def _spooled(self) -> Iterator[list[Entry]]:
        seen: set[str] = set()
        for documents in self._spool.batches():
            fresh = []
            for document in documents:
                if document.source_id not in seen:
                    seen.add(document.source_id)
                    fresh.append(document)
            yield self._taking.enter_newest(fresh)

    def _staying(self) -> dict[str, str]:
        """Give the graphs of the documents that are in the source and were not read."""
        base, name = self._request.base_iri, self._request.catalog.name
        if self._only:  # what was not asked for is there
            read = self._seen.union(self._gone)
            return {graph: one for one, graph in self._kept.ids() if one not in read}
        return {graph_name(base, name, one): one for one in self._unchanged}

    def _retire(self) -> None:
        self._taking.retire(self._leaving())

    def _leaving(self) -> list[tuple[str, str]]:
        """Give the documents that are no longer in the source: ids with graphs."""
        kept = dict(self._kept.ids()) if self._gone or not self._only else {}
        gone = [name for name in self._gone if name in kept]
        if not self._only and not UNREADABLE & self._report.codes.keys():
            there = self._seen.union(self._unchanged)
            gone = [name for name in kept if name not in there]
        return [(name, kept[name]) for name in gone]

    def _finish(self) -> SyncReport:
        report, request, taking = self._report, self._request, self._taking
        self._tell()
        old = request.catalog
        is_same = self._is_current and not (report.counts["new"] or report.counts["changed"])
        is_same = is_same and not report.counts["retired"]
        state = old.state if is_same else secrets.token_hex(16)
        content = request.contents.put(report.to_bytes())
        new = replace(old, synced=report.synced, state=state, report=content)
        described = GraphChange(META_GRAPH, new.triples(request.base_iri), ChangeKind.DESCRIBE)
        taking.file.add([described])
        with report.phase("commit"):
            self._store.commit(taking.file)
        judged = self._verdicts.judged(is_partial=bool(self._only))
        texts = {"state": state, "rules": self._rules, "others": self._others, "judged": judged}
        if self._only:
            texts.pop("others")
        self._kept.save(**texts, fired=json.dumps(sorted(taking.fired)))
        attempt = Attempt(
            report.synced, "", "", report.counts, report.outcomes, content,
            is_partial=report.is_partial,
        )  # fmt: skip
        record(request.contents, old.name, attempt)
        return report

    def _tell(self) -> None:
        report, taking, policy = self._report, self._taking, self._request.rules
        changes, counts = taking.changes, report.counts
        self._kept.tell(report)
        counts["new"], counts["changed"] = len(changes.new), len(changes.changed)
        counts["retired"] = len(changes.retired)
        counts["unchanged"] = len(self._unchanged) + taking.unchanged
        before = json.loads(self._kept.get("fired") or "[]") if self._is_current else ()
        taking.fired |= set(before)
        if policy.validator is not None:
            names = {shape.name for shape in policy.validator.shapes}
            report.unfired = tuple(sorted(names - taking.fired))
        report.changes = self._request.contents.put(changes.to_bytes())
        self._count_outcomes()

    def _count_outcomes(self) -> None:
        """Give each document that was read, or found unchanged, its outcome."""
        taking, report = self._taking, self._report
        apart = {name: outcome for outcome, name in self._kept.apart()}
        touched = taking.changes.new | taking.changes.changed
        same = self._unchanged
        if not apart:
            report.outcomes["unchanged"] += len(same)
            same = []
        for name in (*taking.ids, *same):
            report.close(apart.get(name) or ("imported" if name in touched else "unchanged"), name)
