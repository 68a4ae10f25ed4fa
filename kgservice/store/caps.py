"""Bounds of an answer: bytes, rows and characters are looked at while the engine writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kgservice.store.results import Output


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """How large one answer may be."""

    max_rows: int = 1_000_000
    max_mb: int = 256


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What queries may use; see `open_store`."""

    workers: int = 2
    timeout_s: float = 30.0
    memory_mb: int = 1024
    answers: AnswerLimits | None = None


class TooLarge(Exception):
    """The answer passed a limit; `args[0]` names it."""


class NotXml(Exception):
    """The answer has characters that no XML document can hold (XML 1.0 §2.2), escaped or not."""


_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
"""As the engine writes them: as they are."""


class Capped:
    """Passes bytes on until there are too many; the engine stops when a write fails."""

    def __init__(self, output: Output, media_type: str, limits: AnswerLimits) -> None:
        """Write an answer of this media type into `output`."""
        self._output = output
        self._limits = limits
        self._count = _COUNTS.get(media_type, _none)()
        self._bytes = self._rows = 0
        self._is_xml = media_type.endswith("+xml")
        self._rest = b""

    def write(self, part: bytes) -> int:
        """Take some bytes.

        Raises:
            TooLarge: there are too many, or they hold too many rows.
            NotXml: they should be XML, and a character of theirs cannot be in one.
        """
        self._bytes += len(part)
        if self._bytes > self._limits.max_mb << 20:
            raise TooLarge(f"{self._limits.max_mb} MiB")
        self._rows += self._count(part)
        if self._rows > self._limits.max_rows:
            raise TooLarge(f"{self._limits.max_rows} rows")
        if self._is_xml:
            whole = self._rest + part
            if _NOT_XML.search(whole):
                raise NotXml
            self._rest = whole[-2:]  # a character of three bytes may lie in two parts
        return self._output.write(part)

    def flush(self) -> None:
        """Do nothing: what is written has been passed on."""


Count = Callable[[bytes], int]


def _none() -> Count:
    """Rows that have no mark of their own are bounded by the bytes."""
    return lambda _part: 0


def _lines() -> Count:
    """Each row is a line, and no term holds the end of one; a heading is one row more."""
    return lambda part: part.count(b"\n")


def _marks(mark: bytes) -> Callable[[], Count]:
    """Count the marks of rows, also where two parts meet."""

    def begin() -> Count:
        rest = b""

        def count(part: bytes) -> int:
            nonlocal rest
            whole = rest + part
            rest = whole[-(len(mark) - 1) :]
            return whole.count(mark)

        return count

    return begin


def _unquoted_lines() -> Count:
    """Count the ends of lines that are in no quotes (RFC 4180 §2.6)."""
    is_quoted = False

    def count(part: bytes) -> int:
        nonlocal is_quoted
        pieces = part.split(b'"')
        outside = pieces[1 if is_quoted else 0 :: 2]
        is_quoted ^= len(pieces) % 2 == 0
        return sum(piece.count(b"\n") for piece in outside)

    return count


_COUNTS: Mapping[str, Callable[[], Count]] = {
    "text/tab-separated-values": _lines,
    "text/csv": _unquoted_lines,
    "application/n-triples": _lines,
    "application/n-quads": _lines,
    "application/sparql-results+xml": _marks(b"<result>"),
    # The engine writes no spaces, and in a text the quote would be escaped. A text that ends in
    # these counts for a row more; a row in which nothing is bound does not count.
    "application/sparql-results+json": _marks(b'}},{"'),
}
