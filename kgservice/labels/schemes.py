"""Read label schemes and authority rules, which are Turtle files, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import KG, RDFS, SH
from kgservice.store.vocabulary import ontology_triples, shape_triples

_CONSTRUCT: Final = Iri(SH.NS + "construct")
_SELECT: Final = Iri(SH.NS + "select")
_PREFIXES: Final = Iri(SH.NS + "prefixes")
_DECLARE: Final = Iri(SH.NS + "declare")
_PREFIX: Final = Iri(SH.NS + "prefix")
_NAMESPACE: Final = Iri(SH.NS + "namespace")


@dataclass(frozen=True, slots=True)
class Condition:
    """What a claim must meet; `query` selects `?claim` (and `?value`) that fail it.

    Attributes:
        iri: The condition.
        name: Its label.
        message: What is wrong with a claim that fails.
        query: SELECT with its prefixes.
        when_failed: kg:CriterionUnknown when the evidence is void, kg:CriterionNotMet when good
            evidence shows that the criterion is not met.
    """

    iri: Iri
    name: str
    message: str
    query: str
    when_failed: Iri


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a level: its rule (CONSTRUCT), what counts as a claim, the conditions."""

    iri: Iri
    name: str
    scheme: Iri
    level: Iri
    rule: str
    relevant: str
    conditions: tuple[Condition, ...]


class _Graph:
    """Statements by subject and predicate."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._index: dict[tuple[Term, Iri], list[Term]] = {}
        self.triples = tuple(triples)
        for subject, predicate, value in self.triples:
            self._index.setdefault((subject, predicate), []).append(value)

    def all(self, subject: Term, predicate: Iri) -> list[Term]:
        return self._index.get((subject, predicate), [])

    def text(self, subject: Term, predicate: Iri) -> str:
        return next((v.value for v in self.all(subject, predicate) if isinstance(v, Literal)), "")

    def iri(self, subject: Term, predicate: Iri) -> Iri:
        return next(v for v in self.all(subject, predicate) if isinstance(v, Iri))

    def query(self, node: Term, predicate: Iri) -> str:
        """Give a node's query text with the prefixes that it declares (SHACL §5.2.1)."""
        declared = [
            f"PREFIX {self.text(d, _PREFIX)}: <{self.text(d, _NAMESPACE)}>"
            for ontology in self.all(node, _PREFIXES)
            for d in self.all(ontology, _DECLARE)
        ]
        return "\n".join([*sorted(declared), self.text(node, predicate)])


@cache
def label_criteria() -> tuple[Criterion, ...]:
    """Give the criteria of every scheme under `shapes/labels`, in IRI order."""
    return read_criteria(shape_triples("labels"))


@cache
def authority_rules() -> tuple[Triple, ...]:
    """Give the statements of `shapes/authority`: which issuer may say what."""
    return tuple(shape_triples("authority"))


def operator_rules(trust: Path) -> tuple[Triple, ...]:
    """Give the authority rules of an operator: the Turtle files of `DATA/trust/authority`.

    They add to the packaged ones, such as the certifiers whose label credentials count.

    Raises:
        InputError: a file cannot be read or is no RDF (`ontology-invalid`).
    """
    folder = trust / "authority"
    return tuple(ontology_triples([folder])) if folder.is_dir() else ()


def read_criteria(triples: Iterable[Triple]) -> tuple[Criterion, ...]:
    """Read the criteria that label schemes in these statements define."""
    graph = _Graph(triples)
    levels = [
        (s, o) for s, p, o in graph.triples
        if p == KG.criterion and isinstance(s, Iri) and isinstance(o, Iri)
    ]  # fmt: skip
    return tuple(_criterion(graph, level, criterion) for level, criterion in sorted(levels))


def _criterion(graph: _Graph, level: Iri, criterion: Iri) -> Criterion:
    conditions = sorted(c for c in graph.all(criterion, KG.condition) if isinstance(c, Iri))
    return Criterion(
        iri=criterion,
        name=graph.text(criterion, RDFS.label),
        scheme=graph.iri(level, KG.scheme),
        level=level,
        rule=graph.query(graph.iri(criterion, SH.rule), _CONSTRUCT),
        relevant=graph.query(graph.iri(criterion, KG.relevantClaims), _SELECT),
        conditions=tuple(
            Condition(
                iri=condition,
                name=graph.text(condition, RDFS.label),
                message=graph.text(condition, Iri(SH.NS + "message")),
                query=graph.query(condition, _SELECT),
                when_failed=graph.iri(condition, KG.whenFailed),
            )
            for condition in conditions
        ),
    )


def accredited_issuers(rules: Iterable[Triple] | None = None) -> frozenset[str]:
    """List the issuers that may make certificate or label statements about anyone's services."""
    graph = _Graph(authority_rules() if rules is None else rules)
    subjects = {
        s
        for s, p, o in graph.triples
        if p == KG.maySay
        and o in (KG.CertificateStatements, KG.DomeLabelStatements)
        and KG.AnySubject in graph.all(s, KG.aboutSubjects)
    }
    return frozenset(
        issuer.value
        for subject in subjects
        for issuer in graph.all(subject, KG.forIssuer)
        if isinstance(issuer, Iri)
    )
