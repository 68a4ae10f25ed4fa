"""Ask a TMF620 API, with as much patience as a server that restarts needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from kgservice.model.documents import ImportContext
from kgservice.model.errors import InputError, Problem, Unavailable
from kgservice.net.fetch import Answer, Fetcher, Limits, Pass
from kgservice_importers.tmf620.addresses import Addresses, ListAddress, alternatives, registered
from kgservice_importers.tmf620.breaks import broke, unreachable
from kgservice_importers.tmf620.kept_pages import KeptPages
from kgservice_importers.tmf620.pieces import (
    Found,
    Piece,
    Text,
    items_of,
    not_json,
    plain_utf8,
    take_apart,
)

OK: Final = frozenset({200, 206})
ABSENT: Final = frozenset({400, 403, 404, 405, 501})
"""How servers say that they have no such list."""
_HEADERS: Final = {"Accept": "application/json"}
BEYOND: Final = frozenset({404, 416})
"""How some servers say that a list has no more pages."""
_NO_CONTENT: Final = 204
_GONE: Final = 410
_FAILED: Final = 500
_BUSY: Final = frozenset({408, 425, 429, 502, 503, 504})
_PAGE: Final = 100
_LARGEST_PAGE: Final = 10_000
_PATIENCE_S: Final = 180.0
_FIRST_PATIENCE_S: Final = 2.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 15.0
_SHORT_PAUSE_S: Final = 0.1
ATTEMPTS: Final = 3


class Absent(Exception):
    """The server has no such list, or no such page of it."""

    def __init__(self, status: int) -> None:
        """Keep the status that says so."""
        super().__init__(status)
        self.status = status


class Page(NamedTuple):
    """The members of a page, unread, and the answer that they came in."""

    texts: list[Text]
    answer: Answer


class Client:
    """Asks one source.

    Until the source has answered once, some seconds must do. After that a server that is gone
    or busy is asked the same again for `patience` seconds (an option; by default 180).
    """

    def __init__(self, source: str, context: ImportContext, wait: Callable[[float], None]) -> None:
        """Read the options `limit`, `patience`, `party`, `service` and `resource`.

        Raises:
            InputError: an option is not of its kind (`option-invalid`).
        """
        self.limit = int(_number(context, "limit", _PAGE, _LARGEST_PAGE))
        self._patience_s = _number(context, "patience", _PATIENCE_S, 3600)
        shown = Pass(source, context.token)
        self._fetcher = Fetcher(context.allowed_hosts, Limits(), wait, with_pass=shown)
        self._wait = wait
        self._addresses = registered(source, context.options)
        self._is_found = False
        self._kept = KeptPages(context.cache)
        self.has_begun = False

    def lists(self) -> list[ListAddress]:
        """Give the lists of the source, that of the offerings first.

        Raises:
            Unavailable: the source cannot be reached (`source-unreachable`).
            InputError: the host may not be contacted (`host-not-allowed`).
        """
        return self._found().lists()

    def page(
        self,
        url: str,
        *,
        absent: frozenset[int] = frozenset(),
        attempts: int = ATTEMPTS,
        has_parts: bool = False,
    ) -> Page | str:
        """Give the members of a page, or why it cannot be had although the server works.

        Raises:
            Absent: the status is one of those that say that there is no such page.
            Unavailable: the server is gone and did not come back.
        """
        page: Page | str = ""
        before = b""
        for attempt in range(attempts):
            if attempt:
                self._wait(_SHORT_PAUSE_S * 2 ** (attempt - 1))
            answer = self._ask(url, may_be_broken=True)
            if isinstance(answer, str):
                return answer
            if answer.status in absent:
                raise Absent(answer.status)
            if answer.status not in OK | {_NO_CONTENT} and answer.status < _FAILED:
                raise self._gone(url, f"status {answer.status}")
            page = _page(answer)
            if isinstance(page, Page) or (has_parts and answer.body and answer.body == before):
                return page  # the same twice did not break on the way: its parts will tell
            before = answer.body
        return page

    def end(self) -> None:
        """Forget what was kept of pages that are not asked for any more."""
        self._kept.prune()

    def object(self, address: ListAddress, identifier: str) -> Piece | Found | None:
        """Fetch one object of a list; None when there is none.

        A server may not know the address of a single object; its list is asked before that counts.

        Raises:
            Unavailable: the server cannot be reached, or gave no usable answer.
        """
        for url in address.urls:
            own = _own_url(url, identifier)
            answer = self.ask(own)
            if answer.status in OK:
                return _the(identifier, _parts(answer, own, address.resource))
            if answer.status == _GONE:
                return None
            listed = f"{url}?{urlencode({'id': identifier, 'offset': 0, 'limit': 10})}"
            answer = self.ask(listed)
            if answer.status in OK:
                parts = _parts(answer, listed, address.resource)
                found = _the(identifier, parts)
                if found is None and not self._tells_absence(url, parts):
                    break
                return found
            if answer.status not in ABSENT:
                raise self._gone(listed, f"status {answer.status}")
        if address.is_main:
            raise self._gone(address.urls[0], "it serves neither single objects nor lists by id")
        return None

    def _tells_absence(self, url: str, parts: list[Piece | Found]) -> bool:
        """Whether the server, asked for an id, would have given an object that it has.

        It gave others: so it does not heed `id`. Does it know the addresses of single objects?
        """
        others = [one.identifier for one in parts if isinstance(one, Piece)]
        return not others or self.ask(_own_url(url, others[0])).status in OK

    def ask(self, url: str) -> Answer:
        """Fetch an address; what is busy or gone is asked again.

        Raises:
            Unavailable: nothing came (`source-unreachable`; `source-broke` after something had).
            InputError: the host may not be contacted (`host-not-allowed`).
        """
        answer = self._ask(url, may_be_broken=False)
        if isinstance(answer, str):
            raise self._gone(url, answer)
        return answer

    def _ask(self, url: str, *, may_be_broken: bool) -> Answer | str:
        """Do the same, and say why there is no answer when others are to be had meanwhile."""
        spent, pause = 0.0, _FIRST_PAUSE_S
        for attempt in count(1):
            begin = time.monotonic()
            is_busy, answer = self._once(url)
            spent += time.monotonic() - begin
            if isinstance(answer, Answer):
                self.has_begun = self.has_begun or answer.status in OK
                return answer
            if spent >= (self._patience_s if self.has_begun else _FIRST_PATIENCE_S):
                break
            if may_be_broken and not is_busy and attempt >= ATTEMPTS and self._is_alive():
                return answer
            self._wait(pause)
            spent += pause
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        raise self._gone(url, str(answer))

    def _once(self, url: str) -> tuple[bool, Answer | str]:
        """Give an answer, or say whether the server is busy and why there is none."""
        tag = self._kept.tag(url)
        try:
            answer = self._fetcher.get(url, {**_HEADERS, "If-None-Match": tag} if tag else _HEADERS)
            if answer.status not in _BUSY:
                answer = self._kept.complete(url, answer) or self._fetcher.get(url, _HEADERS)
        except Unavailable as error:
            return False, "it " + error.detail.removeprefix(f"{url} ").rstrip(".")
        if answer.status in _BUSY:
            return True, f"it is busy (status {answer.status})"
        return False, answer

    def _is_alive(self) -> bool:
        _, answer = self._once(self._probe_url(self._addresses))
        return isinstance(answer, Answer) and answer.status in OK

    def _gone(self, url: str, why: str) -> Unavailable:
        return broke(url, why) if self.has_begun else unreachable(url, why)

    def _found(self) -> Addresses:
        """Find the product catalogue below the registered address, when it is not there itself."""
        if self._is_found:
            return self._addresses
        self._is_found = True
        if self._addresses.is_complete:
            return self._addresses
        first = self._probe(self._addresses)
        if first.status not in ABSENT:
            return self._addresses
        for other in alternatives(self._addresses):
            if self._probe(other).status in OK:
                self._addresses = other
                break
        return self._addresses

    def _probe(self, addresses: Addresses) -> Answer:
        return self.ask(self._probe_url(addresses))

    def _probe_url(self, addresses: Addresses) -> str:
        begin = f"{addresses.query}&" if addresses.query else ""
        return f"{addresses.lists()[0].urls[0]}?{begin}offset=0&limit=1"


def _page(answer: Answer) -> Page | str:
    if answer.status == _NO_CONTENT:
        return Page([], answer)
    if answer.status not in OK:
        return f"status {answer.status}"
    try:
        return Page(items_of(plain_utf8(answer.body)), answer)
    except ValueError as error:
        return f"the answer is not a list in JSON: {error}"


def _own_url(url: str, identifier: str) -> str:
    return f"{url}/{quote(identifier, safe=':')}"


def _parts(answer: Answer, at: str, resource: str) -> list[Piece | Found]:
    try:
        return list(take_apart(plain_utf8(answer.body), f"{at}#", resource))
    except ValueError as error:
        return [not_json(at, str(error))]


def _the(identifier: str, parts: list[Piece | Found]) -> Piece | Found | None:
    """Find the object of an id; what cannot be read may be it."""
    named = (one for one in parts if isinstance(one, Piece) and one.identifier == identifier)
    problems = (one for one in parts if isinstance(one, Problem))
    return next(named, None) or next(problems, None)


def _number(context: ImportContext, name: str, default: float, most: float) -> float:
    text = context.options.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 1 <= value <= most:
        raise InputError(
            f"The option {name!r} must be a number from 1 to {most:g}, not {text[:40]!r}.",
            code="option-invalid",
            at=f"/options/{name}",
            hint="Register the catalogue again with an option that fits.",
        )
    return value
