"""How a job is shown over HTTP, and the 202 that long work answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from flask import Response, jsonify, request

from kgservice.mpli.application import Application

STREAM_SECONDS = 25.0
"""A stream ends after this and the client comes back with Last-Event-ID: each holds a thread."""


def accepted(
    application: Application, job: str, after: int = 0
) -> tuple[Response, int, dict[str, str]]:
    """Answer 202 with the job's address (RFC 9110 §15.3.3).

    `after` is the id of its last event so far, for a job that is taken up again.
    """
    address = f"/mpli/v1/jobs/{job}"
    iri = f"{application.base_iri}job/{job}"
    body = {"job": iri, "id": job, "href": address, "after": after}
    return jsonify(body), 202, {"Location": address}


def last_known_event() -> int:
    """Read the last event that the caller knows; what is no number is none."""
    text = request.headers.get("Last-Event-ID") or request.args.get("after", "0")
    if not (text.isascii() and text.isdigit()):
        return 0
    return int(text) if len(text) < 19 else 10**18  # beyond every event, within SQLite's integers


def event_stream(application: Application, job: str, after: int) -> Iterator[str]:
    """Send a job's events as server-sent events, from the one after `after` on."""
    jobs = application.need_jobs()
    until = time.monotonic() + STREAM_SECONDS
    while time.monotonic() < until:
        events = jobs.events(job, after, wait_s=2.0)
        for event in events:
            after = event.id
            data = json.dumps(event.as_json(), ensure_ascii=False)
            yield f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n"
        if not events:
            yield ": waiting\n\n"
        if jobs.job(job).is_finished and not jobs.events(job, after, wait_s=0.0):
            yield "event: end\ndata: {}\n\n"
            return
