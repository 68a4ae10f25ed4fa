"""What version 5 writes otherwise, and what both versions have in more than one form."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_vocabulary import context
from tmf620_reading import codes, documents, fact, offering, only, prices, read, read_tree, values

from kgservice.model.rdf import Iri
from kgservice.model.terms import DCTERMS, KG

AUTHORITY = "http://publications.europa.eu/resource/authority/country/"


def version_5(**members: object) -> dict[str, object]:
    return {
        "id": "9ba1d8e0",
        "@type": "ProductOffering",
        "href": "https://made-up.example/tmf-api/productCatalogManagement/v5/productOffering/9ba1d8e0",
        "name": "Five",
        "lifecycleStatus": "Active",
        "productSpecification": {
            "@type": "ProductSpecification",
            "id": "s5",
            "name": "Five",
            "relatedParty": [
                {
                    "@type": "RelatedPartyRefOrPartyRoleRef",
                    "role": "Seller",
                    "partyOrPartyRole": {"@type": "PartyRef", "id": "org-5", "name": "Vijf BV"},
                }
            ],
            "productSpecCharacteristic": [
                {
                    "@type": "CharacteristicSpecification",
                    "name": "Storage",
                    "valueType": "number",
                    "characteristicValueSpecification": [
                        {
                            "@type": "IntegerCharacteristicValueSpecification",
                            "valueFrom": 10,
                            "valueTo": 500,
                            "unitOfMeasure": "GiB",
                        }
                    ],
                },
                {
                    "@type": "CharacteristicSpecification",
                    "name": "PostgreSQL version",
                    "characteristicValueSpecification": [{"valueFrom": 14, "valueTo": 17}],
                },
            ],
        },
        **members,
    }


def test_version_5_offering_is_told_apart_and_read_like_version_4(tmp_path: Path) -> None:
    price = {
        "@type": "ProductOfferingPrice",
        "priceType": "recurring",
        "recurringChargePeriodType": "month",
        "recurringChargePeriodLength": 3,
        "price": [{"@type": "Money", "unit": "EUR", "value": 30}],
    }
    place = {"role": "location", "place": {"@type": "GeographicAddress", "country": "NL"}}
    extra = [{"name": "vCPU", "value": 4, "@type": "IntegerCharacteristic"}]
    tree = version_5(
        productOfferingPrice=[price], place=[place], productOfferingCharacteristic=extra
    )
    found = only(read_tree(tmp_path, tree))
    assert found.kind == "tmf620-v5/productOffering"
    assert values(found, "provider") == {
        f"{context().base_iri}catalog/polder-market/organization/org-5"
    }
    assert values(found, "vcpu") == {"4"}
    assert values(found, "storage") == {"500"}
    assert values(found, "majorVersion") == {"14", "15", "16", "17"}
    (component,) = prices(found)
    assert (component["amount"], component["period"]) == ("30", "P3M")
    (where,) = values(found, "location")
    assert values(found, "country", where) == {AUTHORITY + "NLD"}
    assert found.unmapped == frozenset()


def test_lower_end_alone_is_no_value(tmp_path: Path) -> None:
    tree = offering({"name": "Storage", "productSpecCharacteristicValue": [
        {"valueFrom": 5, "unitOfMeasure": "GiB"}]})  # fmt: skip
    found = only(read_tree(tmp_path, tree))
    assert values(found, "storage") == set()
    assert "value-unmapped" in codes(found)
    assert "productSpecification/productSpecCharacteristic[Storage]" in found.unmapped


@pytest.mark.parametrize(
    ("written", "status"),
    [("ACTIVE", "Active"), ("In test", "InTest"), ("End of life", "Retired"),
     ("Inactive", "Retired"), ("Wibble", "NotOnOffer")],
)  # fmt: skip
def test_lifecycle_is_folded_and_an_unknown_one_is_not_on_offer(
    tmp_path: Path, written: str, status: str
) -> None:
    ctx = context()
    for name in ("InTest", "InDesign"):
        ctx.vocabulary.individuals[name] = Iri(KG.NS + name)  # type: ignore[index]
    path = tmp_path / "catalogue.json"
    read_tree(tmp_path, offering(lifecycleStatus=written))
    assert values(only(read(path, ctx)), "lifecycleStatus") == {status}


@pytest.mark.parametrize(
    ("members", "code"),
    [({"isSellable": False}, "not-sold-alone"),
     ({"validFor": {"endDateTime": "2018-03-25T00:00"}}, "offering-ended")],
)  # fmt: skip
def test_what_is_not_sold_by_itself_or_has_ended_is_not_on_offer(
    tmp_path: Path, members: dict[str, object], code: str
) -> None:
    found = only(read_tree(tmp_path, offering(**members)))
    assert values(found, "lifecycleStatus") == {"NotOnOffer"}
    assert code in codes(found)


def test_price_that_has_ended_is_left_out_and_the_one_in_force_counts(tmp_path: Path) -> None:
    def price(value: int, end: str) -> dict[str, object]:
        return {
            "priceType": "recurring", "recurringChargePeriodType": "month",
            "price": {"unit": "EUR", "value": value}, "validFor": {"endDateTime": end},
        }  # fmt: skip

    tree = offering(
        productOfferingPrice=[price(9, "2019-12-31"), price(12, "9999-12-31T00:00:00Z")]
    )
    found = only(read_tree(tmp_path, tree))
    assert [one["amount"] for one in prices(found)] == ["12"]
    assert "price-ended" in codes(found)


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ({"price": [{"unit": "EUR", "value": 1}, {"unit": "EUR", "value": 2}]}, "price-ambiguous"),
        ({"price": {"percentage": 10}}, "price-unsupported"),
        ({"price": [], "priceType": "custom"}, "price-on-request"),
        ({"price": {"unit": "EUR", "value": 2}, "unitOfMeasure": "cpu"}, ("2", "vcpu", "")),
        ({"price": {"unit": "EUR", "value": 2}, "unitOfMeasure": {"amount": 1, "units": "unit"}},
         ("2", "", "")),
        ({"price": {"unit": "EUR", "value": 2}, "priceType": "usage", "unitOfMeasure": "message"},
         ("2", "", "message")),
        ({"price": {"unit": "€", "value": "2"}}, ("2", "", "")),
    ],
)  # fmt: skip
def test_price_forms_of_both_versions(
    tmp_path: Path, price: dict[str, object], expected: str | tuple[str, ...]
) -> None:
    whole = {"priceType": "recurring", "recurringChargePeriodType": "MONTHLY", **price}
    found = only(read_tree(tmp_path, offering(productOfferingPrice=[whole])))
    if isinstance(expected, str):
        assert prices(found) == []
        assert expected in codes(found)
    else:
        (one,) = prices(found)
        assert (one["amount"], one.get("perProperty", ""), one.get("perUnit", "")) == expected


def test_operator_of_the_marketplace_is_no_provider_but_the_catalogues_owner_is(
    tmp_path: Path,
) -> None:
    tree = offering()
    tree["productSpecification"]["relatedParty"] = [  # type: ignore[index]
        {"id": "urn:ngsi-ld:organization:operator", "role": "SellerOperator"}
    ]
    found = only(read_tree(tmp_path, tree))
    assert values(found, "provider") == set()
    assert "provider-unknown" in codes(found)
    owned = only(read(tmp_path / "catalogue.json", context(owner="did:web:owner.example")))
    assert values(owned, "provider") == {"did:web:owner.example"}


def test_kind_comes_from_the_nearest_category_of_the_tree_that_names_one(tmp_path: Path) -> None:
    categories = [
        {"@type": "Category", "id": "c1", "name": "Virtual machines"},
        {"@type": "Category", "id": "c2", "name": "Large", "parentId": "c1"},
        {"@type": "Category", "id": "loop", "name": "Loop", "parentId": "loop"},
    ]
    tree = offering(category=[{"id": "c2"}, {"id": "loop"}])
    found = documents(read_tree(tmp_path, [tree, *categories]))
    offer = found["urn:ngsi-ld:product-offering:one"]
    kinds = {t.object.value for t in offer.triples  # type: ignore[union-attr]
             if t.subject == offer.primary and t.predicate.value.endswith("#type")}  # fmt: skip
    assert kinds == {KG.Offering.value, KG.VirtualMachine.value}
    base = f"{context().base_iri}catalog/polder-market/category/"
    parents = {(t.subject, t.object) for t in found[base + "c2"].triples
               if t.predicate.value == DCTERMS.NS + "isPartOf"}  # fmt: skip
    assert parents == {(Iri(base + "c2"), Iri(base + "c1"))}


def test_bundle_names_its_parts_and_relations_their_kind(tmp_path: Path) -> None:
    tree = offering(
        isBundle=True,
        bundledProductOffering=[{"href": "urn:ngsi-ld:product-offering:part"}],
        productOfferingRelationship=[{"id": "urn:x:base", "relationshipType": "Dependency"}],
    )
    found = only(read_tree(tmp_path, tree))
    stated = {(t.predicate.value.rpartition("/")[2], t.object.value) for t in found.triples}  # type: ignore[union-attr]
    assert ("hasPart", "urn:ngsi-ld:product-offering:part") in stated
    assert ("requires", "urn:x:base") in stated


def test_use_without_values_does_not_hide_those_of_the_specification(tmp_path: Path) -> None:
    tree = offering(fact("vCPU", "2"), prodSpecCharValueUse=[{"name": "vCPU"}])
    assert values(only(read_tree(tmp_path, tree)), "vcpu") == {"2"}


def test_two_names_of_one_property_are_one_characteristic(tmp_path: Path) -> None:
    over = offering(fact("RAM Memory", "8 GiB"), prodSpecCharValueUse=[fact("RAM", "16 GiB")])
    assert values(only(read_tree(tmp_path, over)), "memory") == {"16"}
    clash = only(read_tree(tmp_path, offering(fact("RAM", "8 GiB"), fact("Memory", "16 GiB"))))
    assert values(clash, "memory") == set()
    assert "value-conflict" in codes(clash)


def test_same_thing_with_and_without_type_is_of_the_class_that_its_urn_says(tmp_path: Path) -> None:
    for identifier in ("urn:ngsi-ld:product-offering:7", "urn:ngsi-ld:ProductOffering:7"):
        assert only(read_tree(tmp_path, [{"id": identifier, "name": "x", "@type": "Thing"}]))
