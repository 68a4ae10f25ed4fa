"""The same catalogues in our own store and in a Virtuoso: everything derived from them is the same.

Our own store is the oracle: an engine that answers one of the deciding queries otherwise would give
other labels, rules or compositions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kgservice.model.rdf import XSD, Literal, Term, Triple
from kgservice.model.settings import resolve_settings
from kgservice.mpli import explaining, requests
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.catalogs import load_samples
from kgservice.mpli.opening import open_application
from kgservice.mpli.request_answers import resolution
from kgservice.store.port import MERGED_GRAPH, META_GRAPH
from tests.scenarios.stage import REQUEST
from tests.virtuoso import running_virtuoso

pytestmark = pytest.mark.xdist_group("remote stage")
OPERATOR = Caller("test", "operator", "test")
OF_THE_RUN = ("syncReport", "syncState", "graphVersion")
STARTED = datetime.now(UTC).isoformat()
Pair = tuple[Application, Application]


def loaded(folder: Path, environment: dict[str, str]) -> Application:
    settings = resolve_settings({"KG_DATA_DIR": str(folder), **environment}, {})
    application = open_application(settings, with_jobs=False)
    load_samples(application)
    return application


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The sample catalogues on our own store, and on a Virtuoso."""
    folder = tmp_path_factory.mktemp("both")
    with ExitStack() as stack:
        server = stack.enter_context(running_virtuoso(folder / "virtuoso"))
        ours = loaded(folder / "ours", {})
        stack.callback(ours.store.close)
        theirs = loaded(folder / "theirs", server.environment)
        stack.callback(theirs.store.close)
        yield ours, theirs


def content(application: Application, graph: str) -> set[Triple]:
    """Give a graph, without what differs from run to run."""
    return {
        triple
        for triple in application.store.graph(graph)
        if not triple.predicate.value.endswith(OF_THE_RUN) and not is_of_now(triple.object)
    }


def is_of_now(term: Term) -> bool:
    """Say whether it is a time since these tests began."""
    return isinstance(term, Literal) and term.datatype == f"{XSD}dateTime" and term.value > STARTED


def test_every_graph_is_the_same(both: Pair) -> None:
    ours, theirs = both
    names = [info.graph for info in ours.store.graphs()]
    assert names == [info.graph for info in theirs.store.graphs()]
    assert len(names) > 50
    assert META_GRAPH in names
    for name in (*names, MERGED_GRAPH):
        assert content(ours, name) == content(theirs, name), name


def answer(application: Application, engine: str) -> object:
    saved = requests.add_request(application, OPERATOR, REQUEST.read_bytes(), "application/yaml")
    found = resolution(application, saved, engine).as_json()
    return json.loads(json.dumps(found))


@pytest.mark.parametrize("engine", ["graph", "fast"])
def test_a_request_has_the_same_answer(both: Pair, engine: str) -> None:
    ours, theirs = (answer(application, engine) for application in both)
    assert isinstance(ours, dict)
    assert ours["status"] == "feasible"
    for one in (ours, theirs):
        one.pop("graphs")  # type: ignore[attr-defined]  # versions count commits
    assert ours == theirs


def test_why_offerings_were_left_out_is_the_same(both: Pair) -> None:
    told = []
    for application in both:
        saved = requests.add_request(
            application, OPERATOR, REQUEST.read_bytes(), "application/yaml"
        )
        told.append(
            explaining.explanation_of(application, OPERATOR, saved.id, explaining.Question())
        )
    assert told[0].get("counts")
    assert told[0]["counts"] == told[1]["counts"]
