"""Work in a process of its own, and documents by content hash."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgservice.model.errors import DeadlineExceeded, InputError, KgError, NotFound, Unavailable
from kgservice.store.documents import ContentStore
from kgservice.store.sandbox import run_isolated
from kgservice.store.spare import Spare


def count(limit: int) -> Iterator[int]:
    yield from range(limit)


def endless() -> Iterator[int]:
    while True:
        yield 1


def die(after: int) -> Iterator[int]:
    yield from range(after)
    os.kill(os.getpid(), signal.SIGSEGV)


def eat() -> Iterator[bytes]:
    kept = []
    while True:
        kept.append(bytes(50 << 20))
        yield b""


def refuse() -> Iterator[int]:
    raise InputError("Not a catalogue.", code="catalog-unreadable", at="a.json:1", hint="Look.")
    yield 1


def fail() -> Iterator[int]:
    raise ZeroDivisionError
    yield 1


def spin() -> Iterator[int]:
    while True:
        pass
    yield 1


def who() -> Iterator[int]:
    yield os.getpid()


def children() -> set[int]:
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


def test_work_is_done_by_a_process_that_was_started_before_and_by_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spare = Spare()  # services that other tests have open want the usual one kept
    monkeypatch.setattr("kgservice.store.sandbox.SPARE", spare)
    spare.keep()
    try:
        (first,) = run_isolated(who, ())
        waiting = children()
        (second,) = run_isolated(who, ())
        assert second in waiting - {first}
        assert next(iter(run_isolated(who, ()))) not in {first, second}
        waiting = children()
    finally:
        spare.let_go()
    assert len(waiting - children()) == 1, "it ends when nobody wants one"
    (third,) = run_isolated(who, ())
    assert third not in waiting


def test_items_come_back_in_order() -> None:
    assert list(run_isolated(count, (1234,))) == list(range(1234))


def test_items_stream_before_the_end() -> None:
    items = run_isolated(endless, ())
    assert [next(items) for _ in range(1000)] == [1] * 1000
    items.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("function", "args"), [(die, (0,)), (die, (500,)), (eat, ()), (fail, ())])
def test_death_of_the_child_is_an_error_here(function: object, args: tuple[int, ...]) -> None:
    with pytest.raises(Unavailable) as caught:
        list(run_isolated(function, args, memory_mb=400))  # type: ignore[arg-type]
    assert caught.value.code == "import-crashed"


def test_error_of_the_function_keeps_its_parts() -> None:
    with pytest.raises(KgError) as caught:
        list(run_isolated(refuse, ()))
    error = caught.value
    assert (error.code, error.at, error.hint) == ("catalog-unreadable", "a.json:1", "Look.")
    assert isinstance(error, InputError)


def test_child_is_stopped_at_its_deadline() -> None:
    with pytest.raises(DeadlineExceeded) as caught:
        list(run_isolated(spin, (), deadline_s=0.5))
    assert caught.value.code == "import-deadline"


def test_content_is_kept_once_under_its_hash(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "contents")
    name = store.put(b"bytes")
    assert store.put(b"bytes") == name
    assert store.get(name) == b"bytes"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [
        tmp_path / "contents" / name[:2] / name
    ]


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", ""])
def test_unknown_content_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        ContentStore(tmp_path).get(name)
