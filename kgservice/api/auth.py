"""Who makes this call, from the Authorization header (RFC 6750 §2.1)."""

from __future__ import annotations

from flask import request

from kgservice.model.errors import Unauthenticated
from kgservice.mpli.access import ANONYMOUS, NOBODY, Caller
from kgservice.mpli.application import Application


def authenticate(application: Application) -> Caller:
    """Give the caller of the current request.

    Raises:
        Unauthenticated: the header is malformed, or its token is not valid.
    """
    header = request.headers.get("Authorization", "")
    if not header:
        return ANONYMOUS if application.settings.public_read else NOBODY
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            "The Authorization header is not a bearer token.",
            hint="Send `Authorization: Bearer TOKEN`.",
        )
    return application.tokens.caller(token.strip())


def require(application: Application, right: str) -> Caller:
    """Give the caller of the current request if the role gives the right.

    Raises:
        Unauthenticated: nobody is signed in and the right needs somebody.
        AccessDenied: the caller's role does not give the right.
    """
    caller = authenticate(application)
    if caller is NOBODY:
        raise Unauthenticated("This service answers nobody without a token.")
    caller.require(right)
    return caller
