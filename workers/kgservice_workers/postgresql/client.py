"""The wire to a cluster: the administrator's connection and PostgreSQL's own programs.

Passwords are in no argument, no log and no message: connections take them as a value, programs from
a file that lives as long as the call.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString, cast

import psycopg
from psycopg import sql

from kgservice.model.errors import AccessDenied, InputError, KgError, Refused, Unavailable
from kgservice_workers.sdk.values import Config, Json, TaskContext, mapping, number, text

Row = tuple[Json, ...]
Connection = psycopg.Connection[Row]
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster is and how to administer it; `[cluster]` of the configuration.

    Attributes:
        host: Host for the worker and for customers.
        port: Port.
        admin: Name of a superuser.
        password: Its password, from `password`, `password_file` or `password_env`.
        programs: Folder with `pg_dump` and `pg_restore` of the cluster's version (`programs`).
        limits: `[limits]`: `max_connections` of one database, `databases` in all.
    """

    host: str
    port: int
    admin: str
    password: str = field(repr=False)
    programs: str
    limits: Mapping[str, Json]


def cluster_of(config: Config) -> Cluster:
    """Read the cluster from the worker's configuration.

    Raises:
        InputError: a value is missing or cannot be read (`worker-config-invalid`).
    """
    try:
        values = mapping(config, "cluster")
        return Cluster(
            text(values, "host", "127.0.0.1"),
            number(values, "port", 5432),
            text(values, "admin", "postgres"),
            _password(values, Path(text(config, "folder", "."))),
            text(values, "programs", ""),
            mapping(config, "limits", optional=True),
        )
    except (InputError, OSError, KeyError) as error:
        raise InputError(
            f"The worker's configuration lacks something under [cluster] ({error!s:.100}).",
            code="worker-config-invalid",
        ) from None


def _password(values: Mapping[str, Json], folder: Path) -> str:
    if "password_file" in values:
        return (folder / text(values, "password_file")).read_text("utf-8").strip()
    if "password_env" in values:
        return os.environ[text(values, "password_env")]
    return text(values, "password")


def connect(cluster: Cluster, database: str = "postgres") -> Connection:
    """Connect as administrator; statements commit one by one.

    The session's settings are fixed, whatever the database's owner set for it.

    Raises:
        Unavailable: the cluster does not answer (`cluster-away`).
    """
    with readable_errors():
        connection: Connection = psycopg.connect(
            host=cluster.host,
            port=cluster.port,
            user=cluster.admin,
            password=cluster.password,
            dbname=database,
            autocommit=True,
            connect_timeout=10,
            application_name="kgservice-worker",
        )
        for name, value in _SESSION.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    return connection


_SESSION: Mapping[str, str] = {
    "default_transaction_read_only": "off",
    "search_path": "pg_catalog",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmlbinary": "base64",
    "statement_timeout": "0",
    "session_replication_role": "origin",
    "row_security": "off",
}


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turn the driver's errors into ours, without connection strings and without customers' data.

    Raises:
        Unavailable: connection lost or refused (`cluster-away`).
        AccessDenied: the administrator is not let in (`cluster-login-refused`).
        Refused: any other (`database-error`), with its SQLSTATE.
    """
    try:
        yield
    except psycopg.Error as error:
        raise _translated(error) from None


def _translated(error: psycopg.Error) -> KgError:
    state = error.sqlstate or ""
    if state.startswith("28") or "password authentication failed" in str(error):
        return AccessDenied(
            "The cluster does not accept the administrator's login.", code="cluster-login-refused"
        )
    if isinstance(error, psycopg.OperationalError):
        return Unavailable(f"The cluster does not answer ({state}).", code="cluster-away")
    # The primary message names objects; the other parts may hold rows.
    said = (error.diag.message_primary or type(error).__name__)[:200]
    return Refused(f"PostgreSQL refused a statement ({state}): {said}.", code="database-error")


def statement(template: LiteralString, *parts: str | int) -> sql.Composed:
    """Fill a statement: text parts become identifiers, numbers literals."""
    return sql.SQL(template).format(
        *(sql.Identifier(part) if isinstance(part, str) else sql.Literal(part) for part in parts)
    )


def rows(connection: Connection, query: LiteralString, values: Sequence[object] = ()) -> list[Row]:
    """Run a query and give its rows."""
    return connection.execute(query, values).fetchall()


def value(connection: Connection, query: LiteralString, values: Sequence[object] = ()) -> Json:
    """Run a query and give the first value, or nothing."""
    row = connection.execute(query, values).fetchone()
    return row[0] if row else None


def count(connection: Connection, query: LiteralString, values: Sequence[object] = ()) -> int:
    """Run a query for one whole number."""
    return int(cast(int, value(connection, query, values) or 0))


def run_program(
    cluster: Cluster,
    context: TaskContext,
    program: str,
    arguments: Sequence[str],
    login: tuple[str, str] | None = None,
) -> None:
    """Run `pg_dump` or `pg_restore` against the cluster; stops when the task is taken away.

    `login` (role and password) replaces the administrator's.

    Raises:
        Refused: it failed (`program-failed`), with the first line of its complaint.
        InputError: it is not installed (`worker-config-invalid`).
    """
    command = shutil.which(program, path=cluster.programs or None)
    if command is None:
        raise InputError(f"{program} is not where `programs` says.", code="worker-config-invalid")
    role, password = login or (cluster.admin, cluster.password)
    place = ("-h", cluster.host, "-p", str(cluster.port), "-U", role, "-w")
    with tempfile.TemporaryDirectory(dir=context.state_dir) as folder:
        passwords = Path(folder) / "pgpass"
        passwords.touch(mode=0o600)
        secret = password.replace("\\", "\\\\").replace(":", "\\:")
        passwords.write_text(f"*:*:*:*:{secret}\n", "utf-8")
        complaint = _supervise(
            [command, *place, *arguments], {"PGPASSFILE": str(passwords), "LC_ALL": "C"}, context
        )
    if complaint is not None:
        complaint = complaint.replace(password, "***")
        raise Refused(f"{program} failed: {complaint}", code="program-failed")


def _supervise(
    command: Sequence[str], environment: Mapping[str, str], context: TaskContext
) -> str | None:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
        )
        try:
            while True:
                try:
                    process.wait(_POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    context.check()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        output.seek(0)
        said = output.read(20_000).decode(errors="replace")
    if process.returncode == 0:
        return None
    lines = [line for line in said.splitlines() if "error:" in line]
    # One line: those that follow quote statements and rows.
    return (lines or [f"exit code {process.returncode}"])[0][:200]
