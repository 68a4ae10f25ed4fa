"""Find who provides an offering: the roles of related parties."""

from __future__ import annotations

from collections.abc import Iterator

from kgservice.model.rdf import Iri
from kgservice.model.terms import KG, RDF
from kgservice_importers.tmf620.draft import Draft, schema
from kgservice_importers.tmf620.json_tree import Object, as_object, member_text, objects
from kgservice_importers.tmf620.linked import Joined
from kgservice_importers.tmf620.mapping import MappingTable, spaced
from kgservice_importers.tmf620.records import Index, Minter, Record, reference_id
from kgservice_importers.tmf620.values import Finding


class ProviderFinder:
    """Finds the provider of offerings.

    The first role of the mapping that a party has counts (seller, then owner), wherever the party
    is named: at the specification, the offering, or the catalogue. Nobody named: the owner that
    the catalogue was registered with. A marketplace's operator (`SellerOperator`) provides nothing.
    """

    def __init__(self, mapping: MappingTable, index: Index, minter: Minter, owner: str) -> None:
        """Bind; `owner` is the catalogue owner's id, or empty."""
        self._roles = tuple(spaced(role) for role in mapping.names("parties", "provider"))
        self._index = index
        self._minter = minter
        self._owner = owner

    def find(self, joined: Joined, draft: Draft) -> Iri | None:
        """State the provider of an offering, and give it; a finding when there is none."""
        self._maker(joined, draft)
        party = self._first(joined.specification, joined.offering, *joined.catalogs)
        if party is not None:
            return self._state(party, draft)
        draft.find(
            Finding(code="provider-unknown", detail="no related party is seller or owner"),
            f"{joined.offering.at}/relatedParty",
            "The offering is kept; its provider is unknown.",
        )
        return None

    def _maker(self, joined: Joined, draft: Draft) -> None:
        """State who provides what the offering's specification describes, whoever offers it.

        A label that was granted to a specification is its provider's (shapes/labels/dome.ttl).
        """
        identifier = reference_id(as_object(joined.offering.body.get("productSpecification")))
        party = self._first(joined.specification, *joined.catalogs)
        if joined.specification is not None and identifier and party is not None:
            specification = self._minter.iri("productSpecification", identifier)
            draft.state(specification, schema("provider"), self._iri(party))

    def _first(self, *layers: Record | None) -> Object | None:
        """Give the party of the first role that some layer names, else the catalogue's owner."""
        named: dict[str, Object] = {}
        for layer in layers:
            for role, party in _parties(layer):
                named.setdefault(role, party)
        found = next((named[role] for role in self._roles if role in named), None)
        return found or ({"id": self._owner} if self._owner else None)

    def _iri(self, party: Object) -> Iri:
        return self._minter.iri("organization", reference_id(party) or member_text(party, "name"))

    def _state(self, party: Object, draft: Draft) -> Iri:
        identifier = reference_id(party) or member_text(party, "name")
        provider = self._iri(party)
        draft.add(KG.provider, provider)
        if self._index.get("organization", identifier) is None:
            draft.state(provider, RDF.type, KG.Provider)
            draft.title(provider, member_text(party, "name"))
        return provider


def _parties(record: Record | None) -> Iterator[tuple[str, Object]]:
    """Give the related parties of an object with their folded roles."""
    if record is None:
        return
    for _, item in objects(record.body.get("relatedParty")):
        role = spaced(member_text(item, "role"))
        party = as_object(item.get("partyOrPartyRole")) or item  # version 5 puts it one deeper
        if role and (reference_id(party) or member_text(party, "name")):
            yield role, party
