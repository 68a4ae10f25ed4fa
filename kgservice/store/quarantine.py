"""Quarantine: named like shared graphs, and kept in the private dataset.

A reader either sees every named graph of its snapshot or those of a short list (decision 0001), so
what not everybody may read cannot stay among the graphs that everybody reaches (decision 0023).
"""

from __future__ import annotations

from collections.abc import Sequence

from kgservice.store.change import Change, Commit
from kgservice.store.commit_target import CommitTarget
from kgservice.store.dataset import Dataset
from kgservice.store.names import is_quarantine
from kgservice.store.port import GraphInfo


def without_quarantine(changes: Sequence[Change]) -> tuple[Sequence[Change], list[Change]]:
    """Divide changes of shared graphs: those for everybody, and those in quarantine."""
    refused = [change for change in changes if is_quarantine(change.graph)]
    if not refused:
        return changes, refused
    return [change for change in changes if not is_quarantine(change.graph)], refused


def move_quarantine(shared: Dataset, private: Dataset) -> None:
    """Move what an earlier release kept among the shared graphs; twice is as good as once."""
    names = [name for name in shared.versions if is_quarantine(name)]
    if not names:
        return
    put = [Change(n, sorted(shared.statements(n)), "replace", False, None) for n in names]
    for dataset, changes in (
        (private, put),
        (shared, [Change(name, (), "delete", False, None) for name in names]),
    ):
        commit = Commit(dataset, changes)
        dataset.write(commit.delta)
        commit.finish()


def graph_infos(source: CommitTarget, private: CommitTarget, prefix: str) -> list[GraphInfo]:
    """List a dataset's graphs; quarantine counts as shared."""
    is_private = source is private
    found = [
        GraphInfo(name, version, name in source.merged)
        for name, version in source.versions.items()
        if name.startswith(prefix) and not (is_private and is_quarantine(name))
    ]
    if not is_private:
        found += [
            GraphInfo(name, version, False)
            for name, version in private.versions.items()
            if name.startswith(prefix) and is_quarantine(name)
        ]
    return sorted(found, key=lambda info: info.graph)
