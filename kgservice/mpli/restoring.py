"""A backup into a new data folder: checked file by file, whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgservice.jobs.freezing import fence_restored
from kgservice.model.errors import InputError
from kgservice.mpli.backup import FORMAT, MANIFEST, close_folders
from kgservice.store.copying import copy_file, digest_of
from kgservice.store.disk import to_disk


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored.

    Attributes:
        made: When the backup was made.
        files: How many files it has.
        settings: The settings that the service had.
        leased: Tasks that workers held then; they are given out again.
        jobs_elsewhere: The workflow engine's database was not in the folder.
    """

    made: str
    files: int
    settings: dict[str, str]
    leased: int
    jobs_elsewhere: bool


def restore(backup: Path, folder: Path) -> Restored:
    """Make a data folder of a backup; it is there as a whole when this returns, or not at all.

    Raises:
        InputError: the backup is not whole or was changed (`backup-damaged`), or the folder is not
            empty (`data-folder-not-empty`); nothing was changed.
    """
    folder = folder.absolute()
    manifest = _manifest(backup)
    files = manifest["files"]
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder} is there and not empty.",
            code="data-folder-not-empty",
            hint="Stop its service and move it away, or restore into another folder with --data.",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        for name, said in files.items():
            _take(backup, part, name, str(said["sha256"]))
        leased = fence_restored(part)
        close_folders(part)
        part.rename(folder)  # over an empty folder too
    finally:
        shutil.rmtree(part, ignore_errors=True)
    to_disk(folder.parent)
    return Restored(
        str(manifest["made"]),
        len(files),
        dict(manifest["settings"]),
        leased,
        bool(manifest["jobsElsewhere"]),
    )


def _take(backup: Path, part: Path, name: str, digest: str) -> None:
    copy = part / name
    try:
        copy_file(backup / name, copy)
    except OSError as error:
        raise _damaged(f"{name} cannot be read ({error.strerror})") from None
    if digest_of(copy) != digest:
        raise _damaged(f"{name} is not as it was written")


def _manifest(backup: Path) -> dict[str, Any]:
    try:
        found = json.loads((backup / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        raise _damaged(f"{MANIFEST} cannot be read in {backup}") from None
    is_whole = isinstance(found, dict) and {"made", "files", "settings", "jobsElsewhere"} <= set(
        found
    )
    if not is_whole or found.get("format") != FORMAT:
        raise _damaged(f"{MANIFEST} is not of format {FORMAT}")
    for name in found["files"]:
        if name.startswith("/") or re.search(r"(^|/)\.\.(/|$)", name):
            raise _damaged(f"{MANIFEST} names a file outside the backup")
    return dict(found)


def _damaged(what: str) -> InputError:
    return InputError(
        f"This is no whole backup: {what}.",
        code="backup-damaged",
        hint="Take another one; nothing was restored.",
    )
