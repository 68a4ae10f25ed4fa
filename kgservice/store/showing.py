"""Copies of written graphs in the shared dataset, where queries of the merged graph find them."""

from __future__ import annotations

from collections.abc import Mapping

import pyoxigraph as ox

from kgservice.model.iri_forms import normal_form
from kgservice.store.change import Change
from kgservice.store.update_text import WRITTEN_DEFAULT
from kgservice.store.wire import skolem_prefix

RESERVED = "urn:kgservice:"


def changes_to_show(path: str, versions: Mapping[str, int]) -> list[Change]:
    """Read graphs of a snapshot as changes of the shared dataset; version 0 deletes.

    They are no part of the merged graph. Blank nodes become IRIs of their graph, as everywhere in
    the shared dataset; statements about triple terms (RDF 1.2) are left out. A reserved name is
    never taken: it would stand for what the service itself says.
    """
    store = ox.Store.read_only(path)
    changes = []
    for graph, version in versions.items():
        if normal_form(graph).startswith(RESERVED) and graph != WRITTEN_DEFAULT:
            continue
        if version:
            changes.append(Change(graph, _statements(store, graph), "replace", False, None))
        else:
            changes.append(Change(graph, (), "delete", False, None))
    return changes


def _statements(store: ox.Store, graph: str) -> list[str]:
    name = ox.DefaultGraph() if graph == WRITTEN_DEFAULT else ox.NamedNode(graph)
    prefix = skolem_prefix(graph)
    found = []
    for quad in store.quads_for_pattern(None, None, None, name):
        subject, value = _named(quad.subject, prefix), _named(quad.object, prefix)
        if subject is not None and value is not None:
            found.append(f"{subject} {quad.predicate} {value} ")
    return sorted(found)


def _named(
    term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple, prefix: str
) -> ox.NamedNode | ox.Literal | None:
    if isinstance(term, ox.BlankNode):
        return ox.NamedNode(prefix + term.value)
    return None if isinstance(term, ox.Triple) else term
