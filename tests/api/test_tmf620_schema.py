"""Objects are as TM Forum's own definition of TMF620 4.1.0 and TMF632 4.0.0 says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

BASE = "/tmf-api/productCatalogManagement/v4"
PARTY = "/tmf-api/party/v4"
CASES = [
    ("api.json", f"{BASE}/productOffering", "ProductOffering"),
    ("api.json", f"{BASE}/productSpecification", "ProductSpecification"),
    ("api.json", f"{BASE}/productOfferingPrice", "ProductOfferingPrice"),
    ("api.json", f"{BASE}/category", "Category"),
    ("api.json", f"{BASE}/catalog", "Catalog"),
    ("21186a-api.json", f"{PARTY}/organization", "Organization"),
]
EXTENSIONS = {
    "/relatedParty": "every live catalogue has it at the offering too",
    "/place/country": "the address of TMF673, beside the reference",
    "/place/stateOrProvince": "the address of TMF673, beside the reference",
    "/place/city": "the address of TMF673, beside the reference",
    "/place/zone": "an availability zone has no member of its own",
    "/price/taxIncludedAmount": "4.1.0 lists tax apart from the price and cannot say that it is in",
    "/prodSpecCharValueUse/productSpecCharacteristicValue/valueFrom": "a decimal, not an integer",
    "/prodSpecCharValueUse/productSpecCharacteristicValue/valueTo": "a decimal, not an integer",
    "/description": "an organization has none in 4.0.0",
    "/organizationParentRelationship/organization": "referred to by its id",
}
"""Members beyond the definition, by path without positions, and why there are any."""

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
}


def faults(value: object, schema: dict[str, Any], known: dict[str, Any], at: str) -> Iterator[str]:
    """Compare a value with a Swagger 2.0 schema; unknown members are faults."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name != "Any":
            yield from faults(value, known[name], known, at)
    elif schema.get("type") == "array":
        if not isinstance(value, list):
            yield f"{at}: not a list"
            return
        for item in value:
            yield from faults(item, schema["items"], known, at)
    elif schema.get("type", "object") == "object":
        yield from object_faults(value, schema, known, at)
    else:
        yield from scalar_faults(value, schema, at)


def scalar_faults(value: object, schema: dict[str, Any], at: str) -> Iterator[str]:
    kind = schema["type"]
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{at}: {value!r} is no {kind}"
    elif schema.get("format") == "date-time":
        datetime.fromisoformat(str(value))


def object_faults(
    value: object, schema: dict[str, Any], known: dict[str, Any], at: str
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: not an object"
        return
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}/{name}: missing"
    members = schema.get("properties", {})
    for name, item in value.items():
        if f"{at}/{name}" in EXTENSIONS:
            continue
        if name not in members:
            yield f"{at}/{name}: unknown"
        else:
            yield from faults(item, members[name], known, f"{at}/{name}")


@pytest.mark.parametrize(("file", "path", "name"), CASES)
def test_objects_are_as_defined(
    client: FlaskClient, shared_data: Path, file: str, path: str, name: str
) -> None:
    text = (shared_data / "dome" / "openapi" / file).read_text(encoding="utf-8")
    known = json.loads(text)["definitions"]
    items = client.get(path, query_string={"limit": 1000}).get_json()
    assert items
    for item in items:
        assert list(faults(item, known[name], known, "")) == [], item["id"]


def test_the_comparison_finds_what_is_wrong(shared_data: Path) -> None:
    text = (shared_data / "dome" / "openapi" / "api.json").read_text(encoding="utf-8")
    known = json.loads(text)["definitions"]
    wrong = {"id": 3, "colour": "red", "category": [{"name": "x"}], "isBundle": "no"}
    found = list(faults(wrong, known["ProductOffering"], known, ""))
    assert len(found) == 4, found
