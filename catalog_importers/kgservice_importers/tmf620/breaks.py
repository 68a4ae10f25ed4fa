"""Say how a source failed: at the first try, or half-way."""

from __future__ import annotations

from kgservice.model.errors import Unavailable


def broke(url: str, why: str) -> Unavailable:
    """Say that a source stopped answering after it had begun."""
    return Unavailable(
        f"The catalogue broke off half-way: {why}.",
        code="source-broke",
        at=url,
        hint="Nothing of this reading was used; the last good version is kept.",
    )


def unreachable(url: str, why: str) -> Unavailable:
    """Say that a source cannot be reached at all."""
    return Unavailable(
        f"The catalogue cannot be read: {why}.",
        code="source-unreachable",
        at=url,
        hint="The last good version of the catalogue is kept.",
    )
