"""Read TMF620 objects from a paged HTTP API, as DOME's and FIWARE's nodes serve it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

from kgservice.model.documents import ImportContext
from kgservice.model.errors import Problem, Severity, Unavailable
from kgservice.net.fetch import Answer, Fetcher, Limits
from kgservice_importers.tmf620.pieces import Found, Piece, Text, items_of, piece_of, plain_utf8
from kgservice_importers.tmf620.records import resource_named

_RESOURCES: Final = (
    "productOffering", "productSpecification", "productOfferingPrice", "category", "catalog",
)  # fmt: skip
_LIMIT: Final = 100
_MOST_PAGES: Final = 20_000
_OK: Final = frozenset({200, 206})
_ABSENT: Final = frozenset({400, 403, 404, 405, 501})
_NEXT: Final = re.compile(r"<([^<>]*)>\s*;[^<]*\brel\s*=\s*\"?next\b", re.IGNORECASE)


def read_pages(
    source: str, context: ImportContext, wait: Callable[[float], None] = time.sleep
) -> Iterator[Piece | Found]:
    """Give every object of an API's five lists, and of the party API named by option `party`.

    A list other than the offerings may be missing; that is a problem, not a failure.

    Raises:
        InputError: the host may not be contacted (`host-not-allowed`).
        Unavailable: the offerings cannot be reached (`source-unreachable`), or a list broke
            off after it had begun (`source-broke`).
    """
    fetcher = Fetcher(context.allowed_hosts, Limits(), wait)
    base = source.rstrip("/")
    if resource_named(base.rpartition("/")[2]) == "productOffering":
        base = base.rpartition("/")[0]
    lists = [(f"{base}/{name}", name) for name in _RESOURCES]
    party = context.options.get("party", "").rstrip("/")
    if party:
        lists.append((f"{party}/organization", "organization"))
    for url, resource in lists:
        yield from _read_list(fetcher, url, resource)


@dataclass
class _Walk:
    """Where a walk over the pages of a list is, and what it has seen."""

    offset: int = 0
    pages: int = 0
    barren: int = 0
    linked: bool = False
    seen: set[str] = field(default_factory=set)


def _read_list(fetcher: Fetcher, url: str, resource: str) -> Iterator[Piece | Found]:
    walk = _Walk()
    while walk.pages < _MOST_PAGES:
        page_url = f"{url}?offset={walk.offset}&limit={_LIMIT}"
        answer = _page(fetcher, page_url, walk, resource)
        if isinstance(answer, Problem):
            yield answer
            return
        page = _items(answer, page_url)
        walk.pages += 1
        fresh = False
        for position, text in enumerate(page):
            piece = piece_of(text, f"{page_url}#/{position}", resource)
            name = (
                piece.identifier
                if isinstance(piece, Piece)
                else bytes(text)[:2000].decode("latin-1")
            )
            if name not in walk.seen:
                walk.seen.add(name)
                fresh = True
                yield piece
        if not page or not _advance(walk, answer, len(page), fresh):
            return
    raise _broke(url, f"it has more than {_MOST_PAGES} pages")


def _advance(walk: _Walk, answer: Answer, size: int, has_new: bool) -> bool:
    """Move on to the next page; say whether there may be one.

    Counts in headers are not believed: DOME's proxy gives the page's own length. A page may be
    short because of permissions, or because the server has a smaller limit of its own, so the
    next page starts after what came; when that brings nothing new, one page further on is tried.
    """
    link = answer.headers.get("link", "")
    target = _NEXT.search(link)
    walk.linked = walk.linked or target is not None
    if not has_new:
        walk.barren += 1
        if walk.barren > 1:
            return False
    else:
        walk.barren = 0
    if target is not None:
        following = parse_qs(urlsplit(target.group(1)).query).get("offset", [""])[0]
        if following.isdecimal() and len(following) < 12 and int(following) > walk.offset:
            walk.offset = int(following)
            return True
    elif walk.linked or link:
        return False
    walk.offset += size if has_new else _LIMIT
    return True


def _page(fetcher: Fetcher, url: str, walk: _Walk, resource: str) -> Answer | Problem:
    try:
        answer = fetcher.get(url, {"Accept": "application/json"})
    except Unavailable as error:
        if walk.pages:
            raise _broke(url, error.detail) from error
        raise
    if answer.status in _OK:
        return answer
    if walk.pages:
        raise _broke(url, f"status {answer.status}")
    if resource != "productOffering" and answer.status in _ABSENT:
        return Problem(
            "list-missing",
            f"The catalogue does not serve its list of {resource}: status {answer.status}.",
            url,
            "Only what the offerings themselves hold is known.",
            Severity.INFO,
        )
    raise Unavailable(
        f"{url} answers with status {answer.status}.",
        code="source-unreachable",
        at=url,
        hint="The last good version of the catalogue is kept.",
    )


def _items(answer: Answer, url: str) -> list[Text]:
    try:
        return items_of(plain_utf8(answer.body))
    except ValueError as error:
        raise _broke(url, f"the answer is not a list in JSON: {error}") from error


def _broke(url: str, why: str) -> Unavailable:
    return Unavailable(
        f"The catalogue broke off half-way: {why}.",
        code="source-broke",
        at=url,
        hint="Nothing of this reading was used; the last good version is kept.",
    )
