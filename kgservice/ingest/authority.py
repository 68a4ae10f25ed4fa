"""The authority matrix: which issuer may use which predicate and class, about whose subjects.

It is data (`shapes/authority/*.ttl`), deny by default. A predicate or class of another vocabulary
is allowed only when everything that our own axioms derive from it is allowed too, so that nobody
says by way of an alignment what they may not say directly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import IntEnum
from importlib.resources import files
from pathlib import Path

from kgservice.inference.tbox import read_turtle
from kgservice.model.rdf import Iri, Literal, Term, Triple
from kgservice.model.terms import KG, OWL, RDF, RDFS

_ANY = KG.AnyIssuer.value
_PROVEN = KG.ProvenIssuer.value


class Scope(IntEnum):
    """About whose subjects something may be said; a higher one contains the lower ones."""

    NOBODY = 0
    OWN = 1
    ANYONE = 2


class _Facts:
    """Statements by subject and predicate, and by predicate."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.values: defaultdict[tuple[Term, Iri], list[Term]] = defaultdict(list)
        self.pairs: defaultdict[Iri, list[tuple[Term, Term]]] = defaultdict(list)
        for s, p, o in triples:
            self.values[s, p].append(o)
            self.pairs[p].append((s, o))

    def texts(self, subject: Term, predicate: Iri) -> set[str]:
        return {
            o.value
            for o in self.values.get((subject, predicate), ())
            if isinstance(o, Iri | Literal)
        }


class Rights:
    """What one issuer may say; answers are remembered, so a look-up costs one dictionary read."""

    def __init__(self, matrix: AuthorityMatrix, groups: Sequence[tuple[Term, Scope]]) -> None:
        """Take the groups that the issuer's rules allow, each with its scope."""
        self._matrix = matrix
        self._groups = groups
        self._predicates: dict[str, Scope] = {}
        self._classes: dict[str, Scope] = {}
        self.sayable = matrix.sayable
        self._providers = matrix.properties_below(KG.provider.value)

    def predicate(self, iri: str) -> Scope:
        """Say about whose subjects the issuer may use a predicate."""
        found = self._predicates.get(iri)
        if found is None:
            names = self._matrix.implied_properties(iri)
            found = min(self._widest(name, self._matrix.has_predicate) for name in names)
            self._predicates[iri] = found
        return found

    def cls(self, iri: str) -> Scope:
        """Say whose subjects the issuer may declare to be of a class."""
        found = self._classes.get(iri)
        if found is None:
            names = self._matrix.implied_classes(iri)
            found = min(self._widest(name, self._matrix.has_class) for name in names)
            self._classes[iri] = found
        return found

    def names_provider(self, iri: str) -> bool:
        """Say whether a predicate says who provides: `kg:provider`, or one that it follows from."""
        return iri in self._providers or iri == KG.provider.value

    def _widest(self, name: str, includes: object) -> Scope:
        assert callable(includes)  # noqa: S101 - for mypy
        scopes = [scope for group, scope in self._groups if includes(group, name)]
        return max(scopes, default=Scope.NOBODY)


class AuthorityMatrix:
    """The rules, with the hierarchy of our own vocabularies that they are read under."""

    def __init__(self, rules: Iterable[Triple], schema: Iterable[Triple]) -> None:
        """Index.

        Args:
            rules: Statements of `shapes/authority`.
            schema: The vocabulary with its closed schema (`closed_schema` and the statements on
                value kinds).
        """
        self._facts = _Facts(rules)
        self._schema = _Facts(schema)
        self._groups = self._read_rules()
        self.sayable: dict[str, set[Term]] = {}
        for predicate, value in self._facts.pairs[KG.sayableValue]:
            self.sayable.setdefault(str(predicate), set()).add(value)
        self._known: dict[tuple[bool, str], Rights] = {}
        kinds = {s for s, o in self._schema.pairs[RDF.type] if o == KG.ValueKind}
        computed = {
            s
            for s, o in self._schema.pairs[KG.isDerived]
            if isinstance(o, Literal) and o.value in ("true", "1")
        }
        self._valued = {
            s.value
            for s, o in self._schema.pairs[KG.valueKind]
            if o in kinds and s not in computed and isinstance(s, Iri)
        }
        self._up_classes = self._hierarchy(RDFS.subClassOf, OWL.equivalentClass)
        self._up_properties = self._hierarchy(RDFS.subPropertyOf, OWL.equivalentProperty)

    def rights(self, issuer: str, *, is_proven: bool) -> Rights:
        """Give the rights of an issuer; `issuer` counts only when its proof is valid."""
        names = {_ANY} | ({_PROVEN, issuer} if is_proven else set())
        key = (is_proven, issuer if is_proven and issuer in self._groups else "")
        found = self._known.get(key)
        if found is None:
            groups = [pair for name in sorted(names) for pair in self._groups.get(name, ())]
            found = self._known[key] = Rights(self, groups)
        return found

    def has_predicate(self, group: Term, iri: str) -> bool:
        """Say whether a predicate is in a group."""
        facts = self._facts
        if iri in facts.texts(group, KG.excludesPredicate):
            return False
        if iri in facts.texts(group, KG.includesPredicate):
            return True
        if facts.values.get((group, KG.includesProperties)) and iri in self._valued:
            return True
        return iri.startswith(tuple(facts.texts(group, KG.includesNamespace)))

    def has_class(self, group: Term, iri: str) -> bool:
        """Say whether a class, or one above it, is in a group."""
        above = self._up_classes.get(iri, frozenset()) | {iri}
        if above & self._facts.texts(group, KG.includesClass):
            return True
        return iri.startswith(tuple(self._facts.texts(group, KG.includesNamespace)))

    def implied_properties(self, iri: str) -> frozenset[str]:
        """Give a predicate and the predicates of our own namespace that follow from it."""
        return self._implied(iri, self._up_properties)

    def properties_below(self, iri: str) -> frozenset[str]:
        """Give the predicates from which one of ours follows."""
        return frozenset(name for name, above in self._up_properties.items() if iri in above)

    def implied_classes(self, iri: str) -> frozenset[str]:
        """Give a class and the classes of our own namespace that follow from it."""
        return self._implied(iri, self._up_classes)

    @staticmethod
    def _implied(iri: str, above: dict[str, frozenset[str]]) -> frozenset[str]:
        return frozenset({iri} | {x for x in above.get(iri, ()) if x.startswith(KG.NS)})

    def _read_rules(self) -> dict[str, list[tuple[Term, Scope]]]:
        found: defaultdict[str, list[tuple[Term, Scope]]] = defaultdict(list)
        for rule, group in self._facts.pairs[KG.maySay]:
            wide = KG.AnySubject in self._facts.values.get((rule, KG.aboutSubjects), ())
            for issuer in self._facts.texts(rule, KG.forIssuer):
                found[issuer].append((group, Scope.ANYONE if wide else Scope.OWN))
        return dict(found)

    def _hierarchy(self, down: Iri, both: Iri) -> dict[str, frozenset[str]]:
        direct: defaultdict[str, set[str]] = defaultdict(set)
        for s, o in (*self._schema.pairs[down], *self._schema.pairs[both]):
            if isinstance(s, Iri) and isinstance(o, Iri):
                direct[s.value].add(o.value)
        for s, o in self._schema.pairs[both]:
            if isinstance(s, Iri) and isinstance(o, Iri):
                direct[o.value].add(s.value)
        return {name: frozenset(_reachable(name, direct)) for name in list(direct)}


def _reachable(start: str, direct: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        for name in direct.get(todo.pop(), ()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found


def authority_rules(extra: Sequence[Path] = ()) -> list[Triple]:
    """Read `shapes/authority` and extra files."""
    folder = Path(str(files("kgservice_shapes"))) / "authority"
    paths = [*sorted(folder.glob("*.ttl")), *extra]
    return [triple for path in paths for triple in read_turtle(path)]
