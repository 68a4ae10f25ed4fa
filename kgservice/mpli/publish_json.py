"""JSON objects out of statements, by a table that says what each member is.

A table maps a member's name to a type (`string`, `number`, `boolean`, `dateTime`, `any`), to a
nested table, or to a list of one of those when a member may have several values. `@of` names the
resource that the node's id leads to and becomes `href`; other members beginning with `@` are
constants.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias, cast

from kgservice.model.rdf import XSD, Literal, Subject, Term, Triple

Json: TypeAlias = object
Table: TypeAlias = Mapping[str, object]
Tree: TypeAlias = dict[Term, dict[str, list[Term]]]
"""Values by subject and by the last part of the predicate."""

_NUMBERS: Final = frozenset(XSD + name for name in ("integer", "decimal", "double", "float"))


def tree_of(statements: Iterable[Triple]) -> Tree:
    """Index statements whose predicates end in a colon and a member's name."""
    found: Tree = {}
    for subject, predicate, value in statements:
        members = found.setdefault(subject, {})
        members.setdefault(predicate.value.rpartition(":")[2], []).append(value)
    return found


class Builder:
    """Builds the objects of one answer."""

    def __init__(self, tree: Tree, href: Callable[[str, str], str]) -> None:
        """`href` gives the address of a resource's item by the resource's name and the id."""
        self._tree = tree
        self._href = href

    def members(self, node: Subject, table: Table) -> Iterator[tuple[str, Json]]:
        """Give the members of a node that the table knows and that have a value, in its order."""
        stated = self._tree.get(node, {})
        for name, kind in table.items():
            if name == "@of":
                identifier = chosen(stated.get("id", []), "string")
                yield "href", self._href(str(kind), str(identifier))
            elif name.startswith("@"):
                yield constant_name(name), kind
            elif name in stated:
                value = self._value(stated[name], kind)
                if value is not None:
                    yield name, value

    def _value(self, terms: list[Term], kind: object) -> Json:
        if isinstance(kind, list):
            return self._values(terms, kind[0])
        if isinstance(kind, dict):
            nodes = sorted(term for term in terms if not isinstance(term, Literal))
            return dict(self.members(nodes[0], kind)) or None if nodes else None
        return chosen(terms, str(kind))

    def _values(self, terms: list[Term], kind: object) -> list[Json]:
        if not isinstance(kind, dict):
            return [scalar(term, str(kind)) for term in sorted(terms)]
        items = [dict(self.members(t, kind)) for t in terms if not isinstance(t, Literal)]
        return list(sorted((item for item in items if item), key=_order))


def constant_name(name: str) -> str:
    """Give the member that a name of a table becomes: `@type` itself, `@other` as `other`."""
    return name if name in _JSON_LD_LIKE else name.removeprefix("@")


_JSON_LD_LIKE: Final = frozenset({"@type", "@baseType", "@referredType", "@schemaLocation"})


def chosen(terms: list[Term], kind: str) -> Json:
    """Choose one of several values: the latest moment; else plain text, English, any other."""
    if not terms:
        return None
    if kind == "dateTime":
        return max(term[0] for term in terms)
    return scalar(min(terms, key=_preference), kind)


def scalar(term: Term, kind: str) -> Json:
    """Write a term as a JSON value of a type; a number that JSON readers would round stays text."""
    text = term[0]
    datatype = term.datatype if isinstance(term, Literal) else ""
    if kind == "boolean" or (kind == "any" and datatype == XSD + "boolean"):
        return text in ("true", "1")
    if kind == "number" or (kind == "any" and datatype in _NUMBERS):
        return number(text)
    return text


def number(text: str) -> Json:
    """Write a decimal as a JSON number if a reader with binary fractions keeps it, else as text."""
    try:
        exact = Decimal(text)
        if exact == exact.to_integral_value() and abs(exact) < Decimal(2**53):
            return int(exact)
        return float(text) if Decimal(repr(float(text))) == exact else text
    except (InvalidOperation, ValueError, OverflowError):
        return text


def _preference(term: Term) -> tuple[int, str]:
    language = term.language if isinstance(term, Literal) else ""
    return (0 if not language else 1 if language.startswith("en") else 2), term[0]


def _order(item: Json) -> str:
    return json.dumps(item, sort_keys=True, ensure_ascii=False)


def characteristics(values: Iterable[Triple], names: Tree) -> dict[Subject, list[dict[str, Json]]]:
    """Give the characteristics of each subject (TMF620, ProductSpecificationCharacteristic).

    `values` holds a value of a property for each statement; `names` what the characteristic of
    each property is called. A value that is the only one is the default too.
    """
    found: defaultdict[Subject, defaultdict[Term, list[Term]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for subject, predicate, value in values:
        if predicate in names:
            found[subject][predicate].append(value)
    return {
        subject: sorted(
            (_characteristic(names[predicate], terms) for predicate, terms in by_property.items()),
            key=lambda item: cast("str", item["name"]),
        )
        for subject, by_property in found.items()
    }


def _characteristic(about: Mapping[str, list[Term]], terms: list[Term]) -> dict[str, Json]:
    described = {
        name: chosen(about[name], kind)
        for name, kind in (
            ("name", "string"),
            ("description", "string"),
            ("valueType", "string"),
            ("configurable", "boolean"),
        )
        if name in about
    }
    unit = chosen(about.get("unitOfMeasure", []), "string")
    values = [
        {
            "value": scalar(term, "any"),
            **({"unitOfMeasure": unit} if unit else {}),
            "isDefault": len(terms) == 1,
        }
        for term in sorted(terms)
    ]
    return {**described, "productSpecCharacteristicValue": values}
