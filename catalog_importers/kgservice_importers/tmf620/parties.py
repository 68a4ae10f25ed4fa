"""Read organizations: who provides, where its headquarters are, and who owns it."""

from __future__ import annotations

import re
from typing import Final

from kgservice.model.rdf import XSD, Iri, Literal, is_valid_iri
from kgservice.model.terms import KG, RDF
from kgservice_importers.tmf620.characteristics import CharacteristicReader, Value
from kgservice_importers.tmf620.draft import Draft, schema
from kgservice_importers.tmf620.json_tree import Object, as_object, member_text, objects
from kgservice_importers.tmf620.kept import keep
from kgservice_importers.tmf620.mapping import spaced
from kgservice_importers.tmf620.names import Names
from kgservice_importers.tmf620.records import Minter, Record
from kgservice_importers.tmf620.values import Finding, ValueReader, number_text, parse_number

_WITH_COUNTRY: Final = re.compile(r"(.*?)\s*\(([^()]{2,40})\)")
_SHARE: Final = re.compile(r"(.*?)[\s,]+([\d.,]{1,8})\s*%(.*)")
_LONGEST: Final = 400
ROLES: Final = frozenset({"headquarters", "parent", "owner"})
"""What a characteristic may say of a party."""
_MOST: Final = 200


class PartyReader:
    """Describes organizations, and the parties that a characteristic names."""

    def __init__(self, names: Names, values: ValueReader, minter: Minter) -> None:
        """Bind to the mapping and the catalogue's IRIs."""
        self._names = names
        self._values = values
        self._minter = minter
        self._characteristics = CharacteristicReader(names.mapping)

    def describe(self, record: Record, draft: Draft) -> None:
        """State what an organization object says of itself (TMF632)."""
        body, party = record.body, draft.subject
        draft.state(party, RDF.type, KG.Provider)
        draft.title(party, member_text(body, "tradingName", "name"))
        draft.describe(member_text(body, "description"))
        for item in self._characteristics.read(body, record.at):
            role = self._names.role_of(item.name)
            draft.tell(item.path, item.name, is_mapped=role in ROLES or role == "identifier")
            if role == "identifier":
                for value in item.values:
                    draft.state(party, schema("identifier"), Literal(value.text[:_LONGEST]))
            elif role not in ROLES:
                keep(item, self._minter, draft)
            for value in item.values if role in ROLES else ():
                if not value.is_structure:
                    self.state_role(party, role, value, draft)
        self._address(body, party, record.at, draft)
        relation = as_object(body.get("organizationParentRelationship"))
        parent = member_text(as_object(relation.get("organization")), "id")
        if parent:
            draft.state(party, KG.parent, self._minter.iri("organization", parent))

    def state_role(self, party: Iri, role: str, value: Value, draft: Draft) -> None:
        """State the headquarters, the parent or an owner of a party, whichever the role is."""
        if role == "headquarters":
            country = self._values.country_of(value.text)
            if country is not None:
                draft.state(party, KG.headquarters, country)
            else:
                shown = value.text[:80]
                draft.find(
                    Finding(code="value-unmapped", detail=f"{shown!r} is no known country"),
                    value.at,
                )
        elif role == "parent" and not self._values.is_no(value.text):
            draft.state(party, KG.parent, self.named(value.text, draft))
        elif role == "owner":
            for part in value.text[:_LONGEST].split(";"):
                self._owner(party, part.strip(), draft)

    def named(self, text: str, draft: Draft) -> Iri:
        """Give the party that a text such as `Kabel Beheer BV (NL)` names, as an own node.

        A URN or DID is somebody else's: nothing is said about it.
        """
        if text.startswith(("urn:", "did:")) and is_valid_iri(text):
            return Iri(text)
        match = _WITH_COUNTRY.fullmatch(text[:_LONGEST])
        name, country = (match.group(1), match.group(2)) if match else (text[:_LONGEST], "")
        node = self._minter.node(draft.subject.value, "party", spaced(text))
        draft.state(node, RDF.type, KG.Provider)
        draft.title(node, name)
        known = self._values.country_of(country) if country else None
        if known is not None:
            draft.state(node, KG.headquarters, known)
        return node

    def listed(self, text: str, draft: Draft) -> list[Iri]:
        """Give the parties of a list separated by commas or semicolons."""
        parts = [part.strip() for part in re.split(r"[,;]", text[:_LONGEST]) if part.strip()]
        return [self.named(part, draft) for part in parts[:_MOST]]

    def _owner(self, party: Iri, text: str, draft: Draft) -> None:
        match = _SHARE.fullmatch(text)
        share = parse_number(match.group(2)) if match else None
        node = self._minter.node(party.value, "owner", spaced(text))
        if not text or self._values.is_no(text):
            return
        draft.state(party, KG.owner, node)
        draft.state(node, RDF.type, KG.Ownership)
        rest = match.group(1) + match.group(3) if match else text
        named = _WITH_COUNTRY.fullmatch(rest.strip())
        draft.title(node, named.group(1) if named else rest.strip())
        country = self._values.country_of(named.group(2)) if named else None
        if country is not None:
            draft.state(node, KG.country, country)
        if share is not None and not isinstance(share, Finding):
            draft.state(node, KG.share, Literal(number_text(share), XSD + "decimal"))

    def _address(self, body: Object, party: Iri, at: str, draft: Draft) -> None:
        """A postal address counts as headquarters only if it says that it is one."""
        for index, medium in objects(body.get("contactMedium")):
            kind = spaced(member_text(medium, "contactType", "mediumType"))
            address = as_object(medium.get("characteristic")) or medium
            country = member_text(address, "country")
            if country and self._names.role_of(kind) == "headquarters":
                here = f"{at}/contactMedium/{index}"
                self.state_role(party, "headquarters", Value(country, "", here), draft)
