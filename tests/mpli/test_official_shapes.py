"""Official shapes tell what they find and decide nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kgservice.inference.foreign_shapes import Checked, Finding, check, fitting, releases
from kgservice.model.rdf import RDF, Iri, Literal, Triple
from kgservice.model.settings import resolve_settings
from kgservice.mpli.application import Application
from kgservice.mpli.catalog_history import report as last_report
from kgservice.mpli.catalogs import add_catalog, sync_now
from kgservice.mpli.official_shapes import folder_of
from kgservice.mpli.opening import open_application

GX = "https://w3id.org/gaia-x/2511#"
SHAPES = f"""
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix gx: <{GX}> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
gx:OfferingShape a sh:NodeShape ; sh:targetClass gx:ServiceOffering ; sh:closed true ;
  sh:ignoredProperties ( rdf:type ) ;
  sh:property [ sh:path gx:providedBy ; sh:class gx:LegalPerson ; sh:minCount 1 ] ,
    [ sh:path gx:name ; sh:maxCount 1 ] .
gx:LegalPersonShape a sh:NodeShape ; sh:targetClass gx:LegalPerson ;
  sh:property [ sh:path gx:name ; sh:minCount 1 ; sh:severity sh:Warning ] .
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Application]:
    settings = resolve_settings({"KG_DATA_DIR": str(tmp_path / "data")}, {})
    opened = open_application(settings, with_jobs=False)
    try:
        yield opened
    finally:
        opened.close()


def write(folder: Path, name: str, **members: object) -> None:
    folder.mkdir(exist_ok=True)
    document = {"@context": {"gx": GX}, "@id": f"https://p.example/{name}", **members}
    (folder / f"{name}.json").write_text(json.dumps(document))


def official(application: Application, source: Path) -> dict[str, Any]:
    add_catalog(application, "c", "gaia-x", str(source), {})
    sync_now(application, "c")
    found = last_report(application, "c").get("officialShapes", {})
    assert isinstance(found, dict)
    return found


def test_a_reference_is_joined_before_its_class_is_checked(
    own: Application, tmp_path: Path
) -> None:
    """The provider is another document: alone, every offering would fail."""
    folder_of(own).mkdir(parents=True)
    (folder_of(own) / "shapes.ttl").write_text(SHAPES)
    source = tmp_path / "source"
    party = {"@id": "https://p.example/party"}
    write(source, "good", **{"@type": "gx:ServiceOffering", "gx:providedBy": party})
    write(source, "odd", **{"@type": "gx:ServiceOffering", "gx:providedBy": party, "gx:x": "1"})
    write(source, "party", **{"@type": "gx:LegalPerson"})
    write(source, "other", **{"@type": "gx:Datacenter", "gx:name": "D"})
    found = official(own, source)
    assert (found["checked"], found["conforming"], found["unchecked"]) == (3, 2, 1)
    assert found["releases"] == {GX: 3}
    assert {(f["document"], f["component"], f["severity"]) for f in found["findings"]} == {
        ("https://p.example/odd", "Closed", "error"),
        ("https://p.example/party", "MinCount", "warning"),
    }
    counts = last_report(own, "c")["counts"]
    assert counts["quarantined"] == 0  # type: ignore[index]


def test_without_shapes_nothing_is_said(own: Application, tmp_path: Path) -> None:
    write(tmp_path / "source", "one", **{"@type": "gx:ServiceOffering"})
    assert official(own, tmp_path / "source") == {}


def test_a_file_that_is_no_turtle_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "bad.ttl").write_text("no turtle")
    (tmp_path / "good.ttl").write_text(SHAPES)
    (release,) = releases(tmp_path)
    assert release.namespace == GX
    assert fitting(release, [GX + "LegalPerson"]) == (GX + "LegalPersonShape",)


def test_the_release_that_fits_checks_recorded_documents(
    own: Application, shared_data: Path
) -> None:
    ontology = shared_data / "gaia-x/ontology"
    folder_of(own).mkdir(parents=True)
    shutil.copy(ontology / "gaia-x-2511/shapes.ttl", folder_of(own) / "2511.ttl")
    shutil.copy(ontology / "gx.shacl.ttl", folder_of(own) / "development.ttl")
    shutil.copytree(shared_data / "gaia-x/shapes/gax-2022", folder_of(own) / "2022")
    source = folder_of(own).parent.parent.parent / "source"
    for folder in ("loire-2511-jwt", "loire-development", "gax-2022-hackathon"):
        shutil.copytree(shared_data / "gaia-x" / folder, source / folder)
    found = official(own, source)
    assert found["complete"]
    assert set(found["releases"]) == {
        GX, "https://w3id.org/gaia-x/development#", "http://w3id.org/gaia-x/",
    }  # fmt: skip
    assert found["checked"] > 25
    assert {"MinCount", "Closed"} <= set(found["components"])


def test_pyshacl_is_asked_about_own_nodes_only(tmp_path: Path) -> None:
    (tmp_path / "shapes.ttl").write_text(SHAPES)
    party, offering = Iri("urn:party"), Iri("urn:offering")
    triples = [
        Triple(offering, Iri(RDF + "type"), Iri(GX + "ServiceOffering")),
        Triple(offering, Iri(GX + "providedBy"), party),
        Triple(offering, Iri(GX + "name"), Literal("O")),
    ]
    found = list(check(tmp_path, {"d": triples}, {party.value: [GX + "LegalPerson"]}))
    assert found == [Checked("d", GX, 1)]
    found = list(check(tmp_path, {"d": triples}, {}))
    assert [f.component for f in found if isinstance(f, Finding)] == ["Class"]
