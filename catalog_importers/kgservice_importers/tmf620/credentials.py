"""Read the credentials that lie in characteristics (DOME: `Compliance:VC`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kgservice.model.documents import ImportContext, ImportItem, SetAside, SourceDocument
from kgservice.model.errors import Problem
from kgservice_importers.gaiax.document import Reader
from kgservice_importers.gaiax.label_credentials import KIND, on_own_nodes
from kgservice_importers.gaiax.reading import Reading, fingerprint_of
from kgservice_importers.gaiax.structure import StructureMap
from kgservice_importers.jsonld.added import loader_of
from kgservice_importers.tmf620.characteristics import (
    Characteristic,
    CharacteristicReader,
    is_token,
)
from kgservice_importers.tmf620.json_tree import Json, Object
from kgservice_importers.tmf620.mapping import MappingTable, mapping_of
from kgservice_importers.tmf620.names import Names

_TOKEN: Final = b"eyJ"
"""How every compact JWS begins: base64url of `{"` (RFC 7515 §7.1)."""
_DEEPEST: Final = 12
_MOST: Final = 200


def may_hold_credentials(text: bytes) -> bool:
    """Say whether an object, as JSON text, may hold a token; costs 1 µs per 10 KB."""
    return _TOKEN in text


class CredentialReader:
    """Makes documents of the tokens in characteristics; each token is read once.

    A credential is what its issuer says, not what the catalogue says: its document rests on the
    token alone, and nothing of it goes into the offering's own document.
    """

    def __init__(self, context: ImportContext) -> None:
        """Bind; the means to read JSON-LD are made when the first credential is met."""
        self._context = context
        self._mapping: MappingTable = mapping_of(context)
        self._names = Names(self._mapping, context.vocabulary)
        self._characteristics = CharacteristicReader(self._mapping)
        self._reading = Reading(context)
        self._reader: Reader | None = None

    def read(self, body: Object, at: str) -> Iterator[ImportItem]:
        """Give the documents of all credentials in an object and what is nested in it."""
        for item in self._in(body, at, _DEEPEST):
            for value in item.values[:_MOST]:
                yield from self._token(value.text, value.at)

    def _in(self, body: Json, at: str, depth: int) -> Iterator[Characteristic]:
        if isinstance(body, list):
            for position, item in enumerate(body if depth else ()):
                yield from self._in(item, f"{at}/{position}", depth - 1)
        elif isinstance(body, dict) and depth:
            for found in self._characteristics.read(body, at):
                if self._names.role_of(found.name, found.value_type) == "credential":
                    yield found
            for name, inner in body.items():
                if isinstance(inner, dict | list):
                    yield from self._in(inner, f"{at}/{name}", depth - 1)

    def _token(self, text: str, at: str) -> Iterator[ImportItem]:
        if not is_token(text):  # told in the offering's own document
            return
        content = "".join(text.split()).encode("ascii", "replace")
        if self._reader is None:
            structure = StructureMap(self._context.vocabulary)
            self._reader = Reader(self._context, structure, loader_of(self._context.options))
        mark = fingerprint_of(content, self._reader)
        if self._reading.has(mark):
            yield from self._reading.unchanged(mark)
            return
        for item in self._reading.read(content, at, self._reader, mark):
            if isinstance(item, SourceDocument):
                is_done = item.kind == KIND
                yield item if is_done else replace(on_own_nodes(item, self._context), kind=KIND)
            elif isinstance(item, SetAside):
                detail = "a token whose payload is no JSON object holds no credential"
                yield Problem("credential-not-read", detail, at, "The offering itself is read.")
            else:
                yield item
