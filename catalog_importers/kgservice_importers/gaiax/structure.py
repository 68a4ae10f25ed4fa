"""Add statements in our terms where a Gaia-X document's structure differs from ours."""

from __future__ import annotations

from importlib import resources
from typing import Final

from kgservice.model.vocabulary import Vocabulary
from kgservice_importers.rdf.construct import ConstructMap, can_be_stored

_CANONICAL: Final = "https://w3id.org/gaia-x/2511#"
_RELEASES: Final = (
    "https://w3id.org/gaia-x/development#",
    "https://registry.lab.gaia-x.eu/development/api/trusted-shape-registry/v1/shapes/jsonld/"
    "trustframework#",
)


class StructureMap(ConstructMap):
    """The mapping queries of Gaia-X; they are written for one release and read all."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Load countries, units and named values into a store in memory."""
        super().__init__(vocabulary, resources.files(__package__) / "mapping", _read_as)


def _read_as(iri: str) -> str:
    for release in _RELEASES:
        if iri.startswith(release):
            return _CANONICAL + iri.removeprefix(release)
    return iri


__all__ = ["StructureMap", "can_be_stored"]
