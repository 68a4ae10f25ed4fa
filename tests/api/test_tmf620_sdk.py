"""The `tmforum` SDK, whose classes are those of the Open APIs, takes every object strictly."""

from __future__ import annotations

import pytest
import tmforum
from flask.testing import FlaskClient

BASE = "/tmf-api/productCatalogManagement/v4"
CASES = [
    (f"{BASE}/productOffering", tmforum.ProductOffering),
    (f"{BASE}/productSpecification", tmforum.ProductSpecification),
    (f"{BASE}/productOfferingPrice", tmforum.ProductOfferingPrice),
    (f"{BASE}/category", tmforum.Category),
    ("/tmf-api/party/v4/organization", tmforum.Organization),
]


@pytest.mark.parametrize(("path", "kind"), CASES)
def test_a_client_reads_every_object(client: FlaskClient, path: str, kind: type) -> None:
    items = client.get(path, query_string={"limit": 1000}).get_json()
    assert items
    for item in items:
        read = kind.from_dict(item, strict=True)  # type: ignore[attr-defined]
        assert (read.id, read.href, read.name) == (item["id"], item["href"], item["name"])
