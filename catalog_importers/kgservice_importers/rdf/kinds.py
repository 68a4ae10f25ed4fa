"""Say what statements are when they are no catalogue: shapes, a vocabulary, credentials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from kgservice.model.rdf import RDF, Iri, Triple

_SH: Final = "http://www.w3.org/ns/shacl#"
_OWL: Final = "http://www.w3.org/2002/07/owl#"
_RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
_SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
_VC: Final = "https://www.w3.org/2018/credentials#"
_KINDS: Final = {
    _SH + "NodeShape": "shacl-shapes",
    _SH + "PropertyShape": "shacl-shapes",
    _OWL + "Ontology": "vocabulary",
    _OWL + "Class": "vocabulary",
    _OWL + "ObjectProperty": "vocabulary",
    _OWL + "DatatypeProperty": "vocabulary",
    _OWL + "AnnotationProperty": "vocabulary",
    _OWL + "NamedIndividual": "vocabulary",
    _RDFS + "Class": "vocabulary",
    _RDFS + "Datatype": "vocabulary",
    RDF + "Property": "vocabulary",
    _SKOS + "Concept": "concept-scheme",
    _SKOS + "ConceptScheme": "concept-scheme",
    _VC + "VerifiableCredential": "credential",
    _VC + "VerifiablePresentation": "credential",
}
DEFINING: Final = frozenset({"shacl-shapes", "vocabulary", "concept-scheme"})
_MESSAGES: Final = "https://w3id.org/dspace/"


def kinds_of(triples: Iterable[Triple]) -> Counter[str]:
    """Count the kinds of things that are described; those of no known kind are not counted."""
    found: dict[object, str] = {}
    for subject, predicate, value in triples:
        if predicate.value == RDF + "type" and isinstance(value, Iri):
            kind = _KINDS.get(value.value)
            if kind:
                found[subject] = kind
    return Counter(found.values())


def kind_of(triples: Iterable[Triple]) -> str:
    """Name what most of the things are; `rdf` when nothing is known of them."""
    statements = tuple(triples)
    message = message_of(statements)
    if message:
        return message
    counted = kinds_of(statements)
    return counted.most_common(1)[0][0] if counted else "rdf"


def message_of(triples: Iterable[Triple]) -> str:
    """Name the message of the Dataspace Protocol that this is, or nothing."""
    for _, predicate, value in triples:
        if (
            predicate.value == RDF + "type"
            and isinstance(value, Iri)
            and value.value.startswith(_MESSAGES)
            and value.value.endswith(("Message", "Error", "Negotiation", "Process"))
        ):
            return "dsp/" + value.value.rpartition("/")[2]
    return ""
