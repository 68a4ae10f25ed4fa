"""Fence, unfence, hold, and the ends of a database: erase, end, roll back."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from psycopg import sql

from kgservice.model.errors import Refused, Unavailable
from kgservice_workers.postgresql.client import Connection, count, rows, statement
from kgservice_workers.postgresql.files import forget_dumps
from kgservice_workers.postgresql.provisioning import (
    seal_login,
    set_connection_limit,
    set_password,
)
from kgservice_workers.postgresql.session import Session, open_session
from kgservice_workers.sdk.values import Json, Task, TaskContext, TaskResult, mapping, text

_READERS = 5


def fence(task: Task, context: TaskContext) -> TaskResult:
    """Keep everybody but the administrator out; open connections are ended.

    A read-only default would not do: any client can override it, and it binds the administrator.
    The owner loses the login itself, since an owner could give itself the right to connect back.
    """
    with open_session(task, context) as session:
        label = session.existing()
        if label.state == "open":
            shut(session)
            session.write(label, state="fenced")
        return TaskResult({"fencedAt": _now(), "database": session.instance.database})


def shut(session: Session) -> None:
    """Refuse new connections, then end those that are open.

    Raises:
        Unavailable: some do not end (`connections-remain`).
    """
    admin, instance = session.admin, session.instance
    admin.execute(statement("ALTER ROLE {} NOLOGIN", instance.owner))
    admin.execute(
        statement(
            "REVOKE CONNECT ON DATABASE {} FROM PUBLIC, {}", instance.database, instance.owner
        )
    )
    set_connection_limit(session, 0)
    for _ in range(5):
        # Again: a client that was logging in meanwhile shows up late.
        others = rows(
            admin,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = %s AND usename IS DISTINCT FROM current_user",
            (instance.database,),
        )
        if not others:
            return
    raise Unavailable("Some connections do not end.", code="connections-remain")


def unfence(task: Task, context: TaskContext) -> TaskResult:
    """Let the customer in again, with the limit and the password from before.

    Nothing to open is no error: an undo must always succeed.
    """
    with open_session(task, context) as session:
        label = session.label()
        if label is None or not session.has_database():
            return TaskResult({"unfencedAt": _now()})
        if label.state == "held":
            raise Refused("A held database is not opened again.", code="instance-held")
        instance = session.instance
        session.admin.execute(
            statement("GRANT CONNECT ON DATABASE {} TO {}", instance.database, instance.owner)
        )
        set_connection_limit(session, label.max_connections)
        session.admin.execute(statement("ALTER ROLE {} LOGIN", instance.owner))
        session.write(label, state="open")
        forget_dumps(context, instance)
        return TaskResult({"unfencedAt": _now()})


def hold(task: Task, context: TaskContext) -> TaskResult:
    """Keep the fenced database readable for the customer, by a role that can only read.

    Raises:
        Refused: the database is not fenced (`instance-not-fenced`).
    """
    until = text(task.input, "until", "")
    mapping(task.input, "customerKey")
    with open_session(task, context) as session:
        label = session.existing()
        if label.state == "open":
            raise Refused("Only a fenced database can be held.", code="instance-not-fenced")
        instance = session.instance
        if not session.has_role(instance.reader):
            session.admin.execute(
                statement(
                    "CREATE ROLE {} LOGIN BYPASSRLS CONNECTION LIMIT {}", instance.reader, _READERS
                )
            )
        _let_read(session)
        session.admin.execute(
            statement("GRANT CONNECT ON DATABASE {} TO {}", instance.database, instance.reader)
        )
        set_connection_limit(session, _READERS)
        password = secrets.token_urlsafe(24)
        set_password(session, instance.reader, password)
        session.write(label, state="held")
        sealed = seal_login(session, instance.reader, password)
        facts: dict[str, Json] = {"heldUntil": until, "readOnly": True, "heldAt": _now()}
        return TaskResult(facts, {"customer": sealed})


def _let_read(session: Session) -> None:
    reader = session.instance.reader
    defaults = statement("ALTER ROLE {} SET default_transaction_read_only = on", reader)
    session.admin.execute(defaults)
    with session.inside() as inside:
        for schema in _schemas(inside):
            for right in (
                "GRANT USAGE ON SCHEMA {} TO {}",
                "GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}",
                "GRANT SELECT ON ALL SEQUENCES IN SCHEMA {} TO {}",
            ):
                inside.execute(statement(right, schema, reader))
            # The reader is part of PUBLIC, and a read-only default can be switched off.
            for wrong in (
                "REVOKE CREATE ON SCHEMA {} FROM PUBLIC",
                "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {} FROM PUBLIC",
                "REVOKE USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA {} FROM PUBLIC",
            ):
                inside.execute(statement(wrong, schema))
        _close_side_doors(inside, reader)


def _close_side_doors(inside: Connection, reader: str) -> None:
    definers = rows(
        inside, "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND oid >= 16384"
    )
    for (routine,) in definers:
        # The text of a regprocedure is quoted by PostgreSQL itself.
        name = sql.SQL(str(routine))
        inside.execute(sql.SQL("REVOKE EXECUTE ON ROUTINE {} FROM PUBLIC").format(name))
    for (number,) in rows(inside, "SELECT oid::bigint FROM pg_largeobject_metadata"):
        grant = statement("GRANT SELECT ON LARGE OBJECT {} TO {}", int(str(number)), reader)
        inside.execute(grant)


def _schemas(inside: Connection) -> list[str]:
    query = (
        "SELECT nspname FROM pg_namespace"
        " WHERE nspname <> 'information_schema' AND nspname !~ '^pg_' ORDER BY 1"
    )
    return [str(row[0]) for row in rows(inside, query)]


def erase(task: Task, context: TaskContext) -> TaskResult:
    """Drop a database that is out of use, with its roles; what is gone stays gone.

    Raises:
        Refused: the database is in use (`instance-not-fenced`).
    """
    with open_session(task, context) as session:
        label = session.label()
        if label is not None and label.state == "open" and session.has_database():
            raise Refused(
                "A database in use is not erased; fence it first.", code="instance-not-fenced"
            )
        return TaskResult(_drop(session))


def end(task: Task, context: TaskContext) -> TaskResult:
    """End a service: fence its database and drop it, with its roles."""
    with open_session(task, context) as session:
        if session.has_database() and session.has_role(session.instance.owner):
            shut(session)
        return TaskResult(_drop(session))


def roll_back(task: Task, context: TaskContext) -> TaskResult:
    """Undo a provision: drop what this very job made, and nothing else.

    Raises:
        Refused: another job made it (`not-made-by-this-job`).
    """
    with open_session(task, context) as session:
        label = session.label()
        if label is not None and label.job != task.job:
            raise Refused(
                f"The database for {task.name} was made by another job.",
                code="not-made-by-this-job",
            )
        if session.has_database() and session.has_role(session.instance.owner):
            shut(session)
        return TaskResult(_drop(session))


def _drop(session: Session) -> dict[str, Json]:
    admin, instance = session.admin, session.instance
    size = 0
    if session.has_database():
        size = count(admin, "SELECT pg_database_size(%s)", (instance.database,))
        drop_database(session)
    forget_dumps(session.context, instance)
    for role in (instance.reader, instance.restorer, instance.owner):
        admin.execute(statement("DROP ROLE IF EXISTS {}", role))
    left = count(
        admin,
        "SELECT (SELECT count(*) FROM pg_database WHERE datname = %s)"
        " + (SELECT count(*) FROM pg_roles WHERE rolname LIKE %s)",
        (instance.database, f"{instance.owner}%"),
    )
    if left:
        raise Unavailable("Something of the database is left.", code="erase-incomplete")
    return {"erased": True, "database": instance.database, "bytes": size, "erasedAt": _now()}


def drop_database(session: Session) -> None:
    """Drop the database, whoever is connected."""
    session.admin.execute(
        statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", session.instance.database)
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
