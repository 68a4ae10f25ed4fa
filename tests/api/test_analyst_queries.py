"""Each analysts' question is answered as the tables behind the samples say."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sample_tables import as_written, certificates, labelled, sold

from kgservice.api.app import create_app
from kgservice.model.rdf import Iri, Triple, typed
from kgservice.model.settings import resolve_settings
from kgservice.model.terms import KG, RDF
from kgservice.mpli.application import Application
from kgservice.mpli.catalogs import load_samples
from kgservice.mpli.opening import open_application
from kgservice.store.port import GraphChange

SOLD = sold()
WATERLINIE, NOORDZEE, LOIRE = (
    "urn:ngsi-ld:product-offering:waterlinie-postgresql",
    "urn:ngsi-ld:product-offering:noordzee-postgresql",
    "https://loire-nuage.example/offerings/postgresql",
)
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """An application of its own: services and workers are added here."""
    settings = resolve_settings({"KG_DATA_DIR": str(tmp_path_factory.mktemp("analysts"))}, {})
    application = open_application(settings, with_jobs=True)
    try:
        load_samples(application)
        yield application
    finally:
        application.close()


@pytest.fixture(scope="module")
def browser(opened: Application) -> FlaskClient:
    return create_app(opened).test_client()


def ask(browser: FlaskClient, name: str, token: str = "", **given: object) -> Rows:
    headers = {"Accept": "text/csv"} | ({"Authorization": f"Bearer {token}"} if token else {})
    answer = browser.get(f"/queries/{name}", query_string=given, headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def ids(rows: Rows, column: str = "offering") -> set[str]:
    found = {as_written(SOLD, row[column]) for row in rows if row[column]}
    assert None not in found
    return {one.id for one in found if one}


@pytest.mark.parametrize(("country", "most", "version"), [
    ("NLD", 50, 16), ("NL", 50, 17), ("NLD", 38, 16), ("netherlands", 37, 16), ("DEU", 90, 16),
    ("FR", 37, 18), ("BEL", 1000, 13), ("USA", 1000, 13),
])  # fmt: skip
def test_who_offers_postgresql_under_a_price_with_a_label(
    browser: FlaskClient, country: str, most: int, version: int
) -> None:
    rows = ask(browser, "postgresql-offers", country=country, most=most, version=version)
    code = {"NL": "NLD", "netherlands": "NLD", "FR": "FRA"}.get(country, country)
    expected = {
        one.id: one.monthly(storage=50)
        for one in SOLD.values()
        if one.kind == "PostgreSQL" and one.is_sold and code in one.countries
        and any(v >= version for v in one.versions) and one.id in labelled()
        and (price := one.monthly(storage=50)) is not None and price <= most
    }  # fmt: skip
    assert {row["offering"]: Decimal(row["monthly"]) for row in rows} == expected
    assert [Decimal(row["monthly"]) for row in rows] == sorted(Decimal(r["monthly"]) for r in rows)
    if (country, most) == ("NLD", 50):
        assert set(expected) == {WATERLINIE, NOORDZEE}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("PostgreSQL", "PostgreSQL"),
        ("Container", "container"),
        ("VirtualMachine", "virtual machine"),
    ],
)
def test_prices_are_those_of_the_tables(browser: FlaskClient, kind: str, name: str) -> None:
    wanted = {"storage": 100, "memory": 8, "vcpu": 2}
    rows = ask(browser, "price-comparison", kind=kind, **wanted)
    expected = {
        one.id: one.monthly(**wanted)
        for one in SOLD.values()
        if one.kind == name and one.is_sold
    }  # fmt: skip
    found = {}
    for row in rows:
        one = as_written(SOLD, row["offering"])
        assert one
        found[one.id] = Decimal(row["monthly"]) if row["monthly"] else None
    assert found == expected
    assert len(rows) == len(expected)


def test_a_country_narrows_the_comparison(browser: FlaskClient) -> None:
    rows = ask(browser, "price-comparison", country="BEL")
    assert ids(rows) == {
        one.id
        for one in SOLD.values()
        if one.kind == "PostgreSQL" and one.is_sold and "BEL" in one.countries
    }


def test_providers_by_jurisdiction(browser: FlaskClient) -> None:
    rows = ask(browser, "providers-by-jurisdiction")
    counts = Counter((one.home, one.provider_name) for one in SOLD.values())
    assert {(row["headquarters"], row["name"]): int(row["offerings"]) for row in rows} == counts
    places = {row["name"]: set(row["places"].split()) for row in rows}
    for name, found in places.items():
        theirs = [one.countries for one in SOLD.values() if one.provider_name == name]
        assert found == frozenset.union(*theirs)
    german = ask(browser, "providers-by-jurisdiction", country="DE")
    assert {row["headquarters"] for row in german} == {"DEU"}
    assert len(german) == 2


@pytest.mark.parametrize(
    ("start", "until"),
    [("2026-01-01", "2026-12-31"), ("2028-12-31", "2029-01-01"), ("2023-01-01", "2030-01-01"),
     ("2027-01-01", "2028-12-31")],
)  # fmt: skip
def test_certificates_that_expire(browser: FlaskClient, start: str, until: str) -> None:
    rows = ask(browser, "expiring-certificates", **{"from": start, "until": until})
    expected = {(n, o, e) for n, o, e in certificates() if start <= e < until}
    found = {(row["number"], row["offering"], row["validUntil"]) for row in rows}
    assert found == expected
    assert len(rows) == len(expected)
    assert {row["issuer"] for row in rows} <= {"did:web:cert.tuev-fiktiv.example"}


def test_what_changed_is_every_document_of_a_catalogue_that_was_just_read(
    browser: FlaskClient,
) -> None:
    rows = ask(browser, "changes-since", since="today-1")
    assert ids(rows) == set(SOLD)
    assert {row["change"] for row in rows} == {"new"}
    rijn = ask(browser, "changes-since", since="today-1", catalog="rijn-federation")
    assert ids(rijn) == {iri for iri in SOLD if iri.startswith("https:")}
    assert ask(browser, "changes-since", since="today+1") == []


def test_offerings_per_kind_and_country(browser: FlaskClient) -> None:
    rows = ask(browser, "offerings-per-kind-and-country")
    expected = Counter((one.kind, place) for one in SOLD.values() for place in one.countries)
    assert {(row["kind"], row["country"]): int(row["offerings"]) for row in rows} == expected


def test_a_notice_period_that_nobody_stated_is_unknown(browser: FlaskClient) -> None:
    rows = ask(browser, "unknown-facts", kind="PostgreSQL")
    found = {row["name"]: int(row["unknown"]) for row in rows if row["fact"] == "notice period"}
    silent = Counter(
        one.provider_name
        for one in SOLD.values()
        if one.kind == "PostgreSQL" and not one.notice
    )  # fmt: skip
    assert found == silent
    totals = Counter(one.provider_name for one in SOLD.values() if one.kind == "PostgreSQL")
    assert {row["name"]: int(row["offerings"]) for row in rows} == totals


def test_labels_stand_on_certificates_that_are_in_force(browser: FlaskClient) -> None:
    rows = ask(browser, "labels-and-evidence")
    assert ids(rows) == labelled()
    numbers = {(row["number"], row["offering"]) for row in rows}
    assert numbers == {(n, o) for n, o, end in certificates() if end > "2026-12"}
    assert {row["proof"] for row in rows} == {"Proof valid"}
    loire = ask(browser, "labels-and-evidence", provider="did:web:loire-nuage.example")
    assert ids(loire) == {one for one in labelled() if "loire" in one}


def test_terms_of_leaving(browser: FlaskClient) -> None:
    rows = ask(browser, "terms-comparison", kind="PostgreSQL")
    assert ids(rows) == {one.id for one in SOLD.values() if one.kind == "PostgreSQL"}
    months = {"1 month": "P1M", "2 months": "P2M", "6 months": "P6M", "30 days": "P30D"}
    for row in rows:
        one = SOLD[row["offering"]]
        assert row["notice"] == months.get(one.notice, one.notice), one.id
        assert row["law"] == one.law, one.id
    dutch = ask(browser, "terms-comparison", country="NLD")
    assert ids(dutch) == {
        one.id for one in SOLD.values() if one.kind == "PostgreSQL" and "NLD" in one.countries
    }


def test_a_statement_leads_to_its_document(browser: FlaskClient) -> None:
    version = "https://w3id.org/kgservice/ns#majorVersion"
    rows = ask(browser, "statement-sources", subject=LOIRE, property=version)
    assert sorted(row["value"] for row in rows) == ["16", "17", "18"]
    assert {
        (row["source"], row["catalog"], row["issuer"], row["evidence"], row["derived"])
        for row in rows
    } == {
        ("https://loire-nuage.example/credentials/postgresql", "rijn-federation",
         "did:web:loire-nuage.example", "Signed", "false")
    }  # fmt: skip
    titles = ask(
        browser, "statement-sources", subject=LOIRE, property="http://purl.org/dc/terms/title"
    )
    assert [row["derived"] for row in titles] == ["true"]
    assert ask(browser, "statement-sources", subject="urn:x:nothing") == []


def test_who_passes_data_abroad(browser: FlaskClient) -> None:
    rows = {row["offering"]: row for row in ask(browser, "third-country-exposure")}
    assert len(rows) == len(SOLD)
    prairie = {row["offering"] for row in rows.values() if "USA" in row["transfers"]}
    assert prairie == {one.id for one in SOLD.values() if one.provider_name.startswith("Prairie")}
    row = rows["urn:ngsi-ld:product-offering:prairie-postgresql"]
    assert set(row["subprocessors"].split(", ")) == {"Prairie Support LLC", "Kabel Beheer BV"}
    assert (row["subprocessorsComplete"], row["transfersComplete"]) == ("true", "true")


def test_documents_whose_proof_does_not_count(browser: FlaskClient) -> None:
    rows = ask(browser, "documents-without-proof", catalog="rijn-federation")
    assert {(row["source"].rpartition("/")[2], row["proof"]) for row in rows} == {
        ("container", "Proof absent"),
        ("machine-virtuelle", "Proof invalid"),
        ("machine-ancienne.json", "Proof invalid"),
    }


def register(opened: Application, browser: FlaskClient, provider: str) -> None:
    iri = "https://w3id.org/kgservice/ns#pg_dump-directory"
    token = opened.tokens.create("worker", worker_type="postgresql", provider=provider)
    body = {
        "type": "postgresql", "provider": provider, "kinds": [KG.PostgreSQL.value],
        "verbs": ["export", "import"], "importFormats": [iri], "exportFormats": [iri],
        "limits": {}, "publicKey": {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"},
        "protocol": "1",
    }  # fmt: skip
    answer = browser.post(
        "/workers/v1/workers", json=body, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 201, answer.get_data(as_text=True)


def test_services_can_move_where_workers_of_both_sides_are(
    opened: Application, browser: FlaskClient
) -> None:
    assert ask(browser, "move-paths") == []
    register(opened, browser, SOLD[WATERLINIE].provider)
    assert {row["target"] for row in ask(browser, "move-paths", **{"from": WATERLINIE})} <= {
        "urn:ngsi-ld:product-offering:waterlinie-postgresql-shared"
    }
    register(opened, browser, SOLD[NOORDZEE].provider)
    rows = ask(browser, "move-paths", **{"from": WATERLINIE})
    assert NOORDZEE in {row["target"] for row in rows}  # 15 and 16 into 18
    back = ask(browser, "move-paths", **{"from": NOORDZEE, "to": WATERLINIE})
    assert back == []  # 18 into 16 never
    assert ask(browser, "move-paths", kind="Container") == []


def test_only_the_owner_sees_which_service_rests_on_what(
    opened: Application, browser: FlaskClient
) -> None:
    tokens = {
        name: opened.tokens.create("customer", name=name) for name in ("anna", "bob")
    } | {"boss": opened.tokens.create("operator", name="boss")}  # fmt: skip
    for name, state in (("db", KG.Running), ("old", KG.Ended)):
        iri = f"{opened.base_iri}service/anna-{name}"
        statements = (
            (RDF.type, KG.Service), (KG.customer, typed("anna")), (KG.component, typed(name)),
            (KG.kind, KG.PostgreSQL), (KG.serviceState, state), (KG.boundTo, Iri(WATERLINIE)),
        )  # fmt: skip
        triples = tuple(Triple(Iri(iri), p, o) for p, o in statements)
        opened.store.commit([GraphChange(iri, triples)], dataset="private")
    name, period = (
        "services-on-expiring-certificates",
        {"from": "2028-10-01", "until": "2029-01-01"},
    )
    for who in ("anna", "boss"):
        rows = ask(browser, name, tokens[who], **period)
        assert [(row["component"], row["offering"]) for row in rows] == [("db", WATERLINIE)]
        assert rows[0]["certificate"].endswith("TF-27001-0201")
    assert ask(browser, name, tokens["bob"], **period) == []
    assert ask(browser, name, tokens["anna"], **{"from": "2027-01-01", "until": "2028-01-01"}) == []
    assert browser.get(f"/queries/{name}").status_code == 401
    for other in ("expiring-certificates", "labels-and-evidence", "changes-since"):
        given = {"until": "2030-01-01"} if other.startswith("exp") else {}
        open_answer = ask(browser, other, **given)
        assert open_answer
        assert ask(browser, other, tokens["anna"], **given) == open_answer
    analyst = opened.tokens.create("analyst", name="eve")
    refused = browser.get(f"/queries/{name}", headers={"Authorization": f"Bearer {analyst}"})
    assert refused.status_code == 403


def test_each_question_answers_with_its_examples(browser: FlaskClient) -> None:
    listed = browser.get("/queries").get_json()
    assert listed["problems"] == []
    assert len(listed["queries"]) >= 12
    may_be_empty = {"move-paths", "services-on-expiring-certificates"}
    for one in listed["queries"]:
        if "right" in one:
            continue
        given = {p["name"]: p["example"] for p in one["parameters"] if p["required"]}
        answer = browser.get(one["href"], query_string=given)
        rows = json.loads(answer.data)["results"]["bindings"]
        assert rows or one["name"] in may_be_empty, one["name"]


FORGED = """@prefix kg: <https://w3id.org/kgservice/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<urn:ngsi-ld:product-offering:prairie-postgresql> kg:label <urn:x:label> .
<urn:x:label> a kg:Label ; kg:validUntil "2030-01-01T00:00:00Z"^^xsd:dateTime ;
  kg:level <https://w3id.org/kgservice/scheme/eu-cloud-basic/basic> ; kg:evidence kg:Certified ;
  <http://www.w3.org/ns/prov#wasDerivedFrom> <urn:x:document> .
<urn:x:certificate> a kg:Certificate ; kg:scope <urn:ngsi-ld:product-offering:prairie-postgresql> ;
  kg:validUntil "2028-11-11T00:00:00Z"^^xsd:dateTime .
"""


def test_what_an_editor_wrote_gives_no_label(opened: Application, browser: FlaskClient) -> None:
    token = opened.tokens.create("editor", name="mallory")
    prairie = "urn:ngsi-ld:product-offering:prairie-postgresql"
    written = browser.put(
        "/graphs",
        query_string={"graph": "urn:x:written"},
        data=FORGED,
        headers={"Content-Type": "text/turtle", "Authorization": f"Bearer {token}"},
    )
    assert written.status_code in (200, 201, 204), written.get_data(as_text=True)
    ask_label = "ASK { ?o <https://w3id.org/kgservice/ns#label> <urn:x:label> }"
    seen = browser.get("/sparql", query_string={"query": ask_label}, headers={"Accept": "text/csv"})
    assert seen.data == b"true"  # a plain query does see it
    assert ids(ask(browser, "labels-and-evidence")) == labelled()
    assert prairie not in ids(ask(browser, "postgresql-offers", most=1000))
    period = {"from": "2028-11-01", "until": "2028-12-01"}
    assert ask(browser, "expiring-certificates", **period) == []
