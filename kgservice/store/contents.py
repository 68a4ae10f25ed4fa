"""A graph's content as somebody sends it, read as N-Triples in a process of its own."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from kgservice.model.errors import InputError, NotSupported, Unavailable
from kgservice.store.sandbox import run_isolated

MOST_BYTES = 64 << 20
"""Of content that came compressed."""
DEADLINE_S = 60.0
_CHUNK = 20_000
_FORMATS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/x-turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "text/plain": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
}
_JSON_LD = "application/ld+json"
MEDIA_TYPES = ("text/turtle", "application/n-triples", "application/rdf+xml", _JSON_LD)
_PLACE = re.compile(r"(?:at|on) line (\d+)(?:[^\d]+(\d+))?")


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes and what they are; `name` is the part's file name, if it has one."""

    body: bytes
    media_type: str
    name: str = ""


def read_contents(contents: tuple[Content, ...], base_iri: str) -> bytes:
    """Read all contents of one graph as N-Triples; each one's blank nodes are its own.

    Raises:
        InputError: one of them is not what its media type says (`content-invalid`, with its line),
            or too much for its reader (`content-too-deep`).
        NotSupported: its media type is none of `MEDIA_TYPES` (`unsupported-media-type`).
    """
    for content in contents:
        if content.media_type not in _FORMATS and content.media_type != _JSON_LD:
            raise _unsupported(content.media_type)
    try:
        chunks = run_isolated(
            _parsed, (contents, base_iri), memory_mb=2048, deadline_s=DEADLINE_S, chunk=1
        )
        return b"".join(chunks)
    except Unavailable as error:  # the content is to blame: nothing else was in that process
        raise InputError(
            "The content could not be read: it is nested too deeply, or takes too much memory or"
            " time.",
            code="content-too-deep",
            hint="Nest it less deeply, or send it in parts by POST.",
        ) from error


def inflated(body: bytes) -> bytes:
    """Undo gzip, up to `MOST_BYTES`.

    Raises:
        InputError: it is not gzip, or longer (`content-coding-invalid`).
    """
    try:
        reader = zlib.decompressobj(wbits=31)
        content = reader.decompress(body, MOST_BYTES)
    except zlib.error:
        content, reader = b"", None
    if reader is None or not reader.eof or reader.unused_data:
        too_long = reader is not None and not reader.eof and len(content) == MOST_BYTES
        raise InputError(
            f"The content is longer than {MOST_BYTES >> 20} MiB."
            if too_long
            else "The content is not one whole gzip stream.",
            code="content-coding-invalid",
            at="Content-Encoding",
        )
    return content


def _unsupported(media_type: str) -> NotSupported:
    return NotSupported(
        f"A graph cannot come as {media_type or 'nothing'}.",
        code="unsupported-media-type",
        hint=f"Send one of {', '.join(MEDIA_TYPES)}.",
        status=415,
    )


def _parsed(contents: tuple[Content, ...], base_iri: str) -> Iterator[bytes]:
    """In the child: give the statements of all contents as N-Triples, in parts."""
    for content in contents:
        if content.media_type == _JSON_LD:
            from kgservice.store.json_ld import as_nquads

            source, form = as_nquads(content.body, base_iri), ox.RdfFormat.N_QUADS
        else:
            source, form = content.body, _FORMATS[content.media_type]
        try:
            yield from _statements(source, form, base_iri)
        except SyntaxError as error:
            raise _invalid(str(error), content.name) from None


def _statements(source: bytes, form: ox.RdfFormat, base_iri: str) -> Iterator[bytes]:
    lines: list[str] = []
    base = base_iri if form in (ox.RdfFormat.TURTLE, ox.RdfFormat.RDF_XML) else None
    for quad in ox.parse(source, format=form, base_iri=base, rename_blank_nodes=True):
        if quad.graph_name != ox.DefaultGraph():
            raise InputError(
                "The content has named graphs; a graph holds none.",
                code="content-invalid",
                hint="Send each graph to its own address.",
            )
        lines.append(f"{quad.triple} .\n")
        if len(lines) == _CHUNK:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def _invalid(message: str, name: str) -> InputError:
    found = _PLACE.search(message)
    place = ":".join(part for part in (found[1], found[2]) if part) if found else ""
    return InputError(
        f"The content does not parse: {message.rstrip('.')}.",
        code="content-invalid",
        at=":".join(part for part in (name[:100] or "content", place) if part),
        hint="Nothing was changed.",
    )
