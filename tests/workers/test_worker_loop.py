"""The lease loop against a small service: leases, heartbeats, repetition, restarts."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from clusters import Site
from fake_service import FakeService
from kgservice_workers.sdk.client import ServiceClient
from kgservice_workers.sdk.loop import Loop, describe_failure
from kgservice_workers.sdk.main import find_plugin, open_worker
from kgservice_workers.sdk.sealing import KeyPair
from kgservice_workers.sdk.values import Config, Json, Task, TaskContext, TaskResult
from workers_at_work import CANARY, Bench, login

from kgservice.model.errors import AccessDenied, InputError, Refused, Unavailable

STALE = (409, {"code": "stale-lease", "detail": "Lost."})


class Painter:
    """A plug-in that does what the test says."""

    type = "painter"
    kinds = ("urn:kind",)
    verbs = ("paint",)
    import_formats = ()
    export_formats = ()

    def __init__(self) -> None:
        self.performed: list[Task] = []
        self.act: Callable[[Task, TaskContext], None] = lambda task, context: None

    def limits(self, config: Config) -> Mapping[str, Json]:
        return {"colours": 3}

    def perform(self, task: Task, context: TaskContext) -> TaskResult:
        self.performed.append(task)
        self.act(task, context)
        return TaskResult({"number": len(self.performed)}, {"customer": "jwe"})


@pytest.fixture
def service() -> Iterator[FakeService]:
    fake = FakeService().start()
    yield fake
    fake.stop()


@pytest.fixture
def plugin() -> Painter:
    return Painter()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "worker.toml"
    file.write_text('state_dir = "state"\n', "utf-8")
    return file


@pytest.fixture
def loop(service: FakeService, plugin: Painter, config: Path) -> Iterator[Loop]:
    worker, channel = open_worker(plugin, "urn:provider", config)
    channel.start()
    running = Loop(worker, ServiceClient(service.url, "good"), wait_s=0.3)
    thread = threading.Thread(target=running.run)
    thread.start()
    yield running
    running.stop()
    thread.join(10)
    channel.close()
    assert not thread.is_alive()


def until_interrupted(task: Task, context: TaskContext) -> None:
    pause = threading.Event()
    while True:
        context.check()
        pause.wait(0.01)


def test_worker_registers_with_its_key_and_completes_a_task(
    service: FakeService, loop: Loop
) -> None:
    service.put("paint", name="wall")
    done = service.wait_for("complete")
    registered = service.bodies("workers")[0]
    assert registered["limits"] == {"colours": 3}
    assert registered["publicKey"]["crv"] == "P-256"
    assert "d" not in registered["publicKey"]
    assert done == {"token": 1, "facts": {"number": 1}, "sealed": {"customer": "jwe"}}


def test_task_delivered_twice_is_done_once_with_the_same_result(
    service: FakeService, plugin: Painter, loop: Loop
) -> None:
    service.put("paint", name="wall")
    service.put("paint", token=2, name="wall")
    assert service.wait_for("complete", 2) == {**service.wait_for("complete"), "token": 2}
    assert len(plugin.performed) == 1


def test_task_repeated_after_it_was_undone_is_done_again(
    service: FakeService, plugin: Painter, loop: Loop
) -> None:
    service.put("paint", name="wall")
    service.put("rollback", "job1.undo", name="wall")
    service.put("paint", token=2, name="wall")
    service.wait_for("complete", 3)
    assert [task.verb for task in plugin.performed] == ["paint", "rollback", "paint"]


def test_heartbeats_keep_a_long_task_and_carry_its_progress(
    service: FakeService, plugin: Painter, loop: Loop
) -> None:
    enough = threading.Event()
    service.on["heartbeat"] = lambda body: (
        enough.set() if len(service.bodies("heartbeat")) > 4 else None
    )

    def act(task: Task, context: TaskContext) -> None:
        context.progress(40, "copying")
        assert enough.wait(10)
        context.check()

    plugin.act = act
    service.put("paint")
    service.wait_for("complete")
    beats = service.bodies("heartbeat")
    assert beats[0] == {"token": 1, "progress": {"percent": 40, "message": "copying"}}
    assert all("progress" not in beat for beat in beats[1:])


def test_lost_lease_stops_the_task_without_a_report(
    service: FakeService, plugin: Painter, loop: Loop
) -> None:
    service.on["heartbeat"] = lambda body: STALE
    service.on["fail"] = lambda body: STALE
    plugin.act = until_interrupted
    service.put("paint", "job1.first")
    service.wait_for("heartbeat")
    with service.changed:
        assert service.changed.wait_for(lambda: len(service.bodies("leases")) >= 2, 10)
        plugin.act = lambda task, context: None
    service.put("paint", "job1.second")
    service.wait_for("complete")
    assert len(service.bodies("complete")) == 1


def test_stale_completion_is_refused_and_the_loop_goes_on(service: FakeService, loop: Loop) -> None:
    service.on["complete"] = lambda body: STALE if body["token"] == 1 else None
    service.put("paint", "job1.first")
    service.put("paint", "job1.second", token=2)
    assert service.wait_for("complete", 2)["token"] == 2


def test_cancelled_task_stops_and_says_so(
    service: FakeService, plugin: Painter, loop: Loop
) -> None:
    service.on["heartbeat"] = lambda body: (200, {"cancel": True})
    plugin.act = until_interrupted
    service.put("paint")
    failure = service.wait_for("fail")
    assert (failure["class"], failure["code"]) == ("permanent", "task-cancelled")


def test_lease_is_lost_when_no_heartbeat_gets_through(
    service: FakeService, plugin: Painter, loop: Loop
) -> None:
    stopped = threading.Event()

    def act(task: Task, context: TaskContext) -> None:
        try:
            until_interrupted(task, context)
        finally:
            stopped.set()

    service.on["heartbeat"] = lambda body: (503, {"code": "unavailable", "detail": "busy"})
    plugin.act = act
    service.put("paint")
    assert stopped.wait(10)


def test_worker_survives_a_restart_of_the_service_while_it_reports(
    service: FakeService, plugin: Painter, loop: Loop
) -> None:
    stopped = threading.Event()

    def act(task: Task, context: TaskContext) -> None:
        service.stop()
        stopped.set()

    plugin.act = act
    service.lease_s = 30
    service.put("paint")
    assert stopped.wait(10)
    again = FakeService(port=service.port)
    assert service.server is not None
    closed = threading.Event()
    while not closed.is_set():
        try:
            again.start()
            closed.set()
        except OSError:
            closed.wait(0.05)
    again.wait_for("complete")
    service.server = again.server


def test_worker_registers_again_when_the_service_forgot_it(
    service: FakeService, loop: Loop
) -> None:
    service.wait_for("workers")
    service.on["leases"] = lambda body: (
        (404, {"code": "worker-unknown", "detail": "Who?"})
        if len(service.bodies("workers")) < 2
        else None
    )
    service.wait_for("workers", 2)
    service.put("paint")
    service.wait_for("complete")


def test_stopping_worker_gives_its_task_back(
    service: FakeService, plugin: Painter, loop: Loop
) -> None:
    plugin.act = until_interrupted
    service.put("paint")
    service.wait_for("heartbeat")
    loop.stop()
    failure = service.wait_for("fail")
    assert (failure["class"], failure["code"]) == ("retryable", "worker-stopping")


def test_failures_say_what_may_be_tried_again_and_quote_no_foreign_text() -> None:
    classes = {
        Unavailable("x"): "retryable",
        Refused("x"): "permanent",
        InputError("x"): "permanent",
        AccessDenied("x"): "needsOperator",
        ValueError(CANARY): "unknownOutcome",
    }
    for error, kind in classes.items():
        failure = describe_failure(error)
        assert failure["class"] == kind
        assert CANARY not in json.dumps(failure)


def test_wrong_token_ends_the_worker_at_once(
    service: FakeService, plugin: Painter, config: Path
) -> None:
    worker, channel = open_worker(plugin, "urn:provider", config)
    channel.start()
    with pytest.raises(AccessDenied):
        Loop(worker, ServiceClient(service.url, "bad")).run()
    channel.close()


def test_unknown_type_and_unusable_configuration_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="postgresql"):
        find_plugin("nonsense")
    file = tmp_path / "bad.toml"
    file.write_text("= nonsense", "utf-8")
    with pytest.raises(InputError, match="cannot be used") as caught:
        open_worker(Painter(), "urn:provider", file)
    assert caught.value.code == "worker-config-invalid"


def test_key_pair_is_private_and_sealed_messages_are_for_one_reader(tmp_path: Path) -> None:
    pair, other = KeyPair(tmp_path / "a"), KeyPair(tmp_path / "b")
    assert (tmp_path / "a" / "worker-key.json").stat().st_mode & 0o077 == 0
    jwe = other.seal({"password": CANARY}, pair.public)
    assert CANARY not in jwe
    assert KeyPair(tmp_path / "a").open(jwe) == {"password": CANARY}
    with pytest.raises(InputError) as caught:
        other.open(jwe)
    assert caught.value.code == "seal-broken"
    with pytest.raises(InputError, match="P-256"):
        pair.seal({}, {"kty": "EC", "crv": "P-384", "x": "", "y": ""})


def run_worker(site: Site, service: FakeService) -> subprocess.Popen[bytes]:
    code = (
        "import sys; from pathlib import Path; from kgservice_workers.sdk.main import run;"
        " run('postgresql', 'urn:provider', Path(sys.argv[1]), sys.argv[2], 'good')"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(site.config), service.url],
        env={**os.environ, "PYTHONWARNINGS": "error"},
        stderr=subprocess.DEVNULL,
    )


def test_worker_killed_between_effect_and_report_makes_nothing_twice(
    service: FakeService, site16: Site, tmp_path: Path
) -> None:
    customer = KeyPair(tmp_path)
    service.lease_s = 15
    # The report is not acknowledged: the worker dies while it tries again.
    service.on["complete"] = lambda body: (
        (503, {"code": "unavailable"}) if body["token"] == 1 else None
    )
    task = {"name": "killed-1", "customerKey": customer.public}
    before = site16.databases()
    first = run_worker(site16, service)
    service.put("provision", **task)
    service.wait_for("complete")
    first.kill()
    first.wait()
    second = run_worker(site16, service)
    service.put("provision", token=2, **task)
    with service.changed:
        done = service.changed.wait_for(lambda: service.bodies("complete")[-1]["token"] == 2, 20)
    assert done
    reports = service.bodies("complete")
    assert reports[-1]["facts"] == reports[0]["facts"]
    login = customer.open(reports[-1]["sealed"]["customer"])
    psycopg.connect(str(login["uri"])).close()
    assert len(site16.databases()) == len(before) + 1
    second.send_signal(signal.SIGTERM)
    assert second.wait(15) == 0


def test_worker_killed_in_the_middle_of_an_import_finishes_it_after_a_restart(
    service: FakeService, old: Bench, new: Bench
) -> None:
    with login(old.provision("killed-2")) as owner:
        owner.execute("CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 300000) g")
        owner.execute("CREATE INDEX ON t (md5)")
    new.target("killed-2")
    old.do("fence", "killed-2")
    # Sealed for the process below: it works in the same state folder as the bench.
    exported = old.do("export", "killed-2", recipientKey=new.worker.sealer.public)
    task = {"name": "killed-2", "sealed": exported.sealed["worker"]}
    new.channel.close()
    service.lease_s = 0.2
    first = run_worker(new.site, service)
    service.put("import", "job1.import", **task)
    service.wait_for("heartbeat")
    first.kill()
    first.wait()
    assert not service.bodies("complete")
    service.lease_s = 15
    second = run_worker(new.site, service)
    service.put("import", "job1.import", token=2, **task)
    assert service.wait_for("complete")["facts"]["sha256"] == exported.facts["sha256"]
    second.terminate()
    assert second.wait(15) == 0
    verified = new.do("verify", "killed-2", tables=exported.facts["tables"])
    assert verified.facts["rows"] == 300_000
    roles = [role for role in new.site.roles() if "killed_2" in role]
    assert len(roles) == 1


def test_log_of_the_loop_holds_no_facts(
    service: FakeService, loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "kgservice_workers")
    service.put("paint", secret=CANARY)
    service.wait_for("complete")
    assert CANARY not in caplog.text
