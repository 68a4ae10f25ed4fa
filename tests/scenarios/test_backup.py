"""Backups of a service at work, restored and compared; kills in the middle of both."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from kgservice.model.rdf import to_text
from kgservice.store import open_store
from kgservice.store.copying import digest_of
from kgservice.store.port import DatasetName
from tests.running import Service

SEED = 20261124
REQUEST = 'components:\n  db:\n    kind: PostgreSQL\n    storage: ">= {} GiB"\n'
Dump = dict[str, set[str]]


def dump(folder: Path) -> Dump:
    """Give all graphs of all datasets, with their statements; each is read by its name."""
    store = open_store(folder)
    found: Dump = {}
    datasets: tuple[DatasetName, ...] = ("shared", "private")
    for dataset in datasets:
        for info in store.graphs(dataset=dataset):
            content = store.graph(info.graph, dataset=dataset)
            found[f"{dataset} {info.graph} {info.version}"] = {
                " ".join(map(to_text, triple)) for triple in content
            }
    store.close()
    return found


def rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [line for line in db.iterdump() if "INSERT" in line]


class Writers:
    """Two clients that write one thing after the other, and note what was acknowledged."""

    def __init__(self, service: Service, customer: str) -> None:
        self.service, self.customer = service, customer
        self.acknowledged = {"requests": 0, "written": 0}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=t) for t in (self._ask, self._write)]

    def __enter__(self) -> Writers:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End when the present write is answered."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _call(self, method: str, path: str, token: str, kind: str, body: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        requests.request(
            method, self.service.url + path, data=body, headers=headers, timeout=60
        ).raise_for_status()

    def _ask(self) -> None:
        for number in range(1, 100_000):
            if self._stop.is_set():
                return
            body = REQUEST.format(number)
            self._call("POST", "/mpli/v1/requests", self.customer, "application/yaml", body)
            self.acknowledged["requests"] = number

    def _write(self) -> None:
        for number in range(1, 100_000):
            if self._stop.is_set():
                return
            body = f"<urn:n:{number}> <urn:is> {number} ."
            path = "/graphs?graph=urn:x:counted"
            self._call("POST", path, self.service.token, "text/turtle", body)
            self.acknowledged["written"] = number


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("backed") / "data").start("--samples")
    yield service
    if service.process is not None and service.process.poll() is None:
        service.stop()


def numbers(service: Service, text: str, token: str = "") -> list[int]:
    answer = requests.post(
        service.url + "/sparql",
        data={"query": f"PREFIX kg: <https://w3id.org/kgservice/ns#> {text}"},
        headers={"Authorization": f"Bearer {token or service.token}", "Accept": "text/csv"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return sorted(int(line) for line in answer.text.split()[1:])


def test_a_backup_under_writes_is_one_moment_and_restores_as_it_was(
    service: Service, tmp_path: Path
) -> None:
    customer = service.kg("token", "create", "--role", "customer", "--name", "anna").strip()
    with Writers(service, customer) as writers:
        end = time.monotonic() + 60
        while min(writers.acknowledged.values()) < 3:
            assert time.monotonic() < end
            time.sleep(0.01)
        before = dict(writers.acknowledged)
        made = service.kg_json("backup", str(tmp_path / "one"), "--json")
        after = dict(writers.acknowledged)
    assert float(str(made["pauseSeconds"])) < 30

    again = Service(tmp_path / "again", {"KG_BASE_IRI": "http://127.0.0.1:8080/"})
    again.kg("restore", str(tmp_path / "one"))
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    modes = {p.stat().st_mode & 0o077 for p in (tmp_path / "again").rglob("*")}
    assert modes == {0}, "all of it is its owner's"
    again.start()
    try:
        kept = numbers(again, "SELECT ?n FROM <urn:x:counted> { ?s <urn:is> ?n }")
        headers = {"Authorization": f"Bearer {customer}"}
        listed = requests.get(again.url + "/mpli/v1/requests", headers=headers, timeout=60)
        asked = len(listed.json()["requests"])
    finally:
        again.stop()
    assert kept == list(range(1, len(kept) + 1)), "later writes are there only with earlier ones"
    assert before["written"] <= len(kept) <= after["written"] + 1
    assert before["requests"] <= asked <= after["requests"] + 1


def test_a_backup_at_rest_restores_to_the_same_dump(service: Service, tmp_path: Path) -> None:
    service.kg("backup", str(tmp_path / "one"))
    service.stop()
    shutil.copytree(service.folder, tmp_path / "copy")
    again = Service(tmp_path / "again")
    again.kg("restore", str(tmp_path / "one"))

    for name in ("tokens.sqlite", "jobs.sqlite", "hub.sqlite", "notices.sqlite"):
        assert rows(tmp_path / "again" / name) == rows(tmp_path / "copy" / name), name
    documents = {
        str(p.relative_to(tmp_path / "again")): digest_of(p)
        for p in (tmp_path / "again" / "documents").rglob("*")
        if p.is_file() and p.suffix != ".db"
    }
    assert documents == {name: digest_of(tmp_path / "copy" / name) for name in documents}
    assert documents
    original, restored = dump(tmp_path / "copy"), dump(tmp_path / "again")
    assert len(original) > 20
    assert restored == original
    service.start()


def test_a_changed_byte_a_missing_file_and_a_full_folder_are_refused(
    service: Service, tmp_path: Path
) -> None:
    service.kg("backup", str(tmp_path / "one"))
    again = Service(tmp_path / "again")
    victim = max((tmp_path / "one" / "store").rglob("*.sst"), key=lambda p: p.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1

    victim.write_bytes(content)
    assert "backup-damaged" in again.kg("restore", str(tmp_path / "one"), expect=2)
    victim.unlink()
    assert "backup-damaged" in again.kg("restore", str(tmp_path / "one"), expect=2)
    assert not (tmp_path / "again").exists()
    assert "data-folder-not-empty" in service.kg("restore", str(tmp_path / "one"), expect=2)
    assert "backup-folder-unfit" in service.kg("backup", str(tmp_path / "one"), expect=2)
    inside = str(service.folder / "inside")
    assert "backup-folder-unfit" in service.kg("backup", inside, expect=2)


def test_only_operators_make_backups(service: Service, tmp_path: Path) -> None:
    token = service.kg("token", "create", "--role", "editor", "--name", "ed").strip()
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        answer = requests.post(
            service.url + "/backups",
            json={"folder": str(tmp_path / "x")},
            headers=headers,
            timeout=60,
        )
        assert answer.status_code in (401, 403)
    assert not (tmp_path / "x").exists()


def is_whole(backup: Path) -> bool:
    files = json.loads((backup / "backup.json").read_text("utf-8"))["files"]
    return all(digest_of(backup / name) == said["sha256"] for name, said in files.items())


def test_kill_9_of_the_service_during_a_backup_leaves_all_of_it_or_nothing(
    service: Service, tmp_path: Path
) -> None:
    begin = time.monotonic()
    service.kg("backup", str(tmp_path / "measured"))
    whole_s = time.monotonic() - begin
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    expected = numbers(service, count)
    rng = random.Random(SEED)  # noqa: S311
    for number in range(4):
        target = tmp_path / f"killed-{number}"
        ended = threading.Event()

        def ask(target: Path = target, ended: threading.Event = ended) -> None:
            service.kg("backup", str(target), expect=None)
            ended.set()

        asking = threading.Thread(target=ask)
        asking.start()
        ended.wait(rng.uniform(0.2, 1.0) * whole_s)
        service.kill()
        asking.join(60)
        assert not target.exists() or is_whole(target), f"seed {SEED}, kill {number}"
        service.start()
        assert numbers(service, count) == expected
    service.kg("backup", str(tmp_path / "killed-0-again"))
    assert is_whole(tmp_path / "killed-0-again")


def test_kill_9_during_a_restore_leaves_all_of_it_or_nothing(
    service: Service, tmp_path: Path
) -> None:
    service.kg("backup", str(tmp_path / "one"))
    names = json.loads((tmp_path / "one" / "backup.json").read_text("utf-8"))["files"].keys()
    again = Service(tmp_path / "again")
    begin = time.monotonic()
    again.kg("restore", str(tmp_path / "one"))
    whole_s = time.monotonic() - begin
    shutil.rmtree(tmp_path / "again")
    rng = random.Random(SEED)  # noqa: S311
    for number in range(6):
        process = subprocess.Popen(
            [sys.executable, "-m", "kgservice", "restore", str(tmp_path / "one")], env=again.env
        )
        try:
            process.wait(rng.uniform(0.3, 1.05) * whole_s)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        if (tmp_path / "again").exists():
            assert all((tmp_path / "again" / name).exists() for name in names), number
            shutil.rmtree(tmp_path / "again")
    again.kg("restore", str(tmp_path / "one"))
    again.start()
    assert numbers(again, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", service.token)[0] > 1000
    again.stop()
