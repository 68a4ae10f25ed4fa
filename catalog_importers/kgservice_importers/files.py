"""Read a source's files: what cannot be read, or is too large, is a finding."""

from __future__ import annotations

from pathlib import Path

from kgservice.model.errors import Problem, Severity


def beginning(file: Path, name: str, limit: int) -> bytes | Problem:
    """Give the first `limit` bytes of a file and one more, by which a longer one is known."""
    try:
        with file.open("rb") as stream:
            return stream.read(limit + 1)
    except OSError as error:
        detail = f"the file cannot be read: {error.strerror}"
        return Problem("document-unreadable", detail, name, severity=Severity.ERROR)


def whole(file: Path, name: str, limit: int) -> bytes | Problem:
    """Give a file of at most `limit` bytes."""
    content = beginning(file, name, limit)
    if isinstance(content, bytes) and len(content) > limit:
        detail = f"the file has more than {limit} bytes"
        return Problem("document-too-large", detail, name, "It was not read.", Severity.ERROR)
    return content
