"""Read one file's credentials into documents, and tell by its hash whether that is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kgservice.model.documents import (
    Gone,
    ImportContext,
    ImportItem,
    SourceDocument,
    Unchanged,
)
from kgservice.model.errors import Problem, Severity
from kgservice_importers.gaiax.document import Reader, document_of
from kgservice_importers.gaiax.envelopes import Envelope, open_envelopes
from kgservice_importers.gaiax.structure import mapping_digest

MAX_BYTES: Final = 8 * 1024 * 1024


def read_content(content: bytes, name: str, reader: Reader) -> Iterator[ImportItem]:
    """Read the credentials of one file; `name` is its name within the source."""
    if len(content) > MAX_BYTES:
        detail = f"the file has more than {MAX_BYTES} bytes"
        yield Problem("document-too-large", detail, name, "It was not read.", Severity.ERROR)
        return
    items = list(open_envelopes(content, name))
    single = sum(isinstance(item, Envelope) for item in items) == 1
    for item in items:
        if not isinstance(item, Envelope):
            yield item
            continue
        # A proof is about the bytes as found; members of a presentation have no bytes of their own.
        whole = single and not item.token and item.at == name
        yield document_of(item, content if whole else item.content, reader)


def fingerprint_of(content: bytes, reader: Reader, *linked: bytes) -> str:
    """Hash all that a file's statements are made from: bytes, linked files, tables, contexts."""
    whole = hashlib.sha256(f"{mapping_digest()} {reader.contexts.digest}\0".encode())
    for part in (content, *linked):
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()


class Reading:
    """One pass over a source: what is kept already, what came before, what was asked for.

    The fingerprint of a document is that of its file, the number of documents in it and a hash of
    its own bytes, `HASH*3*1f…`: a file is as it was only where all of them are kept, and a document
    that comes twice is recognised although the first one was not read.
    """

    def __init__(self, context: ImportContext) -> None:
        """Take what the caller keeps and what it asks for."""
        self._only = context.only
        self._asked = set(context.only)
        self._kept: dict[str, list[str]] = {}
        number: dict[str, str] = {}
        self._digests: dict[str, str] = {}
        for source_id, fingerprint in context.known.items():
            file, number_, digest = _parts(fingerprint)
            number[file], self._digests[source_id] = number_, digest
            self._kept.setdefault(file, []).append(source_id)
        self._kept = {f: ids for f, ids in self._kept.items() if str(len(ids)) == number[f]}
        self._known = dict(context.known)
        self._dropped: set[str] = set()
        self._seen: dict[str, str] = {}

    @property
    def keeps_any(self) -> bool:
        """Say whether anything is kept of the source, so that hashes may spare fetching."""
        return bool(self._known)

    def has(self, fingerprint: str) -> bool:
        """Say whether the documents of that fingerprint are kept, so that it need not be read.

        Not where another file has the id of one of them: both are told apart then.
        """
        ids = self._kept.get(fingerprint, ())
        return bool(ids) and all(
            self._seen.get(one, self._digests[one]) == self._digests[one] for one in ids
        )

    def unchanged(self, fingerprint: str) -> Iterator[Unchanged]:
        """Give the documents that are kept by that fingerprint."""
        for source_id in sorted(self._kept.get(fingerprint, ())):
            self._seen[source_id] = self._digests[source_id]
            if self._wants(source_id):
                yield Unchanged(source_id)

    def read(
        self, content: bytes, name: str, reader: Reader, fingerprint: str
    ) -> Iterator[ImportItem]:
        """Read a file to its end and mark its documents with the fingerprint.

        A file with findings that belong to none of its documents keeps no fingerprint that could
        be recognised: it is read again, so that the findings are told again.
        """
        items = list(read_content(content, name, reader))
        loose = any(isinstance(item, Problem) for item in items)
        count = sum(isinstance(item, SourceDocument) for item in items)
        mark = f"again {fingerprint}*{count}" if loose else f"{fingerprint}*{count}"
        for item in items:
            if isinstance(item, SourceDocument):
                own = f"{mark}*{_digest(item)}"
                yield from self._once(replace(item, fingerprint=own), name)
            elif not self._only:
                yield item

    def newest(self, mark: str) -> tuple[str, str]:
        """Give time and name of the newest that is kept, by fingerprints `mark time name*…`.

        Both are empty when something is kept by another mark: then everything must be read.
        """
        files = (_parts(f)[0].removeprefix("again ") for f in self._known.values())
        parts = [file.split(" ") for file in files]
        fitting = [(p[1], p[2]) for p in parts if len(p) == 3 and p[0] == mark]
        return max(fitting) if fitting and len(fitting) == len(parts) else ("", "")

    def taken_back(self, name: str) -> Iterator[Gone]:
        """Give what the source took back: a document's id, or the name in its fingerprint."""
        found = [
            source_id
            for source_id, fingerprint in self._known.items()
            if _parts(fingerprint)[0].rpartition(" ")[2] == name
        ]
        for source_id in found or [name]:
            self._dropped.add(source_id)
            yield Gone(source_id)

    def others(self, at: str) -> Iterator[ImportItem]:
        """Give what is kept and was neither read nor taken back, after reading only the changes.

        What is kept and not known here, such as what has expired, must not count as vanished.
        """
        detail = "only changes were asked for, so that nothing counts as vanished"
        hint = "What the source took back without telling is found by a sync without this option."
        yield Problem("changes-only", detail, at, hint, Severity.INFO)
        for source_id in sorted(set(self._known) - set(self._seen) - self._dropped):
            if self._wants(source_id):
                yield Unchanged(source_id)

    def gone(self) -> Iterator[Gone]:
        """Give what was asked for and did not come; call it when the source was read to its end."""
        yield from (Gone(source_id) for source_id in sorted(self._asked))

    def _wants(self, source_id: str) -> bool:
        self._asked.discard(source_id)
        return not self._only or source_id in self._only

    def _once(self, document: SourceDocument, name: str) -> Iterator[SourceDocument]:
        """Leave out what was read already; tell apart documents that share an id."""
        digest = _digest(document)
        known = self._seen.get(document.source_id)
        if known is not None and known != digest:
            document = self._told_apart(document, name)
            known = self._seen.get(document.source_id)
        if known is None:
            self._seen[document.source_id] = digest
            if self._wants(document.source_id):
                yield document

    def _told_apart(self, document: SourceDocument, name: str) -> SourceDocument:
        finding = Problem(
            "document-id-repeated", f"another document has the id {document.source_id}", name,
            "Both were read; this one is known by its id and its file.",
        )  # fmt: skip
        return replace(
            document,
            source_id=f"{document.source_id} in {name}",
            problems=(*document.problems, finding),
        )


def _parts(fingerprint: str) -> tuple[str, str, str]:
    """Part a fingerprint: the file's, the number of its documents, the hash of the document."""
    file, number, digest = ["", "", *fingerprint.rsplit("*", 2)][-3:]
    return file, number, digest


def _digest(document: SourceDocument) -> str:
    return hashlib.sha256(document.content).hexdigest()[:16]
