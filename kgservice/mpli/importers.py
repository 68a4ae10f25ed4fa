"""The importers that are installed, and what one may know when it reads a catalogue."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from kgservice.ingest.catalogs import Catalog
from kgservice.model.documents import ImportContext, Importer
from kgservice.model.errors import InputError
from kgservice.mpli.application import Application
from kgservice.mpli.contexts import importer_options, mapping_files


def importer_types() -> tuple[str, ...]:
    """Name the source types that can be read here."""
    return tuple(sorted(point.name for point in entry_points(group="kgservice.importers")))


def load_importer(kind: str) -> Importer:
    """Find the importer of a source type among the installed plug-ins.

    Raises:
        InputError: there is none (`catalog-type-unknown`).
    """
    for point in entry_points(group="kgservice.importers", name=kind):
        importer: Importer = point.load()
        return importer
    raise InputError(
        f"No importer reads {kind!r}.",
        code="catalog-type-unknown",
        at="/type",
        hint=f"Installed: {', '.join(importer_types())}.",
    )


def context_of(application: Application, catalog: Catalog) -> ImportContext:
    """Give what an importer may know when it reads a catalogue."""
    return ImportContext(
        catalog=catalog.name,
        base_iri=application.base_iri,
        vocabulary=application.vocabulary,
        allowed_hosts=application.settings.allow_hosts,
        options=importer_options(application.folder, catalog.options),
        mappings=mapping_files(application.folder),
        cache=str(cache_folder(application, catalog.name)),
    )


def cache_folder(application: Application, name: str) -> Path:
    """Give the folder where a catalogue's importer may keep what it fetched."""
    return application.folder / "fetched" / name
