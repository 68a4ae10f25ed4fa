"""What a dump cannot carry: refused before it is made, or reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, LiteralString

from kgservice.model.errors import Refused
from kgservice_workers.postgresql.client import Connection, count, rows
from kgservice_workers.sdk.values import Json

_REFUSED: Final[Mapping[str, LiteralString]] = {
    "prepared transactions": "SELECT count(*) FROM pg_prepared_xacts"
    " WHERE database = current_database()",
    "subscriptions (their login would have to travel)": "SELECT count(*) FROM pg_subscription s"
    " JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()",
    "foreign servers (their logins would have to travel)": "SELECT count(*) FROM pg_foreign_server",
    "event triggers (only an administrator can make them)": "SELECT count(*) FROM pg_event_trigger",
    "languages beyond plpgsql": "SELECT count(*) FROM pg_language"
    " WHERE oid >= 16384 AND lanname <> 'plpgsql'",
}
_REPORTED: Final[Mapping[str, LiteralString]] = {
    "privileges given to others than the owner": "SELECT count(*) FROM pg_class c,"
    " aclexplode(c.relacl) a WHERE c.oid >= 16384 AND a.grantee <> c.relowner",
    "tablespaces": "SELECT count(*) FROM pg_class WHERE oid >= 16384 AND reltablespace <> 0",
    "security labels": "SELECT count(*) FROM pg_seclabel",
    "replication slots": "SELECT count(*) FROM pg_replication_slots"
    " WHERE database = current_database()",
}
_SETTINGS: Final = """
SELECT DISTINCT split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) setting
WHERE d.datname = current_database() ORDER BY 1
"""
_EXTENSIONS: Final = """
SELECT e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql' ORDER BY 1
"""


def require_portable(inside: Connection) -> list[str]:
    """Check that a dump carries the database; give what it leaves out.

    Raises:
        Refused: something essential would be lost (`export-not-portable`).
    """
    blocking = _present(inside, _REFUSED)
    if blocking:
        raise Refused(
            f"A dump cannot carry {'; '.join(blocking)}.",
            code="export-not-portable",
            hint="Remove them, or move by replication.",
        )
    return _present(inside, _REPORTED)


def _present(inside: Connection, queries: Mapping[str, LiteralString]) -> list[str]:
    found = {what: count(inside, query) for what, query in queries.items()}
    return [f"{number} {what}" for what, number in found.items() if number]


def manifest(inside: Connection) -> dict[str, Json]:
    """Describe what the target needs beside the dump: version, extensions, settings."""
    return {
        "majorVersion": inside.info.server_version // 10_000,
        "extensions": {str(name): str(schema) for name, schema in rows(inside, _EXTENSIONS)},
        "settings": {str(name): str(value) for name, value in rows(inside, _SETTINGS)},
    }
