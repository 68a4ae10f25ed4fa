"""Real PostgreSQL clusters for tests, with the configuration of a worker for each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from kgservice_workers.postgresql.clusters import LocalCluster


@dataclass(frozen=True, slots=True)
class Site:
    """A provider's side: a cluster and the configuration file of its worker."""

    cluster: LocalCluster
    config: Path

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Connect as administrator."""
        return psycopg.connect(
            host=self.cluster.host,
            port=self.cluster.port,
            user=self.cluster.admin,
            password=self.cluster.password,
            dbname=database,
            autocommit=True,
        )

    def databases(self) -> list[str]:
        """List the databases that a worker made."""
        with self.admin() as admin:
            found = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'kg\\_%'")
            return sorted(str(row[0]) for row in found)

    def roles(self) -> list[str]:
        """List the roles that a worker made."""
        with self.admin() as admin:
            found = admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'kg\\_%'")
            return sorted(str(row[0]) for row in found)


@contextmanager
def running_site(folder: Path, version: int, **limits: int) -> Iterator[Site]:
    """Run a cluster in `folder/cluster`; its worker's configuration is `folder/worker.toml`."""
    # In memory where there is room: making and dropping databases is hard on a shared disk.
    memory = Path("/dev/shm")  # noqa: S108
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000
    place = Path(tempfile.mkdtemp(prefix="kg-test-", dir=memory)) if roomy else folder
    if roomy:
        place.chmod(0o711)
    cluster = LocalCluster(place / "cluster", version)
    try:
        cluster.start()
        config = folder / "worker.toml"
        config.write_text(cluster.config(folder / "state", **limits), "utf-8")
        yield Site(cluster, config)
    finally:
        cluster.stop("immediate", remove=True)
        if roomy:
            shutil.rmtree(place)
