"""Serve JSON-LD contexts from files pinned by SHA-256; never from the network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from importlib import resources
from typing import Any, Final, TypeAlias

from kgservice_importers.jsonld.tables import context_of_table

Json: TypeAlias = Any
"""A parsed JSON value; documents of strangers have no narrower type."""
Loader: TypeAlias = Callable[[str, Mapping[str, Json]], dict[str, Json]]

_FOLDER: Final = resources.files(__package__) / "contexts"
_CODE_TERM: Final = {"text": "skos:notation", "description": "skos:prefLabel", "meaning": "@id"}


class ContextUnknown(LookupError):
    """A context that is not bundled was asked for; `args[0]` is its IRI."""


def pinned_bytes(name: str, sha256: str) -> bytes:
    """Read a bundled file and check it against its pin.

    Raises:
        ValueError: the file is not the one that was pinned.
    """
    content = (_FOLDER / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{name} is not the file that INDEX.json pins")
    return content


@cache
def _index() -> Mapping[str, Mapping[str, Json]]:
    entries = json.loads((_FOLDER / "INDEX.json").read_text(encoding="utf-8"))["contexts"]
    return {entry["iri"]: entry for entry in entries}


@cache
def bundled_context(iri: str) -> dict[str, Json]:
    """Give the document `{"@context": …}` that is bundled for `iri`.

    Raises:
        ContextUnknown: there is none.
    """
    entry = _index().get(iri)
    if entry is None:
        raise ContextUnknown(iri)
    if "prefixes" in entry:
        return {"@context": dict(entry["prefixes"])}
    content = json.loads(pinned_bytes(entry["file"], entry["sha256"]))
    if "table" in entry:
        prefixes = {**content.get("prefixes", {}), **entry.get("own_prefixes", {})}
        return {"@context": context_of_table({**content, "prefixes": prefixes})}
    if "namespace" in entry:
        return {"@context": context_of_terms(content, entry["namespace"])}
    return {"@context": content["@context"]}


def context_of_terms(table: Mapping[str, Json], namespace: str) -> dict[str, Json]:
    """Write a table of terms as the context of one Gaia-X release.

    A term that the table does not name is a word in the release's namespace (`@vocab`), as in the
    published contexts; that is why a misspelt term is not noticed there.
    """
    context: dict[str, Json] = {**table["prefixes"], "gx": namespace, "@vocab": namespace}
    elsewhere = table["elsewhere"]
    for term in table["codes"]:
        context[term] = {"@id": elsewhere.get(term, term), "@context": dict(_CODE_TERM)}
    for datatype, terms in table["types"].items():
        for term in terms:
            context[term] = {"@id": elsewhere.get(term, term), "@type": datatype}
    for term, iri in elsewhere.items():
        context.setdefault(term, {"@id": iri})
    return context


def answer_of(iri: str, document: dict[str, Json]) -> dict[str, Json]:
    """Answer PyLD's document loader with a copy: PyLD writes into a context that is imported."""
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": iri,
        "document": deepcopy(document),
    }


def load_document(iri: str, _options: Mapping[str, Json]) -> dict[str, Json]:
    """Answer PyLD's document loader from the bundle.

    Raises:
        ContextUnknown: `iri` is not bundled; nothing is fetched.
    """
    return answer_of(iri, bundled_context(iri))


def named_contexts(value: Json) -> Iterator[str]:
    """Find every context IRI that a document names, at any depth."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            named = item.get("@context", [])
            yield from (c for c in (named if isinstance(named, list) else [named]) if _named(c))
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _named(context: Json) -> bool:
    return isinstance(context, str)
