"""What requests mean, case by case (REQUESTS, "What it means")."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kgservice.inference.closure import Reasoner
from kgservice.model.errors import InputError, KgError, NotSupported, Refused
from kgservice.model.rdf import RDF, Iri, Literal, Triple
from kgservice.model.terms import KG, RDFS
from kgservice.mpli import graph_engine, verification
from kgservice.mpli.projecting import Projector
from kgservice.mpli.resolve import Resolution, Restriction, resolve
from kgservice.resolution.from_rdf import request_from_triples
from kgservice.resolution.request import Request
from kgservice.resolution.to_rdf import request_triples
from kgservice.resolution.yaml_request import read_request
from kgservice.resolution.yaml_writer import write_request
from kgservice.store.vocabulary import turtle_triples
from tests.resolution.memory_store import DOCUMENT, MemoryStore
from tests.resolution.worlds import BASE, VOCABULARY, Charge, Label, Offer, World

ONE = """
as-of: "2026-12-01"
components:
  db: {kind: PostgreSQL%s}
"""


def ask(conditions: str = "", rest: str = "") -> Request:
    return read_request(ONE % (f", {conditions}" if conditions else "") + rest, VOCABULARY)


def answer(world: World, request: Request, limits: Restriction | None = None) -> Resolution:
    """Give the answer of both engines."""
    store = MemoryStore(world.triples())
    found = resolve(store, VOCABULARY, request, base_iri=BASE, limits=limits)
    projector = Projector(store, VOCABULARY)
    fast = resolve(store, VOCABULARY, request, base_iri=BASE, limits=limits, projector=projector)
    assert {**fast.as_json(), "engine": ""} == {**found.as_json(), "engine": ""}
    return found


def offer(name: str, price: str = "10.00", **values: list[str]) -> Offer:
    return Offer(name, provider=f"p-{name}", values=values, charges=[Charge(price)])


def offerings(found: Resolution) -> list[str]:
    return [one.offerings["db"].rpartition(":")[2] for one in found.compositions]


def test_one_picked_version_must_meet_all_conditions_on_it() -> None:
    """Two separate qualified shapes would let versions 13 and 17 pass `>= 14` and `< 16`."""
    request = ask('majorVersion: ">= 14"', 'every: {majorVersion: "< 16"}\n')
    world = World([offer("trap", majorVersion=["13", "17"]), offer("good", majorVersion=["15"])])
    assert offerings(answer(world, request)) == ["good"]


def test_answer_names_the_picked_version_lowest_first() -> None:
    found = answer(
        World([offer("a", majorVersion=["18", "16", "9"])]), ask('majorVersion: ">= 10"')
    )
    assert found.as_json()["compositions"][0]["configuration"] == {"db": {"majorVersion": 16}}  # type: ignore[index]


def test_two_months_from_december_are_longer_than_60_days() -> None:
    world = World([offer("months", noticePeriod=["P2M"]), offer("days", noticePeriod=["P60D"])])
    assert offerings(answer(world, ask('noticePeriod: "<= 60 days"'))) == ["days"]
    in_february = replace(ask('noticePeriod: "<= 60 days"'), as_of=None)
    shorter = replace(in_february, as_of=ask().as_of.replace(month=2))  # type: ignore[union-attr]
    assert sorted(offerings(answer(world, shorter))) == ["days", "months"]


def test_absent_notice_period_is_unknown_and_rejected() -> None:
    found = answer(World([offer("a")]), ask('noticePeriod: "<= 2 months"'))
    assert found.status == "unknown"
    assert found.counts["db"].unknown == 1
    assert [(one.fact, one.why, one.who_could_say) for one in found.missing] == [
        ("noticePeriod", "absent", "urn:provider:p-a")
    ]


def test_two_different_values_of_a_single_property_make_it_unknown() -> None:
    world = World([offer("a", noticePeriod=["P1M", "P2M"])])
    found = answer(world, ask('noticePeriod: "<= 2 months"'))
    assert found.status == "unknown"
    assert found.missing[0].why == "two-values"


def test_exposure_needs_a_complete_list() -> None:
    listed = offer("listed", subprocessor=["s"])
    whole = replace(offer("whole", subprocessor=["s"]), complete=["subprocessor"])
    empty = replace(offer("empty"), complete=["subprocessor"])
    world = World([listed, whole, empty], headquarters={"s": "FRA"})
    found = answer(world, ask("subprocessor.headquarters: {in: EEA}"))
    assert sorted(offerings(found)) == ["empty", "whole"]
    assert [one.why for one in found.missing] == ["not-complete"]


def test_price_in_another_currency_is_unknown() -> None:
    dollars = Offer("usd", charges=[Charge("5.00", "USD")])
    found = answer(World([dollars]), ask('monthlyPrice: "<= 450 EUR"'))
    assert found.status == "unknown"
    assert found.missing[0].why == "other-currency"


def test_warn_keeps_and_lists_accept_keeps() -> None:
    world = World([offer("a")])
    warned = answer(world, ask('noticePeriod: {is: "<= 2 months", unknown: warn}'))
    accepted = answer(world, ask('noticePeriod: {is: "<= 2 months", unknown: accept}'))
    assert [one.unknown for one in warned.compositions] == [("db.noticePeriod",)]
    assert [one.unknown for one in accepted.compositions] == [()]


def test_wish_ranks_before_price_and_unknown_is_missed() -> None:
    world = World([offer("dear", "90.00", support=["24x7"]), offer("cheap", "10.00")])
    request = ask('"support?": {any: [24x7]}', "prefer: [minimise monthlyPrice]\n")
    found = answer(world, request)
    assert offerings(found) == ["dear", "cheap"]
    assert found.compositions[1].missed_wishes == ("db.support",)


def test_label_must_be_valid_long_enough() -> None:
    short = replace(offer("short"), labels=[Label("basic", valid_until="2027-06-01T00:00:00Z")])
    long = replace(offer("long"), labels=[Label("high", valid_until="2027-12-01T00:00:00Z")])
    none = replace(offer("none"), complete=["label"])
    request = ask("label: {scheme: eu-cloud-basic, at-least: basic, valid-for: P12M}")
    found = answer(World([short, long, none]), request)
    assert offerings(found) == ["long"]
    assert found.counts["db"].violated == 1
    assert found.compositions[0].evidence_until == "2027-12-01T00:00:00Z"


def test_retired_offerings_are_not_offered() -> None:
    world = World([replace(offer("old"), status="Retired"), offer("new")])
    assert offerings(answer(world, ask())) == ["new"]


def test_a_new_kind_is_found_by_its_superclass_with_one_axiom() -> None:
    """Changing one axiom, and no Python, changes the answer."""
    own = Iri("https://example.org/ontology#TunedPostgres")
    facts = [
        Triple(triple.subject, triple.predicate, own)
        if triple.object == KG.PostgreSQL and triple.subject[0] == "urn:offer:tuned"
        else triple
        for triple in World([offer("tuned"), offer("plain", "20.00")]).triples()
    ]
    axiom = Triple(own, RDFS.subClassOf, KG.PostgreSQL)
    for tbox, expected in (([], ["plain"]), ([axiom], ["plain", "tuned"])):
        closed = [*facts, *Reasoner(tbox).close(facts).derived]
        found = resolve(MemoryStore(closed), VOCABULARY, ask(), base_iri=BASE)
        assert offerings(found) == expected


def test_pins_and_lists_restrict_what_is_bound() -> None:
    world = World([offer("a", "10.00"), offer("b", "20.00"), offer("c", "30.00")])
    request = ask(rest="prefer: [minimise monthlyPrice]\n")
    others = Restriction(among={"db": ["urn:offer:c", "urn:offer:b"]})
    assert offerings(answer(world, request, limits=others)) == ["b", "c"]
    assert offerings(answer(world, request, limits=Restriction({"db": "urn:offer:c"}))) == ["c"]
    both = Restriction({"db": "urn:offer:a"}, {"db": ["urn:offer:b"]})
    pinned = answer(world, request, limits=both)
    assert offerings(pinned) == ["a"]
    with pytest.raises(InputError):
        answer(world, request, limits=Restriction({"web": "urn:offer:a"}))
    with pytest.raises(InputError):
        answer(world, request, limits=Restriction(among={"web": ["urn:offer:a"]}))
    with pytest.raises(InputError):
        answer(world, request, limits=Restriction({"db": "urn:offer:a> . } #"}))


def test_conflict_names_the_conditions_that_cannot_hold_together() -> None:
    world = World([offer("a", "50.00", vcpu=["4"]), offer("b", "10.00", vcpu=["1"])])
    request = ask('vcpu: ">= 2", monthlyPrice: "<= 20 EUR", support: {none: [8x5]}')
    open_support = replace(world.offers[0], values={"vcpu": ["4"], "support": ["24x7"]})
    other = replace(world.offers[1], values={"vcpu": ["1"], "support": ["24x7"]})
    found = answer(World([open_support, other]), request)
    assert found.status == "infeasible"
    assert found.conflicts == (("db.vcpu", "db.monthlyPrice"),)


def test_a_kind_that_nobody_offers_is_the_conflict() -> None:
    found = answer(World([]), ask())
    assert (found.status, found.conflicts) == ("infeasible", (("db.kind",),))


def test_same_state_and_request_give_the_same_bytes() -> None:
    world = World([offer("a", majorVersion=["16", "17"]), offer("b", majorVersion=["17"])])
    turned = World(list(reversed(world.offers)))
    request = ask('majorVersion: ">= 16"', "prefer: [minimise monthlyPrice]\n")
    first, second = answer(world, request), answer(turned, request)
    assert json.dumps(first.as_json()) == json.dumps(second.as_json())
    assert first.triples() == second.triples()


def test_answer_in_rdf_is_concluded_and_proven() -> None:
    """Constraint to fact to source document."""
    found = answer(World([offer("a", vcpu=["4"])]), ask('vcpu: ">= 2"'))
    triples = set(found.triples())
    node = Iri(found.compositions[0].iri)
    assert Triple(node, Iri(RDF + "type"), KG.FeasibleComposition) in triples
    proofs = {t.subject for t in triples if t.object == Iri(f"{found.request}#db.vcpu")} & {
        t.object for t in triples if t.predicate == KG.proof
    }
    facts = [t.object for t in triples if t.subject in proofs and t.predicate == KG.fact]
    values = [t for t in triples if t.subject in facts]
    assert any(t.object[0] == "4" for t in values)
    assert {t.object for t in values if t.predicate.value.endswith("wasDerivedFrom")} == {
        Iri(DOCUMENT)
    }
    assert found.compositions[0].uses == {DOCUMENT: 3}


def test_an_answer_that_the_rule_does_not_conclude_is_not_returned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = verification.feasibility_rule()
    stricter = rule.replace("?this a kg:Composition .", "?this a kg:Composition ; kg:rank 2 .")
    monkeypatch.setattr(verification, "feasibility_rule", lambda: stricter)
    with pytest.raises(KgError, match="does not conclude") as caught:
        answer(World([offer("a")]), ask())
    assert caught.value.code == "verification-differs"


def test_too_many_bindings_are_refused_with_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_engine, "MAX_BINDINGS", 3)
    world = World([offer("a", majorVersion=["13", "14", "15", "16"])])
    with pytest.raises(Refused, match="4 bindings; its limit is 3") as caught:
        answer(world, ask('majorVersion: ">= 14"'))
    assert caught.value.code == "too-many-bindings"


def test_text_in_values_cannot_leave_its_literal() -> None:
    """Values become part of queries: quotes and braces stay text."""
    request = ask("""currency: '"} INSERT { <a> <b> "c'""")
    assert answer(World([offer("a")]), request).status == "infeasible"


def test_two_compositions_differ_in_offerings() -> None:
    world = World([offer("a", majorVersion=["15", "16", "17"])])
    assert len(answer(world, ask('majorVersion: ">= 15"')).compositions) == 1


def test_mixed_document_values_are_compared_as_numbers() -> None:
    """`500.0` and `500` are one number."""
    world = World([offer("a", storage=["500.0"])])
    assert offerings(answer(world, ask('storage: "500 GiB"'))) == ["a"]
    literal = Literal("500.0", "http://www.w3.org/2001/XMLSchema#decimal")
    assert literal in {triple.object for triple in world.triples()}


def test_bindings_of_an_answer_are_no_offerings() -> None:
    """A customer's query for offerings sees the answer's graph too."""
    found = answer(World([offer("a", vcpu=["4"])]), ask('vcpu: ">= 2"'))
    bindings = {Iri(iri) for one in found.compositions for iri in one.bindings.values()}
    types = {
        t.object
        for t in found.triples()
        if t.subject in bindings and t.predicate.value == RDF + "type"
    }
    assert types == {KG.Binding}
    assert KG.vcpu not in {t.predicate for t in found.triples() if t.subject in bindings}


TWO = """
as-of: "2026-12-01"
components: {a: {kind: PostgreSQL}, b: {kind: PostgreSQL}}
together: [{compatible: {from: a.exportFormat, to: b.importFormat}}]
"""


def test_profiles_that_the_rules_find_compatible_are_compatible() -> None:
    """Changing a rule that derives kg:compatibleWith, and no Python, changes the answer."""
    formats = {"exportFormat": ["pg_dump-directory"], "importFormat": ["logical-replication"]}
    one = replace(offer("one", **formats), complete=["exportFormat", "importFormat"])
    facts = World([one]).triples()
    profile = Iri("http://127.0.0.1:8080/profile/1")
    facts.append(Triple(Iri(one.iri), KG.profile, profile))
    request = read_request(TWO, VOCABULARY)
    before = resolve(MemoryStore(facts), VOCABULARY, request, base_iri=BASE)
    assert (before.status, before.conflicts) == ("infeasible", (("together.1",),))
    derived = [*facts, Triple(profile, KG.compatibleWith, profile)]
    assert resolve(MemoryStore(derived), VOCABULARY, request, base_iri=BASE).status == "feasible"


def test_more_answers_begin_with_the_same_ones() -> None:
    world = World([offer(f"o{n}", f"{n % 3}.00", storage=["100"]) for n in range(7)])
    text = TWO.replace(
        "compatible: {from: a.exportFormat, to: b.importFormat}", "different: provider"
    )
    request = read_request(text + "prefer: [minimise monthlyPrice]\n", VOCABULARY)
    full = answer(world, replace(request, answers=30)).compositions
    assert len(full) == 30
    for answers in (1, 2, 7):
        fewer = answer(world, replace(request, answers=answers)).compositions
        assert [one.offerings for one in fewer] == [one.offerings for one in full[:answers]]


def test_a_laxer_policy_never_loses_an_answer() -> None:
    world = World([offer("a", noticePeriod=["P1M"]), offer("b"), offer("c", noticePeriod=["P9M"])])
    found = [
        set(offerings(answer(world, ask('noticePeriod: "<= 2 months"', f"unknown: {policy}\n"))))
        for policy in ("reject", "warn", "accept")
    ]
    assert found == [{"a"}, {"a", "b"}, {"a", "b"}]


def test_quantity_and_asked_storage_are_priced() -> None:
    charges = [Charge("10.00"), Charge("0.10", per="storage")]
    world = World([Offer("a", values={"storage": ["500"]}, charges=charges)])
    found = answer(world, ask('storage: ">= 100 GiB", quantity: 3'))
    assert str(found.compositions[0].monthly) == "60.00 EUR"
    unasked = answer(world, ask('monthlyPrice: "<= 450 EUR"'))
    assert [(one.why, one.who_could_say) for one in unasked.missing] == [
        ("quantity-not-asked", "the request")
    ]


def signed(world: World, *predicates: Iri) -> MemoryStore:
    """A store in which a signed document says what the world says with these predicates too."""
    return MemoryStore(world.triples(), [t for t in world.triples() if t.predicate in predicates])


def both(store: MemoryStore, request: Request) -> Resolution:
    projector = Projector(store, VOCABULARY)
    fast = resolve(store, VOCABULARY, request, base_iri=BASE, projector=projector)
    graph = resolve(store, VOCABULARY, request, base_iri=BASE)
    assert {**fast.as_json(), "engine": ""} == {**graph.as_json(), "engine": ""}
    return graph


def test_only_statements_with_enough_evidence_count() -> None:
    world = World([offer("a", noticePeriod=["P1M"])])
    weak, strong = signed(world), signed(world, KG.noticePeriod)
    asked = ask('noticePeriod: {is: "<= 2 months", evidence: signed}')
    assert both(strong, asked).status == "feasible"
    found = both(weak, asked)
    assert found.status == "unknown"
    assert [(one.fact, one.why) for one in found.missing] == [("noticePeriod", "weak-evidence")]
    certified = ask('noticePeriod: {is: "<= 2 months", evidence: certified}')
    assert both(strong, certified).status == "unknown"


def test_a_picked_version_must_be_stated_with_enough_evidence() -> None:
    world = World([offer("a", majorVersion=["15", "17"])])
    proven = [t for t in world.triples() if t.object[0] == "17"]
    store = MemoryStore(world.triples(), proven)
    found = both(store, ask('majorVersion: {is: ">= 15", evidence: signed}'))
    assert found.as_json()["compositions"][0]["configuration"] == {"db": {"majorVersion": 17}}  # type: ignore[index]


def test_a_certificate_that_its_holder_states_counts_only_when_that_is_asked() -> None:
    """A bare `ISO/IEC 27001:2022` is a self-declaration, so certificates need accredited bodies."""
    node = Iri("urn:certificate:1")
    facts = [
        *World([offer("a")]).triples(),
        Triple(Iri("urn:offer:a"), KG.certificate, node),
        Triple(node, KG.standard, Literal("ISO/IEC 27001:2022")),
    ]
    line = 'certificate: {has: {standard: {matches: "^ISO/IEC 27001"}}%s}'
    assert both(MemoryStore(facts), ask(line % "")).status == "unknown"
    assert both(MemoryStore(facts), ask(line % ", evidence: self")).status == "feasible"
    assert both(MemoryStore(facts, facts), ask(line % ", evidence: signed")).status == "feasible"


def test_a_label_says_itself_what_it_rests_on() -> None:
    world = World([replace(offer("a"), labels=[Label("high")])])
    facts = world.triples()
    facts.append(Triple(Iri("urn:offer:a:label:0"), KG.evidence, KG.Certified))
    line = "label: {scheme: eu-cloud-basic, evidence: certified}"
    assert both(MemoryStore(facts), ask(line)).status == "feasible"
    assert both(MemoryStore(world.triples()), ask(line)).status == "unknown"


def test_a_chain_must_be_complete_at_every_node() -> None:
    """`a+.b` (REQUESTS): the last parent must say that it has none."""
    open_end = World([offer("a")], {"p-a": "NLD", "h": "NLD"}, parents={"p-a": ["h"]})
    closed = replace(open_end, without_parent=["h"])
    abroad = replace(closed, headquarters={"p-a": "NLD", "h": "USA"})
    request = ask("provider.parent+.headquarters: {in: EEA}")
    found = [answer(world, request).status for world in (open_end, closed, abroad)]
    assert found == ["unknown", "feasible", "infeasible"]


SHAPES = """
@prefix kg: <https://w3id.org/kgservice/ns#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix c: <http://publications.europa.eu/resource/authority/country/> .
<urn:shape#european> a sh:NodeShape ; sh:property [ sh:path kg:headquarters ;
  sh:minCount 1 ; sh:in ( c:NLD c:DEU ) ] .
<urn:shape#careful> a sh:NodeShape ;
  sh:property [ sh:path kg:provider ; sh:minCount 1 ; sh:node <urn:shape#european> ] ,
    [ sh:path kg:noticePeriod ; sh:minCount 1 ; sh:pattern "^P[0-2]M$" ] ,
    [ sh:path kg:support ; sh:minCount 1 ] .
<urn:shape#either> a sh:NodeShape ; sh:or ( [ sh:property [ sh:path kg:vcpu ; sh:minInclusive 4 ] ]
  [ sh:and ( <urn:shape#careful> ) ] ) .
<urn:shape#odd> a sh:NodeShape ; sh:not <urn:shape#careful> .
"""
SHAPED = replace(VOCABULARY, shapes=tuple(turtle_triples(SHAPES)))


@pytest.mark.parametrize(
    "line", ["shape: careful", "provider: {shape: european}", "shape: either, vcpu: 2"]
)
def test_a_shape_that_the_service_knows_is_a_condition_in_three_values(line: str) -> None:
    def one(name: str, **values: list[str]) -> Offer:
        return offer(name, noticePeriod=["P1M"], support=["24x7"], vcpu=["2"], **values)

    world = World([one("good"), one("abroad"), one("open")], {"p-good": "NLD", "p-abroad": "USA"})
    text = ONE % f", {line}"
    request = read_request(text, SHAPED)
    store = MemoryStore(world.triples())
    projector = Projector(store, SHAPED)
    fast = resolve(store, SHAPED, request, base_iri=BASE, projector=projector)
    graph = resolve(store, SHAPED, request, base_iri=BASE)
    assert {**fast.as_json(), "engine": ""} == {**graph.as_json(), "engine": ""}
    assert offerings(graph) == ["good"]
    counts = graph.counts["db"]
    assert (counts.satisfied, counts.unknown, counts.violated) == (1, 1, 1)


def test_a_shape_that_cannot_be_judged_in_three_values_is_refused_by_name() -> None:
    with pytest.raises(NotSupported, match="sh:not"):
        read_request(ONE % ", shape: odd", SHAPED)


@pytest.mark.parametrize("name", ["careful", "either"])
def test_a_shape_survives_yaml_and_turtle(name: str) -> None:
    request = read_request(ONE % f", shape: {name}, provider: {{shape: european}}", SHAPED)
    named = replace(request, iri="http://127.0.0.1:8080/request/x")
    assert request_from_triples(request_triples(named, SHAPED), SHAPED) == named
    assert read_request(write_request(request, SHAPED), SHAPED) == request


def test_a_front_has_every_point_in_whatever_order_it_is_asked_for() -> None:
    """Searches for points of a front differ in their limits alone; none may reuse another's."""
    world = World(
        [
            offer("cheap", "25.00", availability=["99"]),
            offer("middle", "27.00", availability=["99.5"]),
            offer("dear", "43.00", availability=["99.95"]),
            offer("worse", "44.00", availability=["99.9"]),
        ]
    )
    for wanted in (
        "minimise monthlyPrice, maximise availability",
        "maximise availability, minimise monthlyPrice",
    ):
        found = answer(world, ask("", f"prefer: {{pareto: [{wanted}]}}\nanswers: 20\n"))
        assert sorted(offerings(found)) == ["cheap", "dear", "middle"], wanted
