"""From a JSON tree to statements, with PyLD and the bundled contexts only."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from pyld import jsonld

from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Blank, Iri, Literal, Term, Triple, is_valid_iri
from kgservice_importers.jsonld.added import Contexts
from kgservice_importers.jsonld.contexts import (
    ContextUnknown,
    Json,
    bundled_context,
    named_contexts,
)
from kgservice_importers.rdf.reading import Reading, invalid_iris

_OFFER_ID: Final = re.compile(r"[A-Za-z0-9+/_-]{2,}={0,2}(:[A-Za-z0-9+/_-]{2,}={0,2}){2}")
_PREFIXES: Final = "https://w3id.org/kgservice/context/prefixes"


_HALF: Final = re.compile(r"\\[uU][dD][89a-fA-F]|[\ud800-\udfff]")


class BadJson(ValueError):
    """The text is no JSON; `line` says where, counted from 1."""

    def __init__(self, detail: str, line: int) -> None:
        """Say what is wrong, and in which line."""
        super().__init__(detail)
        self.line = line


def parse_json(text: str, at: str) -> tuple[Json, tuple[Problem, ...]]:
    """Parse JSON; a key that occurs twice in one object is a finding, and its last value is read.

    Half of a character (an escaped lone surrogate) is no text (RFC 3629 §3): it is replaced.

    Raises:
        BadJson: this is not JSON (RFC 8259), or it is nested too deeply.
    """
    repeated: set[str] = set()

    def pairs(items: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(items)
        if len(found) < len(items):
            keys = [key for key, _ in items]
            repeated.update(key for key in found if keys.count(key) > 1)
        return found

    try:
        tree = json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant)
        halves = bool(_HALF.search(text)) and (whole := _whole(tree)) != tree
        tree = whole if halves else tree
    except json.JSONDecodeError as error:
        raise BadJson(f"{error.msg}, column {error.colno}", error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise BadJson(str(error)[:200], 1) from None
    return tree, tuple(_findings(repeated, at, halves=halves))


def _findings(repeated: set[str], at: str, *, halves: bool) -> Iterator[Problem]:
    if repeated:
        detail = f"a key occurs twice in one object: {', '.join(sorted(repeated)[:8])}"
        hint = "The last value was read; the earlier ones are lost."
        yield Problem("json-duplicate-key", detail, at, hint)
    if halves:
        detail = "a text holds half of a character (an escape such as \\ud83d alone)"
        hint = "It was read as an unknown character, U+FFFD."
        yield Problem("character-broken", detail, at, hint)


def _whole(tree: Json) -> Json:
    """Give a tree whose texts are Unicode: lone surrogates become U+FFFD."""
    if isinstance(tree, str):
        return tree.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(tree, list):
        return [_whole(item) for item in tree]
    if isinstance(tree, dict):
        return {_whole(name): _whole(item) for name, item in tree.items()}
    return tree


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document comes from, and what its words mean.

    Attributes:
        base: What relative IRIs are resolved against.
        at: File or address, for findings.
        contexts: The JSON-LD contexts that are known.
    """

    base: str
    at: str
    contexts: Contexts = field(default_factory=Contexts)


def read_tree(tree: Json, place: Place, problems: tuple[Problem, ...] = ()) -> Reading | Problem:
    """Expand a JSON-LD document; the statements of graphs inside it are read too.

    A document without a context is read with the usual prefixes, with a finding. Ids that are no
    IRIs become IRIs below the base.
    """
    at = place.at
    contexts = tuple(sorted(set(named_contexts(tree))))
    unknown = place.contexts.unknown(tree)
    if unknown:
        detail = f"the JSON-LD context {', '.join(unknown)[:300]} is not known here"
        hint = (
            "Contexts are never fetched. An operator who has the file adds it: "
            "`kg context add FILE --sha256 H`. Nothing was read from the document."
        )
        return Problem("context-unknown", detail, at, hint, Severity.ERROR)
    dropped: set[str] = set()
    try:
        dataset = _dataset(tree, place, dropped)
    except (jsonld.JsonLdError, ContextUnknown, ValueError, TypeError, KeyError, AttributeError,
            IndexError, ArithmeticError, RecursionError) as error:  # fmt: skip
        # PyLD also raises bare Python errors on malformed documents, so the list is wide.
        line = (str(error).splitlines() or [type(error).__name__])[0][:300]
        detail = f"the document is not valid JSON-LD: {line}"
        return Problem("jsonld-invalid", detail, at, "Nothing was read from it.", Severity.ERROR)
    if dropped and not _has_context(tree):
        detail = "the document has no JSON-LD context"
        hint = "It was read with the usual prefixes (dcat, dct, odrl, dspace, gx, kg)."
        problems += (Problem("context-missing", detail, at, hint),)
    if dropped:
        detail = f"no context defines: {', '.join(sorted(dropped)[:8])}"
        problems += (Problem("term-undefined", detail, at, "These members were left out."),)
    bad: set[str] = set()
    found = (triple for name in sorted(dataset) for triple in statements_of(dataset[name], bad))
    triples = tuple(dict.fromkeys(found))
    problems += invalid_iris(bad, at)
    return Reading(triples, "json-ld", contexts, frozenset(dropped), problems)


def _has_context(tree: Json) -> bool:
    items = tree if isinstance(tree, list) else [tree]
    return any(isinstance(item, dict) and item.get("@context") for item in items)


def _dataset(tree: Json, place: Place, dropped: set[str]) -> dict[str, Json]:
    options: dict[str, Json] = {
        "documentLoader": place.contexts.load,
        "base": place.base,
        "processingMode": "json-ld-1.1",
    }
    if not _has_context(tree):
        options["expandContext"] = bundled_context(_PREFIXES)
    nodes = jsonld.expand(tree, options, on_property_dropped=lambda k: dropped.add(str(k)))
    result: dict[str, Json] = jsonld.to_rdf(_with_iris(nodes, place.base), {"base": place.base})
    return result


def _with_iris(value: Json, base: str) -> Json:
    """Make an IRI of the ids of the Eclipse Dataspace Components.

    Those are three base64 texts with colons between them, so that a parser takes the first for
    an IRI's scheme (org.eclipse.edc.connector.contract: ContractOfferId).
    """
    if isinstance(value, list):
        return [_with_iris(item, base) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _with_iris(item, base) for key, item in value.items()}
    name = found.get("@id")
    if isinstance(name, str) and is_offer_id(name):
        found["@id"] = base[: base.rindex("/") + 1] + quote(name, safe="")
    return found


def is_offer_id(text: str) -> bool:
    """Say whether a text is three base64 texts with colons between them."""
    if not _OFFER_ID.fullmatch(text) or text.startswith(("urn:", "did:", "tag:", "http")):
        return False
    try:
        for part in text.split(":"):
            base64.b64decode(part, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return True


def statements_of(graph: Iterable[Json], bad: set[str]) -> Iterator[Triple]:
    """Give the statements of one graph as PyLD has them; malformed IRIs go to `bad`."""
    for quad in graph:
        terms = tuple(_term(quad[part]) for part in ("subject", "predicate", "object"))
        wrong = [t.value for t in terms if isinstance(t, Iri) and not is_valid_iri(t.value)]
        subject, predicate, value = terms
        if wrong or isinstance(subject, Literal) or not isinstance(predicate, Iri):
            bad.update(wrong)
        else:
            yield Triple(subject, predicate, value)


def _term(value: Mapping[str, Json]) -> Term:
    if value["type"] == "IRI":
        return Iri(value["value"])
    if value["type"] == "blank node":
        return Blank(value["value"].removeprefix("_:"))
    return Literal(value["value"], value["datatype"], value.get("language", "") or "")
