"""Compressed answers for callers that take them (RFC 9110 §8.4, §12.5.3).

An answer in another coding is another representation, and so has another entity tag: the coding's
name is put behind the tag of the answer as it is, and taken away again when a caller sends it back.
"""

from __future__ import annotations

import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import brotli
from flask import Flask, Response, request

from kgservice.api.spooled import SpooledBody

LEAST_BYTES: Final = 1000
"""Smaller answers fit into a packet as they are."""

LARGE: Final = 256 << 10
"""Bytes from which brotli costs more time than it saves; gzip at its fastest takes 2 ms a MB."""

_TEXT: Final = re.compile(
    r"text/(?!event-stream)|image/svg\+xml|application/(?:[\w.-]+\+(?:json|xml)|json|xml|javascript"
    r"|trig|n-triples|n-quads|sparql-query|sparql-update|yaml)(?:;|$)"
)
_CODINGS: Final = ("br", "gzip")
_CODED_TAG: Final = re.compile(r'-(?:br|gzip)"')
_CONDITIONS: Final = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")
_SENT: Final = "kgservice.if_none_match"


class _Coder(Protocol):
    def take(self, part: bytes) -> bytes: ...
    def end(self) -> bytes: ...


class _Gzip:
    def __init__(self, level: int) -> None:
        self._coder = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)

    def take(self, part: bytes) -> bytes:
        return self._coder.compress(part)

    def end(self) -> bytes:
        return self._coder.flush()


class _Brotli:
    def __init__(self, quality: int) -> None:
        self._coder = brotli.Compressor(quality=quality)

    def take(self, part: bytes) -> bytes:
        return bytes(self._coder.process(part))

    def end(self) -> bytes:
        return bytes(self._coder.finish())


def install(app: Flask) -> None:
    """Compress what the application answers, where that is worth it."""
    app.before_request(_bare_tags)
    app.after_request(_compress)


def _bare_tags() -> None:
    for name in _CONDITIONS:
        sent = request.environ.get(name, "")
        if "-br" in sent or "-gzip" in sent:
            request.environ[name] = _CODED_TAG.sub('"', sent)
            if name == "HTTP_IF_NONE_MATCH":
                request.environ[_SENT] = sent


def _compress(response: Response) -> Response:
    if response.status_code == 304:
        _name_what_was_matched(response)
    elif _is_worth_it(response) and (coding := _accepted(response)):
        _encode(response, coding)
    return response


def _name_what_was_matched(response: Response) -> None:
    tag, is_weak = response.get_etag()
    sent = request.environ.get(_SENT, "")
    coding = next((one for one in _CODINGS if tag and f'"{tag}-{one}"' in sent), None)
    if coding and f'"{tag}"' not in sent:
        response.set_etag(f"{tag}-{coding}", weak=bool(is_weak))


def _is_worth_it(response: Response) -> bool:
    if response.status_code in (204, 206) or "Content-Encoding" in response.headers:
        return False
    if "no-store" in response.headers.get("Cache-Control", ""):
        return False  # a secret beside text that somebody else chose: its length would tell of it
    length = response.content_length
    if length is None and response.is_sequence:
        length = response.calculate_content_length()
    return (length is None or length >= LEAST_BYTES) and bool(
        _TEXT.match(response.headers.get("Content-Type", ""))
    )


def _accepted(response: Response) -> str:
    wanted = request.accept_encodings
    if not wanted:
        return ""
    length = response.content_length
    is_large = length is None or length > LARGE
    names = reversed(_CODINGS) if is_large else _CODINGS
    best = max(names, key=lambda name: wanted[name])
    return best if wanted[best] > 0 and wanted[best] >= wanted["identity"] else ""


def _encode(response: Response, coding: str) -> None:
    body = response.response
    if isinstance(body, SpooledBody):
        coded = SpooledBody(tempfile.TemporaryFile())  # noqa: SIM115 - it lives with the answer
        with body.file:
            coded.file.writelines(_coded(body, _coder(coding, is_large=True)))
        coded.file.flush()
        response.response, response.content_length = coded, coded.size
    elif response.is_sequence:
        whole = response.get_data()
        coder = _coder(coding, is_large=len(whole) > LARGE)
        response.set_data(b"".join(_coded([whole], coder)))
    else:
        if close := getattr(body, "close", None):
            response.call_on_close(close)
        response.response = _coded(response.iter_encoded(), _coder(coding, is_large=True))
        response.direct_passthrough = False
        response.headers.pop("Content-Length", None)
    response.headers["Content-Encoding"] = coding
    tag, is_weak = response.get_etag()
    if tag:
        response.set_etag(f"{tag}-{coding}", weak=bool(is_weak))


def _coder(coding: str, *, is_large: bool) -> _Coder:
    return _Brotli(1 if is_large else 4) if coding == "br" else _Gzip(1 if is_large else 6)


def _coded(parts: Iterable[bytes], coder: _Coder) -> Iterator[bytes]:
    """Give the coded bytes; what breaks while they are made breaks the answer too."""
    for part in parts:
        if coded := coder.take(part):
            yield coded
    yield coder.end()
