"""Why a statement holds: who stated it, which rule or axiom concluded it; or what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from kgservice.inference.closure import Reasoner
from kgservice.inference.explaining import Ask, Lack, lacks, reasons
from kgservice.inference.rule_text import Pattern
from kgservice.inference.rules import SparqlRule, load_rules
from kgservice.inference.tbox import load_tbox
from kgservice.model.errors import InputError, NotFound
from kgservice.model.rdf import Iri, Literal, Term, Triple, is_valid_iri, to_text
from kgservice.model.terms import DCTERMS, KG, OWL, PROV, RDF, RDFS, SH, SKOS, XSD
from kgservice.mpli.application import Application
from kgservice.store.port import MERGED_GRAPH, RULES_GRAPH, QueryScope
from kgservice.store.queries import load_query

DEADLINE_S = 20.0
"""For one explanation."""

MOST_STEPS = 4
"""How far premises are followed that are conclusions themselves."""

_PREFIXES = {
    "kg": KG.NS,
    "rdf": RDF.NS,
    "rdfs": RDFS.NS,
    "owl": OWL.NS,
    "skos": SKOS.NS,
    "prov": PROV.NS,
    "dcterms": DCTERMS.NS,
    "sh": SH.NS,
    "country": "http://publications.europa.eu/resource/authority/country/",
}
_INFERRED = "/inferred"


@dataclass(slots=True)
class Explaining:
    """One explanation; rules and axioms are read once."""

    application: Application
    ask: Ask
    rules: Sequence[SparqlRule] = field(default_factory=load_rules)
    _reasoner: Reasoner | None = None

    @property
    def labels(self) -> dict[str, str]:
        """What each rule is called."""
        return {rule.name: rule.label for rule in self.rules}

    def explain(self, triple: Triple, left: int = MOST_STEPS) -> dict[str, object]:
        """Tell where a statement comes from, and its premises likewise."""
        sources = self._sources(triple)
        found: dict[str, object] = {
            "statement": _shown(_pattern(triple)),
            "holds": bool(sources),
            "stated": [one for one in sources if not one["isDerived"]],
        }
        derivations = [*self._by_rules(triple, sources, left), *self._by_axioms(triple, sources)]
        return {**found, "derivations": derivations}

    def _sources(self, triple: Triple) -> list[dict[str, object]]:
        if not isinstance(triple.subject, Iri):
            return []
        names = {"subject": triple.subject, "property": triple.predicate}
        rows = self.application.store.read(load_query("statement-sources", names))
        return [
            {
                "graph": row["graph"][0],
                "catalog": row["catalog"][0] if "catalog" in row else "",
                "source": row["source"][0] if "source" in row else "",
                "issuer": row["issuer"][0] if "issuer" in row else "",
                "evidence": row["evidence"][0] if "evidence" in row else "",
                "isDerived": row["graph"][0] == RULES_GRAPH or row["graph"][0].endswith(_INFERRED),
            }
            for row in rows
            if row["value"] == triple.object and row["graph"][0] != MERGED_GRAPH
        ]

    def _by_rules(
        self, triple: Triple, sources: Iterable[dict[str, object]], left: int
    ) -> list[dict[str, object]]:
        if all(one["graph"] != RULES_GRAPH for one in sources):
            return []
        found = reasons(self.ask, self.rules, _pattern(triple))
        return [
            {
                "rule": reason.rule,
                "label": self.labels.get(reason.rule, ""),
                "premises": [self._premise(one, left - 1) for one in reason.premises],
            }
            for reason in found
        ]

    def _premise(self, pattern: Pattern, left: int) -> dict[str, object]:
        triple = _triple(pattern)
        if triple is None or left <= 0:  # a path, or far enough
            return {"statement": _shown(pattern)}
        return self.explain(triple, left)

    def _by_axioms(
        self, triple: Triple, sources: Iterable[dict[str, object]]
    ) -> list[dict[str, object]]:
        """Ask the reasoner for the rule of OWL 2 RL by which a document's statement follows."""
        found: list[dict[str, object]] = []
        for graph in (str(one["graph"]) for one in sources):
            if not graph.endswith(_INFERRED):
                continue
            document = graph.removesuffix(_INFERRED)
            self._reasoner = self._reasoner or Reasoner(load_tbox(self.application.ontologies))
            closure = self._reasoner.close(self.application.store.graph(document))
            try:
                derivation = closure.why(triple)
            except NotFound:  # it follows only together with documents that this one links to
                found.append({"rule": "together", "label": f"documents beside {document}"})
                continue
            premises = [{"statement": _shown(_pattern(one))} for one in derivation.premises]
            found.append({"rule": derivation.rule, "label": "OWL 2 RL", "premises": premises})
        return found


def why(application: Application, subject: str, predicate: str, value: str) -> dict[str, object]:
    """Explain a statement of the shared graphs, or say what is missing for it.

    An offering may stand for its profile where a property is about profiles (`kg:canMoveTo`).

    Raises:
        InputError: a term cannot be read (`term-invalid`).
        DeadlineExceeded: it took too long.
    """
    names = (read_term(subject), read_term(predicate), read_term(value))
    if not isinstance(names[0], Iri) or not isinstance(names[1], Iri):
        raise InputError(
            "Subject and property must be IRIs.",
            code="term-invalid",
            hint="Write `kg:canMoveTo`, or an IRI.",
        )
    ends = _profiles(application, names[1], (names[0], names[2]))
    # in a reader process with a deadline: a condition that is left out may leave a large product
    with application.store.session(scope=QueryScope(), deadline_s=DEADLINE_S) as session:
        explaining = Explaining(application, partial(session.select, where="snapshot"))
        found = [_explained(explaining, Triple(first, names[1], last)) for first, last in ends]
    holds = any(bool(one["holds"]) for one in found)
    return {"holds": holds, "explanations": found}


def _explained(explaining: Explaining, triple: Triple) -> dict[str, object]:
    shown = explaining.explain(triple)
    if not shown["holds"]:
        missing = lacks(explaining.ask, explaining.rules, _pattern(triple))
        shown["missing"] = [_lack(one, explaining.labels) for one in missing]
    return shown


def _profiles(
    application: Application, predicate: Iri, ends: tuple[Iri, Term]
) -> list[tuple[Iri, Term]]:
    query = f"SELECT ?type {{ {to_text(predicate)} <{KG.valueType}> ?type }}"
    types = {row["type"] for row in application.store.read(query)}
    if KG.Profile not in types:
        return [ends]
    chosen: list[list[Term]] = []
    for end in ends:
        rows = (
            application.store.read(f"SELECT ?p {{ {to_text(end)} <{KG.profile}> ?p }} ORDER BY ?p")
            if isinstance(end, Iri)
            else []
        )
        chosen.append([row["p"] for row in rows] or [end])
    return [(first, last) for first in chosen[0] for last in chosen[1] if isinstance(first, Iri)]


def _lack(lack: Lack, labels: dict[str, str]) -> dict[str, object]:
    return {
        "rule": lack.rule,
        "label": labels.get(lack.rule, ""),
        "wouldHoldWith": [_shown(one) for one in lack.missing],
        "condition": lack.condition or None,
        "reached": [_shown(one) for one in lack.reached],
        "nothingFor": _shown(lack.stops_at) if lack.stops_at else None,
    }


def read_term(text: str) -> Iri | Literal:
    """Read a term as people write it: `kg:Worker`, an IRI, `16`, `true`, else a text.

    Raises:
        InputError: what stands in angle brackets is no IRI (`term-invalid`).
    """
    bare = text.removeprefix("<").removesuffix(">") if text.startswith("<") else text
    prefix, colon, local = bare.partition(":")
    if colon and prefix in _PREFIXES and bare is text:
        bare = _PREFIXES[prefix] + local
    if is_valid_iri(bare):
        return Iri(bare)
    if bare is not text:
        raise InputError(f"{text!r} is not an IRI.", code="term-invalid")
    if text in ("true", "false"):
        return Literal(text, XSD.boolean.value)
    if text.lstrip("-").isdigit():
        return Literal(text, XSD.integer.value)
    return Literal(text.strip('"'), XSD.string.value)


def _pattern(triple: Triple) -> Pattern:
    return (to_text(triple.subject), to_text(triple.predicate), to_text(triple.object))


def _triple(pattern: Pattern) -> Triple | None:
    """Read a pattern back, when it is a statement about IRIs."""
    subject, predicate, value = pattern
    plain = all(term.startswith("<") and term.count("<") == 1 for term in pattern)
    if not plain or not predicate.endswith(">"):
        return None
    return Triple(Iri(subject[1:-1]), Iri(predicate[1:-1]), Iri(value[1:-1]))


def _shown(pattern: Pattern) -> str:
    """Write a pattern for people, with our own prefixes."""
    text = " ".join(pattern)
    for prefix, namespace in _PREFIXES.items():
        text = _shortened(text, prefix, namespace)
    return text


def _shortened(text: str, prefix: str, namespace: str) -> str:
    parts = text.split(f"<{namespace}")
    for number, part in enumerate(parts[1:], 1):
        local, _, rest = part.partition(">")
        parts[number] = f"{prefix}:{local}{rest}"
    return "".join(parts)
