"""Attempts to sync, the age of what is kept, and what changed between two syncs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from made_up_source import AT, document

from kgservice.ingest.history import MOST, Attempt, Changes, age, attempts, diff, record
from kgservice.ingest.report import IN_FULL, SyncReport
from kgservice.model.documents import SetAside
from kgservice.model.errors import NotFound, Problem, Severity, Unavailable
from kgservice.model.rdf import Iri, Literal
from kgservice.model.terms import DCTERMS, KG, OWL
from kgservice.store.documents import ContentStore

Take = Callable[..., SyncReport]
A, B, C = (f"https://a.example/offering/{n}" for n in "123")


def test_an_unreachable_source_keeps_what_there_is_and_says_how_old_it_is(
    take: Take, contents: ContentStore
) -> None:
    take("a", document(A))
    for day in (1, 2):
        with pytest.raises(Unavailable):
            take("a", Unavailable("no", code="source-unreachable"), at=AT + timedelta(days=day))
    found = age(contents, "a")
    assert (found.synced[:10], found.attempted[:10]) == ("2026-12-01", "2026-12-03")
    assert (found.code, found.failures) == ("source-unreachable", 2)
    take("a", document(A), at=AT + timedelta(days=3))
    assert (age(contents, "a").code, age(contents, "a").failures) == ("", 0)
    assert [attempt.code for attempt in attempts(contents, "a")] == [
        "",
        "source-unreachable",
        "source-unreachable",
        "",
    ]


def test_two_syncs_are_compared_by_documents_problems_and_counts(
    take: Take, contents: ContentStore
) -> None:
    take("a", document(A), document(B, (B, OWL.sameAs, Iri(A))))
    first = attempts(contents, "a")[0].report
    changed = document(A, (A, DCTERMS.description, Literal("new")))
    take("a", changed, document(B), document(C, (C, KG.label, Iri("https://x.example/l"))))
    take("a", changed, document(C))
    found = diff(contents, "a", older=first)
    assert (found.changes.new, found.changes.retired) == ({C}, {B})
    assert found.changes.changed == {A}
    assert found.disappeared == {"identity-statement": 1}
    assert found.appeared == {}
    assert found.counts["refused"] == (1, 0)
    step = diff(contents, "a")
    assert (step.changes.new, step.changes.changed) == (set(), {C})
    assert (step.changes.retired, step.disappeared) == ({B}, {"label-not-granted": 1})


def test_a_document_that_left_and_came_back_has_changed() -> None:
    changes = Changes(retired={A}, new={B}, quarantined={C})
    changes.then(Changes(new={A}, retired={B}, released={C}))
    assert changes == Changes(changed={A})


def test_a_sync_that_never_was_cannot_be_compared(take: Take, contents: ContentStore) -> None:
    take("a", document(A))
    for older in ("", "0" * 64):
        with pytest.raises(NotFound) as caught:
            diff(contents, "a", older=older)
        assert caught.value.code == "report-unknown"


def test_the_oldest_attempts_are_forgotten_and_a_broken_line_is_skipped(tmp_path: Path) -> None:
    contents = ContentStore(tmp_path)
    for number in range(MOST + 1):
        record(contents, "a", Attempt(str(number)))
    found = attempts(contents, "a")
    assert found[0].at == str(MOST)
    assert len(found) < MOST
    with (contents.beside("a") / "history.jsonl").open("a", encoding="utf-8") as lines:
        lines.write('{"at": "cut o')
    assert attempts(contents, "a") == found


def test_every_document_has_one_outcome(take: Take) -> None:
    first = take(
        "a",
        document(A),
        document(A, content="again"),
        document(B),
        SetAside("licence.txt", "licence-text"),
        Problem("json-invalid", "no JSON", "broken.json", "", Severity.ERROR),
        Problem("note", "worth knowing", "", "", Severity.INFO),
    )
    assert {k: n for k, n in first.outcomes.items() if n} == {
        "imported": 2,
        "duplicate": 1,
        "set-aside": 1,
        "unreadable": 1,
    }
    assert first.listed["set-aside"] == ["licence.txt (licence-text)"]
    second = take("a", document(A))
    assert {k: n for k, n in second.outcomes.items() if n} == {"unchanged": 1, "retired": 1}
    assert second.listed["retired"] == [B]


def test_problems_beyond_a_number_are_counted_only() -> None:
    report = SyncReport("a", "")
    report.find(Problem("many", "x", str(n)) for n in range(IN_FULL + 5))
    assert len(report.problems) == IN_FULL
    assert report.by_code() == {"many": IN_FULL + 5}
    assert report.left_out() == {"many": 5}
