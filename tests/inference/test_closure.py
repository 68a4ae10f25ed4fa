"""The closure against owlrl, and the laws it keeps."""

from __future__ import annotations

from pathlib import Path

import owlrl
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgservice.inference.closure import Reasoner
from kgservice.inference.tbox import closed_schema, load_tbox
from kgservice.model.errors import NotFound
from kgservice.model.rdf import Blank, Iri, Literal, Triple
from kgservice.model.terms import OWL, RDF, RDFS, XSD

EX = "https://example.org/"
CLASSES = [Iri(EX + "C" + str(i)) for i in range(4)]
PROPERTIES = [Iri(EX + "p" + str(i)) for i in range(4)]
DATA = [Iri(EX + "d0"), Iri(EX + "d1")]
NODES = [Iri(EX + "n" + str(i)) for i in range(5)]


def owl(name: str) -> Iri:
    return Iri(OWL.NS + name)


def listed(label: str, items: list[Iri]) -> tuple[Blank | Iri, list[Triple]]:
    head: Blank | Iri = RDF.nil
    triples = []
    for index, item in reversed(list(enumerate(items))):
        cell = Blank(f"{label}c{index}")
        triples += [Triple(cell, RDF.first, item), Triple(cell, RDF.rest, head)]
        head = cell
    return head, triples


classes, properties, nodes = (st.sampled_from(x) for x in (CLASSES, PROPERTIES, NODES))


@st.composite
def axiom(draw: st.DrawFn, label: str) -> list[Triple]:
    """One axiom of a kind that the product uses."""
    kind = draw(st.sampled_from(range(14)))
    c, d, e = draw(classes), draw(classes), draw(classes)
    p, q, r = draw(properties), draw(properties), draw(properties)
    node = Blank(label)
    restriction = [Triple(node, RDF.type, owl("Restriction")), Triple(node, owl("onProperty"), p)]
    if kind == 7:
        head, cells = listed(label, [q, r])
        return [*cells, Triple(p, owl("propertyChainAxiom"), head)]
    if kind in (8, 9):
        head, cells = listed(label, [d, e])
        word = "intersectionOf" if kind == 8 else "unionOf"
        return [*cells, Triple(c, owl("equivalentClass"), node), Triple(node, owl(word), head)]
    if kind == 10:
        value = draw(nodes)
        return [
            *restriction,
            Triple(node, owl("hasValue"), value),
            Triple(c, owl("equivalentClass"), node),
        ]
    if kind == 11:
        return [
            *restriction,
            Triple(node, owl("someValuesFrom"), d),
            Triple(node, RDFS.subClassOf, c),
        ]
    if kind == 12:
        return [
            Triple(
                p,
                RDF.type,
                owl(draw(st.sampled_from(["FunctionalProperty", "InverseFunctionalProperty"]))),
            )
        ]
    if kind == 13:
        head, cells = listed(label, [p])
        return [*cells, Triple(c, owl("hasKey"), head)]
    simple = [
        Triple(c, RDFS.subClassOf, d),
        Triple(c, owl("equivalentClass"), d),
        Triple(p, RDFS.subPropertyOf, q),
        Triple(p, owl("inverseOf"), q),
        Triple(p, RDF.type, owl("SymmetricProperty")),
        Triple(p, RDF.type, owl("TransitiveProperty")),
        Triple(p, draw(st.sampled_from([RDFS.domain, RDFS.range])), c),
    ]
    return [simple[kind]]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Triple], list[Triple]]:
    """A small TBox and a small ABox."""
    count = draw(st.integers(1, 7))
    tbox = [t for i in range(count) for t in draw(axiom(f"b{i}"))]
    literals = st.sampled_from([Literal("1", XSD.integer.value), Literal("a")])
    tbox.append(Triple(DATA[0], RDFS.subPropertyOf, DATA[1]))
    facts = st.one_of(
        st.builds(Triple, nodes, st.just(RDF.type), classes),
        st.builds(Triple, nodes, properties, nodes),
        st.builds(Triple, nodes, st.just(DATA[0]), literals),
    )
    return tbox, draw(st.lists(facts, max_size=12))


def to_rdflib(triples: list[Triple]) -> rdflib.Graph:
    graph = rdflib.Graph()
    for triple in triples:
        graph.add(
            tuple(
                rdflib.URIRef(t.value)
                if isinstance(t, Iri)
                else rdflib.BNode(t.label)
                if isinstance(t, Blank)
                else rdflib.Literal(t.value, datatype=rdflib.URIRef(t.datatype))
                for t in triple
            )  # type: ignore[arg-type]
        )
    return graph


def repeat_last_keys(graph: rdflib.Graph) -> None:
    """Write the last property of each owl:hasKey twice, which means the same.

    owlrl never compares the last key (it loops over `range(0, len(pis) - 1)`), so with one key it
    equates every instance that has a value with every other of the class; prp-key asks for equal
    values of each key (OWL 2 Profiles, table 5).
    """
    for head in set(graph.objects(None, rdflib.OWL.hasKey)):
        keys = rdflib.collection.Collection(graph, head)
        keys.append(keys[len(keys) - 1])


def by_owlrl(tbox: list[Triple], abox: list[Triple]) -> set[tuple[str, str, str]]:
    """What owlrl derives about the example's nodes.

    Left out: literal subjects (so no literal is the value of an object property here), reflexive
    sameAs, owl:Thing and the like, anonymous classes.
    """
    graph = to_rdflib([*tbox, *abox])
    repeat_last_keys(graph)
    before = set(graph)
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    names = {node.value for node in NODES}
    allowed = {str(OWL.sameAs), *(str(p) for p in (*PROPERTIES, *DATA))}
    found = set()
    for s, p, o in graph:
        if (s, p, o) in before or str(s) not in names:
            continue
        if str(p) == str(RDF.type):
            keep = str(o).startswith(EX)
        else:
            keep = str(p) in allowed and (str(p) != str(OWL.sameAs) or s != o)
        if keep:
            found.add((str(s), str(p), str(o)))
    return found


def compare_with_owlrl(world: tuple[list[Triple], list[Triple]]) -> None:
    tbox, abox = world
    derived = Reasoner(tbox, Path("/nonexistent")).close(abox).derived
    ours = {(str(s), str(p), getattr(o, "value", "")) for s, p, o in derived if s in NODES}
    assert ours == by_owlrl(tbox, abox)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_closure_equals_owlrl_apart_from_trivial_statements(
    world: tuple[list[Triple], list[Triple]],
) -> None:
    compare_with_owlrl(world)


@pytest.mark.long
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_closure_equals_owlrl_on_many_worlds(world: tuple[list[Triple], list[Triple]]) -> None:
    compare_with_owlrl(world)


@settings(max_examples=15, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_statements_does_not_matter_and_closing_twice_adds_nothing(
    world: tuple[list[Triple], list[Triple]], random: object
) -> None:
    tbox, abox = world
    reasoner = Reasoner(tbox, Path("/nonexistent"))
    derived = reasoner.close(abox).derived
    shuffled = list(abox)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set(reasoner.close(shuffled).derived) == set(derived)
    assert reasoner.close([*abox, *derived]).derived == ()


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_documents_closed_together_lose_nothing(
    world: tuple[list[Triple], list[Triple]],
) -> None:
    tbox, abox = world
    reasoner = Reasoner(tbox, Path("/nonexistent"))
    parts = [abox[::2], abox[1::2]]
    together = {t for part in reasoner.close_documents(parts) for t in part}
    assert together == set(reasoner.close(abox).derived)


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_every_derivation_replays_from_its_premises(
    world: tuple[list[Triple], list[Triple]],
) -> None:
    tbox, abox = world
    reasoner = Reasoner(tbox, Path("/nonexistent"))
    closure = reasoner.close(abox)
    for triple in closure.derived:
        why = closure.why(triple)
        assert why.rule != "stated"
        assert triple in set(reasoner.close(why.premises).derived) | set(why.premises)


def test_key_equates_only_instances_that_share_a_value() -> None:
    head, cells = listed("k", [PROPERTIES[0]])
    tbox = [*cells, Triple(CLASSES[0], owl("hasKey"), head)]
    a, b, c, value, other = NODES
    abox = [Triple(node, RDF.type, CLASSES[0]) for node in (a, b, c)]
    abox.append(Triple(a, PROPERTIES[0], value))
    compare_with_owlrl((tbox, abox))
    assert Reasoner(tbox, Path("/nonexistent")).close(abox).derived == ()
    abox += [Triple(b, PROPERTIES[0], value), Triple(c, PROPERTIES[0], other)]
    compare_with_owlrl((tbox, abox))
    derived = set(Reasoner(tbox, Path("/nonexistent")).close(abox).derived)
    assert {t for t in derived if t.predicate == OWL.sameAs} == {
        Triple(a, OWL.sameAs, b),
        Triple(b, OWL.sameAs, a),
    }


def test_why_of_a_statement_that_does_not_follow_is_an_error() -> None:
    closure = Reasoner([], Path("/nonexistent")).close([])
    with pytest.raises(NotFound, match="does not follow"):
        closure.why(Triple(NODES[0], RDF.type, CLASSES[0]))


def test_closed_schema_comes_from_the_cache_the_second_time(tmp_path: Path) -> None:
    tbox = [Triple(CLASSES[0], RDFS.subClassOf, CLASSES[1])]
    first = closed_schema(tbox, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text() + f"<{EX}mark> <{RDFS.subClassOf}> <{EX}seen> .\n")
    assert len(closed_schema(tbox, tmp_path)) == len(first) + 1


def test_context_is_used_but_not_derived_again() -> None:
    p, q, r = PROPERTIES[:3]
    head, cells = listed("x", [p, q])
    reasoner = Reasoner([*cells, Triple(r, owl("propertyChainAxiom"), head)], Path("/nonexistent"))
    a, b, c = NODES[:3]
    closure = reasoner.close([Triple(a, p, b)], [Triple(b, q, c)])
    assert closure.derived == (Triple(a, r, c),)


def test_our_own_vocabulary_makes_a_kind_an_offering(tmp_path: Path) -> None:
    kg = "https://w3id.org/kgservice/ns#"
    reasoner = Reasoner(load_tbox(), tmp_path)
    stated = Triple(NODES[0], RDF.type, Iri(kg + "PostgreSQL"))
    assert Triple(NODES[0], RDF.type, Iri(kg + "Offering")) in reasoner.close([stated]).derived
