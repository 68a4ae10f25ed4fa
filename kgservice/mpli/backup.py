"""A backup of a data folder while it is served: one moment of everything, in a folder of its own.

What may be older than the stores is copied first, what may be newer last; stores and journal are of
one moment, for which commits and jobs pause (decision 0029).
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kgservice import __version__
from kgservice.jobs.freezing import JOURNAL, WORKFLOWS, frozen
from kgservice.model.errors import InputError, Refused
from kgservice.mpli.application import Application
from kgservice.store.copying import copy_file, copy_sqlite, digest_of, is_sqlite
from kgservice.store.disk import to_disk

MANIFEST = "backup.json"
FORMAT = 1
STAGING = ".backup"
_RUNNING = threading.Lock()
_NOT_COPIED = frozenset(
    {"store", "snapshots", "written-snapshots", "spool", "fetched", STAGING, "service.json"}
)
"""What a service makes again when it starts or syncs; the store is copied in another way."""
_EARLY = ("hub.sqlite", "notices.sqlite", "published-events.sqlite", "standing.sqlite")
"""Books of what was told to others: an older one tells again, a newer one would forget to."""
_SECRET = ("KG_JOBS_URL",)


@dataclass(frozen=True, slots=True)
class Backup:
    """What was made: its folder, its size, and how long commits and jobs waited for it."""

    folder: Path
    files: int
    size: int
    pause_s: float


def make_backup(application: Application, target: Path) -> Backup:
    """Make a backup in `target`, which is there as a whole when this returns, or not at all.

    Raises:
        InputError: the folder is not empty, in the data folder, or has no parent
            (`backup-folder-unfit`).
        Refused: another backup is being made (`backup-running`).
        NotSupported: the store is in somebody else's engine.
    """
    target = _fit(application, target)
    if not _RUNNING.acquire(blocking=False):
        raise Refused("Another backup is being made.", code="backup-running")
    application.answer_writer.flush()
    part, staging = target.with_name(f".{target.name}.part"), application.folder / STAGING
    try:
        for folder in (part, staging):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
        begin, pause_s = time.time(), _copy_all(application, part, staging)
        files = _write_manifest(application, part, begin, pause_s)
        if target.exists():
            target.rmdir()
        part.rename(target)
        to_disk(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(staging, ignore_errors=True)
        _RUNNING.release()
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    return Backup(target, files, size, round(pause_s, 3))


def _fit(application: Application, target: Path) -> Path:
    target = target.absolute()
    why = ""
    if not target.parent.is_dir():
        why = "its parent folder does not exist"
    elif target.resolve().is_relative_to(application.folder.resolve()):
        why = "it is inside the data folder"
    elif target.exists() and (not target.is_dir() or any(target.iterdir())):
        why = "it is there and not empty"
    if why:
        raise InputError(
            f"The backup cannot be made in {target}: {why}.",
            code="backup-folder-unfit",
            hint="Name a folder that does not exist yet, on the machine of the service.",
        )
    return target


def _copy_all(application: Application, part: Path, staging: Path) -> float:
    folder = application.folder
    if application.jobs is not None:
        application.jobs.wait_until_working()  # or its database may be half made
    for name in _EARLY:
        if (folder / name).exists():
            copy_sqlite(folder / name, part / name)
    pause_s = application.store.backup(staging, _jobs(application, part))
    for path in sorted(staging.rglob("*")):
        if path.is_file():
            copy = copy_sqlite if path.suffix == ".sqlite" else copy_file
            copy(path, part / "store" / path.relative_to(staging))
    for path in sorted(folder.iterdir()):
        if path.name not in _NOT_COPIED and not (part / path.name).exists():
            _copy_tree(path, part / path.name)
    return pause_s


@contextmanager
def _jobs(application: Application, part: Path) -> Iterator[None]:
    """Freeze jobs while the block runs, and copy them at its end: the journal last."""
    with frozen(application.folder):
        yield
        for path in (_workflows(application), application.folder / JOURNAL):
            if path is not None and path.exists():
                copy_sqlite(path, part / (JOURNAL if path.name == JOURNAL else WORKFLOWS))


def _workflows(application: Application) -> Path | None:
    """Give the file of the workflow engine; None when it is a database elsewhere."""
    url = application.settings.jobs_url
    if not url:
        return application.folder / WORKFLOWS
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _copy_tree(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(mode=0o700, exist_ok=True)
        # index before content: what an index names was there before it
        for path in sorted(source.iterdir(), key=lambda p: (p.suffix not in (".db", ".sqlite"), p)):
            _copy_tree(path, target / path.name)
        return
    is_temporary = source.name.startswith(".") or source.name.endswith(("-wal", "-shm", "-journal"))
    if is_temporary or not source.is_file():
        return
    try:
        (copy_sqlite if is_sqlite(source) else copy_file)(source, target)
    except FileNotFoundError:  # it was temporary
        target.unlink(missing_ok=True)


def close_folders(top: Path) -> None:
    """Leave a folder and those in it to its owner, and wait until their entries are on disk."""
    for folder in (*(path for path in top.rglob("*") if path.is_dir()), top):
        folder.chmod(0o700)
        to_disk(folder)


def _write_manifest(application: Application, part: Path, begin: float, pause_s: float) -> int:
    files = {
        str(path.relative_to(part)): {"sha256": digest_of(path), "bytes": path.stat().st_size}
        for path in sorted(part.rglob("*"))
        if path.is_file()
    }
    content = {
        "format": FORMAT,
        "version": __version__,
        "made": datetime.fromtimestamp(begin, UTC).isoformat(timespec="seconds"),
        "pauseSeconds": round(pause_s, 3),
        "settings": {
            s.name: s.value for s in application.settings.origins if s.name not in _SECRET
        },
        "jobsElsewhere": _workflows(application) is None,
        "files": files,
    }
    manifest = part / MANIFEST
    manifest.touch(mode=0o600)
    manifest.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    to_disk(manifest)
    close_folders(part)
    return len(files)
