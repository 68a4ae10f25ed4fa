"""From bytes to text, from text to JSON, from a compact JWS to its payload."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Final

from kgservice_importers.jsonld.contexts import Json

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def decoded(content: bytes) -> str:
    """Read UTF-8 or, behind a byte order mark, UTF-16; what is neither becomes U+FFFD."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(encoding, errors="replace").replace("\x00", "")


def parsed(text: str, pairs: Callable[[list[tuple[str, Json]]], Json] | None = None) -> Json:
    """Parse JSON (RFC 8259); escapes of half a character are none (§8.2: unpredictable).

    Raises:
        ValueError: this is no JSON.
        RecursionError: it is nested too deeply.
    """
    found = json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant)
    if _SURROGATE.search(text):
        json.dumps(found, ensure_ascii=False).encode()
    return found


def token_payload(token: str) -> dict[str, Json] | None:
    """Decode the payload of a compact JWS without verifying it; None when it is not one."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        raw = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
        claims = parsed(raw.decode())
    except (ValueError, binascii.Error, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
