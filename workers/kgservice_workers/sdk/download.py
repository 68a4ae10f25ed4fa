"""The receiver's side of the data channel: resume, check, confirm."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import requests

from kgservice.model.errors import InputError, Refused, Unavailable
from kgservice_workers.sdk.values import Json, TaskContext, number, text

_BLOCK = 1 << 18
_TRIES = 5


def fetch(
    offer: Mapping[str, Json], target: Path, context: TaskContext, verify: bool | str = True
) -> None:
    """Download an offered file to `target`, resuming what an earlier try left beside it.

    The source is told to end the offer once the checksum is right. A complete `target` from an
    earlier try is kept.

    Raises:
        Refused: the content is not what was announced (`channel-checksum`), or the source does not
            serve this offer (any more) (`channel-refused`).
        Unavailable: the connection broke `5` times without a byte (`channel-broken`).
        InputError: the address is not HTTP (`channel-invalid`).
    """
    url, token = text(offer, "url"), text(offer, "token")
    digest, size = text(offer, "sha256"), number(offer, "bytes")
    if urlsplit(url).scheme not in ("http", "https"):
        raise InputError("The data channel's address is not HTTP.", code="channel-invalid")
    headers = {"Authorization": f"Bearer {token}"}
    if not (target.exists() and sha256_of(target) == digest):
        partial = target.with_name(target.name + ".part")
        _download(url, headers, (partial, size), context, verify)
        if sha256_of(partial) != digest:
            partial.unlink()
            raise Refused(
                "The received file is not the one that was announced.", code="channel-checksum"
            )
        partial.replace(target)
    try:
        requests.delete(url, headers=headers, timeout=10, verify=verify, allow_redirects=False)
    except requests.RequestException:
        # The file is here; an offer that nobody ended is over at its timeout.
        return


def _download(
    url: str,
    headers: dict[str, str],
    goal: tuple[Path, int],
    context: TaskContext,
    verify: bool | str,
) -> None:
    partial, size = goal
    vain = 0
    while True:
        have = partial.stat().st_size if partial.exists() else 0
        if have >= size:
            return
        with contextlib.suppress(requests.RequestException):
            _continue(url, {**headers, "Range": f"bytes={have}-"}, goal, context, verify)
        now = partial.stat().st_size if partial.exists() else 0
        vain = 0 if now > have else vain + 1
        if vain >= _TRIES:
            raise Unavailable("The data channel's source does not answer.", code="channel-broken")


def _continue(
    url: str,
    headers: dict[str, str],
    goal: tuple[Path, int],
    context: TaskContext,
    verify: bool | str,
) -> None:
    partial, size = goal
    with requests.get(
        url, headers=headers, stream=True, timeout=30, verify=verify, allow_redirects=False
    ) as answer:
        if answer.status_code != 206:
            raise Refused(
                "The source does not serve this file: the token is wrong, used or over.",
                code="channel-refused",
            )
        with partial.open("ab") as file:
            for block in answer.iter_content(_BLOCK):
                context.check()
                # Never more than announced: a source must not fill the disk.
                file.write(block[: size - file.tell()])
                context.progress(round(50 * file.tell() / size, 1), "receiving")


def sha256_of(path: Path) -> str:
    """Give a file's SHA-256 in hexadecimal digits; reads it in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
