"""Write the sample catalogue `polder-market` from the table in `polder_market_table.py`.

    python tools/make_polder_market.py [--check]

The files have the form in which DOME serves TMF620 objects, with the blemishes that real
catalogues have; the table says which offering has which. Run it again after a change of the table:
the same table gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from polder_market_table import CATEGORIES, OFFERS, PROVIDERS, Offer, Price, Provider

FOLDER = (
    Path(__file__).resolve().parents[1]
    / "catalog_importers"
    / "kgservice_importers"
    / "samples"
    / "polder-market"
)
FICTITIOUS = "Fictitious provider for demonstration."
UPDATED = "2026-10-0{day}T08:{minute:02d}:11.47675{minute:02d}9Z"

Json = dict[str, object]


def organization(provider: Provider) -> Json:
    """Give a TMF632 organization."""
    facts = {"Headquarters country": provider.country, **provider.facts}
    return {
        "id": provider.id,
        "href": provider.id,
        "tradingName": provider.name,
        "description": FICTITIOUS,
        "partyCharacteristic": [{"name": name, "value": value} for name, value in facts.items()],
        "organizationIdentification": [
            {"identificationType": "vatID", "identificationId": provider.vat}
        ],
    }


def characteristic(offer: Offer, position: int, name: str, value: object) -> Json:
    """Give one characteristic; a tuple is a number with its unit, a list repeats the value."""
    values: list[Json] = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        entry: Json = {"isDefault": index == 0}
        if isinstance(item, tuple):
            entry |= {"value": item[0], "unitOfMeasure": item[1]}
        elif item is not None:
            entry["value"] = item
        values.append(entry)
    return {
        "id": f"urn:ngsi-ld:characteristic:{offer.slug}-{position:02d}",
        "name": name,
        "valueType": "number" if isinstance(value, tuple) else "string",
        "productSpecCharacteristicValue": values,
    }


def specification(offer: Offer) -> Json:
    """Give the product specification of an offering."""
    identifier = f"urn:ngsi-ld:product-specification:{offer.slug}"
    roles = {"Seller": ("Seller", "SellerOperator")}.get(offer.role, (offer.role,))
    provider = PROVIDERS[offer.provider]
    facts: dict[str, object] = {"Service type": offer.kind} if offer.says_type else {}
    return {
        "id": identifier,
        "href": identifier,
        "brand": provider.name,
        "name": offer.name,
        "description": f"{offer.text} {FICTITIOUS}",
        "version": offer.version,
        "lastUpdate": UPDATED.format(day=1, minute=len(offer.slug)),
        "lifecycleStatus": offer.lifecycle,
        "isBundle": False,
        "productNumber": "",
        "productSpecCharacteristic": [
            characteristic(offer, position, name, value)
            for position, (name, value) in enumerate((facts | offer.facts).items())
        ],
        "relatedParty": [
            {"id": provider.id, "href": provider.id, "role": role, "@referredType": "organization"}
            for role in roles
            if role
        ],
    }


def money(price: Price) -> object:
    """Give an amount in the shape that the table asks for."""
    plain = {
        "unit-value": {"unit": "EUR", "value": price.amount},
        "currency": {"amount": price.amount, "currency": "EUR"},
        "none": {},
        "both": {
            "unit": "EUR",
            "value": price.amount,
            "amount": price.other,
            "currency": "EUR",
        },
    }
    if price.shape == "tax":
        return {
            "taxRate": 0.21,
            "dutyFreeAmount": {"unit": "EUR", "value": price.amount},
            "taxIncludedAmount": {"unit": "EUR", "value": price.other},
        }
    return plain[price.shape]


def price_object(offer: Offer, position: int, price: Price) -> Json:
    """Give a product offering price."""
    identifier = f"urn:ngsi-ld:product-offering-price:{offer.slug}-{position + 1}"
    found: Json = {
        "id": identifier,
        "href": identifier,
        "name": price.name,
        "lifecycleStatus": "Active",
        "priceType": price.kind,
        "price": money(price),
        "version": "1.0",
    }
    if price.kind.startswith("recurring") and price.period:
        if " " in price.period:
            found["recurringChargePeriod"] = price.period
        else:
            found["recurringChargePeriodType"] = price.period
            found["recurringChargePeriodLength"] = 1
    if price.per:
        name, unit = price.per
        found["unitOfMeasure"] = {"amount": 1, "units": unit}
        found["prodSpecCharValueUse"] = [{"name": name}]
    return found


def offering(offer: Offer) -> Json:
    """Give a product offering that refers to its specification and prices, or embeds them."""
    whole = specification(offer)
    prices = [price_object(offer, position, price) for position, price in enumerate(offer.prices)]
    references = [{"id": one["id"], "href": one["id"], "name": one["name"]} for one in prices]
    found: Json = {
        "id": offer.id,
        "href": offer.id,
        "name": offer.name,
        "description": f"{offer.text} {FICTITIOUS}",
        "version": offer.version,
        "lastUpdate": UPDATED.format(day=2, minute=len(offer.slug)),
        "lifecycleStatus": offer.lifecycle,
        "isBundle": False,
        "category": [
            {"id": f"urn:ngsi-ld:category:{slug}", "name": CATEGORIES[slug]}
            for slug in offer.categories
        ],
        "productOfferingPrice": prices if offer.embeds else references,
        "productSpecification": whole
        if offer.embeds
        else {"id": whole["id"], "href": whole["id"], "name": offer.name},
        "validFor": {"startDateTime": "2026-01-01T00:00:00.000Z"},
    }
    if offer.place:
        found["place"] = [{"name": offer.place}]
    if offer.says_class:
        found["@type"] = "ProductOffering"
    return found


def write(name: str, objects: list[Json]) -> None:
    """Write one list; with `--check` only compare it."""
    text = json.dumps(objects, indent=2, ensure_ascii=False) + "\n"
    path = FOLDER / f"{name}.json"
    if "--check" not in sys.argv:
        path.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        sys.exit(f"{path} is not what the table gives: run this program without --check.")


def main() -> None:
    """Write all lists of the catalogue."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    apart = [offer for offer in OFFERS if not offer.embeds]
    write("organization", [organization(provider) for provider in PROVIDERS.values()])
    write("productOffering", [offering(offer) for offer in OFFERS])
    write("productSpecification", [specification(offer) for offer in apart])
    write(
        "productOfferingPrice",
        [
            price_object(offer, position, price)
            for offer in apart
            for position, price in enumerate(offer.prices)
        ],
    )
    write(
        "category",
        [
            {"id": f"urn:ngsi-ld:category:{slug}", "name": name, "lifecycleStatus": "Launched"}
            for slug, name in CATEGORIES.items()
        ],
    )
    print(f"{len(OFFERS)} offerings in {FOLDER}")


if __name__ == "__main__":
    main()
