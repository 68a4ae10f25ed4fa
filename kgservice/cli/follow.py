"""Follow a job until it ends, with its progress."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from kgservice.cli.gateway import Answer, Gateway
from kgservice.cli.output import text
from kgservice.model.errors import Refused

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_READ = re.compile(r"([0-9]+) documents read")
POLL_S = 0.2
GOOD_ENDS = ("done", "holding")


def finish(
    gateway: Gateway, accepted: Answer, *, quiet: bool = False, expected: int = 0
) -> dict[str, object]:
    """Wait until the job behind a 202 has ended; print each of its events once.

    `expected` documents are the whole of the progress bar; it is a guess.

    Raises:
        Refused: the job failed, was rolled back or was cancelled; its reason is in the message.
    """
    body = accepted.json()
    seen = int(text(body, "after", default="0"))
    with Progress(expected, quiet=quiet) as progress:
        return _follow(gateway, text(body, "id"), seen, progress)


def follow(gateway: Gateway, job: str) -> dict[str, object]:
    """Wait until a job has ended, printing its events.

    Raises:
        Refused: it did not end well.
    """
    with Progress(0) as progress:
        return _follow(gateway, job, 0, progress)


class Progress:
    """Prints events; on a terminal, how far a sync has come is a bar that is overwritten."""

    def __init__(self, expected: int, *, quiet: bool = False) -> None:
        """Show nothing at all when `quiet`."""
        self._expected, self._quiet = expected, quiet
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        """Begin; the bar comes with the first event of progress."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def show(self, event: Mapping[str, object]) -> None:
        """Show an event."""
        if self._quiet:
            return
        # a job tells its progress in words only; other words than a sync's are printed as they are
        read = _READ.match(text(event, "message"))
        if read and text(event, "kind") == "progress" and sys.stderr.isatty():
            self._move(int(read[1]))
        else:
            click.echo(f"  {text(event, 'at')[11:19]}  {text(event, 'message')}")

    def _move(self, read: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        if self._bar is None:
            columns = (TextColumn("documents"), BarColumn(), MofNCompleteColumn())
            self._bar = Bars(*columns, TimeElapsedColumn(), console=Console(stderr=True))
            self._bar.add_task("documents", total=self._expected or None)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=read)


def _follow(gateway: Gateway, job: str, seen: int, progress: Progress) -> dict[str, object]:
    while True:
        shown = gateway.call("GET", f"/mpli/v1/jobs/{job}").json()
        events = shown.get("events")
        for event in events if isinstance(events, list) else []:
            number = int(text(event, "id", default="0"))
            if number > seen:
                progress.show(event)
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
