"""What is remembered of answers and tokens is never older than what it was made from."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kgservice.model.errors import Unauthenticated
from kgservice.mpli.access import TokenStore
from kgservice.mpli.remembered import LARGEST, RememberedAnswers
from kgservice.store.spool import QueryAnswer


def answer(content: bytes) -> QueryAnswer:
    return QueryAnswer("text/csv", content, 1, "s")


def test_the_oldest_answers_are_forgotten() -> None:
    kept = RememberedAnswers(most_bytes=3000)
    for number in range(5):
        kept.keep(str(number), answer(b"x" * 500))
        kept.get("2")
    assert [number for number in range(5) if kept.get(str(number))] == [2, 3, 4]


def test_large_answers_and_those_without_a_tag_are_not_kept() -> None:
    kept = RememberedAnswers()
    kept.keep("large", answer(b"x" * (LARGEST + 1)))
    kept.keep("", answer(b"x"))
    assert kept.get("large") is None
    assert kept.get("") is None


def age(folder: Path) -> None:
    """Let the file of tokens be older than a second."""
    file = folder / "tokens.sqlite"
    os.utime(file, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns - 5_000_000_000))


def test_a_token_that_is_remembered_ends_when_it_is_revoked(tmp_path: Path) -> None:
    tokens = TokenStore(tmp_path)
    token = tokens.create("analyst", name="a")
    age(tmp_path)
    found = [tokens.caller(token) for _ in range(3)]
    assert found[0] is found[2]
    tokens.revoke(found[0].id)
    with pytest.raises(Unauthenticated):
        tokens.caller(token)


def test_a_token_that_another_process_revokes_ends_too(tmp_path: Path) -> None:
    tokens = TokenStore(tmp_path)
    token = tokens.create("analyst", name="a")
    age(tmp_path)
    caller = tokens.caller(token)
    script = (
        "import sys; from pathlib import Path; from kgservice.mpli.access import TokenStore;"
        "TokenStore(Path(sys.argv[1])).revoke(sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path), caller.id], check=True)
    with pytest.raises(Unauthenticated):
        tokens.caller(token)


def test_a_secret_is_checked_although_its_token_is_remembered(tmp_path: Path) -> None:
    tokens = TokenStore(tmp_path)
    token = tokens.create("analyst", name="a")
    age(tmp_path)
    tokens.caller(token)
    with pytest.raises(Unauthenticated):
        tokens.caller(token[:-1] + ("a" if token[-1] != "a" else "b"))
    with sqlite3.connect(tmp_path / "tokens.sqlite") as db:
        assert token not in repr(db.execute("SELECT * FROM token").fetchall())
