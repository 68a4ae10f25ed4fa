"""Recognise a list of addresses of credentials."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import urljoin

MAX_LISTED: Final = 10_000


def addresses(content: bytes, source: str) -> list[str]:
    """Read a list of addresses, relative ones against `source`; empty when it is no such list."""
    text = content.decode("utf-8", errors="replace").strip()
    if text.startswith("["):
        try:
            items = json.loads(text)
        except (ValueError, RecursionError):
            return []
        return [urljoin(source, item) for item in items] if _are_addresses(items) else []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [urljoin(source, line) for line in lines] if _are_addresses(lines) else []


def _are_addresses(items: Sequence[object]) -> bool:
    # A JWT is a line without a slash or a dot-separated suffix, so absolute addresses only count
    # by scheme and relative ones by a leading slash or dot.
    starts = ("http://", "https://", "/", "./")
    return bool(items) and all(isinstance(item, str) and item.startswith(starts) for item in items)
