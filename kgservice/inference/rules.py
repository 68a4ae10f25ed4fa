"""SHACL rules over the merged graph and the profiles of offerings.

Rules are data: `shapes/rules/*.ttl` (SHACL-AF §5, `sh:SPARQLRule`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from kgservice.inference.constraints import ShapesGraph
from kgservice.inference.footprint import footprint
from kgservice.inference.profiles import Profile, names_in, profiles_by_offering
from kgservice.inference.tbox import read_turtle
from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, Literal, Term, Triple, to_text
from kgservice.model.terms import KG, RDF, RDFS, SH
from kgservice.store.port import RULES_GRAPH, GraphChange, QueryScope, Session, Store

_MOST_ROUNDS = 20
_THIS = re.compile(r"[$?]this\b")
LIMIT_S = 600.0
"""For all the rules together: they are our own, and nobody waits for them."""


@dataclass(frozen=True, slots=True)
class SparqlRule:
    """A rule: `text` is a whole CONSTRUCT whose `$this` is bound to members of the targets.

    It names the predicates and classes `reads`, of which it concludes `writes`. `label` is what it
    is called, or empty.
    """

    name: str
    order: float
    text: str
    reads: frozenset[str]
    writes: frozenset[str]
    label: str = ""


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


@dataclass(frozen=True, slots=True)
class Conclusions:
    """What follows from everything.

    Attributes:
        facts: The statements that the rules read.
        given: Descriptions of the profiles.
        links: Which offering has which profile.
        found: What the rules conclude.
        derived: Statements by rule name.
    """

    facts: set[Triple]
    given: frozenset[Triple]
    links: Sequence[Triple]
    found: frozenset[Triple]
    derived: dict[str, int]

    def commit(self, store: Store) -> RulesReport:
        """Make the rules graph say just this."""
        everything = tuple({*self.given, *self.links, *self.found})
        result = store.commit([GraphChange(RULES_GRAPH, everything, merge=True)])
        changed = result.added + result.removed
        return RulesReport(self.profiles, self.derived, len(everything), changed)

    @property
    def profiles(self) -> int:
        """Count the profiles."""
        return sum(1 for t in self.given if t.object == KG.Profile)


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
    `kg:Offering`. Running twice changes nothing. About 0.1 ms an offering; `RuleFollower` does the
    same for what changed.
    """
    return conclude_all(store, base_iri, load_rules(extra)).commit(store)


def conclude_all(store: Store, base_iri: str, rules: tuple[SparqlRule, ...]) -> Conclusions:
    """Look at everything and give what follows; nothing is written."""
    with store.session(scope=QueryScope(), deadline_s=LIMIT_S) as session:
        ask = partial(session.select, where="snapshot")
        given, links = described(profiles_by_offering(ask, base_iri))
        facts = footprint(ask, names_read(rules))
        seen = [*facts, *given, *(links if reads_offerings(rules) else ())]
        derived, found = conclude(session, rules, seen)
    return Conclusions(facts, frozenset(given), links, found, derived)


def described(profiles: Mapping[Term, Iterable[Profile]]) -> tuple[list[Triple], list[Triple]]:
    """Describe the profiles, and say which offering has which."""
    kinds = {one.iri: one for found in profiles.values() for one in found}
    given = [t for one in kinds.values() for t in one.triples()]
    links = [
        Triple(offering, KG.profile, one.iri)  # type: ignore[arg-type]
        for offering, found in profiles.items()
        for one in found
    ]
    return given, links


def conclude(
    session: Session, rules: Sequence[SparqlRule], known: Collection[Triple]
) -> tuple[dict[str, int], frozenset[Triple]]:
    """Give what the rules conclude of `known` that is not said there, and how much each did."""
    derived = dict.fromkeys((rule.name for rule in rules), 0)
    session.load(known)
    stated, found = set(known), set[Triple]()
    for _ in range(_MOST_ROUNDS):
        before = len(found)
        for rule in rules:
            new = set(session.triples(rule.text, where="scratch")) - found - stated
            if new:
                session.load(new)
                found |= new
                derived[rule.name] += len(new)
        if len(found) == before:
            break
    return derived, frozenset(found)


def reads_offerings(rules: Iterable[SparqlRule]) -> bool:
    """Say whether some rule looks at offerings one by one, not only at their profiles."""
    return any({KG.profile.value, KG.Offering.value} & rule.reads for rule in rules)


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
    labels = graph.words(shape).get(RDFS.label.value, [])
    return SparqlRule(
        str(shape),
        float(order.value) if isinstance(order, Literal) else 0.0,
        text,
        names_in(body, prefixes),
        names_in(body.partition("WHERE")[0], prefixes),
        str(labels[0][0]) if labels else "",
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


def names_read(rules: Iterable[SparqlRule]) -> frozenset[str]:
    """Give the predicates and classes that rules name."""
    return frozenset(name for rule in rules for name in rule.reads) - {RDF.type.value}
