"""What was looked up at issuers, kept with time and hash, for when they do not answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Found:
    """Bytes from an address, and when they came."""

    content: bytes
    at: datetime

    @property
    def sha256(self) -> str:
        """Hash of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


class Lookups:
    """A folder of what was fetched, a file an address; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        """Keep in `folder`."""
        self._folder = folder

    def put(self, address: str, found: Found) -> None:
        """Keep what came from an address."""
        path = self._path(address)
        if path is None:
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record = {
            "address": address,
            "at": found.at.isoformat(),
            "sha256": found.sha256,
            "content": base64.b64encode(found.content).decode("ascii"),
        }
        made = path.with_suffix(".new")
        made.write_text(json.dumps(record, indent=1), encoding="ascii")
        made.replace(path)

    def get(self, address: str) -> Found | None:
        """Give what came last from an address; None when nothing readable is kept."""
        path = self._path(address)
        try:
            record = json.loads(path.read_text(encoding="ascii")) if path else {}
            found = Found(
                base64.b64decode(record["content"], validate=True),
                datetime.fromisoformat(record["at"]).astimezone(UTC),
            )
        except (OSError, ValueError, KeyError, TypeError, binascii.Error):
            return None
        return found if found.sha256 == record.get("sha256") else None

    def _path(self, address: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / (hashlib.sha256(address.encode()).hexdigest()[:32] + ".json")


class Looked(Mapping[str, Value]):
    """A mapping whose values are looked up when they are asked for, once each."""

    def __init__(self, find: Callable[[str], Value | None]) -> None:
        """Look up by a function."""
        self._find = find
        self._known: dict[str, Value | None] = {}

    def __getitem__(self, key: str) -> Value:
        """Give what was found, or look it up."""
        if key not in self._known:
            self._known[key] = self._find(key)
        found = self._known[key]
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        """Go through what was found so far."""
        return iter([key for key, value in self._known.items() if value is not None])

    def __len__(self) -> int:
        """Count what was found so far."""
        return sum(value is not None for value in self._known.values())

    def forget(self, key: str) -> None:
        """Look it up again the next time."""
        self._known.pop(key, None)
