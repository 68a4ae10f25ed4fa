"""The stage of the scenarios: real clusters, a real service, and a real worker process for each."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests
from joserfc import jwe
from joserfc.jwk import ECKey

from kgservice.mpli.sample_catalogs import SAMPLES, sample_folder
from tests.clusters import Site
from tests.running import Service

ROOT = Path(__file__).resolve().parents[2]
REQUEST = ROOT / "docs" / "examples" / "portal.yaml"
VERSIONS = {"Waterlinie Cloud": 16, "Rheintal Rechenzentrum": 18, "Noordzee Hosting": 18}
WATERLINIE, RHEINTAL, NOORDZEE = VERSIONS
ENDED = ("done", "holding", "rolled-back", "failed")
ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]
Connection = psycopg.Connection[tuple[object, ...]]
Json = dict[str, Any]


def until(check: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Wait until something outside of this process is so."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"in {seconds} s it did not happen: {what}"
        pause.wait(0.02)


@dataclass
class WorkerProcess:
    """`kg worker run` for one provider, with its own configuration, state and token."""

    arguments: list[str]
    env: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kgservice", "worker", "run", *self.arguments],
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it and every program that it runs, at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)


@dataclass
class Stage:
    """Everything that runs; shared by all scenarios, which leave it running."""

    folder: Path
    sites: dict[str, Site]
    service: Service
    providers: dict[str, str] = field(default_factory=dict)
    workers: dict[str, WorkerProcess] = field(default_factory=dict)
    port: str = "0"
    secrets: list[str] = field(default_factory=list)

    # Setting up ----------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Load the samples from folders that a test may change, and start the workers."""
        self.service.start()
        self.port = self.service.url.rpartition(":")[2]
        for name, kind in SAMPLES.items():
            shutil.copytree(sample_folder(name), self.folder / name)
            self.service.kg("catalog", "add", name, "--type", kind, str(self.folder / name))
        query = "SELECT ?name ?p { ?p a kg:Provider ; dcterms:title ?name }"
        found = self.service.kg_json("query", query, "--format", "json")["results"]
        for row in found["bindings"]:  # type: ignore[index]
            for name in VERSIONS:
                if row["name"]["value"].startswith(name):
                    self.providers[name] = row["p"]["value"]
        key = self.folder / "data" / "customer-keys" / "customer.jwk"
        key.parent.mkdir(mode=0o700)
        key.touch(mode=0o600)
        key.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)), "utf-8")
        self.secrets += [site.cluster.password for site in self.sites.values()]

    def add_worker(self, name: str) -> WorkerProcess:
        """Make a token and start the worker of a provider."""
        provider = self.providers[name]
        slug = name.split()[0].lower()
        bound = ("--type", "postgresql", "--provider", provider)
        token = self.service.kg("token", "create", "--role", "worker", "--name", slug, *bound)
        token_file = self.folder / f"{slug}.token"
        token_file.touch(mode=0o600)
        token_file.write_text(token.strip(), "ascii")
        arguments = ["postgresql", "--provider", provider, "--url", self.service.url]
        arguments += ["--config", str(self.sites[name].config), "--token-file", str(token_file)]
        worker = WorkerProcess(arguments, self.service.env, self.folder / f"{slug}.log")
        worker.start()
        self.workers[name] = worker
        return worker

    def wait_for_workers(self) -> None:
        query = "SELECT DISTINCT ?p { ?w a kg:Worker ; kg:forProvider ?p }"
        until(lambda: len(self._rows(query)) == len(self.workers), "every worker registered")

    def _rows(self, query: str) -> list[Json]:
        answer = requests.post(
            f"{self.service.url}/sparql",
            data={"query": f"PREFIX kg: <https://w3id.org/kgservice/ns#> {query}"},
            headers={**self.headers, "Accept": "application/sparql-results+json"},
            timeout=60,
        )
        answer.raise_for_status()
        rows: list[Json] = answer.json()["results"]["bindings"]
        return rows

    def restart(self) -> None:
        """Start the service again on the same folder and port; workers find it by themselves."""
        self.service.start("--port", self.port)

    # Talking to the service ----------------------------------------------------------------------

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.service.token}"}

    def call(self, method: str, path: str, body: Json | None = None, expect: int = 0) -> Json:
        """Call `/mpli/v1`; `expect` 0 means success."""
        answer = requests.request(
            method,
            f"{self.service.url}/mpli/v1/{path}",
            json=body,
            headers=self.headers,
            timeout=120,
        )
        assert answer.ok if not expect else answer.status_code == expect, answer.text
        found: Json = answer.json()
        return found

    def plan(self, request: Path = REQUEST) -> Json:
        """Plan the best composition of a request."""
        made = requests.post(
            f"{self.service.url}/mpli/v1/requests",
            data=request.read_bytes(),
            headers={**self.headers, "Content-Type": "application/yaml"},
            timeout=120,
        )
        assert made.ok, made.text
        body = {"request": made.json()["id"], "rank": 1, "customerKey": self.customer_key()}
        return self.call("POST", "plans", body)

    def plan_move(self, service: str, to: str) -> Json:
        body = {"to": self.providers.get(to, to), "apply": False}
        return self.call("POST", f"services/{service}/moves", body)

    def apply(self, plan: str) -> str:
        """Apply a plan and give the job's id."""
        return str(self.call("POST", f"plans/{plan}/apply", {})["id"])

    def events(self, job: str) -> Iterator[Json]:
        """Follow a job's events as they happen, until it has ended."""
        after, end = 0, time.monotonic() + 120
        while True:
            assert time.monotonic() < end, f"it does not end: {self.job(job)}"
            with requests.get(
                f"{self.service.url}/mpli/v1/jobs/{job}/events",
                headers={**self.headers, "Last-Event-ID": str(after)},
                stream=True,
                timeout=60,
            ) as answer:
                answer.raise_for_status()
                for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
                    if line == "event: end":
                        return
                    if line.startswith("data: {"):
                        event = json.loads(line.removeprefix("data: "))
                        if "id" in event:
                            after = event["id"]
                            yield event

    def wait_for(self, job: str, kind: str, step: str) -> None:
        """Wait until a step has started or ended."""
        for event in self.events(job):
            if (event["kind"], event.get("step")) == (kind, step):
                return
        raise AssertionError(f"the job ended and {step} never {kind}: {self.job(job)}")

    def job(self, job: str) -> Json:
        return self.call("GET", f"jobs/{job}")

    def ended(self, job: str) -> Json:
        """Wait until a job has ended or holds."""
        for _ in self.events(job):
            pass
        shown = self.job(job)
        assert shown["state"] in ENDED, shown
        return shown

    def finished(self, plan: str, state: str = "done") -> Json:
        """Apply a plan and wait for its end."""
        shown = self.ended(self.apply(plan))
        assert shown["state"] == state, shown
        return shown

    def provisioned(self) -> dict[str, str]:
        """Provision the request of the story; service ids by component."""
        return self.services_of(self.finished(self.plan()["id"]))

    def services_of(self, job: Json) -> dict[str, str]:
        """Give the ids of a job's services by component."""
        ids = set(str(job["subject"]).split(", "))
        listed = self.call("GET", "services")["services"]
        return {one["component"]: one["id"] for one in listed if one["id"] in ids}

    # What the customer sees ----------------------------------------------------------------------

    def key(self) -> ECKey:
        file = self.service.folder / "customer-keys" / "customer.jwk"
        return ECKey.import_key(json.loads(file.read_text("utf-8")))

    def customer_key(self) -> Json:
        public = self.key().as_dict(private=False)
        return {name: public[name] for name in ("kty", "crv", "x", "y")}

    def logins(self, service: str) -> dict[str, Json]:
        """Decrypt the connection details of a service (`sealed`) and its source (`held`)."""
        sealed = self.call("GET", f"services/{service}/connection")
        found = {
            name: json.loads(jwe.decrypt_compact(text, self.key(), ALGORITHMS).plaintext or b"")
            for name, text in sealed.items()
        }
        for login in found.values():
            if login["password"] not in self.secrets:
                self.secrets.append(login["password"])
        return found

    @contextmanager
    def customer(self, service: str, which: str = "sealed") -> Iterator[Connection]:
        """Connect to a service's database as its customer."""
        uri = self.logins(service)[which]["uri"]
        with psycopg.connect(uri, autocommit=True, connect_timeout=10) as connection:
            yield connection

    def write_rows(self, service: str, rows: int = 300) -> None:
        """Fill a database with something to lose."""
        with self.customer(service) as db:
            db.execute("CREATE TABLE visit (id bigserial PRIMARY KEY, page text, near vector(3))")
            db.execute(
                "INSERT INTO visit (page, near) SELECT '/page/' || n,"
                " ARRAY[n %% 7, n %% 11, n %% 13]::real[]::vector FROM generate_series(1, %s) n",
                (rows,),
            )

    def fingerprint(self, service: str, which: str = "sealed") -> tuple[object, ...]:
        """Count and hash the rows."""
        query = "SELECT count(*), md5(string_agg(id || page || near::text, ',' ORDER BY id))"
        with self.customer(service, which) as db:
            row = db.execute(f"{query} FROM visit").fetchone()
        assert row is not None
        return row

    def version(self, service: str) -> int:
        """Give the major version of the server that a service runs on."""
        with self.customer(service) as db:
            return db.info.server_version // 10_000

    def is_writable(self, service: str) -> bool:
        """Write a row and take it out again, as the customer."""
        with self.customer(service) as db:
            made = db.execute("INSERT INTO visit (page) VALUES ('probe') RETURNING id").fetchone()
            assert made is not None
            return db.execute("DELETE FROM visit WHERE id = %s", made).rowcount == 1

    # What is in the clusters ---------------------------------------------------------------------

    def in_clusters(self) -> dict[str, list[str]]:
        """List databases and roles that workers made, by cluster."""
        return {
            name: sorted([f"database {one}" for one in site.databases()] + self._roles(site))
            for name, site in self.sites.items()
        }

    @staticmethod
    def _roles(site: Site) -> list[str]:
        return [f"role {one}" for one in site.roles()]

    def expected(self) -> dict[str, list[str]]:
        """List what `services` and their connection details say must be in the clusters."""
        names = {site.cluster.port: name for name, site in self.sites.items()}
        found: dict[str, list[str]] = {name: [] for name in self.sites}
        for service in self.call("GET", "services")["services"]:
            if service["state"] == "Ended":
                continue
            logins = self.logins(service["id"])
            for which, login in logins.items():
                place = found[names[login["port"]]]
                place += [f"database {login['database']}", f"role {login['database']}"]
                if which == "held":
                    place.append(f"role {login['user']}")
            at = self.providers[names[logins["sealed"]["port"]]]
            assert service["provider"] == at, service
        return {name: sorted(things) for name, things in found.items()}

    def require_agreement(self, said: str = "") -> None:
        """Nothing is left over, nothing is missing, nothing is there twice."""
        assert self.in_clusters() == self.expected(), said
