"""Own graphs: beside each customer's private graphs, one with every statement of theirs once.

A dataset of many graphs makes joins slow out of proportion (decision 0001), so a customer's query
reads two: the merged graph and the customer's own graph. What the graphs of all customers say is
kept the same way, for operators. All change in the transaction of the graphs they are made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from kgservice.model.terms import KG
from kgservice.store.change import Change, Commit
from kgservice.store.commit_target import CommitTarget
from kgservice.store.dataset import MERGED, Delta, parse
from kgservice.store.names import EVERYONES_GRAPH, is_quarantine, own_graph
from kgservice.store.port import META_GRAPH, CommitResult

_CUSTOMER = ox.NamedNode(KG.customer.value)
_KEPT = f"{EVERYONES_GRAPH}:kept"
"""Its version says that own graphs are kept; a folder of an earlier release has none."""


@dataclass(slots=True)
class _Own:
    """What one own graph gains, and what it loses unless another graph of the owner's has it."""

    gained: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)


class OwnGraphs:
    """The own graphs of a dataset; a graph is whose it says it is, as the subject of kg:customer.

    One that names nobody, or several, is in everyone's graph only.
    """

    def __init__(self, dataset: CommitTarget) -> None:
        """Read who owns what; make the own graphs of a folder that has none."""
        self._dataset = dataset
        claims: dict[str, list[str]] = {}
        for graph, name in dataset.of_themselves(_CUSTOMER.value):
            claims.setdefault(graph, []).append(name)
        self._owners = {graph: _only(names) for graph, names in claims.items()}
        if not dataset.versions.pop(_KEPT, 0):
            self._make()

    def commit(self, changes: Sequence[Change]) -> CommitResult:
        """Apply all changes of private graphs or none; none of them is part of the merged graph."""
        changes = [Change(c.graph, c.statements, c.kind, False, c.if_version) for c in changes]
        commit = Commit(self._dataset, changes)
        owners = self._extend(commit.delta)
        self._dataset.write(commit.delta)
        self._owners.update(owners)
        commit.finish()
        return commit.result

    def _extend(self, delta: Delta) -> dict[str, str]:
        """Add to a transaction what it means for the own graphs; give the owners after it."""
        owners: dict[str, str] = {}
        found: dict[str, _Own] = {}
        for name in {*delta.added, *delta.removed}:
            if _is_owned(name):
                added, removed = delta.added.get(name, []), delta.removed.get(name, [])
                owners[name] = self._owner(name, added, removed)
                self._change(found, name, owners[name], (added, removed))
        known = {**self._owners, **owners}
        gone = {(name, text) for name, texts in delta.removed.items() for text in texts}
        holders = self._dataset.graphs_with({text for own in found.values() for text in own.lost})
        for graph, own in found.items():
            held = {t for t in own.lost if _is_held(t, graph, known, gone, holders.get(t, ()))}
            delta.remove(graph, sorted(own.lost - held))
            delta.add(graph, own.gained)
        return owners

    def _change(
        self, found: dict[str, _Own], name: str, new: str, changed: tuple[list[str], list[str]]
    ) -> None:
        added, removed = changed
        everyones = found.setdefault(EVERYONES_GRAPH, _Own())
        everyones.gained += added
        everyones.lost.update(removed)
        old = self._owners.get(name, "")
        if new != old:
            before = self._dataset.statements(name)
            added, removed = [*(before - set(removed)), *added], list(before)
        if new:
            found.setdefault(own_graph(new), _Own()).gained += added
        if old:
            found.setdefault(own_graph(old), _Own()).lost.update(removed)

    def _owner(self, name: str, added: list[str], removed: list[str]) -> str:
        start = f"<{name}> {_CUSTOMER} "
        claims = [text for text in added if text.startswith(start)]
        if not claims and not any(text.startswith(start) for text in removed):
            return self._owners.get(name, "")
        about = self._dataset.statements_about(name, [f"<{name}>"])
        kept = [text for text in about if text.startswith(start) and text not in removed]
        values = (quad.object for quad in parse([*kept, *claims]))
        return _only([v.value for v in values if isinstance(v, ox.Literal)])

    def _make(self) -> None:
        delta = Delta()
        for name in filter(_is_owned, self._dataset.versions):
            statements = self._dataset.statements(name)
            delta.add(EVERYONES_GRAPH, statements)
            if owner := self._owners.get(name, ""):
                delta.add(own_graph(owner), statements)
        delta.set_version(_KEPT, 0, 1)
        self._dataset.write(delta)


def _is_held(
    text: str,
    graph: str,
    owners: dict[str, str],
    gone: set[tuple[str, str]],
    names: Sequence[str],
) -> bool:
    """Say whether a graph that an own graph is made of holds a statement after this."""
    return any(
        (graph == EVERYONES_GRAPH or own_graph(owners.get(name, "")) == graph)
        and (name, text) not in gone
        for name in names
        if _is_owned(name)
    )


def _only(names: list[str]) -> str:
    """Give the one name; nothing when there are several."""
    return names[0] if len(set(names)) == 1 else ""


def _is_owned(name: str) -> bool:
    """Say whether a graph is somebody's, and not one that the store makes."""
    is_made = name in (MERGED, META_GRAPH) or name.startswith(EVERYONES_GRAPH)
    return not is_made and not is_quarantine(name)
