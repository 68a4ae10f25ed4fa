"""What a call of a query asks for, wherever it says so: parameters and the form of the answer."""

from __future__ import annotations

from flask import request

from kgservice.store.results import accept_of

FORM = "application/x-www-form-urlencoded"


def values_of(name: str) -> tuple[str, ...]:
    """Collect a repeated parameter from the query string and, for a form, from the body."""
    values = request.args.getlist(name)
    if request.method == "POST" and request.mimetype == FORM:
        values = values + request.form.getlist(name)
    return tuple(values)


def accepted() -> str:
    """Give the Accept header, or what `format` or `output` says in its place."""
    names = [*values_of("format"), *values_of("output")]
    if names:
        return accept_of(names[0])
    return request.headers.get("Accept", "*/*")
