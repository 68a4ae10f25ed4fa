"""Provision, observe and adjust: a role, its database, their limits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import quote

from psycopg import sql

from kgservice.model.errors import NotSupported, Refused
from kgservice_workers.postgresql.client import Connection, count, rows, statement, value
from kgservice_workers.postgresql.mapping import local_names
from kgservice_workers.postgresql.session import (
    Label,
    Session,
    find_labelled,
    open_session,
)
from kgservice_workers.sdk.values import (
    Json,
    Task,
    TaskContext,
    TaskResult,
    mapping,
    number,
    text,
    texts,
)

_DEFAULT_CONNECTIONS = 20


def provision(task: Task, context: TaskContext) -> TaskResult:
    """Make role and database, or find them, and seal a fresh password for the customer.

    Raises:
        Refused: what is asked exceeds the cluster (`requirement-not-met`), or the name is another
            job's (`name-taken`).
    """
    wanted = mapping(task.input, "requirements", optional=True)
    key = mapping(task.input, "customerKey", optional=True)
    with open_session(task, context) as session:
        extensions = _require_possible(session, wanted)
        label = _label(session, wanted)
        make(session, label, extensions)
        password = secrets.token_urlsafe(24)
        set_password(session, session.instance.owner, password)
        facts: dict[str, Json] = {
            "database": session.instance.database,
            "majorVersion": session.major_version,
            "host": session.cluster.host,
            "port": session.cluster.port,
            "maxConnections": label.max_connections,
            "extensions": list(extensions),
            "storage": label.storage,
        }
        login = login_of(session, session.instance.owner, password)
        sealed = {"customer": context.sealer.seal(login, key)} if key else {}
        return TaskResult(facts | _connected(session), sealed, _for_workers(session, login))


def _for_workers(session: Session, login: Mapping[str, Json]) -> dict[str, str]:
    """Seal connection details for the workers of the components that need this database."""
    recipients = mapping(session.task.input, "recipients", optional=True)
    return {
        name: session.context.sealer.seal(login, mapping(recipients, name)) for name in recipients
    }


def _connected(session: Session) -> dict[str, Json]:
    """Open the connection details of what this database needs; say whose came."""
    given = mapping(session.task.input, "connections", optional=True)
    for name in given:
        session.context.sealer.open(text(given, name))
    return {"connectedTo": sorted(given)} if given else {}


def _label(session: Session, wanted: Mapping[str, Json]) -> Label:
    task, found = session.task, session.label()
    if found is not None and (found.job != task.job or found.state != "open"):
        raise Refused(
            f"There is a database for {task.name} already, made by another job or fenced.",
            code="name-taken",
        )
    most = number(session.cluster.limits, "max_connections", 1000)
    connections = number(wanted, "maxConnections", min(_DEFAULT_CONNECTIONS, most))
    if not 0 < connections <= most:
        raise Refused(
            f"{connections} connections are asked for; this cluster gives 1 to {most}.",
            code="requirement-not-met",
        )
    return Label(
        task.name,
        task.job,
        task.token,
        text(task.input, "purpose", "service"),
        task.service,
        connections,
        str(wanted.get("storage") or ""),
    )


def _require_possible(session: Session, wanted: Mapping[str, Json]) -> tuple[str, ...]:
    version = wanted.get("majorVersion")
    if version is not None and str(session.major_version) not in texts_or_numbers(version):
        raise Refused(
            f"This cluster is PostgreSQL {session.major_version}, not {version}.",
            code="requirement-not-met",
        )
    extensions = local_names(texts(wanted, "extension"))
    require_extensions(session.admin, extensions)
    most = number(session.cluster.limits, "databases", 10_000)
    if not session.has_database() and len(find_labelled(session.admin)) >= most:
        raise Refused(f"This cluster is full: {most} databases.", code="requirement-not-met")
    return extensions


def texts_or_numbers(member: Json) -> tuple[str, ...]:
    """Give a value or a list of values as texts."""
    items = member if isinstance(member, list | tuple) else [member]
    return tuple(str(item) for item in items)


def require_extensions(admin: Connection, names: tuple[str, ...]) -> None:
    """Check that the cluster has extensions.

    Raises:
        Refused: it lacks one (`requirement-not-met`).
    """
    available = {str(row[0]) for row in rows(admin, "SELECT name FROM pg_available_extensions")}
    missing = sorted(set(names) - available)
    if missing:
        raise Refused(
            f"This cluster has no extension {', '.join(missing)}.", code="requirement-not-met"
        )


def make(session: Session, label: Label, extensions: tuple[str, ...]) -> None:
    """Make what is not there of role, database, limits and extensions."""
    admin, instance = session.admin, session.instance
    if not session.has_role(instance.owner):
        # Role and label in one transaction: a crash leaves nothing that the sweep cannot see.
        with admin.transaction():
            admin.execute(statement("CREATE ROLE {} LOGIN", instance.owner))
            session.write(label)
    session.write(label)
    if not session.has_database():
        admin.execute(
            statement(
                "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'",
                instance.database,
                instance.owner,
            )
        )
    admin.execute(statement("REVOKE ALL ON DATABASE {} FROM PUBLIC", instance.database))
    set_connection_limit(session, label.max_connections)
    with session.inside() as inside:
        for extension in extensions:
            inside.execute(statement("CREATE EXTENSION IF NOT EXISTS {} SCHEMA public", extension))


def set_connection_limit(session: Session, limit: int) -> None:
    """Bound the number of customers' connections; those that are open stay."""
    admin, instance = session.admin, session.instance
    admin.execute(statement("ALTER DATABASE {} CONNECTION LIMIT {}", instance.database, limit))


def set_password(session: Session, role: str, password: str) -> None:
    """Set a role's password; only its SCRAM verifier travels, so no server log can hold it."""
    verifier = session.admin.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    command = statement("ALTER ROLE {} PASSWORD ", role) + sql.Literal(verifier.decode())
    session.admin.execute(command)


def seal_login(session: Session, role: str, password: str) -> str:
    """Seal connection details for the customer's key of the task."""
    key = mapping(session.task.input, "customerKey")
    return session.context.sealer.seal(login_of(session, role, password), key)


def login_of(session: Session, role: str, password: str) -> dict[str, Json]:
    """Write connection details; they leave the worker sealed only."""
    cluster, database = session.cluster, session.instance.database
    login = f"{quote(role)}:{quote(password)}@{cluster.host}:{cluster.port}"
    return {
        "host": cluster.host,
        "port": cluster.port,
        "database": database,
        "user": role,
        "password": password,
        "uri": f"postgresql://{login}/{quote(database)}",
    }


def observe(task: Task, context: TaskContext) -> TaskResult:
    """Look at a database: size in bytes, version, limits, extensions, connections, state."""
    with open_session(task, context) as session:
        label = session.existing()
        database = session.instance.database
        with session.inside() as inside:
            extensions = [str(row[0]) for row in rows(inside, "SELECT extname FROM pg_extension")]
        # what is set, not what was noted: somebody else may have changed it
        limit = count(
            session.admin, "SELECT datconnlimit FROM pg_database WHERE datname = %s", (database,)
        )
        size = count(session.admin, "SELECT pg_database_size(%s)", (database,))
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        return TaskResult(
            {
                "size": size,
                "dataBytes": size,
                "version": session.major_version,
                "majorVersion": session.major_version,
                "extension": sorted(extensions),
                "serverVersion": str(value(session.admin, "SHOW server_version")),
                "connections": count(session.admin, query, (database,)),
                "maxConnections": limit if label.state == "open" else label.max_connections,
                "storage": label.storage,
                "state": label.state,
            }
        )


def adjust(task: Task, context: TaskContext) -> TaskResult:
    """Change limits of a running database; a new version is a move.

    Raises:
        NotSupported: another version (`version-change-is-a-move`), or a property that cannot be
            changed here (`change-not-supported`).
        Refused: more connections than the cluster gives (`requirement-not-met`).
    """
    changes = mapping(task.input, "changes")
    with open_session(task, context) as session:
        label = session.existing()
        _require_adjustable(changes, session)
        connections = number(changes, "maxConnections", label.max_connections)
        storage = str(changes.get("storage", label.storage))
        if label.state == "open":
            set_connection_limit(session, connections)
        session.write(label, max_connections=connections, storage=storage)
        facts: dict[str, Json] = {"maxConnections": connections, "storage": storage}
        # Noted for the bill and for observation; PostgreSQL has no quota to enforce.
        return TaskResult({**facts, "storageEnforced": False})


def _has_extensions(session: Session, changes: Mapping[str, Json]) -> bool:
    wanted = set(local_names(texts(changes, "extension")))
    with session.inside() as inside:
        return wanted <= {str(row[0]) for row in rows(inside, "SELECT extname FROM pg_extension")}


def _require_adjustable(changes: Mapping[str, Json], session: Session) -> None:
    version = changes.get("majorVersion")
    if version is not None and str(version) != str(session.major_version):
        raise NotSupported(
            f"A change from PostgreSQL {session.major_version} to {version} is a move.",
            code="version-change-is-a-move",
            hint="Ask for a move to an offering with that version.",
        )
    unknown = sorted(set(changes) - {"maxConnections", "storage", "majorVersion"})
    if "extension" in unknown and _has_extensions(session, changes):
        unknown.remove("extension")  # as it is: taking a refused change back asks for this
    if unknown:
        raise NotSupported(
            f"{', '.join(unknown)} cannot be changed on a running database.",
            code="change-not-supported",
        )
    most = number(session.cluster.limits, "max_connections", 1000)
    if "maxConnections" in changes and not 0 < number(changes, "maxConnections") <= most:
        raise Refused(f"This cluster gives 1 to {most} connections.", code="requirement-not-met")
