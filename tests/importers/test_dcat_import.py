"""What of a DCAT catalogue becomes a document, an offering and a fact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from dcat_reading import DATA, ZZ, documents, read, values
from rdflib import Dataset
from small_vocabulary import AUTHORITY, BASE, context

from kgservice.model.documents import Gone, SetAside, SourceDocument, Unchanged
from kgservice.model.errors import Problem, Unavailable
from kgservice.model.rdf import RDF as RDF_NS
from kgservice.model.rdf import Iri, Triple
from kgservice.model.terms import DCTERMS, KG, RDF

SAMPLE = DATA / "zuiderzee.ttl"
HEAD = """@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix kg: <https://w3id.org/kgservice/ns#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
"""


@pytest.fixture(scope="module")
def found() -> dict[str, SourceDocument]:
    items = read(SAMPLE)
    assert all(isinstance(item, SourceDocument) for item in items), items
    return documents(items)


def test_each_resource_party_and_place_is_a_document(found: dict[str, SourceDocument]) -> None:
    machines = f"{BASE}catalog/zuiderzee/party/Zuiderzee%20Machines"
    names = ("catalog", "zuiderzee", "postgres", "machine", "tides", "lelystad")
    assert set(found) == {machines, *(ZZ + name for name in names)}
    assert {found[ZZ + n].kind for n in ("postgres", "tides")} == {
        "dcat/DataService",
        "dcat/Dataset",
    }


def test_a_service_in_our_own_words_keeps_them(found: dict[str, SourceDocument]) -> None:
    database = found[ZZ + "postgres"]
    assert Triple(Iri(ZZ + "postgres"), RDF.type, KG.PostgreSQL) in database.triples
    assert values(database, KG.majorVersion) == ["18"]
    assert values(database, KG.amount) == ["12.50"]
    assert values(database, KG.location) == [ZZ + "lelystad"]
    assert database.modified == "2026-03-01T00:00:00Z"


def test_the_catalogues_publisher_provides_unless_the_service_names_another(
    found: dict[str, SourceDocument],
) -> None:
    assert values(found[ZZ + "postgres"], KG.provider) == [ZZ + "zuiderzee"]
    (machines,) = values(found[ZZ + "machine"], KG.provider)
    assert values(found[machines], Iri("http://xmlns.com/foaf/0.1/name")) == ["Zuiderzee Machines"]
    assert Triple(Iri(machines), RDF.type, KG.Provider) in found[machines].triples


def test_kind_price_and_status_are_read_from_the_words_of_others(
    found: dict[str, SourceDocument],
) -> None:
    machine = found[ZZ + "machine"]
    assert Triple(Iri(ZZ + "machine"), RDF.type, KG.VirtualMachine) in machine.triples
    assert values(machine, KG.amount) == ["0.02"]
    assert values(machine, KG.currency) == ["EUR"]
    assert values(machine, KG.period) == ["PT1H"]
    assert values(machine, KG.lifecycleStatus) == [KG.Active.value]
    assert values(found[ZZ + "lelystad"], KG.country) == [AUTHORITY + "NLD"]


def test_data_are_no_cloud_service(found: dict[str, SourceDocument]) -> None:
    tides = found[ZZ + "tides"]
    assert not any(t.predicate.value.startswith(KG.NS) for t in tides.triples)
    assert ZZ + "tides-csv" in tides.own_subjects


def test_a_document_claims_no_words_and_parties_of_others(found: dict[str, SourceDocument]) -> None:
    machine = found[ZZ + "machine"]
    assert not any(
        "data-theme" in t.subject.value for t in machine.triples if isinstance(t.subject, Iri)
    )
    assert "dcat:theme/skos:prefLabel" in machine.unmapped
    assert "schema:priceSpecification/schema:price" in machine.mapped
    assert ZZ + "zuiderzee" not in found[ZZ + "postgres"].own_subjects


def test_no_blank_node_is_left(found: dict[str, SourceDocument]) -> None:
    for document in found.values():
        assert all(
            isinstance(t.subject, Iri) and not hasattr(t.object, "label") for t in document.triples
        )


SYNTAXES = ("xml", "nt", "trig", "json-ld", "nquads", "turtle")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib of rdflib
@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_syntax_and_encoding_gives_the_same(
    syntax: str, encoding: str, tmp_path: Path, found: dict[str, SourceDocument]
) -> None:
    """The file's name says nothing: they all end in `.rdf`."""
    graph = Dataset(default_union=True)
    graph.parse(SAMPLE)
    written = graph.serialize(format=syntax).replace('encoding="utf-8"', "")
    file = tmp_path / "any.rdf"
    file.write_bytes(written.encode(encoding))
    again = documents(read(file))
    assert set(again) == set(found)
    for name, document in found.items():
        assert again[name].kind == document.kind
        assert statements(again[name]) == statements(document), name


def statements(document: SourceDocument) -> list[str]:
    """Canonical: rdflib writes numbers in other words, and names of blank nodes follow them."""
    quads = ox.Dataset(
        ox.Quad(node(s), ox.NamedNode(p.value), node(o)) for s, p, o in document.triples
    )
    quads.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(str(quad) for quad in quads)


def node(term: object) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    if isinstance(term, Iri):
        genid = "/.well-known/genid/"
        return (
            ox.BlankNode(term.value.rpartition("/")[2])
            if genid in term.value
            else ox.NamedNode(term.value)
        )
    text, datatype = term.value, term.datatype  # type: ignore[attr-defined]
    if datatype.endswith("decimal"):
        text = text.rstrip("0") if "." in text else text
    return (
        ox.Literal(text, datatype=ox.NamedNode(datatype))
        if datatype != RDF_NS + "langString"
        else ox.Literal(text)
    )


def test_names_of_nameless_nodes_stay_from_import_to_import(tmp_path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    (tmp_path / "a.ttl").write_text("@prefix b: <urn:b:> . b:1 b:2 [] .\n" + text, encoding="utf-8")
    later = documents(read(tmp_path / "a.ttl"))
    for name, document in documents(read(SAMPLE)).items():
        assert later[name].triples == document.triples


def test_what_is_known_is_not_handed_over_again() -> None:
    known = {d.source_id: d.fingerprint for d in documents(read(SAMPLE)).values()}
    again = read(SAMPLE, replace(context("zuiderzee"), known=known))
    assert {item.source_id for item in again if isinstance(item, Unchanged)} == set(known)
    assert len(again) == len(known)


def test_a_changed_publisher_of_the_catalogue_changes_its_services(tmp_path: Path) -> None:
    known = {d.source_id: d.fingerprint for d in documents(read(SAMPLE)).values()}
    file = tmp_path / "zuiderzee.ttl"
    text = SAMPLE.read_text(encoding="utf-8")
    file.write_text(text.replace("dcterms:publisher zz:zuiderzee", "dcterms:publisher zz:other"))
    again = documents(read(file, replace(context("zuiderzee"), known=known)))
    assert values(again[ZZ + "postgres"], KG.provider) == [ZZ + "other"]
    assert ZZ + "machine" not in again or values(again[ZZ + "machine"], KG.provider) != [
        ZZ + "other"
    ]
    assert ZZ + "tides" not in again or again[ZZ + "tides"].triples


def test_only_what_is_asked_for_is_read() -> None:
    only = frozenset({ZZ + "tides", ZZ + "gone"})
    items = read(SAMPLE, replace(context("zuiderzee"), only=only))
    assert set(documents(items)) == {ZZ + "tides"}
    assert [item for item in items if isinstance(item, Gone)] == [Gone(ZZ + "gone")]


def test_a_catalogue_in_another_file_says_who_provides(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text(HEAD + "<urn:s:1> a dcat:DataService, kg:Container .")
    (tmp_path / "z.ttl").write_text(
        HEAD + "<urn:c:1> a dcat:Catalog ; dcat:service <urn:s:1> ; dcterms:publisher <urn:p:1> ."
    )
    assert values(documents(read(tmp_path))["urn:s:1"], KG.provider) == ["urn:p:1"]


def test_two_files_that_disagree_are_two_documents(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.ttl").write_text(
            f'{HEAD}<urn:s:1> a dcat:Dataset ; dcterms:title "{name}" .'
        )
    items = [item for item in read(tmp_path) if isinstance(item, SourceDocument)]
    assert [item.source_id for item in items] == ["urn:s:1", "urn:s:1 in b.ttl"]
    assert [p.code for p in items[1].problems] == ["document-id-repeated"]


def test_what_the_firewall_refuses_is_handed_over_as_it_is(tmp_path: Path) -> None:
    """An importer that dropped it would hide the attack."""
    file = tmp_path / "a.ttl"
    file.write_text(HEAD + "<urn:s:1> a dcat:Dataset ; owl:sameAs <urn:s:2> .")
    (item,) = documents(read(file)).values()
    assert (
        Triple(Iri("urn:s:1"), Iri("http://www.w3.org/2002/07/owl#sameAs"), Iri("urn:s:2"))
        in item.triples
    )
    assert "urn:s:2" not in item.own_subjects


def test_a_relation_to_a_stranger_claims_nothing_of_it(tmp_path: Path) -> None:
    file = tmp_path / "a.ttl"
    file.write_text(
        HEAD + "<urn:s:1> a dcat:Dataset ; dcterms:relation <urn:x:9> . <urn:x:9> kg:memory 4 ."
    )
    items = read(file)
    (item,) = documents(items).values()
    assert "urn:x:9" not in item.own_subjects
    (problem,) = [i for i in items if isinstance(i, Problem)]
    assert problem.code == "resource-unattached"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (HEAD + "<urn:o> a owl:Ontology . <urn:c> a owl:Class .", "vocabulary"),
        ("@prefix sh: <http://www.w3.org/ns/shacl#> . <urn:o> a sh:NodeShape .", "shacl-shapes"),
        ("<urn:a> <urn:b> <urn:c> .", "rdf"),
    ],
)  # fmt: skip
def test_what_is_no_catalogue_is_set_aside(text: str, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "a.ttl"
    file.write_text(text)
    assert read(file) == [SetAside("a.ttl", kind)]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02", b"<urn:a> <urn:b>", b"{", b"[", b"{\"@id\": }",
     b"<?xml version='1.0'?><a>",
     b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\xff\xfe", b"\xef\xbb\xbf"],
)  # fmt: skip
def test_what_cannot_be_read_is_a_problem(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.ttl"
    file.write_bytes(content)
    (problem,) = read(file)
    assert isinstance(problem, Problem)
    assert problem.code == "document-unreadable"
    assert problem.at.startswith("a.ttl")


def test_a_syntax_error_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.ttl"
    file.write_text(HEAD + '<urn:a> a dcat:Dataset ;\n  dcterms:title "x .\n')
    (problem,) = read(file)
    assert isinstance(problem, Problem)
    assert problem.at in ("a.ttl:5", "a.ttl:6")


def test_a_source_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        read(tmp_path / "nothing")
    assert caught.value.code == "source-missing"


def test_titles_are_kept_with_their_language(found: dict[str, SourceDocument]) -> None:
    titles = [t.object for t in found[ZZ + "catalog"].triples if t.predicate == DCTERMS.title]
    assert [t.language for t in titles if hasattr(t, "language")] == ["en"]


def test_the_structures_of_gaia_x_are_read_in_turtle_too(tmp_path: Path) -> None:
    file = tmp_path / "a.ttl"
    file.write_text(
        HEAD + "@prefix gx: <https://w3id.org/gaia-x/2511#> . "
        "<urn:s:1> a dcat:DataService , gx:VirtualMachineServiceOffering ;"
        " gx:instantiationReq [ a gx:ServerFlavor ; gx:cpu [ gx:vCPUs 4 ] ] ."
    )
    (machine,) = documents(read(file)).values()
    assert values(machine, KG.vcpu) == ["4"]
    assert Triple(Iri("urn:s:1"), RDF.type, KG.VirtualMachine) in machine.triples
