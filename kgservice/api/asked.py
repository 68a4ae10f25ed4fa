"""What a call of a query asks for, wherever it says so: parameters and the form of the answer."""

from __future__ import annotations

from flask import request

from kgservice.model.errors import InputError
from kgservice.store.results import accept_of

FORM = "application/x-www-form-urlencoded"


def values_of(name: str) -> tuple[str, ...]:
    """Collect a repeated parameter from the query string and, for a form, from the body."""
    values = request.args.getlist(name)
    if request.method == "POST" and request.mimetype == FORM:
        values = values + request.form.getlist(name)
    return tuple(values)


def direct_text(media_type: str, what: str) -> str:
    """Read a text that is the whole body.

    Raises:
        InputError: it comes in another encoding than UTF-8 (415), or is not UTF-8 (`query-syntax`).
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise unsupported(f"{media_type}; charset={charset[:40]}", media_type, what)
    try:
        return request.get_data().decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"The {what} is not UTF-8.", code="query-syntax") from None


def unsupported(sent: str, media_type: str, what: str) -> InputError:
    """Make the error for a body of a kind that is not taken; `what` is the form's parameter too."""
    return InputError(
        f"{_A[what]} cannot come as {sent[:80] or 'nothing'}.",
        code="unsupported-media-type",
        hint=f"Send {media_type} in UTF-8, or the parameter `{what}` as {FORM}.",
        status=415,
    )


_A = {"query": "A query", "update": "An update"}


def accepted() -> str:
    """Give the Accept header, or what `format` or `output` says in its place."""
    names = [*values_of("format"), *values_of("output")]
    if names:
        return accept_of(names[0])
    return request.headers.get("Accept", "*/*")
