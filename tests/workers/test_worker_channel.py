"""The data channel: one token, resumable, checked, closed when it was used."""

from __future__ import annotations

import datetime
import ipaddress
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from random import Random

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kgservice_workers.sdk.channel import Channel
from kgservice_workers.sdk.download import fetch, sha256_of
from kgservice_workers.sdk.values import Config, Json

from kgservice.model.errors import InputError, Refused, Unavailable


class Idle:
    """A context that never interrupts."""

    def progress(self, percent: float, message: str) -> None:
        pass

    def check(self) -> None:
        pass


CONTEXT: object = Idle()


def receive(offer: Mapping[str, Json], target: Path, verify: bool | str = True) -> None:
    fetch(offer, target, CONTEXT, verify)  # type: ignore[arg-type]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    file = tmp_path / "content"
    file.write_bytes(Random(11).randbytes(1_000_003))  # noqa: S311
    return file


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    source = Channel({}, tmp_path / "channel")
    source.start()
    yield source
    source.close()


def status(offer: Mapping[str, Json], token: str, **headers: str) -> int:
    headers["Authorization"] = f"Bearer {token}"
    return requests.get(str(offer["url"]), headers=headers, timeout=10).status_code


def test_file_arrives_and_the_offer_is_over(
    channel: Channel, content: Path, tmp_path: Path
) -> None:
    expected = content.read_bytes()
    offer = channel.offer(content, "job.export")
    receive(offer, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == expected
    assert status(offer, str(offer["token"])) == 404
    assert not content.exists()
    with pytest.raises(Refused) as caught:
        receive(offer, tmp_path / "again")
    assert caught.value.code == "channel-refused"


def test_wrong_token_and_unknown_offer_look_the_same(channel: Channel, content: Path) -> None:
    offer = channel.offer(content, "job.export")
    assert status(offer, "wrong") == 404
    assert status({"url": str(offer["url"])[:-1] + "0"}, str(offer["token"])) == 404
    assert status({"url": f"{channel.url}/../port"}, str(offer["token"])) == 404
    assert requests.delete(str(offer["url"]), timeout=5).status_code == 404
    assert content.exists()


def test_new_offer_of_the_same_task_ends_the_token_before(channel: Channel, content: Path) -> None:
    first = channel.offer(content, "job.export")
    second = channel.offer(content, "job.export")
    assert status(second, str(first["token"])) == 404
    assert status(second, str(second["token"])) == 200


def test_token_is_not_in_the_state_folder(channel: Channel, content: Path, tmp_path: Path) -> None:
    token = str(channel.offer(content, "job.export")["token"])
    files = [file for file in (tmp_path / "channel").iterdir() if file.is_file()]
    assert files
    assert not [file for file in files if token in file.read_text("utf-8")]


def test_changed_content_is_refused_and_removed(
    channel: Channel, content: Path, tmp_path: Path
) -> None:
    offer = channel.offer(content, "job.export")
    content.write_bytes(b"x" + content.read_bytes()[1:])
    with pytest.raises(Refused) as caught:
        receive(offer, tmp_path / "got")
    assert caught.value.code == "channel-checksum"
    assert not list(tmp_path.glob("got*"))


def test_offer_outlives_a_restart_of_the_source_worker(content: Path, tmp_path: Path) -> None:
    first = Channel({}, tmp_path / "channel")
    offer = first.offer(content, "job.export")
    first.start()
    first.close()
    second = Channel({}, tmp_path / "channel")
    second.start()
    receive(offer, tmp_path / "got")
    second.close()
    assert sha256_of(tmp_path / "got") == offer["sha256"]


def test_offer_ends_with_its_time(content: Path, tmp_path: Path) -> None:
    source = Channel({"channel": {"offer_seconds": 0}}, tmp_path / "channel")
    source.start()
    offer = source.offer(content, "job.export")
    assert status(offer, str(offer["token"])) == 404
    source.close()


class Cutting(BaseHTTPRequestHandler):
    """Breaks off in the middle, twice; then sends the rest."""

    body = b""
    ranges: list[str]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.ranges.append(self.headers["Range"])
        start = int(self.headers["Range"][6:-1])
        rest = self.body[start:]
        self.send_response(206)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest if len(self.ranges) > 2 else rest[: len(rest) // 2])


def test_broken_download_resumes_where_it_stopped(content: Path, tmp_path: Path) -> None:
    handler = type("Handler", (Cutting,), {"body": content.read_bytes(), "ranges": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    offer: dict[str, Json] = {
        "url": f"http://127.0.0.1:{server.server_port}/offers/1",
        "token": "t",
        "sha256": sha256_of(content),
        "bytes": content.stat().st_size,
    }
    receive(offer, tmp_path / "got")
    server.shutdown()
    server.server_close()
    starts = [int(text[6:-1]) for text in handler.ranges]  # type: ignore[attr-defined]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert len(starts) == 3
    assert sha256_of(tmp_path / "got") == offer["sha256"]


def test_source_that_is_gone_may_be_tried_again(
    channel: Channel, content: Path, tmp_path: Path
) -> None:
    offer = channel.offer(content, "job.export")
    with pytest.raises(Unavailable):
        receive({**offer, "url": "http://127.0.0.1:9/offers/1"}, tmp_path / "got")
    with pytest.raises(InputError):
        receive({**offer, "url": "file:///etc/passwd"}, tmp_path / "got")


def test_channel_beyond_loopback_needs_tls(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Channel({"channel": {"host": "0.0.0.0"}}, tmp_path)  # noqa: S104
    assert caught.value.code == "channel-needs-tls"


def test_channel_speaks_tls_to_who_trusts_its_authority(content: Path, tmp_path: Path) -> None:
    settings: Config = {"channel": certificate(tmp_path)}
    source = Channel(settings, tmp_path / "channel")
    source.start()
    offer = source.offer(content, "job.export")
    assert str(offer["url"]).startswith("https://")
    with pytest.raises(Unavailable):
        receive(offer, tmp_path / "got")
    source.fetch(offer, tmp_path / "got", CONTEXT)  # type: ignore[arg-type]
    assert sha256_of(tmp_path / "got") == offer["sha256"]
    source.close()


def certificate(folder: Path) -> dict[str, Json]:
    """Make a certificate for the loopback address that lasts for this test."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "channel")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "c.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    files = {"certificate": str(folder / "c.pem"), "key": str(folder / "k.pem")}
    return {**files, "authority": str(folder / "c.pem")}
