"""Dumps in the worker's state folder, named by instance so that they can be found and removed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kgservice_workers.postgresql.mapping import Instance
from kgservice_workers.sdk.values import TaskContext

_FOLDERS = ("exports", "imports")


def export_file(context: TaskContext, instance: Instance, key: str) -> Path:
    """Name the dump that a task makes."""
    return _file(context, "exports", instance, key)


def import_file(context: TaskContext, instance: Instance, digest: str) -> Path:
    """Name a received dump; by its content, since a repeated export gives another file."""
    return _file(context, "imports", instance, digest)


def forget_dumps(context: TaskContext, instance: Instance) -> None:
    """Remove an instance's dumps; an offer without its file is over."""
    for folder in _FOLDERS:
        for file in (context.state_dir / folder).glob(f"{instance.database}.*"):
            file.unlink(missing_ok=True)


def _file(context: TaskContext, folder: str, instance: Instance, key: str) -> Path:
    path = context.state_dir / folder
    path.mkdir(exist_ok=True, mode=0o700)
    digits = hashlib.sha256(key.encode()).hexdigest()[:16]
    return path / f"{instance.database}.{digits}.tar"
