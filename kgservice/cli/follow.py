"""Follow a job until it ends, with its progress."""

from __future__ import annotations

import time

import click

from kgservice.cli.gateway import Answer, Gateway
from kgservice.cli.output import text
from kgservice.model.errors import Refused

POLL_S = 0.2
GOOD_ENDS = ("done", "holding")


def finish(gateway: Gateway, accepted: Answer, *, quiet: bool = False) -> dict[str, object]:
    """Wait until the job behind a 202 has ended; print each of its events once.

    Raises:
        Refused: the job failed, was rolled back or was cancelled; its reason is in the message.
    """
    body = accepted.json()
    seen = int(text(body, "after", default="0"))
    return follow(gateway, text(body, "id"), quiet=quiet, seen=seen)


def follow(gateway: Gateway, job: str, *, quiet: bool = False, seen: int = 0) -> dict[str, object]:
    """Wait until a job has ended; events up to the id `seen` are not printed.

    Raises:
        Refused: it did not end well.
    """
    while True:
        shown = gateway.call("GET", f"/mpli/v1/jobs/{job}").json()
        events = shown.get("events")
        listed = events if isinstance(events, list) else []
        for event in listed:
            number = int(text(event, "id", default="0"))
            if number > seen and not quiet:
                click.echo(f"  {text(event, 'at')[11:19]}  {text(event, 'message')}")
            seen = max(seen, number)
        state = text(shown, "state")
        if state in GOOD_ENDS:
            return shown
        if state in ("failed", "rolled-back", "cancelled"):
            raise Refused(
                f"The job ended as {state}: {text(shown, 'reason', default='no reason given')}.",
                code=f"job-{state}",
                hint=f"`kg job show {job}` tells what was done and undone.",
            )
        time.sleep(POLL_S)
