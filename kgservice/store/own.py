"""Own graphs: beside each customer's private graphs, one with every statement of theirs once.

A dataset of many graphs makes joins slow out of proportion (decision 0001), so a customer's query
reads two: the merged graph and the customer's own graph. What the graphs of all customers say is
kept the same way, for operators. All change in the transaction of the graphs they are made of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from kgservice.model.terms import KG
from kgservice.store.dataset import MERGED, Dataset, Delta, iri_of, parse
from kgservice.store.port import EVERYONES_GRAPH, META_GRAPH, is_set_aside, own_graph

_CUSTOMER = ox.NamedNode(KG.customer.value)
_KEPT = f"{EVERYONES_GRAPH}:kept"
"""Its version says that own graphs are kept; a folder of an earlier release has none."""


@dataclass(slots=True)
class _Own:
    """What one own graph gains, and which graphs lose what it may lose with them."""

    gained: list[str] = field(default_factory=list)
    lost: set[tuple[str, str]] = field(default_factory=set)

    def lose(self, graph: str, statements: Iterable[str]) -> None:
        """Note what a graph loses."""
        self.lost |= {(graph, text) for text in statements}


class OwnGraphs:
    """The own graphs of a dataset; a graph is whose it says it is, as the subject of kg:customer.

    One that names nobody, or several, is in everyone's graph only.
    """

    def __init__(self, dataset: Dataset) -> None:
        """Read who owns what; make the own graphs of a folder that has none."""
        self._dataset = dataset
        claims: dict[str, list[str]] = {}
        for quad in dataset.store.quads_for_pattern(None, _CUSTOMER, None, None):
            if quad.subject == quad.graph_name and isinstance(quad.object, ox.Literal):
                claims.setdefault(iri_of(quad.subject), []).append(quad.object.value)
        self._owners = {graph: _only(names) for graph, names in claims.items()}
        if not dataset.versions.pop(_KEPT, 0):
            self._make()

    def extend(self, delta: Delta) -> dict[str, str]:
        """Add to a transaction on private graphs what it means for the own graphs.

        Gives the graphs' owners after it, for `note`.
        """
        owners: dict[str, str] = {}
        found: dict[str, _Own] = {}
        for name in {*delta.added, *delta.removed}:
            if _is_owned(name):
                added, removed = delta.added.get(name, []), delta.removed.get(name, [])
                owners[name] = self._owner(name, added, removed)
                self._change(found, name, owners[name], (added, removed))
        known = {**self._owners, **owners}
        for graph, own in found.items():
            delta.remove(graph, self._leaving(graph, own, known))
            delta.add(graph, own.gained)
        return owners

    def note(self, owners: dict[str, str]) -> None:
        """Note what `extend` gave, after the transaction is written."""
        self._owners.update(owners)

    def _change(
        self, found: dict[str, _Own], name: str, new: str, changed: tuple[list[str], list[str]]
    ) -> None:
        added, removed = changed
        everyones = found.setdefault(EVERYONES_GRAPH, _Own())
        everyones.gained += added
        everyones.lose(name, removed)
        old = self._owners.get(name, "")
        if new != old:
            before = self._dataset.statements(name)
            added, removed = [*(before - set(removed)), *added], list(before)
        if new:
            found.setdefault(own_graph(new), _Own()).gained += added
        if old:
            found.setdefault(own_graph(old), _Own()).lose(name, removed)

    def _owner(self, name: str, added: list[str], removed: list[str]) -> str:
        start = f"<{name}> {_CUSTOMER} "
        claims = [text for text in added if text.startswith(start)]
        if not claims and not any(text.startswith(start) for text in removed):
            return self._owners.get(name, "")
        kept = {
            str(quad.object.value)
            for quad in self._dataset.store.quads_for_pattern(
                ox.NamedNode(name), _CUSTOMER, None, ox.NamedNode(name)
            )
            if f"{start}{quad.object} " not in removed and isinstance(quad.object, ox.Literal)
        }
        values = (quad.object for quad in parse(claims))
        return _only([*kept, *(v.value for v in values if isinstance(v, ox.Literal))])

    def _leaving(self, graph: str, own: _Own, owners: dict[str, str]) -> list[str]:
        """List what an own graph loses: what no other graph that it is made of still holds."""
        return [
            text
            for text in sorted({text for _, text in own.lost})
            if all((name, text) in own.lost for name in self._holders(text, graph, owners))
        ]

    def _holders(self, text: str, graph: str, owners: dict[str, str]) -> list[str]:
        (triple,) = parse([text])
        quads = self._dataset.store.quads_for_pattern(
            triple.subject, triple.predicate, triple.object, None
        )
        names = [q.graph_name.value for q in quads if isinstance(q.graph_name, ox.NamedNode)]
        return [
            name
            for name in names
            if _is_owned(name)
            and (graph == EVERYONES_GRAPH or own_graph(owners.get(name, "")) == graph)
        ]

    def _make(self) -> None:
        delta = Delta()
        for name in filter(_is_owned, self._dataset.versions):
            statements = self._dataset.statements(name)
            delta.add(EVERYONES_GRAPH, statements)
            if owner := self._owners.get(name, ""):
                delta.add(own_graph(owner), statements)
        delta.set_version(_KEPT, 0, 1)
        self._dataset.write(delta)


def _only(names: list[str]) -> str:
    """Give the one name; nothing when there are several."""
    return names[0] if len(set(names)) == 1 else ""


def _is_owned(name: str) -> bool:
    """Say whether a graph is somebody's, and not one that the store makes."""
    is_made = name in (MERGED, META_GRAPH) or name.startswith(EVERYONES_GRAPH)
    return not is_made and not is_set_aside(name)
