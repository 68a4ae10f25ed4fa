"""Mend what is no valid JSON-LD in real documents, by the table in `repairs.json`; tell what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

from kgservice_importers.jsonld.added import Contexts
from kgservice_importers.jsonld.contexts import Json, named_contexts

_PREFIXED: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)[:+][A-Za-z_]")
_CREDENTIALS: Final = ("https://www.w3.org/2018/credentials/", "https://www.w3.org/ns/credentials/")


@dataclass(slots=True)
class Mended:
    """A document after mending, and what was mended (empty: it is as it was)."""

    payload: dict[str, Json]
    notes: list[str] = field(default_factory=list)


@cache
def table() -> Mapping[str, Json]:
    """Read the table of repairs."""
    text = (resources.files(__package__) / "repairs.json").read_text(encoding="utf-8")
    found: Mapping[str, Json] = json.loads(text)
    return found


@cache
def _placeholders() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in table()["placeholders"]), re.IGNORECASE)


def is_placeholder(text: str) -> bool:
    """Say whether a value is what a form showed as an example, such as `E.g., IaaS`."""
    return _placeholders().search(text.strip()) is not None


@cache
def _secrets() -> re.Pattern[str]:
    return re.compile(table()["secrets"], re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Say whether a member or a property is named like a secret, such as `gax-service:Password`."""
    return _secrets().search(re.split(r"[:#/]", name)[-1]) is not None


def mend(payload: dict[str, Json], contexts: Contexts, *, is_secured: bool) -> Mended:
    """Mend a document; in one that is secured only what no reader could take as it is.

    Raises:
        RecursionError: it is nested too deeply.
    """
    notes: set[str] = set()
    mended = Mended(_walk(payload, notes))
    is_credential = "credentialSubject" in mended.payload
    if is_credential and _names_namespaces_only(mended.payload):
        _append(mended.payload, [*table()["contextsForThem"], dict(table()["termsForThem"])])
        notes.add("namespaces are named as contexts")
    elif is_credential and _lacks_compliance_terms(mended.payload):
        _append(mended.payload, [dict(table()["termsForCompliance"])])
        notes.add("words of the compliance service are in no context")
    missing = {} if is_secured and not notes else _missing(mended.payload, contexts)
    if missing:
        _prepend(mended.payload, missing)
        notes.add(f"not declared: {', '.join(sorted(missing))}")
    mended.notes = sorted(notes)
    return mended


def _walk(value: Json, notes: set[str]) -> Json:
    if isinstance(value, list):
        return [_walk(item, notes) for item in value]
    if not isinstance(value, dict):
        return value
    clean: dict[str, Json] = {}
    for key, item in value.items():
        clean[key] = _contexts(item, notes) if key == "@context" else _walk(item, notes)
    if isinstance(clean.get("@value"), list):
        notes.add("@value holds an array")
        rest = {k: v for k, v in clean.items() if k != "@value"}
        return [{"@value": one, **rest} for one in clean["@value"] if not isinstance(one, list)]
    return clean


def _contexts(named: Json, notes: set[str]) -> Json:
    """Drop keywords that are listed as contexts (`"@context": ["@nest", …]`)."""
    listed = named if isinstance(named, list) else [named]
    kept = [c for c in listed if not (isinstance(c, str) and c.startswith("@"))]
    if len(kept) == len(listed):
        return named
    notes.add("a keyword is named as a context")
    return kept


def _names_namespaces_only(payload: Mapping[str, Json]) -> bool:
    names = list(named_contexts(dict(payload)))
    starts = tuple(table()["namespacesAsContexts"])
    return bool(names) and all(name.startswith(starts) for name in names)


def _lacks_compliance_terms(payload: Mapping[str, Json]) -> bool:
    named = payload.get("@context")
    only = all(isinstance(c, str) for c in (named if isinstance(named, list) else [named]))
    names = list(named_contexts(dict(payload)))
    types = payload.get("type", payload.get("@type", []))
    wanted = set(table()["termsForCompliance"]) - {"hash"}
    return (
        only
        and all(name.startswith(_CREDENTIALS) for name in names)
        and bool(wanted & {t for t in (types if isinstance(types, list) else [types])
                           if isinstance(t, str)})
    )  # fmt: skip


def _append(payload: dict[str, Json], more: list[Json]) -> None:
    payload["@context"] = [*_listed(payload), *more]


def _prepend(payload: dict[str, Json], first: Json) -> None:
    payload["@context"] = [first, *_listed(payload)]


def _listed(payload: Mapping[str, Json]) -> list[Json]:
    named = payload.get("@context", [])
    return list(named) if isinstance(named, list) else [named]


def _missing(payload: dict[str, Json], contexts: Contexts) -> dict[str, str]:
    """Give well-known prefixes and aliases that are used and declared by no context."""
    used = {word for key, value in _members(payload) for word in _words(key, value)}
    declared = set[str]().union(*(contexts.terms(iri) for iri in named_contexts(payload)))
    for key, value in _members(payload):
        if key == "@context":
            declared |= {k for c in _all(value) if isinstance(c, dict) for k in c}
    known: Mapping[str, str] = table()["prefixes"] | table()["aliases"]
    has_context = "@context" in payload
    return {w: known[w] for w in (used - declared) & set(known)} if has_context else {}


def _words(key: str, value: Json) -> Iterator[str]:
    """Give the prefixes and plain names that a member uses."""
    names = [key]
    if key in ("@type", "type"):
        names += [name for name in _all(value) if isinstance(name, str)]
    for name in names:
        match = _PREFIXED.match(name)
        yield match[1] if match else name


def _all(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _members(value: Json) -> Iterator[tuple[str, Json]]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield from item.items()
            stack.extend(v for k, v in item.items() if k != "@context")
        elif isinstance(item, list):
            stack.extend(item)
