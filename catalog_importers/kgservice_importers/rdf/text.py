"""From bytes to text: byte order marks, UTF-16 and UTF-32, and what is no text at all."""

from __future__ import annotations

import codecs
from typing import Final

# UTF-32's little-endian mark starts with that of UTF-16, so it is looked for first.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE: Final = 4096
_MOST_ZEROS: Final = 0.7
_FEWEST_ZEROS: Final = 0.3


class NotText(ValueError):
    """These bytes are no text; `args[0]` says why."""


def decode(content: bytes) -> str:
    """Read bytes as text: by their mark, else as UTF-8, UTF-16 or Windows-1252.

    Raises:
        NotText: it holds what no text holds, such as zero bytes.
    """
    mark, encoding = _mark(content)
    if not encoding:
        encoding = _encoding_of_zeros(content)
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if mark or b"\0" in content[:_SAMPLE]:
            raise NotText(f"not {encoding} at byte {error.start}") from None
        # Old Windows files have a few bytes above 127; nothing else fails this way and is text.
        text = content.decode("cp1252", errors="replace")
    if any(letter in text[:_SAMPLE] for letter in "\x00\x01\x02\x03\x04\x05\x06\x0e\x0f\x10"):
        raise NotText("it holds control characters")
    return text.removeprefix("\ufeff")


def _mark(content: bytes) -> tuple[bytes, str]:
    return next((pair for pair in _MARKS if content.startswith(pair[0])), (b"", ""))


def _encoding_of_zeros(content: bytes) -> str:
    """UTF-16 without a mark has a zero in every other byte of Latin text."""
    sample = content[:_SAMPLE]
    even, odd = sample[0::2], sample[1::2]
    if not odd:
        return "utf-8"
    zeros_even, zeros_odd = even.count(0) / len(even), odd.count(0) / len(odd)
    if zeros_odd > _MOST_ZEROS and zeros_even < _FEWEST_ZEROS:
        return "utf-16-le"
    if zeros_even > _MOST_ZEROS and zeros_odd < _FEWEST_ZEROS:
        return "utf-16-be"
    return "utf-8"
