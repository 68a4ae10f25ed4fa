"""Ask SPARQL endpoints of the operator's list for what a query's SERVICE blocks want."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from kgservice.model.errors import DeadlineExceeded, InputError, Unavailable
from kgservice.model.rdf import Iri, Literal, is_valid_iri, to_text
from kgservice.net.fetch import Fetcher, Limits
from kgservice.store.service_calls import Call, put, read_calls
from kgservice.store.wire import is_language, skolem_prefix

LONGEST_S: Final = 15.0
"""Seconds for one endpoint's answer, within the query's own deadline."""
MOST_BYTES: Final = 8 << 20
MOST_ROWS: Final = 10_000
AT_ONCE: Final = 8
"""Requests to others that may be under way; each holds a thread of the service."""

_RESULTS = "application/sparql-results+json"


class _Cell(msgspec.Struct, frozen=True):
    type: str
    value: str
    language: str = msgspec.field(name="xml:lang", default="")
    datatype: str = ""


class _Head(msgspec.Struct):
    vars: list[str]


class _Bindings(msgspec.Struct):
    bindings: list[dict[str, _Cell]]


class _Answer(msgspec.Struct):
    head: _Head
    results: _Bindings


class _Failed(Exception):
    """An endpoint gave nothing that can be used; `args[0]` says why."""


class Federation:
    """The endpoints that SERVICE may name.

    An endpoint's IRI has to be one of the list, letter by letter, and its host is looked up and
    checked by the fetcher as for catalogues: a name that leads to this machine is refused unless
    its port is in the address too. Redirects are not followed, and no token is sent.
    """

    def __init__(self, endpoints: frozenset[str] = frozenset()) -> None:
        """Take the list."""
        self._endpoints = endpoints
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def complete(self, text: str, end: float) -> str:
        """Give a query in which the solutions of each SERVICE block stand in its place.

        The gate has looked at the text afterwards. `end` is the query's end, `time.monotonic()`.

        Raises:
            InputError: the gate or `read_calls` refuses the text, or an endpoint is not on the list
                (`service-not-allowed`); SILENT does not change that.
            Unavailable: an endpoint failed, and the block is not SILENT (`service-failed`).
            DeadlineExceeded: the query's time ended meanwhile.
        """
        calls = read_calls(text)
        for call in calls:
            if call.endpoint not in self._endpoints:
                raise _not_allowed(call)
        known: dict[tuple[str, str, bool], str] = {}
        for call in calls:
            key = (call.endpoint, call.query, call.is_silent)
            if key not in known:
                known[key] = self._solutions(call, len(known), end)
        return put(text, calls, [known[c.endpoint, c.query, c.is_silent] for c in calls])

    def _solutions(self, call: Call, number: int, end: float) -> str:
        try:
            return _values(self._fetch(call, end), skolem_prefix(f"{number} {call.query}"))
        except (_Failed, InputError, Unavailable, msgspec.MsgspecError, RecursionError) as error:
            if time.monotonic() >= end:
                raise DeadlineExceeded(
                    f"<{call.endpoint}> did not answer before the query's deadline.",
                    code="query-deadline",
                    hint="Ask it for less.",
                ) from None
            if call.is_silent:
                return _nothing_known(call)
            raise _failed(call, getattr(error, "detail", str(error))) from None

    def _fetch(self, call: Call, end: float) -> bytes:
        left = end - time.monotonic()
        if not self._places.acquire(timeout=max(0.0, left)):
            raise _Failed("too many requests to other endpoints are under way")
        try:
            limits = Limits(
                max_bytes=MOST_BYTES,
                total_s=max(0.001, min(LONGEST_S, end - time.monotonic())),
                redirects=0,
                attempts=1,
            )
            answer = Fetcher(frozenset({_entry(call.endpoint)}), limits).post(
                call.endpoint,
                urlencode({"query": call.query}).encode(),
                {"Accept": _RESULTS, "Content-Type": "application/x-www-form-urlencoded"},
            )
        finally:
            self._places.release()
        if answer.status != 200:
            raise _Failed(f"it answered {answer.status}")
        return answer.body


def _nothing_known(call: Call) -> str:
    """Give one empty solution, which joins with anything; the block's variables stay columns."""
    if not call.names:
        return "{}"
    unbound = " ".join("UNDEF" for _ in call.names)
    return f"VALUES ({' '.join(f'?{name}' for name in call.names)}) {{ ({unbound}) }}"


def _entry(endpoint: str) -> str:
    """Name the endpoint's host for the fetcher, with its port when the operator wrote one."""
    authority = endpoint.split("/", 3)[2]
    return authority.partition("?")[0]


def _values(body: bytes, blank_prefix: str) -> str:
    """Write an answer in SPARQL 1.1 Query Results JSON as inline data (SPARQL 1.1 §10.2)."""
    answer = msgspec.json.decode(body, type=_Answer)
    names, rows = answer.head.vars, answer.results.bindings
    if len(rows) > MOST_ROWS:
        raise _Failed(f"its answer has more than {MOST_ROWS} rows")
    if len(names) != len(set(names)) or not all(_is_name(name) for name in names):
        raise _Failed("its answer has variables that are none")
    known: dict[_Cell, str] = {}
    lines = [f"({' '.join(_cells(row, names, known, blank_prefix))})" for row in rows]
    return f"VALUES ({' '.join(f'?{name}' for name in names)}) {{ {' '.join(lines)} }}"


def _is_name(name: str) -> bool:
    return name.isidentifier() or (name.isascii() and name.replace("_", "a").isalnum())


def _cells(
    row: Mapping[str, _Cell], names: list[str], known: dict[_Cell, str], blank_prefix: str
) -> list[str]:
    cells = []
    for name in names:
        cell = row.get(name)
        if cell is not None and cell not in known:
            known[cell] = _term(cell, blank_prefix)
        cells.append("UNDEF" if cell is None else known[cell])
    return cells


def _term(cell: _Cell, blank_prefix: str) -> str:
    if cell.type == "bnode":  # VALUES takes none; RDF 1.1 Concepts §3.5
        return f"<{blank_prefix}{quote(cell.value, safe='')}>"
    if cell.type == "uri" and is_valid_iri(cell.value):
        return to_text(Iri(cell.value))
    is_literal = cell.type in ("literal", "typed-literal") and is_language(cell.language)
    if is_literal and (not cell.datatype or is_valid_iri(cell.datatype)):
        plain = Literal(cell.value, language=cell.language)
        return to_text(Literal(cell.value, cell.datatype) if cell.datatype else plain)
    raise _Failed("its answer has a term that cannot be read")


def _not_allowed(call: Call) -> InputError:
    return InputError(
        f"SERVICE may not call <{call.endpoint[:200]}>.",
        code="service-not-allowed",
        at="query",
        hint="The operator lists the endpoints in KG_SERVICE_ENDPOINTS, letter by letter.",
        status=403,
    )


def _failed(call: Call, why: str) -> Unavailable:
    return Unavailable(
        f"SERVICE <{call.endpoint}> failed: {why.rstrip('.')}.",
        code="service-failed",
        hint=f"Ask it for less (at most {MOST_ROWS} rows), or use SERVICE SILENT.",
        status=502,
    )
