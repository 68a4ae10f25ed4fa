"""Close generated offerings under our axioms, against owlrl on a small part in the same run."""

from __future__ import annotations

import json
import tempfile
import time
from importlib.metadata import entry_points
from pathlib import Path

import owlrl
from rdflib import Graph

from bench.generate_offerings import write
from kgservice.inference.closure import Reasoner
from kgservice.inference.tbox import load_tbox
from kgservice.model.documents import ImportContext, SourceDocument
from kgservice.model.rdf import Triple, to_ntriples
from kgservice.store.vocabulary import load_vocabulary

BASE = "http://127.0.0.1:8080/"
PEER_OFFERINGS = 20


def measure(count: int = 10_000) -> dict[str, object]:
    """Give seconds for `count` documents, and how many times as long owlrl takes per document."""
    documents = _documents(count)
    tbox = tuple(load_tbox())
    start = time.perf_counter()
    reasoner = Reasoner(tbox)
    compile_s = time.perf_counter() - start
    start = time.perf_counter()
    derived = sum(len(reasoner.close(document).derived) for document in documents)
    close_s = time.perf_counter() - start
    peer_s = _peer(documents[:PEER_OFFERINGS], tbox)
    own_s = close_s / len(documents) * PEER_OFFERINGS
    return {
        "documents": len(documents),
        "statements": sum(len(document) for document in documents),
        "derived": derived,
        "compile_axioms_s": round(compile_s, 3),
        "close_s": round(close_s, 2),
        "peer": f"owlrl on {PEER_OFFERINGS} documents and the same axioms",
        "peer_s": round(peer_s, 2),
        "times_faster_than_peer": round(peer_s / own_s),
    }


def _documents(count: int) -> list[tuple[Triple, ...]]:
    (point,) = entry_points(group="kgservice.importers", name="tmf620")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "offerings.json"
        write(count, path)
        context = ImportContext("bench", BASE, load_vocabulary())
        items = list(point.load().read(str(path), context))
    return [item.triples for item in items if isinstance(item, SourceDocument)]


def _peer(documents: list[tuple[Triple, ...]], tbox: tuple[Triple, ...]) -> float:
    graph = Graph()
    for part in (tbox, *documents):
        graph.parse(data=to_ntriples(part), format="nt")
    start = time.perf_counter()
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
