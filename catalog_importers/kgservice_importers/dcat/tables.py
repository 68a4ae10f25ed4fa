"""The table that says how a catalogue is taken apart (`tables.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Tables:
    """What `tables.toml` says, with IRIs in full.

    Attributes:
        prefixes: Namespace by prefix.
        dialects: Name and signs, in the order in which they are looked for.
        documents: Kind of document by class.
        order: Kinds, the first of which counts when a thing has several.
        named: Kinds that need an IRI.
        within: Kinds that become parts of a document that links to them.
        members: Predicates from a catalogue to what is in it.
        parts: Predicates from a thing to its parts.
        parties: Predicates to who stands behind a resource.
        party_names: Predicates to a party's name, the best first.
        words: Classes of words that others define.
        to_words: Predicates that lead to such words.
    """

    prefixes: Mapping[str, str]
    dialects: tuple[tuple[str, tuple[str, ...]], ...]
    documents: Mapping[str, str]
    order: tuple[str, ...]
    named: frozenset[str]
    within: frozenset[str]
    members: frozenset[str]
    parts: frozenset[str]
    parties: frozenset[str]
    party_names: tuple[str, ...]
    words: frozenset[str]
    to_words: frozenset[str]

    def dialect(self, iris: Iterable[str]) -> str:
        """Name the dialect whose signs are among the IRIs; `dcat` when there is none."""
        seen = tuple(iris)
        for name, signs in self.dialects:
            if any(iri.startswith(signs) for iri in seen):
                return name
        return "dcat"

    def short(self, iri: str) -> str:
        """Write an IRI with its prefix, when it has one."""
        for prefix, namespace in self.prefixes.items():
            if iri.startswith(namespace):
                return f"{prefix}:{iri.removeprefix(namespace)}"
        return iri


def tables_text() -> str:
    """Give the table as it is written."""
    return resources.files(__package__).joinpath("tables.toml").read_text(encoding="utf-8")


@cache
def tables() -> Tables:
    """Read the table once."""
    found = tomllib.loads(tables_text())
    prefixes = found["prefixes"]

    def full(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(prefixes[p] + local for p, _, local in (n.partition(":") for n in names))

    documents = {iri: kind for kind, classes in found["documents"].items() for iri in full(classes)}
    return Tables(
        prefixes=prefixes,
        dialects=tuple((d["name"], tuple(d["signs"])) for d in found["dialect"]),
        documents=documents,
        order=tuple(found["documents"]),
        named=frozenset(found["named"]["kinds"]),
        within=frozenset(found["within"]["kinds"]),
        members=frozenset(full(found["members"]["predicates"])),
        parts=frozenset(full(found["parts"]["predicates"])),
        parties=frozenset(full(found["parties"]["predicates"])),
        party_names=full(found["parties"]["names"]),
        words=frozenset(full(found["words"]["classes"])),
        to_words=frozenset(full(found["words"]["predicates"])),
    )
