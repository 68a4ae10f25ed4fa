"""Read credentials from addresses: one credential, or a list of addresses of credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urljoin

from kgservice.model.errors import InputError, Problem, Severity, Unavailable
from kgservice.net.fetch import Fetcher

MAX_LISTED: Final = 10_000


def fetch_listed(source: str, fetcher: Fetcher) -> Iterator[tuple[bytes | Problem, str]]:
    """Fetch `source`; when it is a list (JSON array, or one address a line), what it lists.

    A member that cannot be fetched is a problem; the others are read.

    Raises:
        Unavailable: `source` itself gives no usable answer.
        InputError: `source` may not be contacted (`host-not-allowed`).
    """
    content = _body(source, fetcher)
    listed = addresses(content, source)
    if not listed:
        yield content, source
        return
    if len(listed) > MAX_LISTED:
        detail = f"the list names {len(listed)} addresses, more than {MAX_LISTED}"
        hint = "The first ones were read; split the list."
        yield Problem("list-too-long", detail, source, hint, Severity.ERROR), source
    for address in listed[:MAX_LISTED]:
        try:
            yield _body(address, fetcher), address
        except (Unavailable, InputError) as error:
            yield error.problem(), address


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


def _body(address: str, fetcher: Fetcher) -> bytes:
    answer = fetcher.get(address, {"Accept": "application/vc+jwt, application/ld+json;q=0.9"})
    if answer.status != 200:
        raise Unavailable(
            f"{address} answered {answer.status}.",
            code="source-unreachable",
            at=address,
            hint="The last good version of the catalogue is kept.",
        )
    return answer.body
