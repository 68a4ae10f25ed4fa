"""Walk over the pages of a list whose counts, sizes and order cannot be believed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

from kgservice.model.errors import Problem, Severity
from kgservice.net.fetch import Answer
from kgservice_importers.tmf620.addresses import ListAddress
from kgservice_importers.tmf620.breaks import broke, unreachable
from kgservice_importers.tmf620.client import (
    ABSENT,
    ATTEMPTS,
    BEYOND,
    Absent,
    Client,
    Page,
)
from kgservice_importers.tmf620.pieces import Found, Piece, Text, piece_of

_MOST_PAGES: Final = 50_000
_MOST_READINGS: Final = 5
_MOST_LOST: Final = 10
_NEXT: Final = re.compile(r"<([^<>]*)>\s*;[^<]*\brel\s*=\s*\"?next\b", re.IGNORECASE)
_LONGEST_NUMBER: Final = 12
_NARROWER: Final = 10

_Seen = dict[str, Piece | Found]


@dataclass(slots=True)
class _Walk:
    """One reading of a list from its beginning to its end.

    Every page begins with the last object of the page before. When it does not, something was
    removed or moved meanwhile, and objects may have slipped through.

    Attributes:
        found: What was found, by id; what has none by its place.
        names: The ids on the last page.
        overlap: The id that the next page must hold.
        has_new: The last page brought something new.
        barren: Pages in a row that did not.
        lost: Objects in a row that the server could not give.
        windows: Ends of the stretches that are read in smaller pages, and the size that was asked
            for there.
        promised: The largest count that the server gave.
        is_shifted: A page did not go on where the one before ended.
        knows_offsets: It does not give the same page for another offset.
    """

    limit: int
    offset: int = 0
    query: str = ""
    pages: int = 0
    barren: int = 0
    lost: int = 0
    promised: int = 0
    overlap: str = ""
    has_new: bool = False
    is_shifted: bool = False
    knows_offsets: bool = True
    is_linked: bool = False
    is_over: bool = False
    found: _Seen = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    windows: list[tuple[int, int]] = field(default_factory=list)


def read_list(client: Client, address: ListAddress) -> Iterator[Piece | Found]:
    """Give every object of a list once.

    The list is read again while readings contradict each other: one whose pages fit together is
    the list, as are several that bring nothing new any more. An object that no page can be had
    with is reported as `json-invalid` with its position.

    Raises:
        Unavailable: the list cannot be reached, or broke off.
    """
    union: _Seen = {}
    is_shifted = False
    for reading in range(_MOST_READINGS):
        walk = _walk(client, address)
        if isinstance(walk, Problem):
            yield walk
            return
        is_shifted = walk.is_shifted
        if not walk.is_shifted and walk.promised <= len(walk.found):
            yield from walk.found.values()
            return
        is_new = bool(walk.found.keys() - union.keys())
        union |= walk.found
        if reading and not is_new:
            break
    yield from union.values()
    if is_shifted:
        yield Problem(
            "list-unstable",
            f"The list of {address.resource} changes while it is read, {reading + 1} times over.",
            address.urls[0],
            f"All {len(union)} objects that were seen are used; some may be missing.",
        )


def _walk(client: Client, address: ListAddress) -> _Walk | Problem:
    status = 0
    for url in address.urls:
        walk = _Walk(client.limit)
        try:
            while not walk.is_over:
                if walk.pages > _MOST_PAGES:
                    raise broke(url, f"it has more than {_MOST_PAGES} pages")
                _step(client, address, url, walk)
        except Absent as absent:
            status = absent.status
        else:
            return walk
    return Problem(
        "list-missing",
        f"The catalogue does not serve its list of {address.resource}: status {status}.",
        address.urls[0],
        "Only what the offerings themselves hold is known.",
        Severity.INFO,
    )


def _step(client: Client, address: ListAddress, url: str, walk: _Walk) -> None:
    page_url = _page_url(address, url, walk)
    walk.asked.add(page_url)
    # Within a stretch that cannot be had as a whole, one attempt at a part of it is enough.
    attempts = 1 if walk.windows and walk.limit > 1 else ATTEMPTS
    try:
        page = client.page(
            page_url,
            absent=_absent(address, walk),
            attempts=attempts,
            has_parts=walk.limit > 1 and not walk.query,
        )
    except Absent:
        walk.is_over = True
        if not walk.pages:
            raise
        return
    if isinstance(page, str):
        _narrow(walk, page_url, page)
        return
    walk.pages += 1
    walk.lost = 0
    _take_in(walk, page, page_url, address.resource)
    if not walk.is_over:
        _advance(walk, page.answer, page_url, client.limit)


def _absent(address: ListAddress, walk: _Walk) -> frozenset[int]:
    """Give the statuses that mean: no such list, or nothing behind what was had.

    A page that begins with an object that was there a moment ago cannot be beyond the end.
    """
    if walk.pages:
        return frozenset() if walk.overlap else BEYOND
    return frozenset() if address.is_main else ABSENT


def _page_url(address: ListAddress, url: str, walk: _Walk) -> str:
    if walk.query:
        return f"{url}?{walk.query}"
    begin = f"{address.query}&" if address.query else ""
    return f"{url}?{begin}offset={walk.offset}&limit={walk.limit}"


def _narrow(walk: _Walk, page_url: str, why: str) -> None:
    """Ask for less, down to the one object that the server cannot give; then go on behind it."""
    if walk.query:
        raise broke(page_url, why)
    walk.overlap = ""
    if walk.limit > 1:
        walk.windows.append((walk.offset + walk.limit, walk.limit))
        walk.limit = max(1, walk.limit // _NARROWER)
        return
    walk.lost += 1
    if walk.lost > _MOST_LOST:
        raise broke(page_url, why) if walk.pages else unreachable(page_url, why)
    walk.found[f"at {walk.offset}"] = Problem(
        "json-invalid",
        f"The server does not give this object: {why[:200]}.",
        page_url,
        "It was left out. Nothing counts as vanished from this catalogue while it is so.",
        Severity.ERROR,
    )
    walk.offset += 1
    walk.names = []
    _widen(walk, walk.offset)


def _widen(walk: _Walk, end: int) -> None:
    """Ask for full pages again behind the stretch that could only be had in parts."""
    while walk.windows and end >= walk.windows[-1][0]:
        walk.limit = walk.windows.pop()[1]


def _take_in(walk: _Walk, page: Page, page_url: str, resource: str) -> None:
    before = len(walk.found)
    names: list[str] = []
    for position, text in enumerate(page.texts):
        piece = piece_of(text, f"{page_url}#/{position}", resource)
        name = piece.identifier if isinstance(piece, Piece) else _told_by_text(text)
        key = name if isinstance(piece, Piece) else f"at {walk.offset + position}"
        names.append(name)
        walk.found.setdefault(key, piece)
    if walk.overlap and walk.overlap not in names:
        walk.is_shifted = True
    walk.has_new = len(walk.found) > before
    if walk.has_new:
        walk.barren = 0
    elif not walk.windows:  # in a small part of a page there may be nothing that we may see
        # The same page again: the server knows no offsets, or only multiples of the limit.
        is_same = len(names) > 1 and names == walk.names
        walk.knows_offsets = walk.knows_offsets and not is_same
        walk.barren += 2 if is_same and not walk.barren else 1
        walk.is_over = walk.barren > (2 if names else 1)
    walk.names = names
    promise = page.answer.headers.get("x-total-count", "")
    if promise.isdecimal() and len(promise) < _LONGEST_NUMBER:
        walk.promised = max(walk.promised, int(promise))


def _told_by_text(text: Text) -> str:
    return f"text {bytes(text)[:2000]!r}"


def _advance(walk: _Walk, answer: Answer, page_url: str, limit: int) -> None:
    """Move on to the next page.

    Counts in headers are not believed: DOME's proxy gives the page's own length. A page may be
    short because of permissions, or because the server has a smaller limit of its own, so the
    next one begins with the last object that came. When that brings nothing new, the one behind
    it is tried, and then one a whole page further on.
    """
    link = answer.headers.get("link", "")
    target = _NEXT.search(link)
    if target is not None and _follow_link(walk, target.group(1), page_url):
        return
    if target is None and (walk.is_linked or link):
        walk.is_over = True
        return
    end = walk.offset + len(walk.names)
    if walk.has_new:
        _begin_at(walk, end)
    else:
        step = walk.limit if walk.windows else limit
        walk.offset = end if walk.barren == 1 and walk.names else walk.offset + step
        walk.overlap = ""
    _widen(walk, max(end, walk.offset))


def _follow_link(walk: _Walk, target: str, page_url: str) -> bool:
    """Go where a `next` link leads, on the server that we know: only its query is believed."""
    query = urlsplit(target).query
    following = parse_qs(query).get("offset", [""])[0]
    walk.is_linked = True
    if following.isdecimal() and len(following) < _LONGEST_NUMBER:
        if int(following) <= walk.offset:
            return False
        _begin_at(walk, int(following))
        _widen(walk, int(following))
        return True
    if not query or f"{page_url.partition('?')[0]}?{query}" in walk.asked:
        return False
    walk.query, walk.overlap = query, ""
    return True


def _begin_at(walk: _Walk, offset: int) -> None:
    """Go on at an offset, with the object before it once more."""
    does_overlap = len(walk.names) > 1 and walk.knows_offsets
    walk.offset = offset - 1 if does_overlap else offset
    walk.overlap = walk.names[-1] if does_overlap else ""
