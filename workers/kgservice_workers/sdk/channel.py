"""The source's side of the data channel: each file is served once, to who has its token.

The receiver may come back with `Range` (RFC 9110 §14) until it confirms with DELETE. Offers outlive
a restart of the worker; of a token only its SHA-256 is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import ssl
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from kgservice.model.errors import InputError
from kgservice_workers.sdk import download
from kgservice_workers.sdk.values import Json, TaskContext, mapping, number, text

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_BLOCK = 1 << 18


class Channel:
    """Serves and fetches files; `[channel]` of the configuration.

    `host` and `port` to listen on (default: loopback, a free port that is kept), `public_url` when
    receivers see another address, `certificate` and `key` for TLS (needed beyond loopback),
    `authority` to trust for downloads, `offer_seconds` how long an offer stands (default 86,400).
    """

    def __init__(self, config: Mapping[str, Json], folder: Path) -> None:
        """Prepare the channel; files and offers live in `folder`.

        Raises:
            InputError: it would serve beyond loopback without TLS (`channel-needs-tls`).
        """
        self._config = mapping(config, "channel", optional=True)
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._host = text(self._config, "host", "127.0.0.1")
        self._tls = "certificate" in self._config
        if self._host not in _LOOPBACK and not self._tls:
            raise InputError(
                f"The data channel would listen on {self._host} without TLS.",
                code="channel-needs-tls",
                hint="Give `certificate` and `key` under [channel].",
            )
        self._lifetime_s = number(self._config, "offer_seconds", 86_400)
        self._lock = threading.Lock()
        self._server = self._listen()

    def _listen(self) -> ThreadingHTTPServer:
        kept = self._folder / "port"
        port = number(self._config, "port", 0)
        if not port and kept.exists():
            port = int(kept.read_text("utf-8"))
        handler = type("Handler", (_Handler,), {"channel": self})
        try:
            server = ThreadingHTTPServer((self._host, port), handler)
        except OSError:
            # The kept port is taken: offers made under it are lost, and exports are repeated.
            server = ThreadingHTTPServer((self._host, number(self._config, "port", 0)), handler)
        server.daemon_threads = True
        if self._tls:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(text(self._config, "certificate"), text(self._config, "key"))
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        kept.write_text(str(server.server_port), "utf-8")
        return server

    @property
    def url(self) -> str:
        """The address that receivers use."""
        scheme = "https" if self._tls else "http"
        own = f"{scheme}://{self._host}:{self._server.server_port}"
        return text(self._config, "public_url", own).rstrip("/")

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop serving; offers stay for the next start."""
        self._server.shutdown()
        self._server.server_close()

    def offer(self, path: Path, key: str) -> dict[str, Json]:
        """Serve a file until it was received; the same key again replaces the earlier offer.

        The answer (`url`, `token`, `sha256`, `bytes`) holds the token: seal it.
        """
        self._expire()
        token = secrets.token_urlsafe(32)
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        digest = download.sha256_of(path)
        entry: dict[str, Json] = {
            "path": str(path),
            "token": _digest(token),
            "sha256": digest,
            "until": time.time() + self._lifetime_s,
        }
        with self._lock:
            file = self._entry(name)
            file.with_suffix(".partial").write_text(json.dumps(entry), "utf-8")
            file.with_suffix(".partial").replace(file)
        size = path.stat().st_size
        return {
            "url": f"{self.url}/offers/{name}",
            "token": token,
            "sha256": digest,
            "bytes": size,
        }

    def fetch(self, offer: Mapping[str, Json], target: Path, context: TaskContext) -> None:
        """Download an offered file; see `download.fetch`."""
        authority = self._config.get("authority")
        verify = authority if isinstance(authority, str) else True
        download.fetch(offer, target, context, verify)

    def find(self, name: str, token: str) -> Path | None:
        """Give an offer's file if the token is its own and its time is not over."""
        with self._lock:
            try:
                entry = json.loads(self._entry(name).read_text("utf-8"))
            except FileNotFoundError:
                return None
        right = hmac.compare_digest(entry["token"], _digest(token))
        path = Path(entry["path"])
        return path if right and entry["until"] > time.time() and path.exists() else None

    def withdraw(self, name: str) -> None:
        """End an offer and remove its file."""
        with self._lock:
            file = self._entry(name)
            if file.exists():
                Path(json.loads(file.read_text("utf-8"))["path"]).unlink(missing_ok=True)
                file.unlink()

    def _expire(self) -> None:
        for file in self._folder.glob("*.offer"):
            if json.loads(file.read_text("utf-8"))["until"] < time.time():
                self.withdraw(file.stem)

    def _entry(self, name: str) -> Path:
        return self._folder / f"{name}.offer"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    channel: Channel

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a request line is of no use to the operator."""

    def _offer(self) -> tuple[str, Path] | None:
        match = re.fullmatch(r"/offers/([0-9a-f]{32})", self.path)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        path = self.channel.find(match[1], token) if match else None
        if match is None or path is None:
            # One answer for a wrong token, a used one and no offer: nothing can be probed.
            self._answer(404)
            return None
        return match[1], path

    def _answer(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def do_DELETE(self) -> None:
        """Take the receiver's confirmation: the offer is over."""
        found = self._offer()
        if found is not None:
            self.channel.withdraw(found[0])
            self._answer(204)

    def do_GET(self) -> None:
        """Send the file, or the rest of it."""
        found = self._offer()
        if found is None:
            return
        size = found[1].stat().st_size
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(match[1]) if match else 0
        if start >= size and match:
            self._answer(416, {"Content-Range": f"bytes */{size}"})
            return
        headers = {"Content-Length": str(size - start), "Content-Type": "application/octet-stream"}
        if match:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        self._answer(206 if match else 200, headers)
        with found[1].open("rb") as file:
            file.seek(start)
            while block := file.read(_BLOCK):
                self.wfile.write(block)
