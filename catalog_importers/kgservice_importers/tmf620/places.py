"""Turn location texts and place references into places with a country, region, city and zone."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from kgservice.model.errors import Severity
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG
from kgservice_importers.tmf620.characteristics import Value
from kgservice_importers.tmf620.draft import Draft
from kgservice_importers.tmf620.json_tree import Json, Object, as_object, member_text, objects
from kgservice_importers.tmf620.records import Minter
from kgservice_importers.tmf620.values import Finding, ValueReader

_PARTS: Final = re.compile(r"[;|]")
_BRACKETS: Final = re.compile(r"(.*?)\s*\(([^()]*)\)")
_ISO_3166: Final = re.compile(
    r"(?:urn:iso-?3166(?:-\d)?:|3166[^:]{0,40}/|countr(?:y|ies)/)([A-Za-z]{2,3}(?:-\w{1,3})?)$",
    re.I,
)
_LONGEST: Final = 200


class Place(NamedTuple):
    """A place as far as it is known."""

    country: Iri | None = None
    region: str = ""
    city: str = ""
    zone: str = ""


class PlaceReader:
    """Collects what an offering says of where it runs."""

    def __init__(self, values: ValueReader, minter: Minter) -> None:
        """Bind to the country table and the catalogue's IRIs."""
        self._values = values
        self._minter = minter

    def state(self, written: dict[str, list[Value]], place: Json, at: str, draft: Draft) -> None:
        """State one place for each location; `written` holds the values by role.

        A country, region, city and zone that stand alone are one place together. Which region
        belongs to which of several countries nobody says, so then regions are left out.
        """
        found = [
            parsed
            for value in written.get("location", [])
            for part in _PARTS.split(value.text[:_LONGEST])
            for parsed in self._from_text(part.strip())
        ]
        found += self._apart(written, draft)
        for index, item in objects(place):
            parsed = self._from_object(item)
            found.append(parsed)
            if parsed.country is None:
                draft.find(
                    Finding(
                        code="place-without-country",
                        detail=f"{member_text(item, 'name')[:80]!r} names no country",
                        severity=Severity.INFO,
                    ),
                    f"{at}/place/{index}",
                    "Its country is unknown.",
                )
        for one in dict.fromkeys(found):
            self._state_one(one, draft)

    def _from_text(self, text: str) -> list[Place]:
        """Read `Amsterdam, NL`, `Amsterdam (NL)`, `NL, DE`, `NL` or the name of a region."""
        brackets = _BRACKETS.fullmatch(text)
        parts = [brackets.group(1), brackets.group(2)] if brackets else text.split(",")
        parts = [part.strip() for part in parts if part.strip()]
        countries = [self._values.country_of(part) for part in parts]
        if parts and all(countries):
            return [Place(country) for country in countries]
        if len(parts) > 1 and countries[-1] is not None:
            region = parts[1] if len(parts) > 2 else ""
            return [Place(countries[-1], region, parts[0])]
        return [Place(region=", ".join(parts))] if parts else []

    def _apart(self, written: dict[str, list[Value]], draft: Draft) -> list[Place]:
        texts = {
            role: [
                (part.strip(), value.at)
                for value in written.get(role, [])
                for part in re.split(r"[,;|]", value.text[:_LONGEST])
                if part.strip()
            ]
            for role in ("country", "region", "city", "zone")
        }
        countries: list[Iri | None] = []
        for text, at in texts.pop("country"):
            country = self._values.country_of(text)
            if country is None:
                draft.find(
                    Finding(code="value-unmapped", detail=f"{text!r} is no known country"), at
                )
            else:
                countries.append(country)
        single = {role: found[0][0] for role, found in texts.items() if len(found) == 1}
        if len(countries) > 1:
            return [Place(country) for country in countries]
        if not countries and not single:
            return [Place(region=text) for text, _ in texts["region"]]
        one = Place(countries[0] if countries else None, **single)
        spread = [one._replace(region=text) for text, _ in texts["region"]]
        return spread if len(spread) > 1 else [one]

    def _from_object(self, item: Object) -> Place:
        item = as_object(item.get("place")) or item  # version 5: a related place
        address = as_object(item.get("address")) or item
        name = member_text(item, "name")[:_LONGEST]
        country = self.country_of(address)
        if country is None and not member_text(address, "country", "countryCode"):
            parsed = self._from_text(name)
            return parsed[0] if len(parsed) == 1 else Place(region=name)
        region = member_text(address, "stateOrProvince", "region")[:_LONGEST]
        return Place(country, region, member_text(address, "city")[:_LONGEST])

    def country_of(self, item: Object) -> Iri | None:
        """Find the country of an address: by code, ISO 3166 URN, or the end of its address.

        DOME writes `{"country": "FR"}`, `{"id": "urn:iso-3166-1:DE"}` and `{"href": "…/IT"}`.
        """
        written = member_text(item, "country", "countryCode")
        if written:
            return self._values.country_of(written)
        for name in ("id", "href"):
            code = _ISO_3166.search(member_text(item, name))
            found = self._values.country_of(code.group(1)) if code else None
            if found is not None:
                return found
        return None

    def _state_one(self, place: Place, draft: Draft) -> None:
        code = place.country.value.rpartition("/")[2] if place.country else ""
        key = "-".join(part for part in (code, place.region, place.city, place.zone) if part)
        if not key:
            return
        iri = self._minter.iri("place", key.casefold().replace(" ", "-"))
        draft.add(KG.location, iri)
        draft.node(iri, KG.Place, region=place.region, city=place.city, zone=place.zone)
        if place.country:
            draft.state(iri, KG.country, place.country)
