"""Add statements in our terms where a Gaia-X document's structure differs from ours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Final

from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.model.vocabulary import Vocabulary
from kgservice_importers.gaiax.dialects import Dialect, dialects
from kgservice_importers.rdf.construct import ConstructMap, can_be_stored

_COUNTRY_NAME: Final = Iri("urn:kgservice:importer:countryName")


class StructureMap:
    """The mapping queries of Gaia-X, a folder for each way of writing; see mapping/README.md."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Load countries, units and named values into a store in memory."""
        root = resources.files(__package__) / "mapping"
        folders = sorted({folder for dialect in dialects() for folder in dialect.mapping})
        facts = list(_country_names(vocabulary))
        self._maps = {
            folder: ConstructMap(vocabulary, root / folder, _read_as, facts) for folder in folders
        }

    def added(
        self, triples: Iterable[Triple], dialect: Dialect, linked: Iterable[Triple] = ()
    ) -> tuple[Triple, ...]:
        """Give the statements that the mapping adds to a document without blank nodes.

        `linked` are statements of other documents that queries may look at.
        """
        own, others = list(triples), list(linked)
        found: set[Triple] = set()
        for folder in dialect.mapping:
            found.update(self._maps[folder].added([*own, *others]))
        foreign = {triple.subject for triple in others} - {triple.subject for triple in own}
        return tuple(sorted(triple for triple in found if triple.subject not in foreign))


def _country_names(vocabulary: Vocabulary) -> Iterator[Triple]:
    """Give every way in which documents write a country, in lower case."""
    text = (resources.files(__package__) / "countries.json").read_text(encoding="utf-8")
    for name, country in vocabulary.countries.items():
        if "/" not in name:
            yield Triple(country.iri, _COUNTRY_NAME, Literal(name.lower()))
    for code, alpha3 in json.loads(text)["codes"].items():
        if found := vocabulary.countries.get(alpha3.lower()):
            yield Triple(found.iri, _COUNTRY_NAME, Literal(code.lower()))


@cache
def mapping_digest() -> str:
    """Hash of all tables, queries and programs that decide how a document is read."""
    whole = hashlib.sha256()
    root = resources.files(__package__)
    files = [file for file in root.iterdir() if file.name.endswith((".json", ".py"))]
    for folder in (root / "mapping").iterdir():
        files += list(folder.iterdir()) if folder.is_dir() else []
    for content in sorted(file.read_bytes() for file in files):
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()


@cache
def _readings() -> tuple[tuple[str, str], ...]:
    return tuple((name, d.read_as) for d in dialects() if d.read_as for name in d.namespaces)


def _read_as(iri: str) -> str:
    for namespace, canonical in _readings():
        if iri.startswith(namespace):
            return canonical + iri.removeprefix(namespace)
    return iri


__all__ = ["StructureMap", "can_be_stored", "mapping_digest"]
