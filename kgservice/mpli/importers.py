"""The importers that are installed, and what one may know when it reads a catalogue."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from kgservice.ingest.catalogs import Catalog
from kgservice.model.documents import ImportContext, Importer
from kgservice.model.errors import InputError
from kgservice.mpli.application import Application
from kgservice.mpli.contexts import importer_options, mapping_files

_LONGEST_TOKEN: Final = 8_192


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
        token=source_token(application, catalog.name),
    )


def source_token(application: Application, name: str) -> str:
    """Give the token that a source asks for: `DATA/sources/NAME.token`; nothing without a file.

    It goes to the source's own server only, and into no graph, log or answer.

    Raises:
        InputError: others may read the file, or it holds no token (`source-token-unusable`).
    """
    file = application.folder / "sources" / f"{name}.token"
    if not file.is_file():
        return ""
    token = file.read_text(encoding="utf-8", errors="replace").strip()
    is_open = bool(file.stat().st_mode & 0o077)
    if is_open or not token.isascii() or len(token.split()) != 1 or len(token) > _LONGEST_TOKEN:
        why = "others may read it" if is_open else "it does not hold one token"
        raise InputError(
            f"The token file of the source cannot be used: {why}.",
            code="source-token-unusable",
            at=str(file),
            hint="One line with the token; `chmod 600`.",
        )
    return token


def trust_folder(application: Application) -> Path:
    """Give where the operator pins whom to trust."""
    return application.folder / "trust"


def cache_folder(application: Application, name: str) -> Path:
    """Give the folder where a catalogue's importer may keep what it fetched."""
    return application.folder / "fetched" / name
