"""What a commit means: from changes of graphs to one transaction's additions and removals.

Cost follows what differs. A graph that is new is written as it comes; a graph that is replaced is
read and compared; of a graph that statements are added to or taken from, only those are looked up.
"""

from __future__ import annotations

import hashlib
from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kgservice.model.errors import InputError, PreconditionFailed
from kgservice.store.commit_target import CommitTarget
from kgservice.store.dataset import (
    MERGED,
    Delta,
    is_own_text,
    membership_text,
    stored_form,
    subject_of,
)
from kgservice.store.dataset import STATE as STATE_GRAPH
from kgservice.store.port import INPUTS, MERGED_GRAPH, META_GRAPH, CommitResult
from kgservice.store.touched import Touched, touched_by


@dataclass(frozen=True, slots=True)
class Change:
    """A `GraphChange` whose statements are text already."""

    graph: str
    statements: Sequence[str]
    kind: str
    merge: bool
    if_version: int | None


def gathered(changes: Iterable[Change]) -> Iterator[Change]:
    """Make one description of many that follow each other, as far as their subjects differ.

    Each would otherwise look through all statements that those before it are about.
    """
    waiting: dict[str, tuple[list[Change], set[str]]] = {}
    for change in changes:
        group, known = waiting.get(change.graph, ([], set()))
        describes = change.kind == "describe"
        subjects = {subject_of(text) for text in change.statements} if describes else set()
        fits = describes and (not group or change.merge == group[0].merge)
        if group and not (fits and known.isdisjoint(subjects)):
            yield _as_one(waiting.pop(change.graph)[0])
            group, known = [], set()
        if describes:
            group.append(change)
            known |= subjects
            waiting[change.graph] = (group, known)
        else:
            yield change
    for group, _ in waiting.values():
        yield _as_one(group)


def _as_one(group: Sequence[Change]) -> Change:
    statements = [text for change in group for text in change.statements]
    return Change(group[0].graph, statements, "describe", group[0].merge, None)


@dataclass(slots=True)
class _Graph:
    """A graph within a commit.

    `before` is None while it is known to be new and was not read. A partial one has only those of
    its statements that the changes name.
    """

    name: str
    before: set[str] | None
    was_merged: bool
    merge: bool
    now: set[str] | list[str] = field(default_factory=list)
    is_deleted: bool = False
    is_partial: bool = False

    def added(self) -> list[str]:
        """List what the graph gains, in a fixed order."""
        if not self.before:
            return list(self.now)
        return [text for text in self.now if text not in self.before]

    def removed(self) -> list[str]:
        """List what the graph loses."""
        if not self.before:
            return []
        now = self.now if isinstance(self.now, set) else set(self.now)
        return [text for text in self.before if text not in now]


class Commit:
    """One commit on one dataset: `plan` gives the transaction, `finish` notes that it is there."""

    def __init__(
        self, dataset: CommitTarget, changes: Sequence[Change], is_input: bool = True
    ) -> None:
        """Check the preconditions; PreconditionFailed when one does not hold."""
        self._dataset, self._is_input = dataset, is_input
        self._graphs, self._digests = dict[str, _Graph](), dict[str, bytes]()
        for change in changes:
            self._check(change)
        for change in gathered(changes):
            self._apply(change)
        self.delta = Delta()
        self.merged = Delta()
        self.touched: Touched | None = None
        self.result = self._plan()

    def _check(self, change: Change) -> None:
        if change.graph in (MERGED_GRAPH, STATE_GRAPH, INPUTS):
            raise InputError(
                f"The graph <{change.graph}> is kept by the store.", code="graph-reserved"
            )
        current = self._dataset.versions.get(change.graph, 0)
        if change.if_version is not None and change.if_version != current:
            raise PreconditionFailed(
                f"The graph <{change.graph}> has version {current}, not {change.if_version}.",
                hint="Read it again and repeat the change.",
            )

    def _apply(self, change: Change) -> None:
        graph = self._graphs.get(change.graph)
        if self._is_known(change) and graph is None:
            return
        if graph is None:
            graph = self._graphs[change.graph] = self._open(change)
            if graph.before is None and change.kind in ("replace", "add"):
                graph.merge = change.merge
                graph.now = self._clean(change)
                return
        if not isinstance(graph.now, set):
            graph.now = stored_form(graph.now)
        statements = stored_form(self._clean(change)) if change.statements else set()
        graph.is_deleted = change.kind == "delete"
        self._look_up(graph, change, statements)
        self._combine(graph, change, statements)

    def _combine(self, graph: _Graph, change: Change, statements: set[str]) -> None:
        now = graph.now
        assert isinstance(now, set)  # noqa: S101 - for mypy
        if change.kind == "replace":
            graph.now, graph.merge = statements, change.merge
        elif change.kind == "add":
            now |= statements
            graph.merge = graph.merge or change.merge
        elif change.kind == "remove":
            now -= statements
        elif change.kind == "describe":
            subjects = {subject_of(text) for text in statements}
            graph.now = {text for text in now if subject_of(text) not in subjects} | statements
            graph.merge = graph.merge or change.merge
        else:
            graph.now, graph.merge = set(), False

    def _look_up(self, graph: _Graph, change: Change, statements: set[str]) -> None:
        """Read what a change needs to know of a partial graph."""
        if not graph.is_partial:
            return
        assert isinstance(graph.now, set)  # noqa: S101 - for mypy
        assert graph.before is not None  # noqa: S101
        if change.kind in ("replace", "delete") or (change.merge and not graph.was_merged):
            graph.is_partial = False
            found = self._dataset.statements(graph.name)
        elif change.kind == "describe":
            found = self._dataset.statements_about(
                graph.name, {subject_of(text) for text in statements}
            )
        else:
            found = self._dataset.those_in(graph.name, statements)
        graph.now |= found - graph.before
        graph.before |= found

    def _is_known(self, change: Change) -> bool:
        """Say whether a graph is replaced by what it was last replaced by, without reading it."""
        if change.kind != "replace":
            self._digests[change.graph] = b""
            return False
        digest = hashlib.sha256("\n".join(change.statements).encode()).digest()
        is_same = (
            change.graph not in self._digests  # by an earlier change of this commit
            and self._dataset.digests.get(change.graph) == digest
            and change.merge == (change.graph in self._dataset.merged)
        )
        self._digests[change.graph] = digest
        return is_same

    def _open(self, change: Change) -> _Graph:
        """Read a graph that exists; one without version may still hold statements (metadata)."""
        name, dataset = change.graph, self._dataset
        merged = name in dataset.merged
        if change.kind == "describe" or (
            change.kind in ("add", "remove") and name in dataset.versions
        ):
            return _Graph(name, set(), merged, merged, now=set(), is_partial=True)
        if name not in dataset.versions:
            return _Graph(name, None, was_merged=False, merge=False)
        before = dataset.statements(name)
        return _Graph(name, before, was_merged=merged, merge=merged, now=set(before))

    def _clean(self, change: Change) -> list[str]:
        """Leave out what the store itself says in the metadata graph."""
        if change.graph != META_GRAPH:
            return list(change.statements)
        return [text for text in change.statements if not is_own_text(text)]

    def _plan(self) -> CommitResult:
        versions: dict[str, int] = {}
        counts = [0, 0]
        for graph in self._graphs.values():
            added, removed = graph.added(), graph.removed()
            self._merge(graph, added, removed)
            if self._note(graph, bool(added or removed), versions):
                self.delta.add(graph.name, added)
                self.delta.remove(graph.name, removed)
                counts[0] += len(added)
                counts[1] += len(removed)
        self._touch(versions)  # what leaves one graph counts, though another holds it
        self._keep_what_others_hold()
        generation = self._dataset.generation + bool(versions)
        if versions:
            self.delta.set_version(STATE_GRAPH, self._dataset.generation, generation)
        self.delta.remove(MERGED, self.merged.removed.get(MERGED, ()))
        self.delta.add(MERGED, self.merged.added.get(MERGED, ()))
        return CommitResult(generation, versions, counts[0], counts[1])

    def _note(self, graph: _Graph, is_different: bool, versions: dict[str, int]) -> bool:
        """Write the graph's new version; say whether anything about it changed."""
        name, old = graph.name, self._dataset.versions.get(graph.name, 0)
        if graph.is_deleted:
            if old:
                self.delta.set_version(name, old, 0)
                versions[name] = 0
        elif is_different or (old and graph.merge != graph.was_merged):
            self.delta.set_version(name, old, old + 1)
            versions[name] = old + 1
        if name not in versions:
            return False
        if graph.merge and not graph.was_merged:
            self.delta.add(META_GRAPH, [membership_text(name)])
        elif graph.was_merged and not graph.merge:
            self.delta.remove(META_GRAPH, [membership_text(name)])
        return True

    def _merge(self, graph: _Graph, added: list[str], removed: list[str]) -> None:
        if graph.merge:
            self.merged.add(MERGED, added if graph.was_merged else graph.now)
        if graph.was_merged:
            self.merged.remove(MERGED, removed if graph.merge else graph.before or ())

    def _keep_what_others_hold(self) -> None:
        """Take out of the merged removals what another graph of the merged graph still holds."""
        candidates = self.merged.removed.get(MERGED)
        if not candidates:
            return
        leaving = {
            (name, text)
            for name, graph in self._graphs.items()
            if graph.was_merged
            for text in (graph.removed() if graph.merge else graph.before or ())
        }
        distinct = list(dict.fromkeys(candidates))
        holders = self._dataset.holders(distinct)
        self.merged.removed[MERGED] = [
            text
            for text in distinct
            if all((name, text) in leaving for name in holders.get(text, ()))
        ]

    def _touch(self, versions: dict[str, int]) -> None:
        number, known = self._dataset.inputs, ChainMap(versions, self._dataset.versions)
        if self._is_input:
            self.touched = touched_by(number + 1, self.delta, self.merged, known)
        if self.touched is not None:
            self.delta.set_version(INPUTS, number, number + 1)

    def finish(self) -> None:
        """Note the new state after the transaction is written."""
        dataset = self._dataset
        dataset.generation = self.result.generation
        dataset.digests.update(self._digests)
        if self.touched is not None:
            dataset.inputs = self.touched.number
        for name, version in self.result.versions.items():
            graph = self._graphs[name]
            if version:
                dataset.versions[name] = version
            else:
                dataset.versions.pop(name, None)
            if graph.merge:
                dataset.merged.add(name)
            else:
                dataset.merged.discard(name)
