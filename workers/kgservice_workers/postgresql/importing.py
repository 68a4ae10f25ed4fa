"""Import and verify: take a dump from the source's worker, restore it, compare the contents.

The dump comes from another provider and is not trusted: it is restored by a role that can do no
more than the database's owner, never by the administrator.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from kgservice.model.errors import InputError, Refused
from kgservice_workers.postgresql.client import run_program, statement
from kgservice_workers.postgresql.contents import differences, measure, total_rows
from kgservice_workers.postgresql.ending import drop_database
from kgservice_workers.postgresql.exporting import DUMP_FOLDER, MANIFEST
from kgservice_workers.postgresql.files import forget_dumps, import_file
from kgservice_workers.postgresql.provisioning import make, require_extensions, set_password
from kgservice_workers.postgresql.session import Label, Session, open_session
from kgservice_workers.sdk.values import Task, TaskContext, TaskResult, mapping, number, text


@dataclass(frozen=True, slots=True)
class Dump:
    """An unpacked dump with what its source said of it."""

    folder: Path
    major_version: int
    extensions: Mapping[str, str]
    settings: Mapping[str, str]


def import_(task: Task, context: TaskContext) -> TaskResult:
    """Fetch the dump and restore it into the database that this job made for it.

    A repeated import starts from an empty database.

    Raises:
        Refused: the file is not the announced one (`channel-checksum`), the dump is from a newer
            PostgreSQL (`dump-newer-than-target`), needs an extension that is not here
            (`requirement-not-met`), or the database is no move's target of this job
            (`import-target-in-use`).
    """
    offer = context.sealer.open(text(task.input, "sealed"))
    digest, size = text(offer, "sha256"), number(offer, "bytes")
    if (text(task.input, "sha256", digest), number(task.input, "bytes", size)) != (digest, size):
        raise Refused("The sealed offer is for another file.", code="channel-checksum")
    with open_session(task, context) as session:
        # An import that was killed may have left no database: it drops and makes it.
        label = session.existing(need_database=False)
        if label.purpose != "move-target" or label.job != task.job:
            raise Refused(
                f"The database for {task.name} is not the target of this move.",
                code="import-target-in-use",
            )
        # The file stays until the result is safe: verify or the end of the instance removes it.
        file = import_file(context, session.instance, digest)
        context.channel.fetch(offer, file, context)
        with _work_folder(file.parent) as work:
            dump = _unpack(file, work)
            _require_restorable(session, dump)
            _restore(session, label, dump)
    return TaskResult({"bytes": size, "sha256": digest})


@contextmanager
def _work_folder(parent: Path) -> Iterator[Path]:
    work = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _unpack(file: Path, work: Path) -> Dump:
    try:
        with tarfile.open(file) as archive:
            _extract(archive, work)
        values = json.loads((work / MANIFEST).read_text("utf-8"))
        return Dump(
            work / DUMP_FOLDER,
            number(values, "majorVersion"),
            {name: str(schema) for name, schema in mapping(values, "extensions").items()},
            {name: str(value) for name, value in mapping(values, "settings").items()},
        )
    except (tarfile.TarError, OSError, ValueError, InputError) as error:
        raise Refused(
            f"The received file is not a dump ({type(error).__name__}).", code="dump-invalid"
        ) from None


def _extract(archive: tarfile.TarFile, work: Path) -> None:
    # By hand: nothing but plain files in two known places, whatever the archive says.
    (work / DUMP_FOLDER).mkdir()
    for member in archive:
        content = archive.extractfile(member)
        if content is None:
            continue
        folder, _, name = member.name.rpartition("/")
        if (folder, name) != ("", MANIFEST) and (folder != DUMP_FOLDER or name in ("", "..")):
            raise ValueError(member.name)
        with (work / folder / name).open("wb") as file:
            shutil.copyfileobj(content, file)


def _require_restorable(session: Session, dump: Dump) -> None:
    if dump.major_version > session.major_version:
        raise Refused(
            f"A dump of PostgreSQL {dump.major_version} does not restore into"
            f" {session.major_version}.",
            code="dump-newer-than-target",
            hint="Move to an offering with the same version or a newer one.",
        )
    require_extensions(session.admin, tuple(dump.extensions))


def _restore(session: Session, label: Label, dump: Dump) -> None:
    context, instance = session.context, session.instance
    context.progress(50, "restoring")
    drop_database(session)
    make(session, label, ())
    with session.inside() as inside:
        for extension, schema in dump.extensions.items():
            if schema != "public":
                inside.execute(
                    statement("CREATE SCHEMA {} AUTHORIZATION {}", schema, instance.owner)
                )
            inside.execute(statement("CREATE EXTENSION {} SCHEMA {}", extension, schema))
    with _restorer(session) as login:
        contents = dump.folder.parent / "contents"
        _list_contents(session, dump, contents)
        arguments = [
            *("--exit-on-error", "--no-owner", "--no-privileges", "--no-tablespaces"),
            *("--no-security-labels", "--jobs=2", "--role", instance.owner),
            *("--use-list", str(contents), "--dbname", instance.database, str(dump.folder)),
        ]
        run_program(session.cluster, context, "pg_restore", arguments, login)
    with session.inside() as inside:
        inside.execute("ANALYZE")
        inside.execute(statement("SET ROLE {}", instance.owner))
        for name, value in dump.settings.items():
            template = statement("ALTER DATABASE {} SET {} TO ", instance.database, name)
            inside.execute(template + sql.Literal(value))


def _list_contents(session: Session, dump: Dump, target: Path) -> None:
    """Leave out what only an administrator may do and was done already."""
    full = target.with_suffix(".full")
    run_program(
        session.cluster,
        session.context,
        "pg_restore",
        ["--list", "-f", str(full), str(dump.folder)],
    )
    schemas = {schema for schema in dump.extensions.values() if schema != "public"}
    done = [f"EXTENSION - {name}" for name in dump.extensions]
    done += [f"COMMENT - EXTENSION {name}" for name in dump.extensions]
    done += [f"SCHEMA - {schema}" for schema in schemas]
    pattern = re.compile(rf"^\d+; \d+ \d+ ({'|'.join(map(re.escape, done))})( |$)")
    lines = full.read_text("utf-8").splitlines()
    kept = [line for line in lines if not (done and pattern.match(line))]
    target.write_text("\n".join(kept) + "\n", "utf-8")


@contextmanager
def _restorer(session: Session) -> Iterator[tuple[str, str]]:
    """Make a login that can be the owner and nothing else, for the time of a restore."""
    admin, role = session.admin, session.instance.restorer
    if not session.has_role(role):
        admin.execute(statement("CREATE ROLE {} LOGIN NOINHERIT", role))
    admin.execute(statement("GRANT {} TO {}", session.instance.owner, role))
    grant = statement("GRANT CONNECT ON DATABASE {} TO {}", session.instance.database, role)
    admin.execute(grant)
    password = secrets.token_urlsafe(24)
    set_password(session, role, password)
    try:
        yield role, password
    finally:
        revoke = statement("REVOKE CONNECT ON DATABASE {} FROM {}", session.instance.database, role)
        admin.execute(revoke)
        admin.execute(statement("DROP ROLE {}", role))


def verify(task: Task, context: TaskContext) -> TaskResult:
    """Compare every table, sequence and large object with what the source measured.

    Raises:
        Refused: something differs (`verification-differs`), naming it.
    """
    expected = {
        name: mapping({name: entry}, name) for name, entry in mapping(task.input, "tables").items()
    }
    with open_session(task, context) as session:
        session.existing()
        with session.inside() as inside:
            found = measure(inside, context)
        forget_dumps(context, session.instance)
    wrong = differences(expected, found)
    if wrong:
        raise Refused(
            f"{len(wrong)} of {len(expected)} differ: {', '.join(wrong[:10])}.",
            code="verification-differs",
        )
    return TaskResult({"rows": total_rows(found), "tables": found, "equal": True})
