"""Queries that decide, read from `.rq` files each time, so that a changed file counts at once."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from kgservice.model.rdf import Term, to_text


class QueryFolder:
    """A folder of query files whose parameters are written `$name`."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read from `folder`, by default the packaged `vocab/queries`."""
        self.folder = folder or Path(str(files("kgservice_vocab"))) / "queries"

    def text(self, name: str, **parameters: Term) -> str:
        """Give a query with its parameters put in as terms (never as text).

        Raises:
            KeyError: the query uses a parameter that is not given.
        """
        source = (self.folder / f"{name}.rq").read_text(encoding="utf-8")
        body = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("#"))
        return re.sub(r"\$(\w+)", lambda match: to_text(parameters[match[1]]), body)
