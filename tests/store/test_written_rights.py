"""Random writes of two editors, against a model of what each may write and what is then there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgservice.model.errors import AccessDenied, NotFound
from kgservice.store import open_store
from kgservice.store.port import QueryScope, Store
from kgservice.store.update_text import read_update
from kgservice.store.written import NO_CONDITION, WRITTEN_DEFAULT, Author

GRAPHS = ("urn:g:a", "urn:g:b", "urn:g:c", WRITTEN_DEFAULT)
EVERY = """SELECT ?g ?v WHERE {
  { GRAPH ?g { ?s ?p ?v } } UNION { ?s ?p ?v BIND(<urn:kgservice:default> AS ?g) } }"""
BOSS = Author("boss", may_write_all=True)


@dataclass(frozen=True)
class Step:
    """One operation on one or two graphs."""

    kind: str
    graph: str
    other: str
    value: int

    @property
    def targets(self) -> set[str]:
        if self.kind in ("copy", "add", "rule"):
            return {self.other}
        return {self.graph, self.other} if self.kind == "move" else {self.graph}

    @property
    def text(self) -> str:
        fact = f"<urn:x:s> <urn:x:p> {self.value}"
        triple = "?s ?p ?o"
        return {
            "insert": f"INSERT DATA {{ {inside(self.graph, fact)} }}",
            "delete": f"DELETE DATA {{ {inside(self.graph, fact)} }}",
            "clear": f"CLEAR SILENT {named(self.graph)}",
            "drop": f"DROP SILENT {named(self.graph)}",
            "copy": f"COPY SILENT {short(self.graph)} TO {short(self.other)}",
            "move": f"MOVE SILENT {short(self.graph)} TO {short(self.other)}",
            "add": f"ADD SILENT {short(self.graph)} TO {short(self.other)}",
            "rule": f"INSERT {{ {inside(self.other, triple)} }} "
            f"WHERE {{ {inside(self.graph, triple)} }}",
        }[self.kind]


def inside(graph: str, triples: str) -> str:
    return triples if graph == WRITTEN_DEFAULT else f"GRAPH <{graph}> {{ {triples} }}"


def named(graph: str) -> str:
    return "DEFAULT" if graph == WRITTEN_DEFAULT else f"GRAPH <{graph}>"


def short(graph: str) -> str:
    return "DEFAULT" if graph == WRITTEN_DEFAULT else f"<{graph}>"


@dataclass
class Model:
    """What is there and whose it is."""

    graphs: dict[str, set[int]] = field(default_factory=lambda: {WRITTEN_DEFAULT: set()})
    owner: dict[str, str] = field(default_factory=dict)

    def may(self, who: str, targets: set[str]) -> bool:
        return all(self.owner.get(graph, who) == who for graph in targets)

    def apply(self, who: str, steps: list[Step]) -> None:
        for step in steps:
            self._apply(step)
        kept = {graph for graph in self.graphs if graph != WRITTEN_DEFAULT}
        self.owner = {graph: self.owner.get(graph, who) for graph in kept}

    def _apply(self, step: Step) -> None:
        graph, other = step.graph, step.other
        found = set(self.graphs.get(graph, set()))
        if step.kind in ("insert", "post", "put"):
            before = set() if step.kind == "put" else found
            self.graphs[graph] = before | {step.value}
        elif step.kind == "delete":
            self.graphs.get(graph, set()).discard(step.value)
        elif step.kind == "clear":
            self.graphs.get(graph, set()).clear()
        elif step.kind in ("drop", "remove"):
            self._remove(graph)
        elif graph != other:
            self._transfer(step, found)

    def _transfer(self, step: Step, found: set[int]) -> None:
        if step.kind in ("copy", "move"):
            self._remove(step.other)
        if found:
            self.graphs.setdefault(step.other, set()).update(found)
        if step.kind == "move":
            self._remove(step.graph)

    def _remove(self, graph: str) -> None:
        self.graphs.pop(graph, None)
        self.graphs.setdefault(WRITTEN_DEFAULT, set())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("rights"), query_workers=1)
    yield opened
    opened.close()


UPDATES = ["insert", "insert", "delete", "clear", "drop", "copy", "move", "add", "rule"]
STEP = st.builds(
    Step, st.sampled_from(UPDATES), st.sampled_from(GRAPHS), st.sampled_from(GRAPHS),
    st.integers(1, 4),
)  # fmt: skip
WHOLE = st.builds(
    Step, st.sampled_from(["put", "post", "remove"]), st.sampled_from(GRAPHS),
    st.just(WRITTEN_DEFAULT), st.integers(1, 4),
)  # fmt: skip
WRITES = st.lists(
    st.tuples(
        st.sampled_from(["anna", "ben"]),
        st.one_of(st.lists(STEP, min_size=1, max_size=3), WHOLE.map(lambda step: [step])),
    ),
    min_size=1,
    max_size=10,
)


def carry_out(store: Store, author: Author, steps: list[Step]) -> None:
    first = steps[0]
    if first.kind in ("put", "post"):
        content = f'<urn:x:s> <urn:x:p> "{first.value}"^^<{INTEGER}> .\n'.encode()
        how = "replace" if first.kind == "put" else "add"
        store.written.put(first.graph, content, author, how=how, condition=NO_CONDITION)
    elif first.kind == "remove":
        store.written.delete(first.graph, author, condition=NO_CONDITION)
    else:
        text = " ; ".join(step.text for step in steps)
        store.written.update(read_update(text, "urn:base:"), author)


INTEGER = "http://www.w3.org/2001/XMLSchema#integer"


@settings(max_examples=60, deadline=None)
@given(WRITES)
def test_each_editor_writes_what_the_model_allows_and_nothing_else(
    store: Store, writes: list[tuple[str, list[Step]]]
) -> None:
    store.written.update(read_update("DROP ALL", "urn:base:"), BOSS)
    model = Model()
    for who, steps in writes:
        targets = set().union(*(step.targets for step in steps))
        is_missing = steps[0].kind == "remove" and steps[0].graph not in model.graphs
        if not model.may(who, targets):
            with pytest.raises(AccessDenied):
                carry_out(store, Author(who), steps)
        elif is_missing:
            with pytest.raises(NotFound):
                carry_out(store, Author(who), steps)
        else:
            carry_out(store, Author(who), steps)
            model.apply(who, steps)
    owners = {found.graph: found.owner for found in store.written.graphs()}
    owners.pop(WRITTEN_DEFAULT, None)
    assert owners == model.owner
    answer = store.query(EVERY, scope=QueryScope("written"), accept="text/csv")
    assert isinstance(answer.content, bytes)
    rows = {tuple(row.split(",")) for row in answer.content.decode().split("\r\n")[1:-1]}
    assert rows == {(graph, str(v)) for graph, vs in model.graphs.items() for v in vs}
