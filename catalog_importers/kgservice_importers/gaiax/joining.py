"""Map a signed document beside what its issuer says in other documents."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Final

from kgservice.model.documents import SourceDocument
from kgservice.model.rdf import Iri, Triple
from kgservice_importers.gaiax.dialects import dialect_of
from kgservice_importers.gaiax.structure import StructureMap

_LOCAL: Final = re.compile(r"[^#/:]+$")


@cache
def _followed() -> frozenset[str]:
    text = (resources.files(__package__) / "dialects.json").read_text(encoding="utf-8")
    return frozenset(json.loads(text)["references"])


def references_of(document: SourceDocument) -> frozenset[str]:
    """Name the nodes that mapping queries would look into and the document does not describe."""
    if document.credential is None or not document.credential.proof_kind:
        return frozenset()
    described = {t.subject for t in document.triples}
    found = set()
    for _, predicate, value in document.triples:
        if isinstance(value, Iri) and value not in described:
            name = _LOCAL.search(predicate.value)
            if name and name[0] in _followed():
                found.add(value.value)
    return frozenset(found)


def read_with(
    document: SourceDocument, others: tuple[Triple, ...], structure: StructureMap
) -> tuple[Triple, ...]:
    """Give a document's statements when what `others` say of its nodes is known.

    What the mapping said only because it did not know them, it does not say.
    """
    dialect = dialect_of(document.triples, [document.primary])
    alone = set(structure.added(document.triples, dialect))
    together = structure.added(document.triples, dialect, others)
    taken_back = alone - set(together)
    stated = (triple for triple in document.triples if triple not in taken_back)
    return tuple(dict.fromkeys([*stated, *together]))
