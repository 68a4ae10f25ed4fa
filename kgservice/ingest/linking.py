"""Catalogues whose documents link to what another one describes."""

from __future__ import annotations

from kgservice.ingest.catalogs import Catalog, list_catalogs
from kgservice.ingest.documents import INFERRED, QUARANTINE, graph_prefix
from kgservice.ingest.questions import select_for
from kgservice.model.rdf import Literal
from kgservice.store.port import Store


def linking_catalogs(store: Store, base_iri: str, catalog: Catalog, since: int) -> list[str]:
    """Name the catalogues that link to what documents of `catalog` describe that changed.

    `since` is the number of the store's last change before (`Store.changes`). When it is not
    known any more what changed, all other catalogues are named.
    """
    changes = store.changes(since, ())
    if not changes.is_complete:
        return [one.name for one in list_catalogs(store) if one.name != catalog.name]
    prefix = graph_prefix(base_iri, catalog.name)
    documents = {
        name.removesuffix(INFERRED).removesuffix(QUARANTINE)
        for name in changes.graphs
        if name.startswith(prefix)
    }
    home = catalog.iri(base_iri).value
    rows = select_for(store, "linking", "documents", documents, catalog=home)
    return sorted({row["name"].value for row in rows if isinstance(row["name"], Literal)})
