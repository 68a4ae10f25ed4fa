"""The guarded fetcher: what it refuses, and where it stops."""

from __future__ import annotations

import gzip
import time
from dataclasses import replace

import pytest
from tmf620_server import Reply, json_reply, serving

from kgservice.model.errors import InputError, Unavailable
from kgservice.net.fetch import Fetcher, Limits

QUICK = Limits(attempts=2, total_s=5)


def fetcher(host: str, limits: Limits = QUICK, waits: list[float] | None = None) -> Fetcher:
    return Fetcher(frozenset({host}), limits, (waits if waits is not None else []).append)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/hosts", "ftp://example.org/", "http://", "http://u:p@example.org/", "x", "http://[",
     "http://example.org:99999/"],
)  # fmt: skip
def test_anything_but_a_plain_http_url_is_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        Fetcher(frozenset({"example.org"})).get(url)
    assert caught.value.code == "url-invalid"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost/", "http://169.254.169.254/", "http://[::1]/"]
)
def test_local_address_needs_its_port_in_the_list(url: str) -> None:
    hosts = frozenset({"127.0.0.1", "localhost", "169.254.169.254", "::1"})
    with pytest.raises(InputError) as caught:
        Fetcher(hosts).get(url)
    assert caught.value.code == "host-not-allowed"


def test_answer_that_grows_beyond_the_limit_when_unpacked_is_refused() -> None:
    bomb = Reply(200, gzip.compress(b"0" * 2_000_000), (("Content-Encoding", "gzip"),))
    with serving(lambda call, calls: bomb) as server, pytest.raises(Unavailable):
        fetcher(server.host, replace(QUICK, max_bytes=100_000)).get(server.url)


def test_server_that_drips_its_answer_is_left_at_the_deadline() -> None:
    drip = Reply(200, b"0" * 3000, drip_s=0.02)
    started = time.monotonic()
    with serving(lambda call, calls: drip) as server, pytest.raises(Unavailable) as caught:
        fetcher(server.host, Limits(attempts=1, total_s=0.3)).get(server.url)
    assert caught.value.code == "source-unreachable"
    assert time.monotonic() - started < 3


def test_redirects_within_the_list_are_followed_but_not_for_ever() -> None:
    moved = Reply(302, b"", (("Location", "/again"),))
    with serving(lambda call, calls: moved) as server:
        with pytest.raises(Unavailable):
            fetcher(server.host).get(server.url)
        assert len(server.calls) == QUICK.redirects + 1


@pytest.mark.parametrize(("header", "waited"), [("3", 3.0), ("99999", 4.9), ("x", 0.4)])
def test_retry_after_is_honoured_within_the_time_that_is_left(header: str, waited: float) -> None:
    waits: list[float] = []
    busy = Reply(503, b"", (("Retry-After", header),))
    with serving(lambda call, calls: busy) as server:
        answer = fetcher(server.host, waits=waits).get(server.url)
    assert answer.status == 503
    assert waits == pytest.approx([waited], abs=0.15)


def test_good_answer_comes_with_its_status_and_headers() -> None:
    with serving(lambda call, calls: json_reply([], 206, X_Total_Count="1")) as server:
        answer = fetcher(server.host).get(server.url)
    assert (answer.status, answer.body, answer.headers["x-total-count"]) == (206, b"[]", "1")
