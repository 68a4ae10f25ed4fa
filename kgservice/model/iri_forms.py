"""IRIs that are written differently and would be taken for one (RFC 3986 §6.2)."""

from __future__ import annotations

import re
from typing import Final

_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
_PARTS: Final = re.compile(r"([^:/?#]+):(?://([^/?#]*))?([^?#]*)(.*)", re.DOTALL)
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def normal_form(iri: str) -> str:
    """Give the form that all spellings of an IRI share, for telling names that look alike.

    Scheme, host and a URN's namespace in small letters (§6.2.2.1, RFC 8141 §3.1), letters that are
    encoded needlessly (§6.2.2.2), dot segments (§6.2.2.3), and the scheme's own port (§6.2.3). As
    names of RDF they stay different (RDF 1.1 Concepts §3.2): this is for what must not be imitated.
    """
    match = _PARTS.fullmatch(_ENCODED.sub(_decoded, iri))
    if match is None:
        return iri
    scheme, authority, path, rest = match[1].lower(), match[2], match[3], match[4]
    if authority is None:
        namespace, colon, name = path.partition(":")
        path = f"{namespace.lower()}{colon}{name}" if scheme == "urn" else path
        return f"{scheme}:{path}{rest}"
    user, at, host = authority.rpartition("@")
    host = host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ":"))
    return f"{scheme}://{user}{at}{host}{_without_dots(path)}{rest}"


def _decoded(match: re.Match[str]) -> str:
    letter = chr(int(match[1], 16))
    return letter if _UNRESERVED.fullmatch(letter) else match[0].upper()


def _without_dots(path: str) -> str:
    found: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(found) > 1:
                found.pop()
        elif segment != ".":
            found.append(segment)
    if segments[-1] in (".", ".."):
        found.append("")
    return "/".join(found) or "/"
