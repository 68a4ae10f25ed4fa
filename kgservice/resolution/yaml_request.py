"""A request in YAML, read into the model; every error names the line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from kgservice.model.errors import InputError
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.exits import read_exit
from kgservice.resolution.names import check_iri, read_class, read_component_name, refuse
from kgservice.resolution.preference_parts import check_no_wishes
from kgservice.resolution.request import Component, Constraint, Request, Ways, wish_ids
from kgservice.resolution.values import read_date, suggestion
from kgservice.resolution.yaml_conditions import Line, read_constraint
from kgservice.resolution.yaml_joint import read_joint
from kgservice.resolution.yaml_nodes import ListNode, MapNode, Node, Scalar, read_yaml
from kgservice.resolution.yaml_prefer import read_preferences
from kgservice.resolution.yaml_values import need_text, read_duration, read_policy

_KEYS = (
    "request",
    "as-of",
    "term",
    "components",
    "every",
    "together",
    "prefer",
    "unknown",
    "answers",
    "exit",
    "ways",
)
_LATER = ("use",)
MAX_COMPONENTS = 12
MAX_ANSWERS = 100
MAX_QUANTITY = 10_000


def read_request(text: str, vocabulary: Vocabulary, name: str = "request") -> Request:
    """Read a request in YAML or JSON; `name` is the file that errors point into.

    Raises:
        InputError: something in it is wrong; `at` is `name:line`.
        NotSupported: it asks for what this version cannot do.
    """
    root = _mapping(read_yaml(text, name))
    _check_keys(root, _KEYS, _LATER)
    title = need_text(root.entries["request"]) if "request" in root.entries else ""
    components = _components(root, vocabulary)
    names = tuple(component.name for component in components)
    prefer, ranking = read_preferences(root.entries.get("prefer"), names, vocabulary)
    request = Request(
        title=title,
        components=components,
        every=_constraints("every", root.entries.get("every"), vocabulary),
        together=tuple(
            read_joint(item, index, names, vocabulary)
            for index, item in enumerate(_items(root, "together"), start=1)
        ),
        prefer=prefer,
        ranking=ranking,
        as_of=_as_of(root),
        term=read_duration(root.entries["term"]) if "term" in root.entries else "",
        unknown=read_policy(root.entries.get("unknown") or Scalar("reject", "", 0)),
        answers=_count(root.entries.get("answers"), 5, MAX_ANSWERS),
        ways=_ways(root.entries.get("ways")) or Ways.MANAGED,
        exit=read_exit(root.entries.get("exit"), vocabulary),
    )
    check_no_wishes(wish_ids(request), ranking, root.at)
    return request


def _mapping(node: Node) -> MapNode:
    if not isinstance(node, MapNode):
        raise InputError("Keys and values are expected here.", code="value-invalid", at=node.at)
    return node


def _check_keys(node: MapNode, known: Sequence[str], later: Sequence[str]) -> None:
    for key in node.entries:
        if key in later:
            refuse(f"`{key}`", node.keys[key].at)
        if key not in known:
            raise InputError(
                f"`{key}` is not a key of a request.",
                code="key-unknown",
                at=node.keys[key].at,
                hint=suggestion(key, known) or f"Keys: {', '.join(known)}.",
            )


def _items(root: MapNode, key: str) -> tuple[Node, ...]:
    node = root.entries.get(key)
    if node is None or (isinstance(node, Scalar) and not node.text):
        return ()
    if not isinstance(node, ListNode):
        raise InputError(f"`{key}` is a list.", code="value-invalid", at=node.at)
    return node.items


def _components(root: MapNode, vocabulary: Vocabulary) -> tuple[Component, ...]:
    if "components" not in root.entries:
        raise InputError(
            "A request needs `components`.",
            code="key-missing",
            at=root.at,
            hint="Write `components:` and below it a name and a `kind`.",
        )
    node = _mapping(root.entries["components"])
    if not node.entries or len(node.entries) > MAX_COMPONENTS:
        raise InputError(
            f"A request has 1 to {MAX_COMPONENTS} components.", code="value-invalid", at=node.at
        )
    names = tuple(node.entries)
    return tuple(
        _component(node.keys[name], _mapping(node.entries[name]), names, vocabulary)
        for name in names
    )


def _component(
    key: Scalar, node: MapNode, names: tuple[str, ...], vocabulary: Vocabulary
) -> Component:
    name = read_component_name(key.text, key.at)
    if "kind" not in node.entries:
        raise InputError(f"`{name}` has no `kind`.", code="key-missing", at=key.at)
    own = {"kind", "quantity", "needs", "ways", "use"}
    rest = {entry: value for entry, value in node.entries.items() if entry not in own}
    conditions = MapNode(rest, node.keys, node.at, node.line)
    kind = node.entries["kind"]
    return Component(
        name=name,
        kind=read_class(need_text(kind), vocabulary, kind.at),
        constraints=_constraints(name, conditions, vocabulary),
        quantity=_count(node.entries.get("quantity"), 1, MAX_QUANTITY),
        needs=tuple(_needs(name, node.entries.get("needs"), names)),
        ways=_ways(node.entries.get("ways")),
        use=_use(node.entries.get("use")),
        line=key.line,
    )


def _use(node: Node | None) -> str:
    return "" if node is None else check_iri(need_text(node), node.at)


def _ways(node: Node | None) -> Ways | None:
    if node is None:
        return None
    text = need_text(node)
    known = [way.value for way in Ways]
    if text not in known:
        raise InputError(
            f"{text!r} does not say in which ways a component may be had.",
            code="value-invalid",
            at=node.at,
            hint=f"Write {' or '.join(known)}.",
        )
    return Ways(text)


def _needs(owner: str, node: Node | None, names: tuple[str, ...]) -> Iterator[str]:
    if node is None:
        return
    for item in node.items if isinstance(node, ListNode) else (node,):
        name = need_text(item)
        if name not in names or name == owner:
            raise InputError(
                f"`{owner}` needs {name!r}, which is not another component.",
                code="component-unknown",
                at=item.at,
                hint=suggestion(name, names),
            )
        yield name


def _constraints(owner: str, node: Node | None, vocabulary: Vocabulary) -> tuple[Constraint, ...]:
    if node is None or (isinstance(node, Scalar) and not node.text):
        return ()
    mapping = _mapping(node)
    found: dict[str, Constraint] = {}
    for key, value in mapping.entries.items():
        constraint = read_constraint(Line(owner, mapping.keys[key], value), vocabulary)
        if constraint.id in found:
            raise InputError(
                f"`{constraint.name}` is both a condition and a wish here.",
                code="duplicate-key",
                at=mapping.keys[key].at,
                hint="Put one of them under `every`, so that each has an id of its own.",
            )
        found[constraint.id] = constraint
    return tuple(found.values())


def _as_of(root: MapNode) -> date | None:
    node = root.entries.get("as-of")
    if node is None:
        return None
    try:
        return read_date(need_text(node))
    except InputError as error:
        raise InputError(error.detail, code=error.code, at=node.at, hint=error.hint) from None


def _count(node: Node | None, default: int, most: int) -> int:
    if node is None:
        return default
    text = need_text(node)
    if len(text) > 9 or not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise InputError(
            f"{text!r} is not a number from 1 to {most}.", code="value-invalid", at=node.at
        )
    return int(text)
