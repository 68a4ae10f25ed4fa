"""The federated offerings as TM Forum TMF620 v4 resources, and their parties as TMF632.

`vocab/publish/tmf620.json` says which queries state a resource's members and what type each has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Final
from urllib.parse import quote

from kgservice.model.errors import NotFound
from kgservice.model.rdf import Iri, Subject
from kgservice.mpli.publish import CHUNK, ROW_BYTES, Edition
from kgservice.mpli.publish_filters import Path, Selection, ordered, values_at
from kgservice.mpli.publish_json import (
    Builder,
    Json,
    Table,
    Tree,
    characteristics,
    constant_name,
    tree_of,
)

PARTY: Final = "organization"
ALWAYS: Final = ("id", "href")
"""Members that no selection of fields leaves out; `@type` is another."""

ALL_FROM: Final = 1500
ALL_UPTO: Final = 20_000
"""So many objects are read by one query over all; more of them would take too much memory."""

_CHARACTERISTICS: Final = "publish-tmf620-characteristics"
_NAMES: Final = "publish-tmf620-characteristic-names"
_LIST: Final = "productSpecCharacteristic"


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object.

    Attributes:
        name: `productOffering` and others.
        path: Where its list is, below the service's root.
        ids: The query that lists ids with their subjects.
        statements: The members that each query states.
        members: The table of members, see `publish_json`.
        many_at_once: The queries also work for all objects there are.
        columns: The query that states an attribute of all objects, and nothing else.
    """

    name: str
    path: str
    ids: str
    statements: Mapping[str, Sequence[str]]
    members: Table
    many_at_once: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)

    def queries(self, wanted: Iterable[str]) -> list[str]:
        """Name the queries that state any of the wanted members."""
        names = set(wanted)
        return [query for query, stated in self.statements.items() if names & set(stated)]


@lru_cache(maxsize=1)
def resources() -> Mapping[str, Resource]:
    """Read the table of resources, by name."""
    text = files("kgservice_vocab").joinpath("publish", "tmf620.json").read_text(encoding="utf-8")
    table = json.loads(text)
    return {
        name: Resource(
            name,
            f"{table['party' if name == PARTY else 'base']}/{name}",
            one["ids"],
            one["statements"],
            one["members"],
            bool(one.get("manyAtOnce")),
            one.get("columns", {}),
        )
        for name, one in table["resources"].items()
    }


class Tmf620:
    """Objects of one edition."""

    def __init__(self, edition: Edition, base_iri: str, address: str = "") -> None:
        """Read from an edition; every href begins with `address`, the base IRI by default."""
        self._edition = edition
        self._base_iri = base_iri
        self._address = address or base_iri

    def href(self, resource: str, identifier: str) -> str:
        """Give the absolute address of an object."""
        path = resources()[resource].path.lstrip("/")
        return f"{self._address}{path}/{quote(identifier, safe=':')}"

    def subjects(self, resource: Resource) -> dict[str, str]:
        """Give the subject of every object by its id, in the order of the ids."""
        return self._edition.ids(resource.ids, {"federated": Iri(self._base_iri)})

    def objects(
        self, resource: Resource, ids: Sequence[str], fields: frozenset[str] | None = None
    ) -> list[dict[str, Json]]:
        """Give objects by id, with all members or those of `fields`; about 1 ms each at most."""
        subjects = self.subjects(resource)
        if resource.many_at_once and ALL_FROM <= len(ids) <= ALL_UPTO:
            return self._chunk(resource, {one: subjects[one] for one in ids}, fields)
        found: list[dict[str, Json]] = []
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            found += self._chunk(resource, {one: subjects[one] for one in chunk}, fields)
        return found

    def select(self, resource: Resource, asked: Selection) -> tuple[int, list[dict[str, Json]]]:
        """Give the number of objects that match and those of the page that is asked for.

        A filter or an order reads its attributes of every object once for each state of the
        store, about 0.1 ms an object (30 µs where a query states the attribute alone,
        `Resource.columns`); after that it costs about 1 µs an object.
        """
        ids = list(self.subjects(resource))
        if asked.paths:
            key = ("matching", self._address, resource.name, asked.conditions, asked.order)
            ids = self._edition.remember(key, lambda: self._matching(resource, ids, asked))
        page = ids[asked.offset : asked.offset + asked.limit]
        return len(ids), self.objects(resource, page, asked.fields)

    def _matching(self, resource: Resource, ids: Sequence[str], asked: Selection) -> list[str]:
        columns = {path: self._column(resource, path) for path in asked.paths}
        return ordered(ids, columns, asked)

    def _column(self, resource: Resource, path: Path) -> Mapping[str, Sequence[object]]:
        """Give the values of an attribute by id."""

        def read() -> dict[str, tuple[object, ...]]:
            ids = list(self.subjects(resource))
            if path == ("id",):
                return {one: (one,) for one in ids}
            if query := resource.columns.get(".".join(path)):
                return self._stated_column(resource, query, path)
            items = self.objects(resource, ids, frozenset(path[:1]))
            return {str(item["id"]): tuple(values_at(item, path)) for item in items}

        size = len(self.subjects(resource)) * ROW_BYTES
        return self._edition.remember(
            ("column", self._address, resource.name, path), read, lambda _: size
        )

    def _stated_column(
        self, resource: Resource, query: str, path: Path
    ) -> dict[str, tuple[object, ...]]:
        builder = Builder(tree_of(self._edition.statements(query, None)), self.href)
        table = {path[0]: resource.members[path[0]]}
        return {
            name: tuple(values_at(dict(builder.members(Iri(subject), table)), path))
            for name, subject in self.subjects(resource).items()
        }

    def one(
        self, resource: Resource, identifier: str, fields: frozenset[str] | None = None
    ) -> dict[str, Json]:
        """Give one object.

        Raises:
            NotFound: there is none of that id (`tmf-object-unknown`).
        """
        if identifier not in self.subjects(resource):
            raise NotFound(
                f"There is no {resource.name} {identifier[:200]!r}.", code="tmf-object-unknown"
            )
        return self.objects(resource, [identifier], fields)[0]

    def _chunk(
        self, resource: Resource, subjects: Mapping[str, str], fields: frozenset[str] | None
    ) -> list[dict[str, Json]]:
        wanted = resource.members if fields is None else fields
        queries = resource.queries(wanted)
        is_all = resource.many_at_once and len(subjects) >= ALL_FROM
        iris = None if is_all else sorted(set(subjects.values()))
        statements = [
            statement
            for query in queries
            if query != _CHARACTERISTICS
            for statement in self._edition.statements(query, iris)
        ]
        table = {
            name: kind
            for name, kind in resource.members.items()
            if fields is None or name in fields or name.startswith("@")
        }
        builder = Builder(tree_of(statements), self.href)
        lists = self._characteristics(iris) if _CHARACTERISTICS in queries else {}
        made = []
        for identifier, subject in subjects.items():
            item: dict[str, Json] = {"id": identifier, "href": self.href(resource.name, identifier)}
            item |= builder.members(Iri(subject), table)
            if Iri(subject) in lists:
                item[_LIST] = lists[Iri(subject)]
            made.append(item)
        return made

    def _characteristics(
        self, iris: Sequence[str] | None
    ) -> Mapping[Subject, list[dict[str, Json]]]:
        def read_names() -> Tree:
            rows = self._edition.statements(_NAMES, [self._base_iri])
            return tree_of(rows)

        names = self._edition.remember(_NAMES, read_names)
        return characteristics(self._edition.statements(_CHARACTERISTICS, iris), names)


def attribute_kinds(members: Table) -> Mapping[str, object]:
    """Give the members of an object as they are answered, with `id` and `href`, for checks."""
    known = {
        ("href" if name == "@of" else constant_name(name)): (
            kind if not name.startswith("@") else "string"
        )
        for name, kind in members.items()
    }
    return {"id": "string", "href": "string", **known}
