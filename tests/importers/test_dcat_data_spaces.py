"""The Dataspace Protocol: versions, continuation, catalogues in catalogues, EDC's habits."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from dcat_reading import documents, read, values
from page_server import Asked, Page, Site, site
from small_vocabulary import BASE, context

from kgservice.model.documents import ImportItem
from kgservice.model.errors import Problem, Unavailable
from kgservice.model.rdf import Iri
from kgservice.model.terms import KG, RDF

V2025 = ["https://w3id.org/dspace/2025/1/context.jsonld"]
V2024 = "https://w3id.org/dspace/2024/1/context.json"
KIND = "https://w3id.org/kgservice/ns#Container"
ODRL = "http://www.w3.org/ns/odrl/2/"


def new(name: str, root: str, **members: object) -> dict[str, Any]:
    return {
        "@context": V2025, "@type": "Catalog", "@id": f"urn:c:{name}",
        "participantId": f"did:web:{name}.example",
        "dataset": [{
            "@id": f"urn:d:{name}", "@type": ["Dataset", KIND],
            "hasPolicy": [{"@id": f"urn:o:{name}", "@type": "Offer", "permission": [{
                "action": "use", "constraint": [
                    {"leftOperand": "spatial", "operator": "eq", "rightOperand": "NL"},
                    {"leftOperand": "dateTime", "operator": "lteq",
                     "rightOperand": "2027-12-31T06:00Z"},
                    {"leftOperand": "count", "operator": "lt", "rightOperand": 5}]}]}],
            "distribution": [{"@type": "Distribution", "format": "HttpData-PULL",
                              "accessService": f"urn:s:{name}"}],
        }],
        "service": [{"@id": f"urn:s:{name}", "@type": "DataService", "endpointURL": root}],
        **members,
    }  # fmt: skip


def old(name: str, root: str, context: object = V2024) -> dict[str, Any]:
    return {
        "@context": context, "@type": "dcat:Catalog", "@id": f"urn:c:{name}",
        "dspace:participantId": f"did:web:{name}.example",
        "dcat:dataset": {
            "@id": f"urn:d:{name}", "@type": ["dcat:Dataset", KIND],
            "odrl:hasPolicy": {"@id": f"urn:o:{name}", "@type": "odrl:Offer", "odrl:permission": {
                "odrl:action": {"@id": "odrl:use"}, "odrl:constraint": {
                    "odrl:leftOperand": {"@id": "odrl:spatial"},
                    "odrl:operator": {"@id": "odrl:eq"},
                    "odrl:rightOperand": "NL"}}},
        },
        "dcat:service": {"@id": f"urn:s:{name}", "@type": "dcat:DataService"},
    }  # fmt: skip


V08 = {
    "dspace": "https://w3id.org/dspace/v0.8/", "dcat": "http://www.w3.org/ns/dcat#",
    "odrl": "http://www.w3.org/ns/odrl/2/", "dct": "http://purl.org/dc/terms/",
}  # fmt: skip


def take(
    running: Site, path: str = "/catalog/request", *more: str, **options: str
) -> list[ImportItem]:
    hosts = frozenset({running.host, *more})
    return read(running.url + path, context("space", allowed_hosts=hosts, **options))


def answered(tree: object, **headers: str) -> Page:
    return Page(json.dumps(tree), headers=tuple(headers.items()))


def refusing_versions(asked: Asked) -> bool:
    return asked.path.endswith("dspace-version")


def test_a_catalogue_is_asked_for_and_its_participant_provides() -> None:
    def answer(asked: Asked, root: str) -> Page:
        return Page("", 404) if refusing_versions(asked) else answered(new("a", root))

    with site(answer) as running:
        found = documents(take(running))
    assert json.loads(running.asked[1].body)["@type"] == "CatalogRequestMessage"
    dataset = found["urn:d:a"]
    assert dataset.kind == "dsp-2025/Dataset"
    assert values(dataset, KG.provider) == ["did:web:a.example"]
    assert values(dataset, KG.appliesInCountry)[0].endswith("/NLD")
    assert values(dataset, KG.appliesUntil) == ["2027-12-31T06:00:00Z"]
    assert len(values(dataset, KG.unreadCondition)) == 1
    assert set(found) == {"urn:d:a", "urn:s:a", "urn:c:a"}


@pytest.mark.parametrize(
    ("version", "tree", "kind"),
    [("2024-1", old("a", ""), "dsp-2024-1/Dataset"),
     ("v0.8", old("a", "", V08), "dsp-0.8/Dataset")],
)  # fmt: skip
def test_older_versions_are_spoken_where_they_are_announced(
    version: str, tree: dict[str, Any], kind: str
) -> None:
    def answer(asked: Asked, root: str) -> Page:
        if refusing_versions(asked):
            return answered({"protocolVersions": [{"version": version, "path": "/old"}]})
        return answered(tree) if asked.path == "/old/catalog/request" else Page("", 404)

    with site(answer) as running:
        found = documents(take(running, "", protocol="dsp"))
    assert found["urn:d:a"].kind == kind
    assert values(found["urn:d:a"], KG.provider) == ["did:web:a.example"]
    assert values(found["urn:d:a"], KG.appliesInCountry)[0].endswith("/NLD")
    assert json.loads(running.asked[1].body)["@type"] == "dspace:CatalogRequestMessage"


def test_an_older_version_is_tried_when_the_newest_is_refused() -> None:
    def answer(asked: Asked, root: str) -> Page:
        if refusing_versions(asked) or b"2025" in asked.body:
            return Page("{}", 400)
        return answered(old("a", root))

    with site(answer) as running:
        assert "urn:d:a" in documents(take(running))


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_catalogue_goes_on_by_continuation_tokens(method: str) -> None:
    def answer(asked: Asked, root: str) -> Page:
        if refusing_versions(asked):
            return Page("", 404)
        token = asked.path.partition("continuationToken=")[2]
        if token and asked.method != method:
            return Page("", 405)
        number = int(token or 0)
        link = f'<{root}/catalog/request?continuationToken={number + 1}>; rel="next"'
        headers = {"Link": link} if number < 3 else {}
        return answered({**new(f"a{number}", root), "@id": "urn:c:a"}, **headers)

    with site(answer) as running:
        found = documents(take(running))
    assert {f"urn:d:a{n}" for n in range(4)} <= set(found)
    assert sum(d.kind.endswith("Catalog") for d in found.values()) == 1


def nested(name: str, place: str) -> dict[str, Any]:
    service = {"@id": f"urn:s:{name}", "@type": "DataService", "endpointURL": place}
    return {"@id": f"urn:c:{name}", "@type": "Catalog", "service": [service], "distribution": []}


def test_catalogues_in_catalogues_are_followed_but_not_in_circles() -> None:
    """Three participants, each of which names all of them."""

    def answer(asked: Asked, root: str) -> Page:
        if refusing_versions(asked):
            return Page("", 404)
        own = asked.path.split("/")[1]
        others = [nested(name, f"{root}/{name}") for name in "abc"]
        return answered(new(own, root, catalog=others))

    with site(answer) as running:
        found = documents(take(running, "/a/catalog/request"))
    assert {"urn:d:a", "urn:d:b", "urn:d:c"} <= set(found)
    assert values(found["urn:d:b"], KG.provider) == ["did:web:b.example"]
    assert sum(a.method == "POST" for a in running.asked) == 3


def test_a_chain_of_catalogues_ends_after_four_steps() -> None:
    def answer(asked: Asked, root: str) -> Page:
        if refusing_versions(asked):
            return Page("", 404)
        number = int(asked.path.split("/")[1])
        return answered(new(str(number), root, catalog=[nested("n", f"{root}/{number + 1}")]))

    with site(answer) as running:
        items = take(running, "/0/catalog/request")
    assert sum(a.method == "POST" for a in running.asked) == 5
    assert [i.code for i in items if isinstance(i, Problem)] == ["catalog-too-deep"]


def test_one_dead_participant_is_a_finding_and_hides_no_other() -> None:
    def answer(asked: Asked, root: str) -> Page:
        if refusing_versions(asked):
            return Page("", 404)
        if asked.path.startswith("/b"):
            return Page("", 500)
        others = [nested(n, f"{root}/{n}") for n in "bc"]
        return answered(new(asked.path.split("/")[1], root, catalog=others))

    with site(answer) as running:
        items = take(running, "/a/catalog/request")
    assert {"urn:d:a", "urn:d:c"} <= set(documents(items))
    assert [i.code for i in items if isinstance(i, Problem)] == ["document-unreadable"]


def test_a_participant_on_a_host_that_is_not_allowed_is_not_asked() -> None:
    def answer(asked: Asked, root: str) -> Page:
        if refusing_versions(asked):
            return Page("", 404)
        return answered(new("a", root, catalog=[nested("x", "http://127.0.0.1:9/x")]))

    with site(answer) as running:
        items = take(running)
    (problem,) = [i for i in items if isinstance(i, Problem)]
    assert "may not be contacted" in problem.detail


def test_a_refusal_is_unavailable() -> None:
    error = {"@context": V2025, "@type": "CatalogError", "code": "403", "reason": ["no"]}

    def answer(asked: Asked, root: str) -> Page:
        return Page(json.dumps(error), 403)

    with site(answer) as running, pytest.raises(Unavailable) as caught:
        take(running)
    assert caught.value.code == "source-unreachable"


def offer_id(*parts: str) -> str:
    return ":".join(base64.b64encode(part.encode()).decode() for part in parts)


def test_ids_of_edc_become_iris_of_the_catalogue(tmp_path: Path) -> None:
    """An offer's id is three base64 texts with colons: no scheme, though a parser takes it so."""
    offer = offer_id("definition-1", "asset-1", "8fa37789-96ea-4dd5-b2f9-6635409fe550")
    tree = old("a", "", {**V08, "dspace": "https://w3id.org/dspace/2025/1/",
                         "@vocab": "https://w3id.org/edc/v0.0.1/ns/"})  # fmt: skip
    tree["dcat:dataset"]["@id"] = "asset-1"
    tree["dcat:dataset"]["odrl:hasPolicy"]["@id"] = offer
    tree["dcat:dataset"]["contenttype"] = "application/json"
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(tree))
    home = f"{BASE}catalog/zuiderzee/document/"
    dataset = documents(read(file))[home + "asset-1"]
    assert dataset.kind == "edc/Dataset"
    (policy,) = values(dataset, Iri(ODRL + "hasPolicy"))
    assert policy.startswith(home)
    assert policy in dataset.own_subjects
    assert any(t.subject == Iri(policy) and t.predicate == RDF.type for t in dataset.triples)


def test_single_values_and_lists_are_the_same(tmp_path: Path) -> None:
    for name, tree in (("one", old("a", "")), ("many", listed(old("a", "")))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalog.json").write_text(json.dumps(tree))
    one, many = (documents(read(tmp_path / n / "catalog.json")) for n in ("one", "many"))
    assert {k: d.triples for k, d in one.items()} == {k: d.triples for k, d in many.items()}


def listed(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {
        key: [listed(item)]
        if key.startswith(("dcat:", "odrl:")) and isinstance(item, dict)
        else item
        for key, item in value.items()
    }
