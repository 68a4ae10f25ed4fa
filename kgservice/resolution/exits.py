"""`exit`: the way out that a request wants to be kept, in YAML and in RDF."""

from __future__ import annotations

from collections.abc import Sequence

from kgservice.model.duration import parse_duration
from kgservice.model.errors import InputError
from kgservice.model.rdf import Term
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.resolution.names import read_path
from kgservice.resolution.rdf_graph import Node as RdfNode
from kgservice.resolution.rdf_shapes import ShapeReader
from kgservice.resolution.request import Exit
from kgservice.resolution.values import suggestion
from kgservice.resolution.yaml_nodes import MapNode, Node
from kgservice.resolution.yaml_values import need_text, read_duration

_KEYS = ("within", "different")
DEFAULT = "provider"


def read_exit(node: Node | None, vocabulary: Vocabulary) -> Exit | None:
    """Read `{within: P30D, different: provider}`; without `different` the provider must differ.

    Raises:
        InputError: it is no mapping, or a key or value of it is wrong.
    """
    if node is None:
        return None
    if not isinstance(node, MapNode):
        raise InputError(
            "`exit` takes keys and values.",
            code="value-invalid",
            at=node.at,
            hint="Write `exit: {within: P30D, different: provider}`.",
        )
    for key in node.entries:
        if key not in _KEYS:
            raise InputError(
                f"`{key}` is not a key of `exit`.",
                code="key-unknown",
                at=node.keys[key].at,
                hint=suggestion(key, _KEYS) or f"Keys: {', '.join(_KEYS)}.",
            )
    different = node.entries.get("different")
    name = need_text(different) if different is not None else DEFAULT
    within = node.entries.get("within")
    return Exit(
        different=read_path(name, vocabulary, different.at if different else node.at),
        within=read_duration(within) if within is not None else "",
    )


def read_rdf_exit(node: RdfNode, terms: Sequence[Term], shapes: ShapeReader) -> Exit:
    """Read `[ a kg:Exit ; kg:within "P30D"^^xsd:duration ; kg:path ( kg:provider ) ]`.

    Raises:
        InputError: a value of it is wrong.
    """
    node.check(frozenset({KG.within, KG.path}))
    within = node.text(KG.within)
    if within:
        parse_duration(within)
    return Exit(different=shapes.path_of(terms, node), within=within)


def exit_tree(wanted: Exit) -> dict[str, str]:
    """Write it as YAML has it."""
    tree = {"within": wanted.within} if wanted.within else {}
    return {**tree, "different": _dotted(wanted.different)}


def _dotted(path: tuple[PropertyInfo, ...]) -> str:
    return ".".join(step.name for step in path)
