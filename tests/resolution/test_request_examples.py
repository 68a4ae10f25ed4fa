"""Each request of `docs/requests-examples.md` gets the answer that is printed there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.projecting import Projector
from kgservice.mpli.request_documents import check_request
from kgservice.mpli.resolve import resolve
from kgservice.resolution.answer import Resolution, ResolvedComposition
from kgservice.resolution.known_shapes import known_shapes
from kgservice.store.vocabulary import load_vocabulary, turtle_triples
from tests.resolution.memory_store import MemoryStore
from tests.resolution.worlds import BASE

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "requests-examples.md"
EXAMPLE = re.compile(r"^## (\d+\. .*?)\n.*?^```yaml\n(.*?)^```\n+```text\n(.*?)^```", re.M | re.S)
EXAMPLES = EXAMPLE.findall(PAGE.read_text("utf-8")) if PAGE.exists() else []


@cache
def vocabulary() -> Vocabulary:
    return load_vocabulary()


@cache
def store() -> MemoryStore:
    def read(name: str) -> str:
        return (DOCS / "examples" / name).read_text("utf-8")

    catalogue = turtle_triples(read("requests-catalogue.ttl"))
    certified = turtle_triples(read("requests-certified.ttl"))
    return MemoryStore([*catalogue, *certified], certified, KG.Certified)


def answer_text(text: str) -> str:
    """Give what a request is answered, in short; both engines must say the same."""
    request = check_request('as-of: "2026-12-01"\n' + text, "application/yaml", vocabulary())
    projector = Projector(store(), vocabulary())
    fast = resolve(store(), vocabulary(), request, base_iri=BASE, projector=projector)
    graph = resolve(store(), vocabulary(), request, base_iri=BASE)
    assert {**fast.as_json(), "engine": ""} == {**graph.as_json(), "engine": ""}
    return "\n".join(_told(fast))


def _told(answer: Resolution) -> list[str]:
    lines = [answer.status]
    lines += [_composition(one) for one in answer.compositions]
    lines += [f"cannot hold together: {', '.join(conflict)}" for conflict in answer.conflicts]
    for one in answer.missing:
        lines.append(f"not known: {one.fact} of {one.title} ({one.why})")
    return lines


def _composition(one: ResolvedComposition) -> str:
    parts = []
    for name, title in one.titles.items():
        picked = ", ".join(f"{key} {value}" for key, value in one.shown[name].items() if value)
        parts.append(f"{name}: {title}" + (f" ({picked})" if picked else ""))
    text = f"{one.rank}. {'; '.join(parts)}; {one.monthly} a month"
    if one.missed_wishes:
        text += f"; misses {', '.join(one.missed_wishes)}"
    return text + (f"; not known: {', '.join(one.unknown)}" if one.unknown else "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [(text, expected) for _, text, expected in EXAMPLES],
    ids=[title for title, _, _ in EXAMPLES],
)
def test_an_example_is_answered_as_the_page_says(text: str, expected: str) -> None:
    assert answer_text(text) == expected.strip()


@pytest.mark.parametrize("name", sorted(known_shapes(vocabulary())))
def test_every_shape_of_the_package_can_be_asked(name: str) -> None:
    """Also those of which nobody here knows enough; answers come from both engines."""
    kind = "provider: {shape: %s}" if name == "party-in-eea" else "shape: %s"
    told = answer_text(f"components:\n  db:\n    kind: PostgreSQL\n    {kind % name}\n")
    assert told.split("\n")[0] == ("unknown" if name in UNANSWERED else "feasible")


UNANSWERED = ("data-act", "processor-terms")


def test_there_are_at_least_twenty_examples() -> None:
    assert len(EXAMPLES) >= 20
