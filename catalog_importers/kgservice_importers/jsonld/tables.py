"""Write a table of terms as a JSON-LD context."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_FLAGS: Final = ("protected", "import", "propagate", "vocab")
_CONTAINERS: Final = ("@set", "@list", "@graph", "@index")


def context_of_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Write a table as a context (JSON-LD 1.1 §4.1).

    `prefixes` and `keywords` stand as they are. `terms` gives a term its IRI, followed by what is
    known of its values: a datatype, `@id`, `@vocab`, `@set`, `@language=en`. `groups` lists terms
    that are called as they are in their namespace: namespace, then what is known, then the terms.
    `scoped` has a table of its own for what is said inside a term, and its IRI in `is`.
    """
    context: dict[str, Any] = {"@" + flag: table[flag] for flag in _FLAGS if flag in table}
    if "version" in table:
        context["@version"] = table["version"]
    context |= table.get("prefixes", {})
    context |= table.get("keywords", {})
    context |= dict(_terms(table))
    for term, inner in table.get("scoped", {}).items():
        context[term] = {**_definition(inner["is"]), "@context": context_of_table(inner)}
    return context


def _terms(table: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for namespace, kinds in table.get("groups", {}).items():
        for known, terms in kinds.items():
            for term in terms:
                yield term, _definition(f"{namespace}{term} {known}")
    for term, text in table.get("terms", {}).items():
        yield term, _definition(text)


def _definition(text: str) -> dict[str, str]:
    iri, *known = text.split()
    found = {"@id": iri}
    for word in known:
        if word in _CONTAINERS:
            found["@container"] = word
        elif word.startswith("@language="):
            found["@language"] = word.partition("=")[2]
        else:
            found["@type"] = word
    return found
