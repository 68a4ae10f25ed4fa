"""Run a worker: what `kg worker run` calls."""

from __future__ import annotations

import logging
import signal
import threading
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from types import FrameType

from kgservice.model.errors import InputError
from kgservice_workers.sdk.channel import Channel
from kgservice_workers.sdk.client import ServiceClient
from kgservice_workers.sdk.journal import Journal
from kgservice_workers.sdk.loop import Loop, Worker
from kgservice_workers.sdk.sealing import KeyPair
from kgservice_workers.sdk.values import WorkerPlugin, text

_GRACE_S = 10.0


def run(type_: str, provider: str, config_path: Path, url: str, token: str) -> None:
    """Serve until SIGTERM or SIGINT; a service that is away is waited for.

    Args:
        type_: Name of an installed worker type.
        provider: IRI of the provider that the token is bound to.
        config_path: TOML file of the worker; relative paths in it count from its folder.
        url: Address of the service.
        token: The worker's own token.

    Raises:
        InputError: no such type (`worker-type-unknown`), or the configuration is wrong.
        AccessDenied: the service does not accept the token.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    worker, channel = open_worker(find_plugin(type_), provider, config_path)
    loop = Loop(worker, ServiceClient(url, token))
    failed: list[Exception] = []
    ended = threading.Event()

    def serve() -> None:
        try:
            loop.run()
        except Exception as error:
            failed.append(error)
        ended.set()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        loop.stop()
        stopping.set()

    stopping = threading.Event()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    channel.start()
    # A thread of its own: a signal must not wait for the end of a long poll.
    threading.Thread(target=serve, daemon=True).start()
    while not ended.wait(0.2):
        if stopping.is_set():
            ended.wait(_GRACE_S if loop.is_busy else 0)
            break
    channel.close()
    if failed:
        raise failed[0]


def find_plugin(type_: str) -> WorkerPlugin:
    """Load an installed worker type.

    Raises:
        InputError: there is none of this name (`worker-type-unknown`).
    """
    found = {point.name: point for point in entry_points(group="kgservice.workers")}
    if type_ not in found:
        raise InputError(
            f"There is no worker type {type_!r}.",
            code="worker-type-unknown",
            hint=f"Installed: {', '.join(sorted(found)) or 'none'}.",
        )
    plugin: WorkerPlugin = found[type_].load()
    return plugin


def open_worker(plugin: WorkerPlugin, provider: str, config_path: Path) -> tuple[Worker, Channel]:
    """Read the configuration and open state folder, key pair, journal and channel.

    Raises:
        InputError: the file is not TOML or lacks `state_dir` (`worker-config-invalid`).
    """
    try:
        config = tomllib.loads(config_path.read_text("utf-8"))
        state_dir = config_path.parent / text(config, "state_dir")
    except (tomllib.TOMLDecodeError, InputError) as error:
        raise InputError(
            f"The worker's configuration cannot be used: {error}",
            code="worker-config-invalid",
            at=str(config_path),
        ) from None
    config["folder"] = str(config_path.parent.absolute())
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    channel = Channel(config, state_dir / "channel")
    journal = Journal(state_dir / "journal.sqlite")
    pair = KeyPair(state_dir)
    return Worker(plugin, provider, config, state_dir, pair, channel, journal), channel
