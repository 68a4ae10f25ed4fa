"""Known secrets are searched in everything that is kept, said or logged: there are none."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from kgservice_workers.sdk.sealing import KeyPair

from kgservice.model.errors import InputError
from kgservice.model.rdf import to_text
from kgservice.store import open_store
from tests.scenarios.stage import RHEINTAL, Stage

pytestmark = pytest.mark.xdist_group("stage")
Places = dict[str, bytes]


@pytest.fixture(scope="module")
def used(stage: Stage) -> Stage:
    """The stage after a provisioning, a move and an end."""
    services = stage.provisioned()
    stage.write_rows(services["db"])
    job = stage.apply(stage.plan_move(services["db"], RHEINTAL)["id"])
    stage.ended(job)
    for service in stage.call("GET", "services")["services"]:
        if service["state"] != "Ended":
            stage.logins(service["id"])  # notes the passwords
    stage.call("DELETE", f"services/{services['replica']}")
    return stage


def said_over_http(stage: Stage) -> Places:
    """Give every answer of `/mpli/v1`, and the metadata of tokens."""
    jobs = [job["id"] for job in stage.call("GET", "jobs")["jobs"]]
    plans = [stage.job(job)["plan"].rpartition("/")[2] for job in jobs]
    services = [one["id"] for one in stage.call("GET", "services")["services"]]
    made = [one["id"] for one in stage.call("GET", "requests")["requests"]]
    paths = ["services", "jobs", "requests", "offerings"]
    paths += [f"plans/{plan}" for plan in plans]
    paths += [f"services/{one}{end}" for one in services for end in ("", "/connection")]
    paths += [f"jobs/{job}{end}" for job in jobs for end in ("?query=1", "/events")]
    paths += [f"requests/{one}{end}" for one in made[:3] for end in ("", "/resolution")]
    found = {}
    for path in paths:
        if path.endswith("/events") and stage.job(path.split("/")[1])["state"] == "running":
            continue  # its stream does not end
        url = f"{stage.service.url}/mpli/v1/{path}"
        found[path] = requests.get(url, headers=stage.headers, timeout=60).content
    found["tokens"] = requests.get(
        f"{stage.service.url}/tokens", headers=stage.headers, timeout=60
    ).content
    return found


def kept_in_graphs(folder: Path) -> Places:
    """Give both datasets as N-Quads, a graph each; no service may run on the folder."""
    store = open_store(folder, query_workers=1)
    found = {}
    try:
        for dataset in ("shared", "private"):
            for info in store.graphs(dataset=dataset):
                lines = (
                    f"{' '.join(map(to_text, triple))} <{info.graph}> ."
                    for triple in store.graph(info.graph, dataset=dataset)
                )
                found[f"{dataset} <{info.graph}>"] = "\n".join(lines).encode()
    finally:
        store.close()
    return found


def decoded(cell: object) -> Iterator[bytes]:
    """Give a cell's bytes, and what they are the Base64 of: the workflow engine pickles values."""
    raw = cell if isinstance(cell, bytes) else str(cell).encode()
    yield raw
    try:
        yield base64.b64decode(raw, validate=True)
    except binascii.Error:
        return


def kept_in_sqlite(file: Path) -> Places:
    found = {}
    with closing(sqlite3.connect(file)) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            rows = db.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            cells = (part for row in rows for cell in row for part in decoded(cell))
            found[f"{file.name}: {table}"] = b"\n".join(cells)
    return found


def kept_in_files(stage: Stage) -> Places:
    """Give logs, the workers' state, and every file of the data folder that holds no key."""
    secret = ("worker-key.json", "operator.token", "customer.jwk")
    files = [worker.log for worker in stage.workers.values()]
    folders = [stage.service.folder]
    folders += [site.config.parent / "state" for site in stage.sites.values()]
    files += [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    found = {str(file): file.read_bytes() for file in files if file.name not in secret}
    found["service log"] = "".join(stage.service.log).encode()
    return found


def secrets_of(stage: Stage) -> dict[str, bytes]:
    """Name what only one party may know."""
    found = {f"password {n}": word.encode() for n, word in enumerate(stage.secrets)}
    for file in stage.folder.glob("*.token"):
        found[f"token of {file.stem}"] = file.read_bytes()
    found["operator's token"] = stage.service.token.encode()
    found["customer's key"] = str(stage.key().as_dict(private=True)["d"]).encode()
    for name, site in stage.sites.items():
        key = json.loads((site.config.parent / "state" / "worker-key.json").read_text("utf-8"))
        found[f"key of {name}"] = key["d"].encode()
    return {**found, **channel_tokens(stage)}


def channel_tokens(stage: Stage) -> dict[str, bytes]:
    """Open, as the target workers, what the source workers sealed for them."""
    keys = [KeyPair(site.config.parent / "state") for site in stage.sites.values()]
    found = {}
    with closing(sqlite3.connect(stage.service.folder / "leases.sqlite")) as db:
        rows = db.execute("SELECT task, jwe FROM sealed WHERE audience = 'worker'").fetchall()
    for task, jwe in rows:
        for key in keys:
            try:
                found[f"channel of {task}"] = str(key.open(jwe)["token"]).encode()
            except InputError:
                continue
    return found


def test_no_secret_is_kept_said_or_logged(used: Stage) -> None:
    secrets = secrets_of(used)
    kinds = {name.partition(" ")[0] for name in secrets}
    assert kinds == {"password", "token", "operator's", "customer's", "key", "channel"}
    places = said_over_http(used)
    used.service.stop()
    try:
        places |= kept_in_graphs(used.service.folder)
    finally:
        used.restart()
    for name in ("leases.sqlite", "jobs.sqlite"):
        places |= kept_in_sqlite(used.service.folder / name)
    for site in used.sites.values():
        places |= kept_in_sqlite(site.config.parent / "state" / "journal.sqlite")
    places |= kept_in_files(used)
    hits = [
        f"{name} in {place}"
        for place, content in places.items()
        for name, secret in secrets.items()
        if secret in content
    ]
    assert hits == [], f"{len(secrets)} secrets in {len(places)} places"


def test_the_search_finds_what_is_there(used: Stage) -> None:
    """Database names are no secret: they are found where secrets were searched."""
    listed = used.call("GET", "services")["services"]
    living = next(one["id"] for one in listed if one["state"] == "Running")
    database = used.logins(living)["sealed"]["database"].encode()
    leases = kept_in_sqlite(used.service.folder / "leases.sqlite")
    assert any(database in content for content in leases.values())
    engine = kept_in_sqlite(used.service.folder / "jobs.sqlite")
    assert any(b"ready-steps" in content for content in engine.values())
    assert any(b"/step/" in content or b"#provision" in content for content in engine.values())
