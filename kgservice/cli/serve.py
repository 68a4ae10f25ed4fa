"""`kg serve`: the service."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import SERVICE_FILE
from kgservice.model.errors import Unavailable
from kgservice.model.settings import Settings, invalid_setting
from kgservice.store import start_writer

if TYPE_CHECKING:
    from flask import Flask

    from kgservice.mpli.application import Application

THREADS = 160
"""Waiting calls hold a thread each: 48 workers, 24 event streams and 56 queries at most (each face
bounds its own), and what does not wait needs some beside them. They are made when needed."""

SOON_S = 0.2
"""When jobs go on after the first call can be answered: their start holds the interpreter."""


@click.command()
@click.option("--host", help="Address to listen on (default: KG_HOST or 127.0.0.1).")
@click.option("--port", type=int, help="Port; 0 picks a free one (default: KG_PORT or 8080).")
@click.option("--data", "data", metavar="DIR", help="The data folder.")
@click.option("--samples", is_flag=True, help="Load the bundled sample catalogues first.")
def serve(host: str | None, port: int | None, data: str | None, samples: bool) -> None:
    """Run the service until SIGTERM or Ctrl-C; prints one line when it is ready.

    Example: kg serve --port 0 --data ./kg-data
    """
    os.umask(0o077)  # what the data folder holds is its owner's
    settings = load_settings(data_dir=data, host=host, port=None if port is None else str(port))
    _require_host(settings)
    # What follows takes longer to import than the writer takes to open a large store.
    is_ours = settings.remote_store is None
    writer = start_writer(Path(settings.data_dir)) if is_ours else None
    from kgservice.api.app import create_app
    from kgservice.mpli.opening import open_application

    is_later = not settings.jobs_url  # a database elsewhere may be away: that ends the start
    application = open_application(settings, writer=writer, at_work=samples or not is_later)
    try:
        if samples:
            from kgservice.mpli.catalogs import load_samples

            load_samples(application)
        _serve(create_app(application), settings.host, settings.port, application)
    finally:
        application.close()


def _require_host(settings: Settings) -> None:
    try:
        socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # a label that is too long
        (setting,) = (s for s in settings.origins if s.name == "KG_HOST")
        cure = (
            "no address is found for this name; give 127.0.0.1, 0.0.0.0 or a name of this machine"
        )
        raise invalid_setting(setting, cure) from None


def _listen(settings: Settings, host: str, port: int) -> list[socket.socket]:
    from kgservice.api import listening

    try:
        return listening.listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            (setting,) = (s for s in settings.origins if s.name == "KG_HOST")
            cure = "it is no address of this machine; give one, or 0.0.0.0 for all of them"
            raise invalid_setting(setting, cure) from None
        raise Unavailable(
            f"Cannot listen on {host}:{port}: {error.strerror}.",
            code="address-in-use",
            hint="Give another --port; 0 picks a free one.",
        ) from None


def _serve(app: Flask, host: str, port: int, application: Application) -> None:
    from kgservice.api import listening
    from kgservice.api.front import Front

    sockets = _listen(application.settings, host, port)
    url = f"http://{host}:{sockets[0].getsockname()[1]}"
    note = application.folder / SERVICE_FILE
    note.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")

    def stop() -> None:
        if application.jobs is not None:
            application.jobs.leases.close()  # or the workers' long polls would be waited for

    front = Front(app, threads=THREADS, most_body_bytes=int(app.config["MAX_CONTENT_LENGTH"]))

    def stop_early(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop_early)  # until the server takes the signals over
    click.echo(f"listening on {url}")
    failures: list[Exception] = []
    late = threading.Timer(SOON_S, _begin_work, (application, failures))
    late.start()
    try:
        listening.serve(front, sockets, stop)
    finally:
        late.cancel()
        note.unlink(missing_ok=True)
    for failure in failures:
        raise failure


def _begin_work(application: Application, failures: list[Exception]) -> None:
    """Let jobs go on; a service whose jobs cannot start ends."""
    from kgservice.mpli.opening import begin_work

    try:
        begin_work(application)
    except Exception as error:
        failures.append(error)
        os.kill(os.getpid(), signal.SIGTERM)
