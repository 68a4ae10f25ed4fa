"""A service that is written to by several clients while something of it is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.running import Service

CLIENTS = 3
FACTS = 5
"""Statements of each small write; all of them or none may be found."""
PUT_FACTS = 3000
OFFERINGS = 120
PATIENCE_S = 90
BULK = "urn:kill:bulk"
MODULES = {
    "reader": "kgservice.store.reader",
    "writer": "kgservice.store.writer",
    "writer of graphs": "kgservice.store.written_writer",
}
COUNT = (
    "PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX kg: <https://w3id.org/kgservice/ns#>"
    " SELECT ?o ?title { ?o a kg:Offering ; dcterms:title ?title }"
)


@dataclass
class Ledger:
    """What was acknowledged, and what nobody knows; kept over all kills."""

    written: dict[str, set[int]] = field(
        default_factory=lambda: {str(n): set() for n in range(CLIENTS)}
    )
    unknown: dict[str, set[int]] = field(
        default_factory=lambda: {str(n): set() for n in range(CLIENTS)}
    )
    next: dict[str, int] = field(default_factory=lambda: {str(n): 0 for n in range(CLIENTS)})
    bulk: set[int] = field(default_factory=lambda: {0})
    """Versions that the large graph may have: the last acknowledged, and those that came later."""
    bulk_next: int = 1
    catalog: int = 0


class Killed:
    """A service, what writes to it, and the one that kills."""

    def __init__(self, folder: Path) -> None:
        """Start it, with a catalogue of made-up offerings."""
        self.source = folder / "offerings.json"
        self.service = Service(folder / "data", {"KG_QUERY_TIMEOUT_S": "20"}).start()
        self.ledger = Ledger()
        self.restarts_s: list[float] = []
        self.surprises: list[str] = []
        self.is_over = threading.Event()
        self.write_source()
        body = {"name": "killed", "type": "tmf620", "source": str(self.source)}
        assert self.call("POST", "/catalogs", json=body).status_code == 201
        self.synced()

    def call(self, method: str, path: str, **more: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.service.token}", **more.pop("headers", {})}  # type: ignore[dict-item]
        return requests.request(
            method,
            self.service.url + path,
            headers=headers,
            timeout=60,
            **more,  # type: ignore[arg-type]
        )

    # What writes ------------------------------------------------------------------------------

    def insert(self, client: str) -> None:
        """Write small things, one after the other, until one fails."""
        ledger = self.ledger
        while not self.is_over.is_set():
            number = ledger.next[client]
            ledger.next[client] += 1
            facts = "".join(f"<urn:k:{client}:{number}> <urn:p> {n} . " for n in range(FACTS))
            text = f"INSERT DATA {{ GRAPH <urn:kill:{client}> {{ {facts} }} }}"
            if not self._is_acknowledged(
                "POST",
                "/sparql/update",
                data=text.encode(),
                headers={"Content-Type": "application/sparql-update"},
            ):
                ledger.unknown[client].add(number)
                return
            ledger.written[client].add(number)

    def put(self) -> None:
        """Replace a large graph by its next version, again and again, until it fails."""
        ledger = self.ledger
        while not self.is_over.is_set():
            version = ledger.bulk_next
            ledger.bulk_next += 1
            ledger.bulk.add(version)
            body = "".join(f"<urn:b:{n}> <urn:version> {version} .\n" for n in range(PUT_FACTS))
            if not self._is_acknowledged(
                "PUT",
                "/graphs",
                params={"graph": BULK},
                data=body.encode(),
                headers={"Content-Type": "text/turtle"},
            ):
                return
            ledger.bulk = {version}

    def _is_acknowledged(self, method: str, path: str, **more: object) -> bool:
        try:
            answer = self.call(method, path, **more)
        except requests.RequestException:
            return False
        if answer.status_code not in (200, 201, 204, 503):
            self.surprises.append(answer.text)
        return answer.status_code < 300

    def write_source(self) -> None:
        """Make the catalogue's next version."""
        self.ledger.catalog += 1
        self.source.write_text(json.dumps([self._offering(n) for n in range(OFFERINGS)]), "utf-8")

    def _offering(self, number: int) -> dict[str, object]:
        return {
            "id": f"urn:ngsi-ld:product-offering:killed-{number}",
            "name": f"Offering of version {self.ledger.catalog}",
            "lifecycleStatus": "Launched",
            "relatedParty": [{"id": "urn:ngsi-ld:organization:killed", "role": "Seller"}],
        }

    def load(self) -> None:
        """Begin to take the catalogue over."""
        with contextlib.suppress(requests.RequestException):
            self.call("POST", "/catalogs/killed/sync")

    def synced(self) -> None:
        """Take the catalogue over to the end."""
        answer = self.call("POST", "/catalogs/killed/sync")
        assert answer.status_code in (200, 202), answer.text
        if answer.status_code == 202:
            self.call("GET", answer.headers["Location"] + "/events")  # ends with the job

    # What kills -------------------------------------------------------------------------------

    def kill(self, what: str, later_s: float, choice: int) -> None:
        """Kill something while all write, and bring the service back when it was the service."""
        self.is_over.clear()
        writers: list[Callable[[], None]] = [self.put]
        writers += [lambda client=str(n): self.insert(client) for n in range(CLIENTS)]  # type: ignore[misc]
        if what == "service in a load":
            self.write_source()
            writers.append(self.load)
        threads = [threading.Thread(target=writer) for writer in writers]
        for thread in threads:
            thread.start()
        threading.Event().wait(later_s)
        if what in MODULES:
            os.kill(self._child(MODULES[what], choice), signal.SIGKILL)
            threading.Event().wait(0.2)  # so that some writes come after it
        else:
            self.service.kill()
        self.is_over.set()
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
        assert self.surprises == [], "".join(self.service.log[-60:])
        if what not in MODULES:
            begin = time.monotonic()
            self.service.start()
            self.restarts_s.append(time.monotonic() - begin)

    def _child(self, module: str, choice: int) -> int:
        assert self.service.process is not None
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.service.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        found = [int(line.split()[0]) for line in listed if f"-m {module} " in line]
        return found[choice % len(found)]

    # What must hold ---------------------------------------------------------------------------

    def require_whole(self, said: str) -> None:
        """Require that all that was acknowledged is there, and all else whole or not at all."""
        for client in self.ledger.written:
            found = Counter(
                row[0]
                for row in self.rows(f"SELECT ?s ?o {{ GRAPH <urn:kill:{client}> {{ ?s ?p ?o }} }}")
            )
            numbers = {int(name.rpartition(":")[2]) for name in found}
            written, unknown = self.ledger.written[client], self.ledger.unknown[client]
            assert set(found.values()) <= {FACTS}, f"{said}: a write is half there"
            assert written <= numbers, f"{said}: lost {sorted(written - numbers)}"
            assert numbers <= written | unknown, (
                f"{said}: came by itself {numbers - written - unknown}"
            )
            self.ledger.written[client], self.ledger.unknown[client] = numbers, set()
        rows = self.rows(f"SELECT ?s ?v {{ GRAPH <{BULK}> {{ ?s ?p ?v }} }}")
        versions = {int(version) for _, version in rows}
        if versions or 0 not in self.ledger.bulk:
            assert len(versions) == 1, f"{said}: versions {versions} are mixed"
            assert len(rows) == PUT_FACTS, f"{said}: {len(rows)} statements of the large graph"
            assert versions <= self.ledger.bulk, f"{said}: {versions} of {self.ledger.bulk}"
            self.ledger.bulk = versions

    def require_catalog(self, said: str) -> None:
        """Require that each state of the catalogue that can be seen is one version, whole."""
        self._require_one_version(said)
        self.synced()
        assert self._require_one_version(said) == self.ledger.catalog, said

    def _require_one_version(self, said: str) -> int:
        titles = Counter(title for _, title in self.rows(COUNT))
        assert list(titles.values()) == [OFFERINGS], f"{said}: {titles}"
        return int(next(iter(titles)).rpartition(" ")[2])

    def rows(self, text: str) -> list[list[str]]:
        """Ask, patiently: right after a kill something may be on its way back."""
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = self.call(
                "POST", "/sparql", data={"query": text}, headers={"Accept": "text/csv"}
            )
            if answer.status_code == 200:
                return [line.split(",") for line in answer.text.splitlines()[1:]]
            assert answer.status_code == 503, answer.text
            assert time.monotonic() < end, answer.text
