"""Read categories: what kind of service they name, and the tree that they form."""

from __future__ import annotations

from typing import Final

from kgservice.model.errors import Severity
from kgservice.model.rdf import Iri, Literal
from kgservice.model.terms import DCAT, DCTERMS, RDF
from kgservice_importers.tmf620.draft import Draft, schema
from kgservice_importers.tmf620.json_tree import as_object, member_text, objects
from kgservice_importers.tmf620.linked import Joined, parent_of
from kgservice_importers.tmf620.names import Names
from kgservice_importers.tmf620.records import Minter, Record
from kgservice_importers.tmf620.values import Finding

_MOST: Final = 50
_THEME: Final = Iri(DCAT.NS + "theme")


class CategoryReader:
    """Reads the categories of offerings, and categories as documents of their own."""

    def __init__(self, names: Names, minter: Minter) -> None:
        """Bind to the mapping and the catalogue's IRIs."""
        self._names = names
        self._minter = minter

    def read(self, joined: Joined, draft: Draft) -> None:
        """State the categories; the nearest that names a kind of service gives the kind.

        A category names the kind when no characteristic did.
        """
        body = joined.offering.body
        names: list[list[str]] = []
        for _, item in objects(body.get("category"))[:_MOST]:
            name = member_text(item, "name")
            if name:
                draft.add(schema("category"), Literal(name[:200]))
                names.append([name])
        for chain in joined.categories:
            identifier = member_text(chain[0].body, "id")
            if identifier:
                draft.add(_THEME, self._minter.iri("category", identifier))
            names.append([member_text(one.body, "name") for one in chain])
        if draft.has_kind:
            return
        kinds = {kind for chain in names if (kind := self._nearest(chain)) is not None}
        for kind in sorted(kinds):
            draft.add(RDF.type, kind)
        if not kinds:
            draft.find(
                Finding(
                    code="offering-kind-unknown",
                    detail="no service type or category names a kind of service",
                    severity=Severity.INFO,
                ),
                joined.offering.at,
                "It is an offering of unknown kind.",
            )

    def describe(self, record: Record, draft: Draft) -> None:
        """State what a category object says of itself."""
        body, category = record.body, draft.subject
        draft.state(category, RDF.type, schema("CategoryCode"))
        draft.title(category, member_text(body, "name"))
        draft.describe(member_text(body, "description"))
        parent = parent_of(record) or member_text(as_object(body.get("parent")), "name")
        if parent:
            above = self._minter.iri("category", parent)
            draft.state(category, Iri(DCTERMS.NS + "isPartOf"), above)

    def _nearest(self, chain: list[str]) -> Iri | None:
        found = (self._names.class_of(name) for name in chain if name)
        return next((kind for kind in found if kind is not None), None)
