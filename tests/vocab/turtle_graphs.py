"""Small graphs for the tests of vocabulary and rules, with and without pySHACL."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import rdflib

from kgservice.model.rdf import to_ntriples
from kgservice.store.vocabulary import vocabulary_triples

ROOT = Path(__file__).resolve().parents[2]
KG = "https://w3id.org/kgservice/ns#"
PREFIXES = f"""@prefix kg: <{KG}> . @prefix : <urn:x:> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix country: <http://publications.europa.eu/resource/authority/country/> .
"""
READ_BY_RULES = ("type", "subClassOf", "restoresInto", "fromFormat", "toFormat")


def quads_of(path: Path) -> list[ox.Quad]:
    """Read a Turtle file."""
    return list(ox.parse(path=str(path), format=ox.RdfFormat.TURTLE))


@cache
def _read_by_rules() -> rdflib.Graph:
    kept = [
        triple
        for triple in vocabulary_triples()
        if triple.predicate.value.rpartition("#")[2] in READ_BY_RULES
        and "/country/" not in str(triple.subject)
    ]
    return rdflib.Graph().parse(data=to_ntriples(kept), format="nt")


def rule_vocabulary() -> rdflib.Graph:
    """Give a copy of what the rules read of the vocabulary; all of it would make pySHACL slow."""
    copy = rdflib.Graph()
    for triple in _read_by_rules():
        copy.add(triple)
    return copy


@cache
def shapes_graph(*paths: str) -> rdflib.Graph:
    """Read files under `shapes/`."""
    graph = rdflib.Graph()
    for path in paths:
        graph.parse(ROOT / "shapes" / path)
    return graph


def conclusions(turtle: str, *rule_files: str) -> set[tuple[str, str, str]]:
    """Give what pySHACL concludes from Turtle by rules, with the vocabulary beside it."""
    graph = rule_vocabulary().parse(data=PREFIXES + turtle, format="turtle")
    before = set(graph)
    rules = shapes_graph(*(f"rules/{name}" for name in rule_files))
    pyshacl.validate(graph, shacl_graph=rules, advanced=True, inplace=True)
    return {(str(s), str(p), str(o)) for s, p, o in set(graph) - before}


def short(iri: str) -> str:
    """Give the part of an IRI after the last separator."""
    return iri.rpartition("#")[2].rpartition("/")[2].rpartition(":")[2]
