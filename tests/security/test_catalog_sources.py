"""Where a catalogue may be read from: files for operators only, addresses on the list only."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from kgservice_importers.gaiax import IMPORTER as GAIA_X
from kgservice_importers.tmf620.importer import IMPORTER as TMF620

from kgservice.model.documents import ImportContext
from kgservice.model.errors import InputError, Unavailable
from kgservice.net.fetch import Fetcher
from kgservice.store.vocabulary import load_vocabulary
from tests.security.attacked import Attacked

FILES = ["/etc/passwd", "DATA/operator.token", "DATA/tokens.sqlite", "file:///etc/passwd", "x", "/"]
INSIDE = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://0/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://public.example@127.0.0.1/",
    "http://127.0.0.1\\@public.example/",
    "ftp://public.example/",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("source", FILES)
@pytest.mark.parametrize("kind", ["tmf620", "gaia-x"])
def test_an_editor_cannot_make_the_service_read_its_files(
    attacked: Attacked, kind: str, source: str
) -> None:
    body = {
        "name": "files",
        "type": kind,
        "source": source.replace("DATA", str(attacked.service.folder)),
    }

    status, answer = attacked.call("POST", "/catalogs", attacked.token("editor"), body)

    assert (status, answer["code"]) == (403, "source-needs-operator")


@pytest.mark.parametrize("source", INSIDE[:4])
def test_an_editor_cannot_make_the_service_call_this_machine(
    attacked: Attacked, source: str
) -> None:
    editor = attacked.token("editor")
    body = {"name": "inside", "type": "tmf620", "source": source}
    assert attacked.call("POST", "/catalogs", editor, body)[0] == 201

    is_done, answer = attacked.sync("inside", editor)

    assert not is_done
    said = json.dumps(answer)
    assert "may not be contacted" in said or "url-invalid" in said
    attacked.call("DELETE", "/catalogs/inside", editor)


@pytest.mark.parametrize("address", INSIDE)
def test_an_allowed_name_does_not_open_this_machine(address: str) -> None:
    hosts = ("public.example", "localhost", "localhost.", "127.0.0.1", "127.1", "0", "::1")
    fetcher = Fetcher(frozenset({*hosts, "2130706433", "0x7f000001", "169.254.169.254"}))

    with pytest.raises((InputError, Unavailable)) as refused:
        fetcher.check(address)

    assert refused.value.code in {"host-not-allowed", "url-invalid", "source-unreachable"}


def test_a_folder_is_read_without_its_links_pipes_and_devices(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"id": "urn:x", "name": "CANARY"}', encoding="ascii")
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "link.json").symlink_to(secret)
    (folder / "zero.json").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.json")
    context = ImportContext("c", "http://kg.example/", load_vocabulary(), frozenset(), {})

    for importer in (TMF620, GAIA_X):
        assert "CANARY" not in repr(list(importer.read(str(folder), context)))
