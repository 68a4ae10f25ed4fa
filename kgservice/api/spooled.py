"""Answers that wait in a file: sent piece by piece, with their length, never whole in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from flask import Response

from kgservice.store.spool import chunks


class SpooledBody:
    """The body of an answer, in a file without a name; WSGI iterates and closes it."""

    def __init__(self, file: BinaryIO) -> None:
        """Take the file over."""
        self.file = file

    @property
    def size(self) -> int:
        """Number of bytes."""
        return os.fstat(self.file.fileno()).st_size

    def __iter__(self) -> Iterator[bytes]:
        """Give the bytes."""
        return chunks(self.file)

    def close(self) -> None:
        """Give the disk's space back."""
        self.file.close()

    def response(self) -> Response:
        """Make an answer with this body."""
        response = Response(self, direct_passthrough=True)
        response.content_length = self.size
        return response
