"""SHACL validation of parsed statements, with lexical forms kept and coverage reported.

Compiled shapes (`shapes`) decide; pySHACL does the shapes outside the whitelist, is the oracle in
tests and writes the standard report for documents that fail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kgservice.inference.constraints import Classes, Index
from kgservice.inference.shapes import Check, Shape, read_shapes
from kgservice.inference.tbox import read_turtle
from kgservice.model.errors import Severity
from kgservice.model.rdf import Term, Triple, to_text
from kgservice.model.terms import RDF


@dataclass(frozen=True, slots=True)
class Finding:
    """One validation result (SHACL §3.6.2).

    Attributes:
        focus: The node that was checked.
        shape: The shape's name.
        component: The constraint's `sh:` word, such as `minCount`.
        path: The path's predicates; empty for the node itself.
        value: The value that violates, or None.
        severity: As the shape says.
        message: As the shape says, or empty.
    """

    focus: Term
    shape: str
    component: str
    path: tuple[str, ...]
    value: Term | None
    severity: Severity
    message: str

    def __str__(self) -> str:
        """Write the finding in one line."""
        where = ".".join(step.rpartition("#")[2] or step for step in self.path)
        value = f" (found {to_text(self.value)})" if self.value is not None else ""
        return f"{where or 'node'}: {self.message or self.component}{value}"


@dataclass(frozen=True, slots=True)
class Report:
    """What validation found.

    Attributes:
        findings: All results, in a stable order.
        fired: Names of the shapes that had at least one focus node.
    """

    findings: tuple[Finding, ...]
    fired: frozenset[str]

    @property
    def conforms(self) -> bool:
        """Whether nothing of severity ERROR was found."""
        return not any(f.severity is Severity.ERROR for f in self.findings)


class Validator:
    """Shapes read once; `validate` costs about 0.1 ms a document when all are compiled."""

    def __init__(self, shapes: Iterable[Triple]) -> None:
        """Read the shapes.

        Raises:
            InputError: unknown `sh:` terms or no target (see `read_shapes`).
        """
        self._triples = tuple(shapes)
        self.shapes: tuple[Shape, ...] = read_shapes(self._triples)
        self._by_class: defaultdict[Term, list[_Plan]] = defaultdict(list)
        for shape in self.shapes:
            plan = _plan(shape)
            for target in shape.target_classes if shape.checks is not None else ():
                self._by_class[target].append(plan)
        self._rest = [s for s in self.shapes if s.checks is None]
        paths = [check.path for shape in self.shapes for check in shape.checks or ()]
        self._has_inverse = any("^" in step[:1] for path in paths for step in path)

    @property
    def looks_elsewhere(self) -> bool:
        """Whether some shape reads the classes of nodes that another document may describe."""
        checks = (check for shape in self.shapes for check in shape.checks or ())
        return bool(self._rest) or any(check.component == "class" for check in checks)

    def validate(
        self, triples: Sequence[Triple], context: Mapping[Term, set[Term]] | None = None
    ) -> Report:
        """Check statements.

        Args:
            triples: The document's statements, stated and derived.
            context: Classes of nodes that are described elsewhere.
        """
        index, types = _index(triples, inverse=self._has_inverse)
        elsewhere = context or {}

        def classes(node: Term) -> set[Term]:
            return types.get(node, set()) | elsewhere.get(node, set())

        findings: list[Finding] = []
        fired: set[str] = set()
        for node, kinds in list(types.items()):
            for plan in {id(p): p for c in kinds for p in self._by_class.get(c, ())}.values():
                fired.add(plan.name)
                findings += _run(plan, node, index, classes)
        if self._rest:
            findings += self._by_pyshacl(triples, elsewhere, fired)
        return Report(tuple(sorted(findings, key=_order)), frozenset(fired))

    def never_fired(self, reports: Iterable[Report]) -> tuple[str, ...]:
        """Name the shapes that no document of a run was checked by."""
        fired = {name for report in reports for name in report.fired}
        return tuple(sorted({shape.name for shape in self.shapes} - fired))

    def _by_pyshacl(
        self, triples: Sequence[Triple], context: Mapping[Term, set[Term]], fired: set[str]
    ) -> list[Finding]:
        targets = {c for shape in self._rest for c in shape.target_classes}
        named = {o for _, p, o in triples if p == RDF.type}
        wanted = [s for s in self._rest if not s.target_classes or named & set(s.target_classes)]
        fired.update(s.name for s in wanted if set(s.target_classes) & named & targets)
        if not wanted:
            return []
        from kgservice.inference.by_pyshacl import findings  # what few documents need

        return findings(triples, context, self._triples, wanted)


def load_shapes(extra: Sequence[Path] = ()) -> list[Triple]:
    """Read the bundled admission shapes (`shapes/*.ttl`) and extra files."""
    folder = Path(str(files("kgservice_shapes")))
    return [t for path in (*sorted(folder.glob("*.ttl")), *extra) for t in read_turtle(path)]


def validate(triples: Sequence[Triple], shapes: Iterable[Triple]) -> Report:
    """Check statements by shapes; for repeated use make a `Validator` once."""
    return Validator(shapes).validate(triples)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A shape's checks by path, and by the path's first step, since most nodes lack most paths."""

    name: str
    on_node: tuple[Check, ...]
    by_first: Mapping[str, tuple[tuple[tuple[str, ...], tuple[Check, ...]], ...]]
    required: tuple[tuple[str, tuple[Check, ...]], ...]


def _plan(shape: Shape) -> _Plan:
    by_path: dict[tuple[str, ...], list[Check]] = {}
    for check in shape.checks or ():
        by_path.setdefault(check.path, []).append(check)
    on_node = tuple(by_path.pop((), ()))
    by_first: dict[str, list[tuple[tuple[str, ...], tuple[Check, ...]]]] = {}
    required = []
    for path, checks in by_path.items():
        by_first.setdefault(path[0], []).append((path, tuple(checks)))
        needing = tuple(c for c in checks if c.component in _FAILS_ON_NOTHING)
        if needing:
            required.append((path[0], needing))
    groups = {first: tuple(paths) for first, paths in by_first.items()}
    return _Plan(shape.name, on_node, groups, tuple(required))


_FAILS_ON_NOTHING = ("minCount", "hasValue")


def _index(triples: Sequence[Triple], *, inverse: bool) -> tuple[Index, dict[Term, set[Term]]]:
    """Index values by node and predicate (`^` before an inverse one), and classes by node."""
    index: defaultdict[Term, dict[str, list[Term]]] = defaultdict(dict)
    types: defaultdict[Term, set[Term]] = defaultdict(set)
    for s, p, o in triples:
        index[s].setdefault(p[0], []).append(o)
        if p == RDF.type:
            types[s].add(o)
        if inverse:
            index[o].setdefault("^" + p[0], []).append(s)
    return dict(index), dict(types)


def _run(plan: _Plan, node: Term, index: Index, classes: Classes) -> list[Finding]:
    about = index.get(node, {})
    found = _violations(plan.name, node, [node], plan.on_node, classes)
    for step in about:
        for path, checks in plan.by_first.get(step, ()):
            values = _values(node, path, index)
            found += _violations(plan.name, node, values, checks, classes)
    for first, checks in plan.required:
        if first not in about:
            found += _violations(plan.name, node, [], checks, classes)
    return found


def _violations(
    shape: str, node: Term, values: list[Term], checks: tuple[Check, ...], classes: Classes
) -> list[Finding]:
    return [
        Finding(node, shape, c.component, c.path, value, c.severity, c.message)
        for c in checks
        for value in c.test(values, classes)
    ]


def _values(node: Term, path: tuple[str, ...], index: Index) -> list[Term]:
    nodes = [node]
    for step in path:
        nodes = [o for n in nodes for o in index.get(n, {}).get(step, ())]
        if len(nodes) > 1:
            nodes = list(dict.fromkeys(nodes))
    return nodes


def _order(finding: Finding) -> tuple[str, ...]:
    value = "" if finding.value is None else to_text(finding.value)
    return (str(finding.focus), finding.shape, *finding.path, finding.component, value)
