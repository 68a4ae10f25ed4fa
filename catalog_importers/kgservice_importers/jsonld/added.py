"""Contexts that an operator added, pinned by hash, before those that are bundled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from kgservice_importers.jsonld.contexts import (
    ContextUnknown,
    Json,
    answer_of,
    bundled_context,
    named_contexts,
)

INDEX: Final = "INDEX.json"
OPTION: Final = "contexts"
"""The option of `ImportContext.options` that names the folder of added contexts."""


class Contexts:
    """What a context's address stands for: what the operator added, else what is bundled."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read the folder's index; without a folder only the bundle is known."""
        self._folder = folder
        self._entries = _entries(folder)
        self._read: dict[str, dict[str, Json]] = {}

    @property
    def digest(self) -> str:
        """Hash of what was added, so that a reader notices a change."""
        text = json.dumps(sorted(self._entries.items()))
        return hashlib.sha256(text.encode()).hexdigest() if self._entries else ""

    def document(self, iri: str) -> dict[str, Json]:
        """Give the document `{"@context": …}` for an address, with or without a final `#`.

        Raises:
            ContextUnknown: it is neither bundled nor added, or the added file was changed.
        """
        found = self._read.get(iri)
        if found is None:
            found = self._read[iri] = self._find(iri)
        return found

    def _find(self, iri: str) -> dict[str, Json]:
        names = (iri, iri.removesuffix("#"), iri + "#")
        for name in names:
            if name in self._entries and self._folder is not None:
                return _pinned(self._folder, name, *self._entries[name])
        for name in names[:-1]:
            try:
                return bundled_context(name)
            except ContextUnknown:
                continue
        return bundled_context(names[-1])

    def load(self, iri: str, _options: Mapping[str, Json]) -> dict[str, Json]:
        """Answer PyLD's document loader; nothing is fetched.

        Raises:
            ContextUnknown: see `document`.
        """
        return answer_of(iri, self.document(iri))

    def terms(self, iri: str) -> frozenset[str]:
        """Give the words that a context defines; none when nobody knows it."""
        try:
            found = self.document(iri)["@context"]
        except ContextUnknown:
            return frozenset()
        parts = found if isinstance(found, list) else [found]
        inline = {term for part in parts if isinstance(part, dict) for term in part}
        named = (self.terms(part) for part in parts if isinstance(part, str) and part != iri)
        return frozenset(inline.union(*named))

    def unknown(self, value: Json) -> list[str]:
        """Give the contexts that a document names and nobody knows."""
        return sorted({iri for iri in named_contexts(value) if not self._knows(iri)})

    def _knows(self, iri: str) -> bool:
        try:
            self.document(iri)
        except ContextUnknown:
            return False
        return True


def loader_of(options: Mapping[str, str]) -> Contexts:
    """Give the contexts for an import, by its options."""
    folder = options.get(OPTION, "")
    return Contexts(Path(folder) if folder else None)


def _entries(folder: Path | None) -> dict[str, tuple[str, str]]:
    """Read the index of a folder: file and SHA-256 by address; a broken one knows nothing."""
    if folder is None:
        return {}
    try:
        listed: Iterable[Json] = json.loads((folder / INDEX).read_text("utf-8"))["contexts"]
        return {str(e["iri"]): (str(e["file"]), str(e["sha256"])) for e in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _pinned(folder: Path, iri: str, file: str, sha256: str) -> dict[str, Json]:
    try:
        content = (folder / Path(file).name).read_bytes()
        found = json.loads(content)["@context"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ContextUnknown(iri) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ContextUnknown(iri)
    return {"@context": found}
