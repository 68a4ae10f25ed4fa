"""Names in a request: dotted paths, classes, label schemes; and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

from kgservice.model.errors import InputError, NotSupported
from kgservice.model.rdf import Iri, is_valid_iri
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind, Vocabulary
from kgservice.resolution.values import is_numeric, is_ordered, local_name, suggestion
from kgservice.resolution.worked_steps import chain_of

_COMPONENT_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*$")


def read_path(name: str, vocabulary: Vocabulary, at: str) -> tuple[PropertyInfo, ...]:
    """Read a dotted name as properties.

    Raises:
        InputError: a property is not in the vocabulary (`property-unknown`).
        NotSupported: it follows a chain of choices, or picks a choice that is not the offering's.
    """
    if name in vocabulary.properties:
        return (vocabulary.properties[name],)
    steps = []
    for part in name.split("."):
        info = vocabulary.asked(part.removesuffix("+"))
        if info is None:
            raise InputError(
                f"{part!r} is not a property.",
                code="property-unknown",
                at=at,
                hint=suggestion(part, vocabulary.properties),
            )
        steps.append(read_chain(info, at) if part.endswith("+") else info)
    check_path(tuple(steps), at)
    return tuple(steps)


def read_chain(info: PropertyInfo, at: str) -> PropertyInfo:
    """Give the step that follows a property once or more.

    Raises:
        InputError: its values are plain, so nothing can follow (`path-invalid`).
        NotSupported: it is a choice.
    """
    if info.datatype:
        raise InputError(
            f"`{info.name}` is a plain value; it cannot be followed.", code="path-invalid", at=at
        )
    if info.kind is ValueKind.CHOICE:
        refuse(f"a chain of choices (`{info.name}+`)", at)
    return chain_of(info)


def check_evidence(path: tuple[PropertyInfo, ...], at: str) -> None:
    """Check that somebody states what a path reads.

    Raises:
        InputError: it is worked out here, so there is no evidence (`operator-invalid`).
    """
    if any(step.is_derived for step in path):
        raise InputError(
            f"`{path[-1].name}` is worked out here; nobody states it.",
            code="operator-invalid",
            at=at,
            hint="Leave `evidence` away.",
        )


def check_path(path: tuple[PropertyInfo, ...], at: str) -> None:
    """Check that a path can be followed.

    Raises:
        InputError: a step before the last one has no further properties (`path-invalid`).
        NotSupported: a choice that is not the offering's own.
    """
    for step in path[:-1]:
        if step.datatype:
            raise InputError(
                f"`{step.name}` is a plain value; nothing can follow it.",
                code="path-invalid",
                at=at,
            )
    if any(step.kind is ValueKind.CHOICE for step in path[1:]):
        refuse("a choice below another property", at)


def read_class(name: str, vocabulary: Vocabulary, at: str) -> Iri:
    """Read the name of a kind of service, or its IRI.

    Raises:
        InputError: there is no such class (`kind-unknown`).
    """
    if name in vocabulary.classes:
        return vocabulary.classes[name]
    if "//" in name and is_valid_iri(name) and Iri(name) in vocabulary.classes.values():
        return Iri(name)
    raise InputError(
        f"{name!r} is not a kind of service.",
        code="kind-unknown",
        at=at,
        hint=suggestion(name, vocabulary.classes),
    )


def write_class(kind: Iri, vocabulary: Vocabulary) -> str:
    """Write a class so that `read_class` gives it back."""
    local = local_name(kind)
    return local if vocabulary.classes.get(local) == kind else kind.value


def read_scheme(name: str, vocabulary: Vocabulary, at: str) -> Iri:
    """Read a label scheme by local name or IRI.

    Raises:
        InputError: there is no such scheme (`scheme-unknown`).
    """
    for scheme in vocabulary.level_order:
        if name in (scheme, local_name(Iri(scheme))):
            return Iri(scheme)
    known = [local_name(Iri(scheme)) for scheme in vocabulary.level_order]
    raise InputError(
        f"{name!r} is not a label scheme.",
        code="scheme-unknown",
        at=at,
        hint=suggestion(name, known) or f"Known: {', '.join(sorted(known))}.",
    )


def read_level(name: str, scheme: Iri, vocabulary: Vocabulary, at: str) -> Iri:
    """Read a level of a scheme by local name or IRI.

    Raises:
        InputError: the scheme has no such level (`level-unknown`).
    """
    levels = vocabulary.level_order[scheme.value]
    for level in levels:
        if name in (level.value, local_name(level)):
            return level
    known = ", ".join(local_name(level) for level in levels)
    raise InputError(
        f"{name!r} is not a level of {local_name(scheme)}.",
        code="level-unknown",
        at=at,
        hint=f"Its levels, lowest first: {known}.",
    )


def read_component_name(name: str, at: str) -> str:
    """Check a component's name, which becomes part of IRIs.

    Raises:
        InputError: it has other characters than letters, digits, `-` and `_` (`name-invalid`).
    """
    if not _COMPONENT_NAME.match(name) or name in ("every", "together"):
        raise InputError(
            f"{name!r} cannot be a component's name.",
            code="name-invalid",
            at=at,
            hint="Use letters, digits, `-` and `_`, first a letter; not `every` or `together`.",
        )
    return name


def check_iri(text: str, at: str) -> str:
    """Check that a text is an IRI, and give it.

    Raises:
        InputError: it is none (`value-invalid`).
    """
    if ":" not in text or not is_valid_iri(text):
        raise InputError(f"{text!r} is not an IRI.", code="value-invalid", at=at)
    return text


def check_component(name: str, names: Iterable[str], at: str) -> None:
    """Check that a name is a component's.

    Raises:
        InputError: it is none (`component-unknown`).
    """
    known = tuple(names)
    if name not in known:
        raise InputError(
            f"{name!r} is not a component.",
            code="component-unknown",
            at=at,
            hint=suggestion(name, known),
        )


def refuse(what: str, at: str, hint: str = "") -> NoReturn:
    """Say that something valid is not supported yet.

    Raises:
        NotSupported: always.
    """
    raise NotSupported(f"This version does not support {what}.", at=at, hint=hint)


def check_preference(info: PropertyInfo, at: str) -> None:
    """Check that a property has one number per component.

    Raises:
        InputError: it has no order, or several values at once (`preference-invalid`).
    """
    if not is_ordered(info) or info.kind not in (ValueKind.SINGLE, ValueKind.CHOICE):
        raise InputError(
            f"`{info.name}` is not one number for each component.",
            code="preference-invalid",
            at=at,
        )


def check_one_value(path: tuple[PropertyInfo, ...], at: str) -> None:
    """Check that a path reaches one value per component, as joint conditions need.

    Raises:
        InputError: a step has several values at once (`joint-invalid`).
    """
    for step in path:
        if step.kind not in (ValueKind.SINGLE, ValueKind.CHOICE):
            raise InputError(
                f"`{step.name}` can have several values at once, so components cannot be "
                "compared by it.",
                code="joint-invalid",
                at=at,
            )


def check_sum(path: tuple[PropertyInfo, ...], at: str) -> None:
    """Check that a property can be added up.

    Raises:
        InputError: it is no number, or not one per component (`joint-invalid`).
    """
    check_one_value(path, at)
    if len(path) != 1 or not is_numeric(path[0]):
        raise InputError(
            "Only a number of the component itself can be added up.", code="joint-invalid", at=at
        )


def set_iri(name: str) -> Iri:
    """Give the IRI of a named set of countries."""
    return Iri(KG.NS + name)
