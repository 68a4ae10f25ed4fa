"""Keep what the vocabulary has no term for as it was found."""

from __future__ import annotations

from typing import Final

from kgservice.model.rdf import Literal
from kgservice_importers.tmf620.characteristics import Characteristic, Value
from kgservice_importers.tmf620.draft import JSON_LITERAL, Draft
from kgservice_importers.tmf620.mapping import spaced
from kgservice_importers.tmf620.records import Minter

_LONGEST: Final = 20_000


def keep(item: Characteristic, minter: Minter, draft: Draft) -> None:
    """State a characteristic under its own name: schema.org's PropertyValue of the subject."""
    literals = [_literal(value) for value in item.values if value.text or value.start]
    if literals:
        node = minter.node(draft.subject.value, "characteristic", spaced(item.name))
        draft.keep(node, item.name, literals, item.values[0].unit)


def _literal(value: Value) -> Literal:
    if value.is_structure:
        return Literal(value.text, JSON_LITERAL)
    text = f"{value.start}..{value.text}" if value.is_range else value.text
    return Literal(text[:_LONGEST])
