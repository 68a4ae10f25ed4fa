"""Their terms and ours: kinds, formats, extensions, names of databases and roles."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kgservice.model.terms import KG

TYPE: Final = "postgresql"
KINDS: Final = (KG.PostgreSQL.value,)
DUMP_FORMAT: Final = "pg_dump-directory"
FORMATS: Final = (KG.NS + DUMP_FORMAT,)


@dataclass(frozen=True, slots=True)
class Instance:
    """Names in the cluster for a service instance.

    Attributes:
        database: The database, and the role that owns it.
        reader: The role that may only read, made when the instance is held.
    """

    database: str

    @property
    def owner(self) -> str:
        """The role that the customer uses."""
        return self.database

    @property
    def reader(self) -> str:
        """The role that may only read."""
        return f"{self.database}_ro"

    @property
    def restorer(self) -> str:
        """The role that restores a dump; it lives as long as the import."""
        return f"{self.database}_in"


def instance_of(name: str) -> Instance:
    """Derive the names from a service's short name; different names never give the same."""
    readable = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:36]
    digits = hashlib.sha256(name.encode()).hexdigest()[:10]
    return Instance(f"kg_{readable}_{digits}" if readable else f"kg_{digits}")


def local_names(terms: Iterable[str]) -> tuple[str, ...]:
    """Turn IRIs of extensions into PostgreSQL's names; a name stays as it is."""
    return tuple(re.split(r"[#/]", term)[-1] for term in terms)
