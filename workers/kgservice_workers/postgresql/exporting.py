"""Export: dump a fenced database to one file and offer it to the target's worker."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from pathlib import Path

from kgservice.model.errors import NotSupported, Refused
from kgservice_workers.postgresql.client import run_program
from kgservice_workers.postgresql.contents import measure
from kgservice_workers.postgresql.files import export_file
from kgservice_workers.postgresql.mapping import DUMP_FORMAT, local_names
from kgservice_workers.postgresql.preflight import manifest, require_portable
from kgservice_workers.postgresql.session import Session, open_session
from kgservice_workers.sdk.values import Json, Task, TaskContext, TaskResult, mapping, text

DUMP_FOLDER = "dump"
MANIFEST = "manifest.json"


def export(task: Task, context: TaskContext) -> TaskResult:
    """Dump, measure, and offer the file on the data channel; address and token are sealed.

    Raises:
        Refused: the database is not fenced and this is no rehearsal (`instance-not-fenced`), or a
            dump cannot carry it (`export-not-portable`).
        NotSupported: another format is asked for (`format-not-supported`).
    """
    format_ = local_names((text(task.input, "format", DUMP_FORMAT),))[0]
    if format_ != DUMP_FORMAT:
        raise NotSupported(f"There is no export as {format_}.", code="format-not-supported")
    recipient = mapping(task.input, "recipientKey")
    with open_session(task, context) as session:
        if session.existing().state == "open" and task.input.get("rehearsal") is not True:
            raise Refused("Only a fenced database is exported.", code="instance-not-fenced")
        with session.inside() as inside:
            left_out = require_portable(inside)
            description = manifest(inside)
            contents = measure(inside, context)
        file = _dump(session, description)
    offer = context.channel.offer(file, task.key)
    facts: dict[str, Json] = {
        "bytes": offer["bytes"],
        "sha256": offer["sha256"],
        "tables": contents,
        "notCarried": left_out,
    }
    return TaskResult(facts, {"worker": context.sealer.seal(offer, recipient)})


def _dump(session: Session, description: dict[str, Json]) -> Path:
    context = session.context
    file = export_file(context, session.instance, session.task.key)
    work = Path(tempfile.mkdtemp(dir=file.parent))
    try:
        context.progress(0, "dumping")
        run_program(
            session.cluster,
            context,
            "pg_dump",
            [
                *("--format=directory", "--jobs=2", "--compress=1", "--no-sync"),
                *("--file", str(work / DUMP_FOLDER), "--dbname", session.instance.database),
            ],
        )
        (work / MANIFEST).write_text(json.dumps(description), "utf-8")
        packed = work / "packed"
        with tarfile.open(packed, "w") as archive:
            for name in (MANIFEST, DUMP_FOLDER):
                context.check()
                archive.add(work / name, name)
        packed.replace(file)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return file
