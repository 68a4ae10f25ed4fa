"""Hold all objects of a source unread, and read each when it is asked for."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Final

from kgservice.model.errors import Problem, Severity
from kgservice_importers.tmf620.pieces import Found, Piece, record_of
from kgservice_importers.tmf620.records import Index, Record, recency

_MOST_READ: Final = 4096
_ONLY_LINKED: Final = (
    "productSpecification", "serviceSpecification", "resourceSpecification", "productOfferingPrice",
)  # fmt: skip
"""Objects that say something of an offering, and nothing by themselves."""


class Inventory(Index):
    """An index that costs 300 bytes an object beside the source's own text.

    Objects that many link to stay read; an offering is read once, when its turn comes.
    """

    def __init__(self, pieces: Iterable[Piece | Found] = ()) -> None:
        """Take in every object; findings on the way are kept in `problems`."""
        super().__init__(())
        self._pieces: dict[str, dict[str, Piece]] = {}
        self._read: dict[tuple[str, str], Record] = {}
        self.take_in(pieces)

    def take_in(self, pieces: Iterable[Piece | Found]) -> None:
        """Add objects; the newest of several versions counts."""
        for piece in pieces:
            if isinstance(piece, Piece):
                same = self._pieces.setdefault(piece.resource, {})
                known = same.setdefault(piece.identifier, piece)
                if known is not piece and bytes(known.text) != bytes(piece.text):
                    same[piece.identifier] = self._newer(known, piece)
            elif isinstance(piece, Problem):
                self.problems.append(piece)
            else:
                self.set_aside.append(piece)

    def pieces(self, resource: str) -> dict[str, Piece]:
        """Give the objects of a resource by id, in the order found."""
        return self._pieces.get(resource, {})

    def resources(self) -> Iterator[str]:
        """Name the resources there are objects of."""
        return iter(self._pieces)

    def all(self, resource: str) -> list[tuple[str, Record]]:
        """Give the objects of a resource with their ids; what cannot be read is left out."""
        found = ((name, self.get(resource, name)) for name in self.pieces(resource))
        return [(name, record) for name, record in found if record is not None]

    def get(self, resource: str, identifier: str) -> Record | None:
        """Find an object by id."""
        key = (resource, identifier)
        known = self._read.get(key)
        if known is not None:
            return known
        piece = self.pieces(resource).get(identifier)
        record = record_of(piece) if piece is not None else None
        if not isinstance(record, Record):
            return None
        if len(self._read) >= _MOST_READ:
            self._read.clear()
        self._read[key] = record
        return record

    def unlinked(self, linked: Container[tuple[str, str]]) -> Iterator[Problem]:
        """Tell of the specifications and prices that nothing led to; `linked` is what was."""
        for resource in _ONLY_LINKED:
            for identifier, piece in self.pieces(resource).items():
                if (resource, identifier) not in linked:
                    yield Problem(
                        "object-unlinked",
                        f"No offering of the source refers to the {resource} {identifier[:80]!r}.",
                        piece.at,
                        "It became no fact: nobody offers it.",
                        Severity.INFO,
                    )

    def _newer(self, known: Piece, other: Piece) -> Piece:
        first, second = record_of(known), record_of(other)
        if isinstance(second, Problem):
            self.problems.append(second)
            return known
        if isinstance(first, Problem) or first.content == second.content:
            return other if isinstance(first, Problem) else known
        kept = max((first, second), key=recency)
        self.problems.append(
            Problem(
                "duplicate-id",
                f"The {other.resource} {other.identifier[:80]!r} comes twice, with two contents.",
                other.at,
                f"The one at {kept.at} was used.",
            )
        )
        return known if kept is first else other
