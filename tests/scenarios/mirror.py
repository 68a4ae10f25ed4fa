"""A TMF620 server in a process of its own, with the habits and faults of real nodes.

python -m tests.scenarios.mirror PORT COUNT     (0: the system picks a port)

It prints `listening PORT`, then a line `at LIST OFFSET` for each page, and can be killed at any
time: what it holds is the same whenever it starts.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

Body = dict[str, object]
PREFIX: Final = "/tmf-api/productCatalogManagement/v4/"
PARTY: Final = "/tmf-api/party/v4/"
SELLERS: Final = 40


def urn(resource: str, number: int) -> str:
    return f"urn:ngsi-ld:{resource}:mirror-{number}"


def offering(number: int) -> Body:
    return {
        "id": urn("product-offering", number),
        "name": f"Spiegel {number}",
        "version": "1.0",
        "lastUpdate": "2026-11-01T08:00:00.123456789Z",
        "lifecycleStatus": "Launched",
        "category": [{"id": urn("category", 1), "name": "Virtual machines"}],
        "productSpecification": {"id": urn("product-specification", number % 500)},
        "productOfferingPrice": [{"id": urn("product-offering-price", number % 1000)}],
    }


def specification(number: int) -> Body:
    facts = {"vCPU": str(1 + number % 16), "RAM": f"{2 + number % 64} GiB", "Location": "Gent, BE"}
    return {
        "id": urn("product-specification", number),
        "name": f"Machine {number}",
        "productSpecCharacteristic": [
            {"name": name, "productSpecCharacteristicValue": [{"value": value, "isDefault": True}]}
            for name, value in facts.items()
        ],
        "relatedParty": [{"id": urn("organization", number % SELLERS), "role": "Seller"}],
    }


def price(number: int) -> Body:
    return {
        "id": urn("product-offering-price", number),
        "priceType": "recurring",
        "recurringChargePeriodType": "monthly",
        "recurringChargePeriodLength": 1,
        "price": {"unit": "EUR", "value": f"{5 + number}.50"},
    }


def seller(number: int) -> Body:
    return {
        "id": urn("organization", number),
        "tradingName": f"Verkoper {number}",
        "partyCharacteristic": [{"name": "Headquarters country", "value": "BE"}],
    }


def _of(number: int, **members: object) -> bytes:
    return json.dumps({**offering(number), **members}).encode()


BAD: Final[dict[str, tuple[str, Callable[[int], bytes]]]] = {
    "null": ("resource-unknown", lambda n: b"null"),
    "number": ("resource-unknown", lambda n: b"%d" % n),
    "text": ("resource-unknown", lambda n: b'"offering %d"' % n),
    "list": ("resource-unknown", lambda n: b"[%d]" % n),
    "comma": ("json-invalid", lambda n: _of(n)[:-1] + b",}"),
    "cut": ("json-invalid", lambda n: _of(n)[:-30]),
    "latin-1": (
        "json-invalid",
        lambda n: _of(n, name="Sp\u00ebciaal").replace(b"\\u00eb", b"\xeb"),
    ),
    "deep": ("json-invalid", lambda n: b'{"id": "%d", "x": %s%s}' % (n, b"[" * 9999, b"]" * 9999)),
    "fails": ("json-invalid", lambda n: b"500"),
    "specification": ("link-missing", lambda n: _of(n, productSpecification={"id": urn("x", n)})),
    "lifecycle": ("value-unmapped", lambda n: _of(n, lifecycleStatus="Sometimes")),
    "price": (
        "number-invalid",
        lambda n: _of(n, productOfferingPrice=[{"price": {"value": "?"}}]),
    ),
}
"""How an offering is bad, and by which code that must be told."""


def bad_offerings(count: int) -> dict[int, str]:
    """Name the bad ones of the offerings: one in a hundred, each kind in turn."""
    numbers = random.Random(7).sample(range(count), count // 100)  # noqa: S311  # repeatable
    kinds = list(BAD)
    return {number: kinds[place % len(kinds)] for place, number in enumerate(sorted(numbers))}


def offering_text(number: int, bad: dict[int, str]) -> bytes:
    """Write an offering as it is served."""
    kind = bad.get(number)
    return BAD[kind][1](number) if kind else json.dumps(offering(number)).encode()


def lists(count: int) -> dict[str, list[bytes]]:
    """Give every list as it is served."""
    bad = bad_offerings(count)
    made: dict[str, list[Body]] = {
        "productSpecification": [specification(n) for n in range(500)],
        "productOfferingPrice": [price(n) for n in range(1000)],
        "category": [{"id": urn("category", 1), "name": "Virtual machines"}],
        "catalog": [],
        "organization": [seller(n) for n in range(SELLERS)],
    }
    texts = {name: [json.dumps(one).encode() for one in held] for name, held in made.items()}
    return {"productOffering": [offering_text(n, bad) for n in range(count)], **texts}


class Mirror(ThreadingHTTPServer):
    """Holds the lists; counts what was asked to be unkind to first askers."""

    daemon_threads = True

    def __init__(self, port: int, count: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.lists = lists(count)
        self.asked: Counter[str] = Counter()


class Handler(BaseHTTPRequestHandler):
    """Short pages, counts that are wrong, 429 for every seventh page when it is first asked for."""

    server: Mirror

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        name = parts.path.rpartition("/")[2]
        is_known = parts.path in (PREFIX + name, PARTY + name) and name in self.server.lists
        query = parse_qs(parts.query)
        if not is_known:
            self.answer(404, b"[]")
            return
        offset, limit = (int(query.get(key, ["0"])[0]) for key in ("offset", "limit"))
        self.server.asked[self.path] += 1
        if self.server.asked[self.path] == 1 and hash((offset, limit)) % 7 == 0:
            self.answer(429, b"", ("Retry-After", "0"))
            return
        size = min(limit, 60 + offset % 41)  # a limit of its own, and not always the same
        page = self.server.lists[name][offset : offset + size]
        if b"500" in page:
            self.answer(500, b"")
            return
        count = (str(len(page)), "3", str(10**6))[offset % 3]
        self.answer(206, b"[" + b",".join(page) + b"]", ("X-Total-Count", count))
        sys.stdout.write(f"at {name} {offset}\n")
        sys.stdout.flush()

    def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def main(port: str, count: str) -> None:
    mirror = Mirror(int(port), int(count))
    sys.stdout.write(f"listening {mirror.server_address[1]}\n")
    sys.stdout.flush()
    mirror.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:3])
