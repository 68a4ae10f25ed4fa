"""Bytes that are no text, and characters that steer a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kgservice.cli.gateway import open_gateway
from kgservice.cli.output import print_table
from kgservice.model.errors import InputError, NotFound
from kgservice.model.settings import resolve_settings


@pytest.mark.parametrize(
    ("arguments", "token"),
    [
        ([b"query", b"-"], b""),
        ([b"query", b"ASK{} #\xff"], b""),
        ([b"query", b"bad.rq"], b""),
        ([b"query", b"postgresql-offers", b"--param", b"country=\xff"], b""),
        ([b"query", b"ASK{}"], b"\xff"),
        ([b"query", b"ASK{}"], "ü€".encode()),
        ([b"query", b"ASK{}"], b"a\nb"),
    ],
    ids=["stdin", "argument", "file", "param", "token-byte", "token-letters", "token-line"],
)
def test_what_is_no_text_is_wrong_use(tmp_path: Path, arguments: list[bytes], token: bytes) -> None:
    (tmp_path / "bad.rq").write_bytes(b"ASK {} #\xff")
    environment = {n: v for n, v in os.environb.items() if not n.startswith(b"KG_")}
    environment |= {b"KG_DATA_DIR": os.fsencode(tmp_path / "data"), b"KG_TOKEN": token}
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"kgservice", *arguments],
        env=environment,
        cwd=tmp_path,
        input=b"\xff\xfe",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr


def test_tables_show_what_would_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a"], [["x\x1b]0;y\x07\x9bz\u202e"]])
    assert r"x\x1b]0;y\x07\x9bz\u202e" in capsys.readouterr().out


def test_the_address_of_a_service_has_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_URL", "foo")
    with pytest.raises(InputError, match="http or https"), open_gateway(resolve_settings({}, {})):
        pass


def test_a_mistyped_data_folder_is_neither_backed_up_nor_made(tmp_path: Path) -> None:
    settings = resolve_settings({"KG_DATA_DIR": str(tmp_path / "typo")}, {})
    with pytest.raises(NotFound, match="typo"), open_gateway(settings, needs_data=True):
        pass
    assert not (tmp_path / "typo").exists()
