"""Each verb of the PostgreSQL worker on real clusters."""

from __future__ import annotations

import psycopg
import pytest
from kgservice_workers.postgresql.mapping import instance_of
from kgservice_workers.postgresql.session import find_labelled
from kgservice_workers.postgresql.worker import WORKER
from workers_at_work import Bench, fresh_name, login

from kgservice.model.errors import KgError, NotFound, NotSupported, Refused


def code_of(bench: Bench, verb: str, name: str, **values: object) -> str:
    with pytest.raises(KgError) as caught:
        bench.do(verb, name, **values)  # type: ignore[arg-type]
    return caught.value.code


def test_provisioned_database_serves_its_owner_with_the_extension(old: Bench) -> None:
    connection = old.provision(
        fresh_name(), majorVersion=16, extension=["vector"], maxConnections=7, storage="100"
    )
    with login(connection) as customer:
        customer.execute("CREATE TABLE t (v vector(3))")
        customer.execute("INSERT INTO t VALUES ('[1,2,3]')")
        assert customer.execute("SELECT v <-> '[1,2,4]' FROM t").fetchone() == (1.0,)
    facts = old.seen[-1].facts
    assert facts["maxConnections"] == 7
    assert facts["extensions"] == ["vector"]
    assert facts["majorVersion"] == 16


def test_repeated_provision_gives_the_same_database_and_a_fresh_password(old: Bench) -> None:
    name = fresh_name()
    first = old.provision(name)
    with login(first) as customer:
        customer.execute("CREATE TABLE kept (a int)")
    second = old.provision(name)
    assert first["database"] == second["database"]
    assert first["password"] != second["password"]
    with login(second) as customer:
        customer.execute("SELECT * FROM kept")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        login(first)


def test_connection_details_are_sealed_for_the_worker_of_what_needs_the_database(
    old: Bench, new: Bench
) -> None:
    name = fresh_name()
    recipients = {"replica": dict(new.worker.sealer.public)}
    given = old.do("provision", name, recipients=recipients).sealed_for
    with login(new.worker.sealer.open(given["replica"])) as replica:
        assert replica.execute("SELECT current_database()").fetchone()
    connected = new.do("provision", fresh_name(), connections={"db": given["replica"]})
    assert connected.facts["connectedTo"] == ["db"]
    broken = code_of(new, "provision", fresh_name(), connections={"db": "x.y"})
    assert broken == "seal-broken"


def test_earlier_lease_of_a_provision_is_refused(old: Bench) -> None:
    name = fresh_name()
    old.do("provision", name, token=3)
    assert code_of(old, "provision", name, token=2) == "stale-lease"


def test_database_of_another_job_is_not_taken_over(old: Bench) -> None:
    name = fresh_name()
    old.provision(name)
    old.job = "job2"
    assert code_of(old, "provision", name) == "name-taken"


def test_names_that_look_alike_get_different_databases() -> None:
    names = ["a-b", "a_b", "A-b", "ä", "", "x" * 100, "x" * 101]
    made = {instance_of(name).restorer for name in names}
    assert len(made) == len(names)
    assert all(len(name) <= 63 for name in made)


@pytest.mark.parametrize(
    ("requirements", "code"),
    [
        ({"extension": ["postgis"]}, "requirement-not-met"),
        ({"majorVersion": 18}, "requirement-not-met"),
        ({"maxConnections": 101}, "requirement-not-met"),
    ],
)
def test_what_the_cluster_cannot_give_is_refused_and_leaves_nothing(
    old: Bench, requirements: dict[str, object], code: str
) -> None:
    name = fresh_name()
    assert code_of(old, "provision", name, requirements=requirements) == code
    assert instance_of(name).database not in old.site.databases() + old.site.roles()


def test_observe_tells_size_version_and_connections(new: Bench) -> None:
    name = fresh_name()
    with login(new.provision(name)):
        facts = new.do("observe", name).facts
    assert facts["version"] == 18
    assert facts["connections"] == 1
    assert isinstance(facts["size"], int)
    assert facts["size"] > 1_000_000


def test_observing_what_is_not_there_says_so(old: Bench) -> None:
    with pytest.raises(NotFound):
        old.do("observe", fresh_name())


def test_connection_limit_is_adjusted_while_connections_are_open(old: Bench) -> None:
    name = fresh_name()
    connection = old.provision(name, maxConnections=1)
    with login(connection):
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            login(connection)
        facts = old.do("adjust", name, changes={"maxConnections": 2, "storage": "200"}).facts
        login(connection).close()
    assert facts == {"maxConnections": 2, "storage": "200", "storageEnforced": False}
    assert old.do("observe", name).facts["storage"] == "200"


def test_another_version_is_a_move_and_other_properties_cannot_change(old: Bench) -> None:
    name = fresh_name()
    old.provision(name)
    assert code_of(old, "adjust", name, changes={"majorVersion": 18}) == "version-change-is-a-move"
    assert code_of(old, "adjust", name, changes={"colour": 1}) == "change-not-supported"
    assert code_of(old, "adjust", name, changes={"maxConnections": 0}) == "requirement-not-met"


def test_asking_for_the_extensions_that_are_there_changes_nothing(old: Bench) -> None:
    """What takes a refused adjustment back asks for this."""
    name = fresh_name()
    old.provision(name)
    assert old.do("adjust", name, changes={"extension": ["plpgsql"]}).facts
    assert code_of(old, "adjust", name, changes={"extension": ["vector"]}) == "change-not-supported"


def test_fence_ends_writers_and_unfence_restores_them(old: Bench) -> None:
    name = fresh_name()
    connection = old.provision(name, maxConnections=3)
    writer = login(connection)
    writer.execute("CREATE TABLE t (a int)")
    old.do("fence", name)
    with pytest.raises(psycopg.OperationalError):
        writer.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        login(connection)
    old.do("fence", name)
    assert old.do("observe", name).facts["state"] == "fenced"
    with old.site.admin(str(connection["database"])) as admin:
        assert admin.execute("SELECT count(*) FROM t").fetchone() == (0,)
    old.do("unfence", name)
    with login(connection) as again:
        again.execute("INSERT INTO t VALUES (1)")
    assert old.do("observe", name).facts["maxConnections"] == 3


def test_held_database_can_be_read_and_not_written(old: Bench) -> None:
    name = fresh_name()
    with login(old.provision(name)) as owner:
        owner.execute("CREATE SCHEMA s; CREATE TABLE s.t (id serial, a int)")
        owner.execute("INSERT INTO s.t (a) VALUES (1); GRANT ALL ON s.t TO PUBLIC")
        owner.execute("SELECT lo_from_bytea(4711, 'x')")
        owner.execute(
            "CREATE FUNCTION s.sneak() RETURNS void LANGUAGE sql SECURITY DEFINER"
            " AS 'INSERT INTO s.t (a) VALUES (2)'"
        )
    assert code_of(old, "hold", name, customerKey=old.customer.public) == "instance-not-fenced"
    old.do("fence", name)
    result = old.do("hold", name, until="2027-01-01T00:00:00Z", customerKey=old.customer.public)
    reader = login(old.customer.open(result.sealed["customer"]))
    reader.execute("SET default_transaction_read_only = off")
    assert reader.execute("SELECT a FROM s.t").fetchall() == [(1,)]
    assert reader.execute("SELECT lo_get(4711)").fetchone() == (b"x",)
    for wrong in (
        "INSERT INTO s.t (a) VALUES (2)",
        "DELETE FROM s.t",
        "SELECT s.sneak()",
        "CREATE TABLE s.u ()",
        "CREATE TABLE public.u ()",
        "SELECT nextval('s.t_id_seq')",
        "SELECT lo_unlink(4711)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(wrong)  # type: ignore[call-overload]
    reader.close()
    assert code_of(old, "unfence", name) == "instance-held"


def test_only_a_fenced_database_is_erased_and_erasing_twice_is_the_same(old: Bench) -> None:
    name = fresh_name()
    old.provision(name)
    assert code_of(old, "erase", name) == "instance-not-fenced"
    old.do("fence", name)
    old.do("hold", name, customerKey=old.customer.public)
    for _ in range(2):
        assert old.do("erase", name).facts["erased"] is True
    assert not [r for r in old.site.roles() if r.startswith(instance_of(name).database)]


def test_end_drops_a_database_in_use(new: Bench) -> None:
    name = fresh_name()
    with login(new.provision(name)):
        assert new.do("end", name).facts["erased"] is True
    assert instance_of(name).database not in new.site.databases() + new.site.roles()
    assert new.do("end", name).facts["erased"] is True


def test_rollback_drops_only_what_its_own_job_made(new: Bench) -> None:
    name = fresh_name()
    new.provision(name)
    new.job = "job2"
    assert code_of(new, "rollback", name) == "not-made-by-this-job"
    new.job = "job1"
    assert new.do("rollback", name).facts["erased"] is True
    assert instance_of(name).database not in new.site.databases() + new.site.roles()


def test_databases_of_ours_are_found_by_their_label(new: Bench) -> None:
    name = fresh_name("orphan")
    new.provision(name)
    with new.site.admin() as admin:
        labels = find_labelled(admin)  # type: ignore[arg-type]
    assert [(label.job, label.state) for label in labels if label.name == name] == [
        ("job1", "open")
    ]


def test_unknown_verb_is_not_supported(new: Bench) -> None:
    with pytest.raises(NotSupported):
        new.do("paint", fresh_name())


def test_registration_tells_the_version_of_the_cluster(old: Bench, new: Bench) -> None:
    assert WORKER.limits(old.worker.config) == {"majorVersion": [16]}
    assert WORKER.limits(new.worker.config) == {"majorVersion": [18]}


def test_export_of_a_database_in_use_is_refused(old: Bench) -> None:
    name = fresh_name()
    old.provision(name)
    with pytest.raises(Refused, match="fenced"):
        old.do("export", name, recipientKey=old.worker.sealer.public)
