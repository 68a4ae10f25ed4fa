"""Keep pages with their entity tags between readings, so that a page as it was is not sent again.

What is kept is a copy of what the server said and decides nothing: without it, everything is sent.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

from kgservice.net.fetch import Answer

NOT_MODIFIED: Final = 304
_LONGEST_TAG: Final = 400
_MOST_BYTES: Final = 1024 * 1024 * 1024


class KeptPages:
    """Answers of one source by their address (RFC 9110 §13.1.2, `If-None-Match`)."""

    def __init__(self, folder: str) -> None:
        """Keep them in a folder; with an empty name nothing is kept."""
        self._folder = Path(folder) if folder else None
        self._used: set[str] = set()
        self._bytes = 0

    def tag(self, url: str) -> str:
        """Give the entity tag of the page that is kept, or nothing."""
        if self._folder is None:
            return ""
        try:
            with self._path(url).open("rb") as file:
                return file.readline(_LONGEST_TAG + 2).decode("ascii").strip()
        except (OSError, ValueError):
            return ""

    def complete(self, url: str, answer: Answer) -> Answer | None:
        """Keep an answer that has a tag; give the one that is kept when it is as it was.

        Nothing is given when the server says so of a page that is not there any more.
        """
        tag = answer.headers.get("etag", "").strip()
        if answer.status == NOT_MODIFIED:
            body = self._body(url)
            return None if body is None else Answer(url, 200, answer.headers, body)
        is_sound = tag.isascii() and tag.isprintable() and 0 < len(tag) <= _LONGEST_TAG
        if self._folder is not None and is_sound and answer.status in (200, 206):
            self._keep(url, tag.encode() + b"\n" + answer.body)
        return answer

    def prune(self) -> None:
        """Forget the pages that were not asked for since this was made."""
        for path in self._folder.glob("*.page") if self._folder is not None else ():
            if path.name not in self._used:
                path.unlink(missing_ok=True)

    def _path(self, url: str) -> Path:
        assert self._folder is not None  # noqa: S101 - asked for by those who have one
        name = hashlib.sha256(url.encode()).hexdigest()[:40] + ".page"
        self._used.add(name)
        return self._folder / name

    def _body(self, url: str) -> bytes | None:
        try:
            return self._path(url).read_bytes().partition(b"\n")[2]
        except OSError:
            return None

    def _keep(self, url: str, content: bytes) -> None:
        self._bytes += len(content)
        if self._bytes > _MOST_BYTES or self._folder is None:
            return
        path = self._path(url)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except OSError:
            path.unlink(missing_ok=True)
