"""The plug-in: which pages a source has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from kgservice.model.documents import ImportContext, ImportItem, SetAside
from kgservice.model.errors import Problem, Unavailable
from kgservice.net.fetch import Fetcher, Limits, Pass
from kgservice_importers.dcat.dsp import is_dsp, read_dsp
from kgservice_importers.dcat.hydra import read_web
from kgservice_importers.dcat.reader import CatalogReader
from kgservice_importers.files import whole
from kgservice_importers.jsonld.added import loader_of
from kgservice_importers.rdf.reading import Reading
from kgservice_importers.rdf.syntaxes import read_rdf

MAX_BYTES: Final = 64 * 1024 * 1024
SUFFIXES: Final = frozenset(
    {".ttl", ".trig", ".nt", ".nq", ".n3", ".rdf", ".owl", ".xml", ".json", ".jsonld"}
)
_LIMITS: Final = Limits(max_bytes=MAX_BYTES)


class DcatImporter:
    """The plug-in for catalogue type `dcat`."""

    type = "dcat"

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        """Read every dataset, service and policy of `source`.

        A URL is read page by page; one that ends in `/catalog/request`, or with the option
        `protocol` = `dsp`, is asked by the Dataspace Protocol. See
        `kgservice.model.documents.Importer.read`.
        """
        if source.startswith(("http://", "https://")):
            fetcher = Fetcher(context.allowed_hosts, _LIMITS, with_pass=Pass(source, context.token))
            pages = read_dsp if is_dsp(source, context.options) else read_web
            yield from CatalogReader(context).read(
                pages(source, fetcher, loader_of(context.options))
            )
            return
        path = Path(source)
        if not path.exists():
            hint = "Check the catalogue's source."
            raise Unavailable(f"{source} does not exist.", code="source-missing", hint=hint)
        yield from CatalogReader(context, waits=path.is_dir()).read(_files(path, context))


def _files(
    path: Path, context: ImportContext
) -> Iterator[tuple[Reading | Problem | SetAside, str]]:
    if path.is_file():
        yield _file(path, path.name, context), path.name
        return
    for file in sorted(path.rglob("*")):
        if not file.is_file() or file.is_symlink():
            continue
        name = file.relative_to(path).as_posix()
        if file.suffix.lower() in SUFFIXES:
            yield _file(file, name, context), name
        else:
            yield SetAside(name, "not-rdf"), name


def _file(file: Path, name: str, context: ImportContext) -> Reading | Problem:
    home = f"{context.base_iri}catalog/{context.catalog}/document/"
    content = whole(file, name, MAX_BYTES)
    if isinstance(content, Problem):
        return content
    return read_rdf(content, home + quote(name), name, loader_of(context.options))
