"""Errors as RFC 9457 problem documents; bad input never answers 5xx."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus

from flask import Flask, Response
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from kgservice.model.errors import InputError, KgError, Problem

_LOG = logging.getLogger("kgservice.api")
MEDIA_TYPE = "application/problem+json"


def problem_as_json(problem: Problem) -> dict[str, str]:
    """Write a finding as a JSON object, leaving out what is empty."""
    members = {
        "code": problem.code,
        "detail": problem.detail,
        "at": problem.at,
        "hint": problem.hint,
        "severity": problem.severity.value,
    }
    return {name: value for name, value in members.items() if value}


def problem_response(error: KgError, base_iri: str) -> Response:
    """Answer an error as `application/problem+json` (RFC 9457 §3)."""
    body: dict[str, object] = {
        "type": f"{base_iri}docs/errors#{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
    }
    body |= {name: value for name, value in (("at", error.at), ("hint", error.hint)) if value}
    if error.reasons:
        body["reasons"] = [problem_as_json(reason) for reason in error.reasons]
    response = Response(
        json.dumps(body, ensure_ascii=False, indent=2) + "\n", error.status, mimetype=MEDIA_TYPE
    )
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="kgservice"'
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "2"
    return response


def from_pydantic(error: ValidationError) -> InputError:
    """Turn a wire model's complaint into an error with a JSON pointer for each place."""
    reasons = tuple(
        Problem("body-invalid", item["msg"], "/" + "/".join(str(part) for part in item["loc"]))
        for item in error.errors(include_url=False)
    )
    first = reasons[0]
    return InputError(
        f"The body is not as the contract says: {first.detail}.",
        code="body-invalid",
        at=first.at,
        hint="/openapi.json describes it.",
        reasons=reasons,
    )


def install(app: Flask, base_iri: str) -> None:
    """Answer every kind of exception as a problem document."""

    def on_known(error: KgError) -> Response:
        return problem_response(error, base_iri)

    def on_body(error: ValidationError) -> Response:
        return problem_response(from_pydantic(error), base_iri)

    def on_http(error: HTTPException) -> Response:
        status = error.code or 500
        known = InputError(
            error.description or "The call is not possible.",
            code=HTTPStatus(status).phrase.lower().replace(" ", "-"),
            status=status,
        )
        response = problem_response(known, base_iri)
        if error.code == HTTPStatus.METHOD_NOT_ALLOWED and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
        return response

    def on_unknown(error: Exception) -> Response:
        _LOG.exception("unexpected error", exc_info=error)
        return problem_response(
            KgError("Something went wrong inside the service; it is in its log.", code="internal"),
            base_iri,
        )

    app.register_error_handler(KgError, on_known)
    app.register_error_handler(ValidationError, on_body)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(Exception, on_unknown)
