"""Read Gaia-X credentials from files, addresses, a federated catalogue or a feed of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kgservice.model.documents import ImportContext, ImportItem, SourceDocument
from kgservice.model.rdf import Triple
from kgservice.net.fetch import Fetcher, Limits, Pass
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.folder import read_folder
from kgservice_importers.gaiax.joining import read_with, references_of
from kgservice_importers.gaiax.reading import MAX_BYTES, Reading
from kgservice_importers.gaiax.remote import read_remote
from kgservice_importers.gaiax.structure import StructureMap
from kgservice_importers.jsonld.added import loader_of

_LIMITS: Final = Limits(max_bytes=MAX_BYTES)


class GaiaXImporter:
    """The plug-in for catalogue type `gaia-x`."""

    type = "gaia-x"

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        """Read every credential of `source`; see `kgservice.model.documents.Importer.read`."""
        reader = Reader(context, StructureMap(context.vocabulary), loader_of(context.options))
        reading = Reading(context)
        if source.startswith(("http://", "https://")):
            fetcher = Fetcher(context.allowed_hosts, _LIMITS, with_pass=Pass(source, context.token))
            yield from read_remote(source, fetcher, reading, reader)
        else:
            yield from read_folder(source, reading, reader)
        yield from reading.gone()

    def references(self, document: SourceDocument) -> frozenset[str]:
        """Name what a signed document's structure leads to and other documents describe."""
        return references_of(document)

    def joined(
        self,
        documents: Sequence[tuple[SourceDocument, tuple[Triple, ...]]],
        context: ImportContext,
    ) -> Iterator[tuple[Triple, ...]]:
        """Give each document's statements, mapped beside those of others of its issuer."""
        structure = StructureMap(context.vocabulary)
        for document, others in documents:
            yield read_with(document, others, structure)
