"""Finish documents: their content, their kind, and the coverage of their fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kgservice.model.documents import SourceDocument
from kgservice_importers.tmf620.coverage import Fields, is_below, path_of
from kgservice_importers.tmf620.draft import Draft
from kgservice_importers.tmf620.json_tree import member_text
from kgservice_importers.tmf620.linked import Joined
from kgservice_importers.tmf620.mapping import MappingTable
from kgservice_importers.tmf620.moments import date_time
from kgservice_importers.tmf620.records import Record

_MEDIA_TYPE: Final = "application/json"
_REMEMBERED: Final = 4096


class Finisher:
    """Makes source documents of drafts."""

    def __init__(self, mapping: MappingTable) -> None:
        """Bind to the mapping's field tables."""
        self._mapping = mapping
        self._fields = Fields(mapping)
        self._shared: dict[tuple[int, str], tuple[Record, frozenset[str], frozenset[str]]] = {}

    def single(self, record: Record, draft: Draft) -> SourceDocument:
        """Finish a document that was made from one object."""
        return self._document(record, (("", record),), record.content, draft)

    def offering(self, joined: Joined, draft: Draft) -> SourceDocument:
        """Finish the document of an offering; each object is covered where it is linked from."""
        return self._document(joined.offering, tuple(_layers(joined)), joined.content(), draft)

    def _document(
        self, main: Record, layers: tuple[tuple[str, Record], ...], content: bytes, draft: Draft
    ) -> SourceDocument:
        for prefix, record in layers:
            if record is main or not record.content:
                if record is main:
                    self._fields.sort(
                        record.resource, record.body, prefix, draft.mapped, draft.unmapped
                    )
                continue
            mapped, unmapped = self._covered(record, prefix)
            draft.mapped |= mapped
            draft.unmapped |= unmapped
        if draft.lost:
            self._take_back(layers, draft)
        dialect = main.dialect or self._mapping.dialect_of(main.body)
        modified = member_text(main.body, "lastUpdate")
        return SourceDocument(
            source_id=draft.subject.value,
            media_type=_MEDIA_TYPE,
            content=content,
            primary=draft.subject,
            own_subjects=frozenset(draft.own),
            triples=tuple(draft.triples),
            problems=tuple(draft.problems),
            modified=date_time(modified),
            kind=self._mapping.kind(main.resource, dialect),
            mapped=frozenset(draft.mapped - draft.unmapped),
            unmapped=frozenset(draft.unmapped),
        )

    def _covered(self, record: Record, prefix: str) -> tuple[frozenset[str], frozenset[str]]:
        """Cover an object that several offerings may link to, once."""
        key = (id(record), prefix)
        known = self._shared.get(key)
        if known is not None and known[0] is record:
            return known[1:]
        mapped: set[str] = set()
        unmapped: set[str] = set()
        self._fields.sort(record.resource, record.body, prefix, mapped, unmapped)
        found = (record, frozenset(mapped), frozenset(unmapped))
        if len(self._shared) >= _REMEMBERED:
            self._shared.clear()
        self._shared[key] = found
        return found[1:]

    def _take_back(self, layers: tuple[tuple[str, Record], ...], draft: Draft) -> None:
        """Call those fields unmapped in which a value became no fact."""
        roots = []
        for at in draft.lost:
            places = [(prefix, record.at) for prefix, record in layers if _is_within(at, record.at)]
            if places:
                prefix, top = max(places, key=lambda place: len(place[1]))
                rest = path_of(at[len(top) :])
                roots.append("/".join(part for part in (prefix, rest) if part))
        named = [root for root in roots if root]
        gone = {path for path in draft.mapped if is_below(path, named)}
        draft.unmapped |= gone


def _is_within(at: str, top: str) -> bool:
    return at == top or at.startswith(top + "/") or (top.endswith("#") and at.startswith(top))


def _layers(joined: Joined) -> Iterator[tuple[str, Record]]:
    """Give the objects of an offering, each with the field path at which it is linked."""
    yield "", joined.offering
    if joined.specification is not None:
        yield "productSpecification", joined.specification
    for part in joined.parts:
        yield f"productSpecification/{part.resource}", part
    for leaf in joined.prices:
        if leaf.record is not None:
            yield "productOfferingPrice", leaf.record
    for chain in joined.categories:
        yield "category", chain[0]
    for catalog in joined.catalogs:
        yield "catalog", catalog
