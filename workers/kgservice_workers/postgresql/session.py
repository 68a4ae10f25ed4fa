"""A task's session in the cluster: one at a time for an instance, with the instance's label."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from psycopg import sql

from kgservice.model.errors import NotFound, Refused
from kgservice_workers.postgresql.client import (
    Cluster,
    Connection,
    cluster_of,
    connect,
    readable_errors,
    rows,
    statement,
    value,
)
from kgservice_workers.postgresql.mapping import Instance, instance_of
from kgservice_workers.sdk.values import Json, Task, TaskContext, text

_MARK = "kgservice"


@dataclass(frozen=True, slots=True)
class Label:
    """What the worker wrote on the owner's role (a comment that customers cannot change).

    Attributes:
        name: The instance's name.
        job: The job that made it.
        token: Fencing token under which it was made.
        purpose: `service` or `move-target`.
        service: IRI of the service.
        max_connections: Connection limit when not fenced.
        storage: Storage in GiB that was asked for; noted, not enforced.
        state: `open`, `fenced` or `held`.
    """

    name: str
    job: str
    token: int
    purpose: str = "service"
    service: str = ""
    max_connections: int = 20
    storage: str = ""
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Session:
    """An administrator's connection, alone with an instance."""

    task: Task
    context: TaskContext
    cluster: Cluster
    admin: Connection
    instance: Instance

    @property
    def major_version(self) -> int:
        """The cluster's major version."""
        return self.admin.info.server_version // 10_000

    def label(self) -> Label | None:
        """Read the instance's label; none when it was never made or is gone."""
        return read_label(self.admin, self.instance.owner)

    def existing(self, *, need_database: bool = True) -> Label:
        """Read the label of an instance that must be there.

        Raises:
            NotFound: it is not (`instance-unknown`).
        """
        found = self.label()
        if found is None or (need_database and not self.has_database()):
            raise NotFound(
                f"There is no database for {self.task.name}.",
                code="instance-unknown",
                hint="It was never provisioned here, or was ended.",
            )
        return found

    def write(self, label: Label, **changes: str | int) -> Label:
        """Write the label with changes."""
        changed = replace(label, **changes)  # type: ignore[arg-type]
        content = sql.Literal(json.dumps({_MARK: asdict(changed)}))
        self.admin.execute(statement("COMMENT ON ROLE {} IS ", self.instance.owner) + content)
        return changed

    def has_database(self) -> bool:
        """Whether the database is there."""
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return value(self.admin, query, (self.instance.database,)) is not None

    def has_role(self, role: str) -> bool:
        """Whether a role is there."""
        return value(self.admin, "SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)) is not None

    @contextmanager
    def inside(self) -> Iterator[Connection]:
        """Connect to the instance's database as administrator."""
        with connect(self.cluster, self.instance.database) as connection, readable_errors():
            yield connection


@contextmanager
def open_session(task: Task, context: TaskContext) -> Iterator[Session]:
    """Connect, and wait until no other task works on the instance.

    The lock dies with the connection: a worker that was killed does not keep it.
    """
    cluster = cluster_of(context.config)
    instance = instance_of(text(task.input, "name"))
    with connect(cluster) as admin, readable_errors():
        lock = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        while not value(admin, lock, (f"{_MARK}:{instance.database}",)):
            context.check()
            time.sleep(0.1)
        context.check()
        session = Session(task, context, cluster, admin, instance)
        found = session.label()
        if found and found.job == task.job and task.verb == "provision":
            _require_current(found, task)
        yield session


def _require_current(label: Label, task: Task) -> None:
    if label.token > task.token:
        raise Refused(
            f"A later lease of {task.task} was here already (token {label.token}).",
            code="stale-lease",
        )


def read_label(admin: Connection, owner: str) -> Label | None:
    """Read a label from a role."""
    query = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s"
    return _parsed(value(admin, query, (owner,)))


def find_labelled(admin: Connection) -> list[Label]:
    """List every instance that a worker made in this cluster, also half-made ones.

    What is here and in no job and no service is left over.
    """
    found = rows(
        admin,
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname LIKE 'kg\\_%%'"
        " ORDER BY rolname",
    )
    return [label for row in found if (label := _parsed(row[0])) is not None]


def _parsed(comment: Json) -> Label | None:
    try:
        content = json.loads(str(comment or "{}"))
        return Label(**content[_MARK])
    except (ValueError, KeyError, TypeError):
        return None
