"""Read the members that the mapping's section `statement` names, one statement each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kgservice.model.rdf import Iri, Literal, is_valid_iri
from kgservice_importers.tmf620.characteristics import Characteristic, Value
from kgservice_importers.tmf620.draft import Draft
from kgservice_importers.tmf620.json_tree import Json, as_list, scalar_text
from kgservice_importers.tmf620.mapping import Line, MappingTable
from kgservice_importers.tmf620.records import Record

_LONGEST: Final = 4000
_MOST: Final = 100


class MemberReader:
    """States what single members say."""

    def __init__(self, mapping: MappingTable) -> None:
        """Bind to the lines of the section; one with a malformed predicate is left out."""
        self._lines: dict[str, list[tuple[Line, tuple[str, ...], Iri | None]]] = {}
        for line in mapping.lines.get("statement", ()):
            predicate = str(line.get("predicate", ""))
            iri = Iri(predicate) if predicate and is_valid_iri(predicate) else None
            if iri is not None or "property" in line:
                path = tuple(str(line.get("path", "")).split("/"))
                self._lines.setdefault(str(line.get("resource")), []).append((line, path, iri))

    def read(
        self, resource: str, record: Record, prefix: str, draft: Draft
    ) -> Iterator[Characteristic]:
        """State what the members of an object say; give those that name a property."""
        for line, path, predicate in self._lines.get(resource, ()):
            texts = list(_texts(record.body, path))[:_MOST]
            if predicate is not None:
                for text in texts:
                    draft.add(predicate, Literal(text[:_LONGEST]))
            elif texts:
                at = "/".join((record.at, *path))
                values = tuple(Value(text, str(line.get("unit", "")), at) for text in texts)
                where = "/".join((prefix, *path)) if prefix else "/".join(path)
                yield Characteristic(str(line["property"]), values, at, where)


def _texts(tree: Json, path: tuple[str, ...]) -> Iterator[str]:
    for item in as_list(tree):
        if path:
            if isinstance(item, dict) and path[0] in item:
                yield from _texts(item[path[0]], path[1:])
        else:
            text = scalar_text(item)
            if text:
                yield text
