"""Credentials are read from a list of addresses, from allowed hosts only."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path

import pytest
from kgservice_importers.gaiax import IMPORTER
from small_vocabulary import context

from kgservice.model.documents import SourceDocument
from kgservice.model.errors import InputError, Problem, Unavailable

SAMPLE = Path(str(resources.files("kgservice_importers.samples"))) / "rijn-federation"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield tmp_path, f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_list_of_addresses_is_followed_and_a_missing_one_is_a_problem(
    site: tuple[Path, str],
) -> None:
    folder, host = site
    token = (SAMPLE / "rheintal-rechenzentrum" / "postgresql.jwt").read_bytes()
    (folder / "one.jwt").write_bytes(token)
    (folder / "list.json").write_text(
        json.dumps(["/one.jwt", "/gone.jwt", "http://other.example/x"])
    )
    allowed = context("rijn", allowed_hosts=frozenset({host}))
    items = list(IMPORTER.read(f"http://{host}/list.json", allowed))
    documents = [item for item in items if isinstance(item, SourceDocument)]
    assert [d.primary.value.rpartition("/")[2] for d in documents] == ["postgresql"]
    assert documents[0].content == token.strip()
    codes = [item.code for item in items if isinstance(item, Problem)]
    assert codes == ["document-gone", "host-not-allowed"]


def test_one_credential_may_be_the_source(site: tuple[Path, str]) -> None:
    folder, host = site
    token = (SAMPLE / "rheintal-rechenzentrum" / "postgresql.jwt").read_bytes()
    (folder / "one.jwt").write_bytes(token)
    allowed = context("rijn", allowed_hosts=frozenset({host}))
    (document,) = IMPORTER.read(f"http://{host}/one.jwt", allowed)
    assert isinstance(document, SourceDocument)


def test_a_source_that_is_not_there_is_unavailable(site: tuple[Path, str]) -> None:
    _, host = site
    with pytest.raises(Unavailable):
        list(
            IMPORTER.read(
                f"http://{host}/none.json", context("rijn", allowed_hosts=frozenset({host}))
            )
        )


def test_a_host_that_is_not_allowed_is_never_contacted(site: tuple[Path, str]) -> None:
    _, host = site
    with pytest.raises(InputError):
        list(IMPORTER.read(f"http://{host}/one.jwt", context("rijn")))
