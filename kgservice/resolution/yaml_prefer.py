"""Preferences in YAML (`prefer`)."""

from __future__ import annotations

from kgservice.model.errors import InputError
from kgservice.model.vocabulary import Vocabulary
from kgservice.resolution.names import check_component
from kgservice.resolution.preference_parts import check_number, check_ranking, read_weight
from kgservice.resolution.preferences import Extent, Preference, Ranking
from kgservice.resolution.request import Request
from kgservice.resolution.values import suggestion
from kgservice.resolution.yaml_joint_writer import Tree
from kgservice.resolution.yaml_nodes import ListNode, MapNode, Node, Scalar
from kgservice.resolution.yaml_values import need_text

_DIRECTIONS = ("minimise", "maximise")
_EXTENTS = (Extent.LOWEST.value, Extent.HIGHEST.value)


def read_preferences(
    node: Node | None, names: tuple[str, ...], vocabulary: Vocabulary
) -> tuple[tuple[Preference, ...], Ranking]:
    """Read `prefer`: a list, or `weights` with one number each, or `pareto` with a list.

    Raises:
        InputError: a preference is none, or they cannot rank together.
        NotSupported: it reads more than a sum, and no front is asked for.
    """
    if node is None or (isinstance(node, Scalar) and not node.text):
        return (), Ranking.LEXICOGRAPHIC
    weights: dict[str, str] = {}
    ranking, items = Ranking.LEXICOGRAPHIC, node
    if isinstance(node, MapNode):
        ranking, items = _ranking(node)
    if isinstance(items, MapNode):
        weights = {
            key: read_weight(need_text(value), value.at) for key, value in items.entries.items()
        }
        listed: list[Node] = list(items.keys.values())
    else:
        listed = list(items.items) if isinstance(items, ListNode) else [items]
    found = tuple(_preference(item, weights, names, vocabulary) for item in listed)
    check_ranking(found, ranking, node.at)
    return found, ranking


def _ranking(node: MapNode) -> tuple[Ranking, Node]:
    known = (Ranking.WEIGHTS.value, Ranking.PARETO.value)
    keys = list(node.entries)
    if len(keys) != 1 or keys[0] not in known:
        raise InputError(
            "`prefer` is a list, or has one key: `weights` or `pareto`.",
            code="value-invalid",
            at=node.at,
            hint=suggestion(keys[0], known) if keys else "",
        )
    ranking, items = Ranking(keys[0]), node.entries[keys[0]]
    wanted = MapNode if ranking is Ranking.WEIGHTS else (ListNode, Scalar)
    if not isinstance(items, wanted):
        raise InputError(
            f"`{keys[0]}` is written in another way.",
            code="value-invalid",
            at=items.at,
            hint="weights: {minimise monthlyPrice: 1}"
            if ranking is Ranking.WEIGHTS
            else "pareto: [minimise monthlyPrice, maximise lowest sovereigntyScore]",
        )
    return ranking, items


def _preference(
    node: Node, weights: dict[str, str], names: tuple[str, ...], vocabulary: Vocabulary
) -> Preference:
    text = need_text(node)
    words = text.split()
    direction = words.pop(0) if words else ""
    if direction not in _DIRECTIONS or not words:
        raise InputError(
            f"{text!r} is not a preference.",
            code="value-invalid",
            at=node.at,
            hint="Write `minimise monthlyPrice`.",
        )
    extent = Extent(words.pop(0)) if words[0] in _EXTENTS and len(words) > 1 else Extent.SUM
    name, rest = words[0], words[1:]
    between = tuple(rest[1:]) if rest and rest[0] == "between" else ()
    if rest and not between:
        raise InputError(f"{text!r} is not a preference.", code="value-invalid", at=node.at)
    for component in between:
        check_component(component, names, node.at)
    info = vocabulary.properties.get(name)
    if info is None:
        raise InputError(
            f"{name!r} is not a property.",
            code="property-unknown",
            at=node.at,
            hint=suggestion(name, vocabulary.properties),
        )
    path = check_number(info, between, vocabulary, node.at)
    is_maximise = direction == "maximise"
    return Preference(info, is_maximise, weights.get(text, ""), extent, between, path)


def write_preferences(request: Request) -> Tree:
    """Write `prefer`, so that reading it again gives the same preferences."""
    if request.ranking is Ranking.WEIGHTS:
        return {"weights": {one.text(): one.weight for one in request.prefer}}
    listed: list[Tree] = [one.text() for one in request.prefer]
    return {"pareto": listed} if request.ranking is Ranking.PARETO else listed
