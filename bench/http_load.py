"""Put load on an HTTP server, and read what its processes cost."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint and the process that runs it."""

    name: str
    url: str
    pid: int

    def request(self, query: str) -> bytes:
        """Give the bytes of a query by GET: Virtuoso does not answer a query in the body."""
        url = urlsplit(self.url)
        head = (
            f"GET {url.path}?query={quote(query)} HTTP/1.1\r\nHost: {url.netloc}\r\n"
            "Accept: application/sparql-results+json, application/n-triples\r\n\r\n"
        )
        return head.encode()


class Connection:
    """A connection that is kept; as little work as possible for each answer."""

    def __init__(self, url: str) -> None:
        """Connect."""
        place = urlsplit(url)
        self._socket = socket.create_connection((place.hostname, place.port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def ask(self, request: bytes) -> tuple[int, int]:
        """Send a request and read all of its answer; give its status and size."""
        self._socket.sendall(request)
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        status, lower = int(head[9:12]), head.lower()
        place = lower.find(b"\r\ncontent-length:")
        if place >= 0:
            size = int(lower[place + 17 :].split(b"\r\n", 1)[0])
            self._take(size)
            return status, size
        return status, self._chunks()

    def _chunks(self) -> int:
        size = 0
        while True:
            while b"\r\n" not in self._rest:
                self._more()
            line, _, self._rest = self._rest.partition(b"\r\n")
            length = int(line.split(b";")[0], 16)
            self._take(length + 2)
            size += length
            if not length:
                return size

    def _take(self, size: int) -> None:
        while len(self._rest) < size:
            part = self._socket.recv(1 << 20)
            if not part:
                raise ConnectionError("closed in the middle of an answer")
            if len(self._rest) + len(part) < size:
                size -= len(self._rest) + len(part)
                self._rest = b""
            else:
                self._rest += part
        self._rest = self._rest[size:]

    def _more(self) -> None:
        part = self._socket.recv(1 << 16)
        if not part:
            raise ConnectionError("closed before the end of an answer")
        self._rest += part

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def cpu_s(pid: int) -> float:
    """Give the processor time of a process and of all below it, also of those that ended, in s."""
    children: dict[int, list[int]] = {}
    times: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(folder.name))
            times[int(folder.name)] = sum(int(value) for value in fields[11:15]) / TICKS
    total, queue = 0.0, [pid]
    while queue:
        one = queue.pop()
        total += times.get(one, 0.0)
        queue.extend(children.get(one, ()))
    return total


def latencies(target: Target, queries: Sequence[str], rounds: int) -> list[float | None]:
    """Give the least time of each query in ms, with one client; None for one that is refused."""
    found: list[float | None] = []
    for query in queries:
        connection = Connection(target.url)
        least = float("inf")
        for _ in range(rounds):
            request = target.request(f"{query} #{time.monotonic_ns()}")  # never asked before
            start = time.perf_counter()
            status, _ = connection.ask(request)
            least = min(least, time.perf_counter() - start)
            if status != 200:
                break
        found.append(least * 1000 if status == 200 else None)
        connection.close()
    return found


def throughput(
    target: Target, queries: Sequence[str], clients: int, seconds: float, *, is_new: bool
) -> tuple[float, float]:
    """Let clients ask the queries in turn; give requests a second and CPU ms a request.

    `is_new`: a comment makes each of them one that was never asked before.
    """
    mark = f"#{time.monotonic_ns():020d}"
    requests = [target.request(query + mark * is_new) for query in queries]
    counts, failures = [0] * clients, []
    end = time.perf_counter() + seconds
    before, start = cpu_s(target.pid), time.perf_counter()

    def work(number: int) -> None:
        connection = Connection(target.url)
        turn = number
        while time.perf_counter() < end:
            request = requests[turn % len(requests)]
            if is_new:  # of the same length, so nothing else has to be written again
                request = request.replace(mark[1:11].encode(), b"%05d%05d" % (number, turn), 1)
            status, _ = connection.ask(request)
            turn += 1
            counts[number] += 1
            if status != 200:
                failures.append(status)
        connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done, took = sum(counts), time.perf_counter() - start
    assert not failures, (target.name, failures[:5])
    return done / took, (cpu_s(target.pid) - before) * 1000 / max(done, 1)
