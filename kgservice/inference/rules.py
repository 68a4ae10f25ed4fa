"""SHACL rules over the merged graph, and the profiles that they reason about.

A profile stands for all offerings of one kind with the same formats and technology limits, so
that whether one can move to another is derived between hundreds of profiles, not between all
pairs of offerings. Rules are data: `shapes/rules/*.ttl` (SHACL-AF §5, `sh:SPARQLRule`).
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kgservice.inference.constraints import ShapesGraph
from kgservice.inference.tbox import read_turtle
from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, Literal, Term, Triple, to_text
from kgservice.model.terms import KG, RDF, SH
from kgservice.store.port import RULES_GRAPH, GraphChange, QueryScope, Session, Store

_MOST_ROUNDS = 20
_THIS = re.compile(r"[$?]this\b")
_NAME = re.compile(r"<([^<>\s]+)>|(?<![\w?$:])([A-Za-z][\w-]*)?:([A-Za-z_][\w.-]*)")


@dataclass(frozen=True, slots=True)
class SparqlRule:
    """A rule: `text` is a whole CONSTRUCT whose `$this` is bound to members of the targets."""

    name: str
    order: float
    text: str
    reads: frozenset[str]


@dataclass(frozen=True, slots=True)
class RulesReport:
    """What a run of the rules did.

    Attributes:
        profiles: Number of profiles.
        derived: Statements by rule name.
        statements: Statements in the rules graph now.
        changed: Statements written or taken back.
    """

    profiles: int
    derived: dict[str, int]
    statements: int
    changed: int


def load_rules(extra: Sequence[Path] = ()) -> tuple[SparqlRule, ...]:
    """Read `shapes/rules` and extra rule files, in `sh:order`.

    Raises:
        InputError: a rule is of a kind that is not supported (`rule-unsupported`).
    """
    folder = Path(str(files("kgservice_shapes"))) / "rules"
    triples = [t for path in (*sorted(folder.glob("*.ttl")), *extra) for t in read_turtle(path)]
    graph = ShapesGraph(tuple(triples))
    rules = [
        _read(graph, shape, node)
        for shape in sorted({t.subject for t in triples if t.predicate == SH.rule}, key=str)
        for node in graph.all(shape, "rule")
    ]
    return tuple(sorted(rules, key=lambda rule: (rule.order, rule.name)))


def run_rules(store: Store, base_iri: str, extra: Sequence[Path] = ()) -> RulesReport:
    """Derive profiles and what the rules conclude, and make the rules graph say just that.

    Rules run in their order, again until nothing new comes. They see the statements whose
    predicates and classes a rule names, and offerings themselves only when a rule names
    `kg:Offering`. Running twice changes nothing.
    """
    rules = load_rules(extra)
    with store.session(scope=QueryScope()) as session:
        before = set(store.graph(RULES_GRAPH))
        profiles = _profiles(session, base_iri)
        facts = _footprint(session, rules) - before
        links = any(KG.profile.value in rule.reads for rule in rules)
        session.load([*facts, *(t for t in profiles if links or t.predicate != KG.profile)])
        derived = dict.fromkeys((rule.name for rule in rules), 0)
        found: set[Triple] = set()
        for _ in range(_MOST_ROUNDS):
            grown = _round(session, rules, found, derived, facts | set(profiles))
            if not grown:
                break
    everything = tuple(sorted({*profiles, *found}, key=str))
    result = store.commit([GraphChange(RULES_GRAPH, everything, merge=True)])
    count = sum(1 for t in profiles if t.object == KG.Profile)
    return RulesReport(count, derived, len(everything), result.added + result.removed)


def _round(
    session: Session,
    rules: Iterable[SparqlRule],
    found: set[Triple],
    derived: dict[str, int],
    known: set[Triple],
) -> bool:
    grown = False
    for rule in rules:
        new = set(session.triples(rule.text, where="scratch")) - found - known
        if new:
            session.load(new)
            found |= new
            derived[rule.name] += len(new)
            grown = True
    return grown


def _read(graph: ShapesGraph, shape: Term, node: Term) -> SparqlRule:
    construct = graph.one(node, "construct")
    targets = [t for t in graph.all(shape, "targetClass") if isinstance(t, Iri)]
    if not isinstance(construct, Literal) or not targets:
        raise InputError(
            "Only SPARQL rules of shapes with a target class are supported.",
            code="rule-unsupported",
            at=str(shape),
            hint="Use `sh:targetClass` and `sh:rule [ a sh:SPARQLRule ; sh:construct … ]`.",
        )
    order = graph.one(node, "order")
    prefixes = _prefixes(graph, [*graph.all(node, "prefixes"), *graph.all(shape, "prefixes")])
    body = _bind_this(construct.value, targets)
    text = "".join(f"PREFIX {name}: <{ns}>\n" for name, ns in sorted(prefixes.items())) + body
    return SparqlRule(
        str(shape),
        float(order.value) if isinstance(order, Literal) else 0.0,
        text,
        _names(body, prefixes),
    )


def _bind_this(construct: str, targets: Sequence[Iri]) -> str:
    """Bind `$this` to the members of the target classes, as SHACL-AF §5.3 asks."""
    head, brace, rest = construct.partition("WHERE")
    if not brace:
        raise InputError("The rule has no WHERE.", code="rule-unsupported", at=construct[:60])
    opening = rest.index("{") + 1
    classes = " ".join(to_text(target) for target in targets)
    bound = f" VALUES ?targetClass__ {{ {classes} }} ?this a ?targetClass__ . "
    return _THIS.sub("?this", head + "WHERE" + rest[:opening] + bound + rest[opening:])


def _prefixes(graph: ShapesGraph, nodes: Iterable[Term]) -> dict[str, str]:
    found = {"kg": KG.NS, "rdf": RDF.NS, "sh": SH.NS}
    found["rdfs"] = "http://www.w3.org/2000/01/rdf-schema#"
    found["xsd"] = "http://www.w3.org/2001/XMLSchema#"
    for ontology in nodes:
        for declared in graph.all(ontology, "declare"):
            prefix, namespace = graph.one(declared, "prefix"), graph.one(declared, "namespace")
            if isinstance(prefix, Literal) and isinstance(namespace, Literal):
                found[prefix.value] = namespace.value
    return found


def _names(text: str, prefixes: dict[str, str]) -> frozenset[str]:
    """Give every IRI that a rule names: it reads statements with these predicates and classes."""
    found = set()
    for whole, prefix, local in _NAME.findall(text):
        if whole:
            found.add(whole)
        elif prefix in prefixes:
            found.add(prefixes[prefix] + local.rstrip("."))
    return frozenset(found)


def _footprint(session: Session, rules: Iterable[SparqlRule]) -> set[Triple]:
    names = sorted({name for rule in rules for name in rule.reads} - {RDF.type.value})
    if not names:
        return set()
    listed = " ".join(f"<{name}>" for name in names)
    # Profiles stand for offerings: tens of thousands of these need not be looked at one by one.
    apart = f"FILTER NOT EXISTS {{ ?s a <{KG.Offering}> }}"
    rest = "" if KG.Offering.value in names else apart
    stated = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?p {{ {listed} }} ?s ?p ?o {rest} }}"
    typed = f"CONSTRUCT {{ ?s a ?c }} WHERE {{ VALUES ?c {{ {listed} }} ?s a ?c {rest} }}"
    return {
        *session.triples(stated, where="snapshot"),
        *session.triples(typed, where="snapshot"),
    }


def _profiles(session: Session, base_iri: str) -> list[Triple]:
    """Derive a profile for every distinct (kind, formats, versions) of offerings and workers."""
    query = (files(__package__) / "queries" / "profile-facts.rq").read_text(encoding="utf-8")
    facts: defaultdict[tuple[Term, Term], set[tuple[Iri, Term]]] = defaultdict(set)
    for row in session.select(query, where="snapshot"):
        key = (row["offering"], row["kind"])
        predicate = row.get("property")
        if isinstance(predicate, Iri):
            facts[key].add((predicate, row["value"]))
        else:
            facts.setdefault(key, set())
    triples: dict[Triple, None] = {}
    for (offering, kind), limits in facts.items():
        lines = sorted(f"{p} {to_text(o)}" for p, o in limits)
        text = "\n".join([to_text(kind), *lines])
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        profile = Iri(f"{base_iri}profile/{name}")
        triples[Triple(offering, KG.profile, profile)] = None  # type: ignore[arg-type]
        triples[Triple(profile, RDF.type, KG.Profile)] = None
        triples[Triple(profile, KG.kind, kind)] = None
        for predicate, value in limits:
            triples[Triple(profile, predicate, value)] = None
    return list(triples)
