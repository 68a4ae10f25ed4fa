"""The sample catalogue shows what it says it shows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from importlib import resources

import pytest
from kgservice_importers.gaiax import IMPORTER
from small_vocabulary import AUTHORITY, context

from kgservice.labels import Proof, bundled_did_documents, verify
from kgservice.model.documents import SetAside, SourceDocument
from kgservice.model.errors import Problem
from kgservice.model.rdf import Iri, Literal
from kgservice.model.terms import KG

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
RHEINTAL = "https://rheintal-rechenzentrum.example/offerings/"


@pytest.fixture(scope="module")
def documents() -> dict[str, SourceDocument]:
    source = str(resources.files("kgservice_importers.samples") / "rijn-federation")
    items = list(IMPORTER.read(source, context("rijn-federation")))
    others = {item.kind for item in items if isinstance(item, SetAside)}
    assert others == {"did-document", "markdown"}
    assert not [item for item in items if isinstance(item, Problem)]
    found = [item for item in items if isinstance(item, SourceDocument)]
    return {item.primary.value: item for item in found}


def values(document: SourceDocument, predicate: Iri) -> list[str]:
    return [
        o.value for _, p, o in document.triples if p == predicate and isinstance(o, Iri | Literal)
    ]


def test_the_files_give_twelve_offerings_and_no_problem(
    documents: dict[str, SourceDocument],
) -> None:
    assert sum("/offerings/" in name for name in documents) == 12
    assert all(document.problems == () for document in documents.values())


def test_a_database_has_price_version_formats_place_and_notice(
    documents: dict[str, SourceDocument],
) -> None:
    database = documents[RHEINTAL + "postgresql"]
    assert values(database, KG.majorVersion) == ["18"]
    assert sorted(values(database, KG.amount)) == ["0.16", "46.00"]
    assert values(database, KG.noticePeriod) == ["P1M"]
    assert values(database, KG.governingLaw) == [AUTHORITY + "DEU"]
    assert KG.vector.value in values(database, KG.extension) if hasattr(KG, "vector") else True
    (place,) = values(database, KG.location)
    assert values(documents[place], KG.country) == [AUTHORITY + "DEU"]
    assert values(documents["did:web:rheintal-rechenzentrum.example"], KG.headquarters) == [
        AUTHORITY + "DEU"
    ]


def test_machines_and_containers_are_mapped_from_the_structures_of_gaia_x(
    documents: dict[str, SourceDocument],
) -> None:
    machine = documents[RHEINTAL + "virtuelle-maschine"]
    assert values(machine, KG.vcpu) == ["4"]
    assert values(machine, KG.memory) == ["16"]
    assert values(machine, KG.storage) == ["80"]
    assert values(machine, KG.hypervisor) == ["KVM"]
    assert values(machine, KG.imageFormat) == [KG.NS + "qcow2"]
    container = documents[RHEINTAL + "container"]
    assert values(container, KG.vcpu) == ["2"]
    assert values(container, KG.memory) == ["4"]


def test_the_proofs_come_out_as_the_readme_says(documents: dict[str, SourceDocument]) -> None:
    outcomes = {
        name: verify(document.credential, bundled_did_documents(), AS_OF)
        for name, document in documents.items()
    }
    other = {name: o for name, o in outcomes.items() if o.result is not Proof.VALID}
    assert {name.rpartition("/")[2]: o.code for name, o in other.items()} == {
        "container": "proof-absent",
        "machine-virtuelle": "proof-signature-wrong",
        "machine-ancienne": "proof-algorithm-refused",
    }
    assert Counter(o.algorithm for o in outcomes.values() if o.algorithm).keys() == {
        "ES256", "ES384", "EdDSA",
    }  # fmt: skip


def test_no_other_offering_than_those_listed_is_certified(
    documents: dict[str, SourceDocument],
) -> None:
    scope = {
        s for d in documents.values() for s in values(d, KG.scope) if s.startswith("urn:ngsi-ld")
    }
    assert "urn:ngsi-ld:product-offering:waterlinie-postgresql" in scope
    assert "urn:ngsi-ld:product-offering:noordzee-postgresql" in scope
    assert not any("prairie" in name for name in scope)
