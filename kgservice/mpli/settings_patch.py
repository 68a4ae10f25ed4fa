"""Read a merge patch of a component's settings, typed by the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

from kgservice.model.errors import InputError, NotSupported
from kgservice.model.vocabulary import PropertyInfo, Vocabulary
from kgservice.mpli.bindings import plain
from kgservice.plan import Json
from kgservice.resolution.values import read_value, suggestion


def read_settings(patch: object, vocabulary: Vocabulary) -> dict[str, Json]:
    """Read `{"maxConnections": 80, "storage": "200 GiB"}` as settings for a worker.

    Numbers come out in the property's stored unit; lists stay lists.

    Raises:
        InputError: it is no object (`patch-invalid`), a name is no property (`property-unknown`),
            or a value does not fit its property.
        NotSupported: a value is `null`: a setting of a running service cannot be taken away.
    """
    if not isinstance(patch, Mapping) or not patch:
        raise InputError(
            "A merge patch is an object of names and values.",
            code="patch-invalid",
            hint='For example {"maxConnections": 80}.',
        )
    return {str(name): _setting(str(name), value, vocabulary) for name, value in patch.items()}


def _setting(name: str, value: object, vocabulary: Vocabulary) -> Json:
    info = vocabulary.properties.get(name)
    if info is None:
        raise InputError(
            f"No property is called {name!r}.",
            code="property-unknown",
            at=f"/{name}",
            hint=suggestion(name, vocabulary.properties),
        )
    if value is None:
        raise NotSupported(f"{name} cannot be taken away from a running service.", at=f"/{name}")
    if isinstance(value, list):
        return [_one(item, info, vocabulary) for item in value]
    return _one(value, info, vocabulary)


def _one(value: object, info: PropertyInfo, vocabulary: Vocabulary) -> Json:
    if isinstance(value, Mapping | list):
        raise InputError(
            f"{info.name} takes a plain value.", code="patch-invalid", at=f"/{info.name}"
        )
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return plain(read_value(text, info, vocabulary, f"/{info.name}").value)
