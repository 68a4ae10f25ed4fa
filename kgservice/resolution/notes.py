"""What a reader of a request should know about it, although it is well written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on one place of a request.

    Attributes:
        code: Slug, as in the list of errors.
        at: `file:line` in YAML, else the resource in RDF or the condition's id.
        message: What is the matter.
        hint: What to do.
        is_fatal: No offering can ever meet the request.
    """

    code: str
    at: str
    message: str
    hint: str = ""
    is_fatal: bool = False

    def as_json(self) -> dict[str, object]:
        """Give it as a JSON object."""
        return {
            "code": self.code,
            "at": self.at,
            "message": self.message,
            "hint": self.hint,
            "neverMet": self.is_fatal,
        }
