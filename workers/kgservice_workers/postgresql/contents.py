"""What is in a database: rows and a checksum of every table, sequence and large object."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from kgservice_workers.postgresql.client import Connection, Row, rows
from kgservice_workers.sdk.values import Json, TaskContext

Contents = dict[str, dict[str, Json]]

_LARGE_OBJECTS = "pg_catalog.pg_largeobject"

_RELATIONS = """
SELECT format('%%I.%%I', n.nspname, c.relname), n.nspname, c.relname, c.relkind::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'S') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
    AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""

# The sum of the rows' md5, in two halves of 60 bits: the same for the same rows in any order, and
# each row counts, also equal ones. It needs no sorting and no memory, unlike an ordered
# concatenation, which fails at 1 GB. The two sums are hashed once more for a short fact.
_DIGEST = """
SELECT count(*), md5(concat(count(*), ':',
  coalesce(sum(('x' || substr(h, 1, 15))::bit(60)::bigint), 0), ':',
  coalesce(sum(('x' || substr(h, 18, 15))::bit(60)::bigint), 0)))
FROM (SELECT md5({row}) AS h FROM {source}) AS hashed
"""


def measure(inside: Connection, context: TaskContext) -> Contents:
    """Measure everything in a database whose writers are kept out; reads every row once.

    Tables and sequences go by their quoted name; the parts of a partitioned table count, not the
    whole. A sequence's row is its state. Large objects are one entry, if there are any.
    """
    relations = rows(inside, _RELATIONS)
    found: Contents = {}
    for done, (name, schema, relation, kind) in enumerate(relations):
        context.check()
        context.progress(round(100 * done / len(relations), 1), f"checksums: {name}")
        source = sql.Identifier(str(schema), str(relation))
        if kind == "S":
            # log_cnt counts values fetched ahead and differs after a restore.
            query = sql.SQL("(SELECT last_value, is_called FROM {}) AS x").format(source)
            found[str(name)] = {**_digest(inside, "x::text", query), "kind": "sequence"}
        else:
            query = sql.SQL("ONLY {} AS x").format(source)
            found[str(name)] = _digest(inside, "x::text", query)
    # Page by page: a large object may be bigger than a value can be.
    pages = sql.SQL("pg_catalog.pg_largeobject AS x")
    objects = _digest(inside, "concat(x.loid, ':', x.pageno, ':', md5(x.data))", pages)
    if objects["rows"]:
        found[_LARGE_OBJECTS] = {**objects, "kind": "largeObjects"}
    return found


def _digest(inside: Connection, row: str, source: sql.Composable) -> dict[str, Json]:
    composed = sql.SQL(_DIGEST).format(row=sql.SQL(row), source=source)
    answer: Row | None = inside.execute(composed).fetchone()
    count, checksum = answer or (0, "")
    return {"rows": count, "checksum": checksum}


def total_rows(contents: Mapping[str, Mapping[str, Json]]) -> int:
    """Count the rows of the tables."""
    return sum(int(str(entry["rows"])) for entry in contents.values() if "kind" not in entry)


def differences(
    expected: Mapping[str, Mapping[str, Json]], found: Mapping[str, Mapping[str, Json]]
) -> list[str]:
    """Name the entries that differ, sorted."""
    names = sorted({*expected, *found})
    return [name for name in names if _essence(expected, name) != _essence(found, name)]


def _essence(contents: Mapping[str, Mapping[str, Json]], name: str) -> tuple[Json, Json]:
    entry = contents.get(name, {})
    return entry.get("rows"), entry.get("checksum")
