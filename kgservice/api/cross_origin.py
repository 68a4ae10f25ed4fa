"""Pages of other origins may read what anybody may read (Fetch standard §3.2, CORS).

Only reading: every origin, without cookies (there are none). A page that has a token may use it. A
preflight for a call that changes something is not answered with a permission.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

_READS: Final = ("GET", "HEAD", "QUERY")
_READ_BY_POST: Final = ("/sparql",)
_HEADERS: Final = "Accept, Authorization, Content-Type, If-None-Match"
_EXPOSED: Final = "Content-Disposition, ETag, Kg-Generation, Kg-Hint, Link, Location, Retry-After"
_PREFLIGHT_S: Final = "86400"


def install(app: Flask) -> None:
    """Answer preflights, and let every origin read."""
    app.after_request(_permit)


def _permit(response: Response) -> Response:
    if request.method == "OPTIONS":
        allowed = [method for method in sorted(response.allow) if _is_reading(method)]
        if allowed and "Access-Control-Request-Method" in request.headers:
            response.status_code = 204
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Allow-Methods"] = ", ".join(allowed)
            response.headers["Access-Control-Allow-Headers"] = _HEADERS
            response.headers["Access-Control-Max-Age"] = _PREFLIGHT_S
    elif _is_reading(request.method):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    return response


def _is_reading(method: str) -> bool:
    return method in _READS or (method == "POST" and request.path in _READ_BY_POST)
