"""What is known of written graphs after a restart, a crash and a restored backup."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kgservice.model.errors import AccessDenied, DeadlineExceeded, Unavailable
from kgservice.store.embedded_written import EmbeddedWritten
from kgservice.store.update_text import Update, read_update
from kgservice.store.written import Author
from kgservice.store.written_book import NUMBERS_LEFT_OUT, Turn, WrittenBook
from kgservice.store.written_link import WrittenLink

G = "urn:a:g"
ANNA, BEN = Author("anna"), Author("ben")
CROSS = "?a ?p ?x . ?b ?q ?y . ?c ?r ?z . ?d ?s ?w"


def insert(value: int) -> Update:
    return read_update(f"INSERT DATA {{ GRAPH <{G}> {{ <urn:a:s> <urn:a:p> {value} }} }}", "urn:b:")


def doubling() -> Update:
    """Make a string of 8 GiB."""
    steps = " ".join(f"BIND(CONCAT(?v{n}, ?v{n}) AS ?v{n + 1})" for n in range(30))
    where = f"BIND('xxxxxxxx' AS ?v0) {steps} BIND(STRLEN(?v30) AS ?n)"
    text = f"INSERT {{ GRAPH <{G}> {{ <urn:a:s> <urn:a:p> ?n }} }} WHERE {{ {where} }}"
    return read_update(text, "urn:b:")


def opened(folder: Path, memory_mb: int = 512) -> EmbeddedWritten:
    return EmbeddedWritten(folder, timeout_s=30, memory_mb=memory_mb, show=lambda *_: None)


def test_owner_version_and_keys_are_known_after_a_restart(tmp_path: Path) -> None:
    written = opened(tmp_path)
    done = written.update(insert(1), Author("anna", key="one"))
    before = written.find(G)
    written.close()
    again = opened(tmp_path)
    assert again.find(G) == before
    assert again.update(insert(1), Author("anna", key="one")).number == done.number
    with pytest.raises(AccessDenied):
        again.update(insert(2), BEN)
    assert again.update(insert(3), ANNA).number == done.number + 1
    again.close()


@pytest.mark.parametrize("is_there", [True, False], ids=["committed", "not-begun"])
def test_a_write_that_nobody_noted_is_noted_or_forgotten(tmp_path: Path, is_there: bool) -> None:
    """As when the service dies between the write and its note."""
    turn = Turn(1, (G,), "anna", "anna one", "digest")
    book = WrittenBook(tmp_path / "store" / "written.sqlite")
    book.begin(turn)
    book.close()
    if is_there:
        link = WrittenLink(tmp_path / "store" / "written", 1024, 0)
        link.ask("run", 1, insert(1).line, "urn:b:")
        link.close()
    written = opened(tmp_path)
    found = written.find(G)
    assert (found.version, found.owner) == (1, "anna") if found else not is_there
    assert written.count() == int(is_there)  # its number has been taken out
    assert written.update(insert(2), ANNA).number == 2
    written.close()


def test_numbers_after_a_restored_backup_are_none_that_were_given_since(tmp_path: Path) -> None:
    """An entity tag must not come back for other content."""
    written = opened(tmp_path / "first")
    kept = written.update(insert(1), ANNA).number
    written.close()
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    first, second = opened(tmp_path / "first"), opened(tmp_path / "second")
    assert first.update(insert(2), ANNA).number == kept + 1
    assert second.update(insert(3), ANNA).number > kept + NUMBERS_LEFT_OUT
    first.close()
    second.close()


def test_a_stopped_update_leaves_nothing_and_the_next_one_runs(tmp_path: Path) -> None:
    written = opened(tmp_path)
    data = " ".join(f"<urn:a:{n}> <urn:a:p> {n} ." for n in range(2000))
    written.update(read_update(f"INSERT DATA {{ GRAPH <{G}> {{ {data} }} }}", "urn:b:"), ANNA)
    hostile = read_update(
        f"INSERT {{ GRAPH <{G}> {{ ?a ?r ?w }} }} WHERE {{ GRAPH <{G}> {{ {CROSS} }} }}", "urn:b:"
    )
    with pytest.raises(DeadlineExceeded, match="nothing was changed"):
        written.update(hostile, ANNA, deadline_s=0.5)
    with pytest.raises(Unavailable, match="memory"):
        written.update(doubling(), ANNA, deadline_s=300)
    assert written.count() == 2000
    assert written.kills == 2
    written.update(read_update(f"DROP GRAPH <{G}>", "urn:b:"), ANNA)
    assert (written.find(G), written.count()) == (None, 0)
    written.close()
