"""Queries that decide, read from `.rq` files each time, so that a changed file counts at once."""

from __future__ import annotations

import re
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from kgservice.model.rdf import Term, to_text


class QueryFolder:
    """A folder of query files whose parameters are written `$name`."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read from `folder`; a file that is not there is the packaged one of `vocab/queries`."""
        self._packaged = Path(str(files("kgservice_vocab"))) / "queries"
        self.folder = folder or self._packaged

    def text(self, name: str, **parameters: Term) -> str:
        """Give a query with its parameters put in as terms (never as text).

        Raises:
            KeyError: the query uses a parameter that is not given.
        """
        source = self._source(f"{name}.rq")
        body = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("#"))
        return re.sub(r"\$(\w+)", lambda match: to_text(parameters[match[1]]), body)

    def _source(self, file: str) -> str:
        with suppress(FileNotFoundError):
            return (self.folder / file).read_text(encoding="utf-8")
        return (self._packaged / file).read_text(encoding="utf-8")
