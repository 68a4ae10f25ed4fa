"""A federated catalogue, a feed of events and plain files on one real HTTP server."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Entry:
    """One description in the catalogue."""

    id: str
    content: str
    status: str = "ACTIVE"
    changed: str = "2026-05-01T10:00:00Z"

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()


@dataclass
class Site:
    """What the server gives.

    Attributes:
        entries: Descriptions of the catalogue.
        events: CloudEvents of the feed, oldest first.
        files: Bodies by path.
        is_new: The API of 2026 (`/assets`, by id), else the older one (by hash).
        wrong_count: The total that is told, as some catalogues tell a wrong one.
        breaks_at: Offset of the page that answers 500, or -1.
        knows_cursor: The feed looks at `lastReceivedID`.
        asked: Paths and queries in the order asked.
    """

    entries: list[Entry] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    is_new: bool = False
    wrong_count: int = 1
    breaks_at: int = -1
    knows_cursor: bool = True
    asked: list[str] = field(default_factory=list)
    host: str = ""

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, str]:
        """Give status and body."""
        if path in self.files:
            return 200, self.files[path]
        known = ["", *(event["id"] for event in self.events)]
        is_feed = path == "/credentials-events" and self.knows_cursor
        if is_feed and query.get("lastReceivedID", "") not in known:
            return 404, ""
        if path == "/credentials-events":
            return 200, json.dumps(self._feed(query))
        base, _, name = path[1:].partition("/")
        if base not in ("assets", "self-descriptions"):
            return 404, ""
        if name:
            found = [e for e in self.entries if unquote(name) in (e.hash, e.id)]
            return (200, found[0].content) if found else (404, "")
        if int(query.get("offset", "0")) == self.breaks_at:
            return 500, ""
        return 200, json.dumps({"totalCount": self.wrong_count, "items": self._page(query)})

    def _page(self, query: dict[str, str]) -> list[dict[str, Any]]:
        since = query.get("statusTimerange", "").partition("/")[0]
        statuses = query.get("statuses", "ACTIVE").upper().split(",")
        chosen = [e for e in self.entries if e.status in statuses and e.changed >= since]
        start, size = int(query.get("offset", "0")), min(int(query.get("limit", "100")), 2)
        hashed = "assetHash" if self.is_new else "sdHash"
        has_content = query.get("withContent") == "true"
        found = []
        for e in chosen[start : start + size]:
            meta = {hashed: e.hash, "id": e.id, "status": e.status, "statusDatetime": e.changed}
            found.append({"meta": meta, "content": e.content if has_content else None})
        return found

    def _feed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        ids = [event["id"] for event in self.events]
        cursor = query.get("lastReceivedID", "") if self.knows_cursor else ""
        start = ids.index(cursor) + 1 if cursor in ids else 0
        size = min(int(query.get("size", "20")), 2)
        start += int(query.get("page", "0")) * size
        return self.events[start : start + size]


class Server:
    """Serves a site while the block runs."""

    def __init__(self, site: Site) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                site.asked.append(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                status, body = site.answer(parts.path, query)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        site.host = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Server:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
