"""Two instances of this service: one reads from the other and is told of changes, by a token."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.running import Service

API = "/tmf-api/productCatalogManagement/v4"


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Service, Service]]:
    """A service that gives nothing without a token, and one that reads from it."""
    port = free_port()
    near = f"127.0.0.1:{port}"
    giving = Service(tmp_path / "giving", {"KG_PUBLIC_READ": "0", "KG_ALLOW_HOSTS": near})
    giving.start("--samples")
    reading = Service(
        tmp_path / "reading",
        {"KG_ALLOW_HOSTS": urlsplit(giving.url).netloc, "KG_BASE_IRI": f"http://{near}/"},
    )
    try:
        reading.start("--port", str(port))
        yield giving, reading
    finally:
        for service in (giving, reading):
            if service.process is not None and service.process.poll() is None:
                service.stop()


def test_a_service_reads_from_another_and_subscribes_with_its_token(
    two: tuple[Service, Service],
) -> None:
    giving, reading = two
    added = reading.kg("catalog", "add", "peer", "--type", "tmf620", giving.url + API,
                       "--option", "hub=true", expect=None)  # fmt: skip
    assert "status 401" in added

    made = giving.kg("token", "create", "--role", "customer", "--name", "peer")
    token = max(made.split(), key=len)
    file = reading.folder / "sources" / "peer.token"
    file.parent.mkdir(mode=0o700)
    file.write_text(token + "\n", encoding="ascii")
    file.chmod(0o644)
    assert "source-token-unusable" in reading.kg("catalog", "sync", "peer", expect=None)
    file.chmod(0o600)

    reading.kg("catalog", "sync", "peer")
    shown: Any = reading.kg_json("catalog", "show", "peer", "--json")
    assert shown["offerings"] > 3
    assert shown["notices"].keys() == {"since"}, "the hub took the registration"
    told = str(shown) + reading.kg("catalog", "report", "peer", "--json") + "".join(reading.log)
    assert token not in told
    rows = reading.kg("query", "SELECT ?o { ?s ?p ?o }", "--format", "csv")
    assert token not in rows
