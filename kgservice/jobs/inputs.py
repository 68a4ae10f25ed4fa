"""A step's input when it starts: references become what earlier steps reported.

`{"$fact": "export.sha256"}` a fact, `{"$sealed": "export"}` a ciphertext for this step's worker
(`"provision-db:web"`: of several that it was sealed for, that of the component `web`),
`{"$workerKey": "import"}` the public key of the worker of a later step, `{"$clock": "P30D"}` the
moment that lies a period ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kgservice.plan import Json, JsonObject

Lookup = Callable[[str], "Json"]


def resolve(value: JsonObject, lookups: Mapping[str, Lookup]) -> dict[str, Json]:
    """Fill in references; a member whose reference has no value is left out."""
    resolved = {name: _value(member, lookups) for name, member in value.items()}
    return {
        name: member
        for name, member in resolved.items()
        if member is not None or value[name] is None
    }


def _value(value: Json, lookups: Mapping[str, Lookup]) -> Json:
    if isinstance(value, dict):
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in lookups and isinstance(argument, str):
                return lookups[name](argument)
        return resolve(value, lookups)
    if isinstance(value, list):
        return [_value(item, lookups) for item in value]
    return value
