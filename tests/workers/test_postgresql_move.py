"""Moves from cluster to cluster over the data channel, and what happens when they fail."""

from __future__ import annotations

import json

import pytest
from kgservice_workers.postgresql.mapping import instance_of
from kgservice_workers.sdk.values import Json, TaskResult
from workers_at_work import CANARY, Bench, fresh_name, login

from kgservice.model.errors import KgError, Refused

_FILL = """
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('good', 'bad');
CREATE TABLE app."Odd name" (id bigserial PRIMARY KEY, name text NOT NULL, price numeric(12,2),
  at timestamptz DEFAULT now(), data jsonb, mood app.mood, raw bytea, ratio float8,
  twice numeric GENERATED ALWAYS AS (price * 2) STORED);
INSERT INTO app."Odd name" (name, price, data, mood, raw, ratio)
  SELECT md5(g::text), g % 1000, jsonb_build_object('k', g % 97), 'good',
    decode(md5(g::text), 'hex'), 1.0 / g FROM generate_series(1, 50000) g;
CREATE INDEX ON app."Odd name" USING gin (data);
CREATE TABLE nokey (a int, b text);
INSERT INTO nokey SELECT 1, 'same' FROM generate_series(1, 10);
CREATE TABLE part (a int) PARTITION BY RANGE (a);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (100);
INSERT INTO part VALUES (5);
CREATE UNLOGGED TABLE fast (a int);
INSERT INTO fast VALUES (1);
CREATE TABLE item (v vector(3));
INSERT INTO item VALUES ('[1,2,3]');
CREATE INDEX ON item USING hnsw (v vector_l2_ops);
CREATE SEQUENCE counter START 41;
SELECT nextval('counter');
CREATE VIEW cheap AS SELECT * FROM app."Odd name" WHERE price < 10;
CREATE MATERIALIZED VIEW summary AS SELECT price, count(*) FROM app."Odd name" GROUP BY 1;
ALTER TABLE nokey ENABLE ROW LEVEL SECURITY;
ALTER TABLE nokey FORCE ROW LEVEL SECURITY;
SELECT lo_from_bytea(0, decode(repeat('ab', 5000), 'hex'));
COMMENT ON TABLE nokey IS 'as it is';
"""


def fill(connection: dict[str, Json] | object) -> None:
    with login(connection) as owner:  # type: ignore[arg-type]
        owner.execute(_FILL)
        database = str(owner.info.dbname)
        owner.execute(f"ALTER DATABASE \"{database}\" SET work_mem TO '5MB'")  # type: ignore[call-overload]


def export(source: Bench, name: str, target: Bench) -> TaskResult:
    source.do("fence", name)
    return source.do(
        "export", name, format="pg_dump-directory", recipientKey=target.worker.sealer.public
    )


def receive(target: Bench, name: str, exported: TaskResult) -> TaskResult:
    return target.do(
        "import",
        name,
        sealed=exported.sealed["worker"],
        sha256=exported.facts["sha256"],
        bytes=exported.facts["bytes"],
    )


def test_move_from_16_to_18_carries_everything(old: Bench, new: Bench) -> None:
    name = fresh_name()
    source = old.provision(name, extension=["vector"])
    fill(source)
    target = new.target(name + "-m", extension=["vector"])
    exported = export(old, name, new)
    imported = receive(new, name + "-m", exported)
    assert imported.facts["sha256"] == exported.facts["sha256"]
    verified = new.do("verify", name + "-m", tables=exported.facts["tables"])
    assert verified.facts["equal"] is True
    assert verified.facts["rows"] == 50_013
    assert 'app."Odd name"' in verified.facts["tables"]  # type: ignore[operator]
    with login(target) as owner:
        assert owner.execute(
            "SELECT nextval('counter'), current_setting('work_mem')"
        ).fetchone() == (
            42,
            "5MB",
        )
        owner.execute("""INSERT INTO app."Odd name" (name, mood) VALUES ('new', 'bad')""")
        row = owner.execute("""SELECT max(id) FROM app."Odd name" """).fetchone()
        assert row == (50_001,)
        assert owner.execute("SELECT count(*) FROM summary").fetchone() == (1000,)
        owner.execute("DROP TABLE nokey")
    folders = [old.worker.state_dir / "exports", new.worker.state_dir / "imports"]
    assert not [file for folder in folders for file in folder.iterdir()]


def test_dump_from_18_is_refused_by_16(old: Bench, new: Bench) -> None:
    name = fresh_name()
    new.provision(name)
    old.target(name)
    exported = export(new, name, old)
    with pytest.raises(Refused) as caught:
        receive(old, name, exported)
    assert caught.value.code == "dump-newer-than-target"


def test_repeated_export_and_import_have_the_same_effect(old: Bench, new: Bench) -> None:
    name = fresh_name()
    with login(old.provision(name)) as owner:
        owner.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    new.target(name)
    export(old, name, new)
    exported = export(old, name, new)
    for _ in range(2):
        receive(new, name, exported)
    verified = new.do("verify", name, tables=exported.facts["tables"])
    assert verified.facts["rows"] == 1


def test_import_that_was_killed_before_it_made_the_database_is_repeated(
    old: Bench, new: Bench
) -> None:
    name = fresh_name()
    old.provision(name)
    target = new.target(name)
    exported = export(old, name, new)
    with new.site.admin() as admin:
        admin.execute(f'DROP DATABASE "{target["database"]}"')  # type: ignore[call-overload]
    receive(new, name, exported)
    login(target).close()


def test_difference_in_one_row_or_sequence_is_found(old: Bench, new: Bench) -> None:
    name = fresh_name()
    with login(old.provision(name)) as owner:
        owner.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); CREATE SEQUENCE s")
    target = new.target(name)
    exported = export(old, name, new)
    receive(new, name, exported)
    for change, undo, wrong in (
        ("UPDATE t SET a = 3 WHERE a = 2", "UPDATE t SET a = 2 WHERE a = 3", "public.t"),
        ("SELECT setval('s', 9)", "SELECT setval('s', 1, false)", "public.s"),
        ("CREATE TABLE more ()", "DROP TABLE more", "public.more"),
    ):
        with login(target) as owner:
            owner.execute(change)  # type: ignore[call-overload]
        with pytest.raises(Refused, match=wrong) as caught:
            new.do("verify", name, tables=exported.facts["tables"])
        assert caught.value.code == "verification-differs"
        with login(target) as owner:
            owner.execute(undo)  # type: ignore[call-overload]
    assert new.do("verify", name, tables=exported.facts["tables"]).facts["equal"] is True


def move_that_fails(old: Bench, new: Bench, name: str, point: str) -> None:
    if point == "export":
        old.do("export", name, recipientKey={"kty": "none"})
    exported = export(old, name, new)
    if point == "import":
        new.do("import", name, sealed=exported.sealed["worker"], sha256="0", bytes=1)
    receive(new, name, exported)
    new.do("verify", name, tables={"public.t": {"rows": 2, "checksum": ""}})


@pytest.mark.parametrize("point", ["export", "import", "verify"])
def test_failure_leaves_source_as_it_was_and_target_gone(
    old: Bench, new: Bench, point: str
) -> None:
    name = fresh_name()
    source = old.provision(name)
    with login(source) as owner:
        owner.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    new.target(name)
    old.do("fence", name)
    with pytest.raises(KgError):
        move_that_fails(old, new, name, point)
    old.do("unfence", name)
    new.do("rollback", name)
    with login(source) as owner:
        assert owner.execute("INSERT INTO t VALUES (2) RETURNING a").fetchone() == (2,)
    assert instance_of(name).database not in new.site.databases() + new.site.roles()
    left = [f for f in (old.worker.state_dir / "exports").glob(f"{instance_of(name).database}*")]
    assert not left


def test_import_never_overwrites_a_service_in_use(old: Bench, new: Bench) -> None:
    name = fresh_name()
    old.provision(name)
    new.provision(name)
    exported = export(old, name, new)
    with pytest.raises(Refused) as caught:
        receive(new, name, exported)
    assert caught.value.code == "import-target-in-use"


def test_what_a_dump_cannot_carry_is_refused_before_it_is_made(old: Bench, new: Bench) -> None:
    name = fresh_name()
    connection = old.provision(name)
    with old.site.admin(str(connection["database"])) as admin:
        admin.execute("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w")
    with pytest.raises(Refused, match="foreign servers") as caught:
        export(old, name, new)
    assert caught.value.code == "export-not-portable"


def test_dump_is_restored_without_the_administrators_rights(old: Bench, new: Bench) -> None:
    """A provider must not reach into another's cluster by what it puts into a dump."""
    name = fresh_name()
    connection = old.provision(name)
    with login(connection) as owner:
        owner.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    with old.site.admin(str(connection["database"])) as admin:
        # What only an administrator may make stands for hostile content.
        admin.execute(
            "CREATE FUNCTION evil() RETURNS int LANGUAGE c AS '$libdir/vector', 'vector_dims'"
        )
    new.target(name)
    exported = export(old, name, new)
    with pytest.raises(Refused) as caught:
        receive(new, name, exported)
    assert caught.value.code == "program-failed"
    new.do("rollback", name)
    assert instance_of(name).database not in new.site.databases() + new.site.roles()


def test_secrets_are_in_no_fact_log_or_journal(
    old: Bench, new: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    name = fresh_name()
    source = old.provision(name)
    with login(source) as owner:
        owner.execute("CREATE TABLE t (a text)")
        owner.execute("INSERT INTO t VALUES (%s)", (CANARY,))
    target = new.target(name)
    exported = export(old, name, new)
    offer = new.worker.sealer.open(exported.sealed["worker"])
    receive(new, name, exported)
    with pytest.raises(KgError) as caught:
        old.do("hold", fresh_name(), customerKey=old.customer.public)
    secrets = [
        *(str(login_["password"]) for login_ in (source, target)),
        *(bench.site.cluster.password for bench in (old, new)),
        str(offer["token"]),
        CANARY,
    ]
    facts = json.dumps([dict(result.facts) for bench in (old, new) for result in bench.seen])
    public = facts + caplog.text + str(caught.value)
    for bench in (old, new):
        files = [f for f in bench.worker.state_dir.rglob("*") if f.is_file()]
        public += "".join(f.read_bytes().decode("latin-1") for f in files if f.suffix != ".tar")
        log = bench.site.cluster.data_dir / "server.log"
        public += log.read_text("utf-8")
    assert not [secret for secret in secrets if secret in public]
