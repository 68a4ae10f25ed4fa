"""What it costs that a dataset has many graphs, and that a customer has some of them.

The same statements once in 20,000 shared graphs, with 2,000 private graphs of 20 customers beside
them, and once in one graph. A default query must cost at most twice as much on the first
(decision 0001); `GRAPH ?g` is told too.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from kgservice.model.rdf import Iri, Literal, Triple, typed
from kgservice.model.settings import resolve_settings
from kgservice.model.terms import DCTERMS, KG, RDF
from kgservice.mpli.access import ANONYMOUS, Caller
from kgservice.mpli.application import Application
from kgservice.mpli.opening import open_application
from kgservice.mpli.query import QueryCall, run
from kgservice.store.port import GraphChange

GRAPHS = 20_000
PRIVATE = 2_000
CUSTOMERS = 20
ENOUGH_S = 1.0
MOST = 2.0
BASE = "http://127.0.0.1:8080/"
_PREFIXES = (
    "PREFIX kg: <https://w3id.org/kgservice/ns#> PREFIX dcterms: <http://purl.org/dc/terms/> "
)
QUERIES = {
    "join": "SELECT (COUNT(*) AS ?n) { ?o a kg:Offering ; kg:provider ?p . ?p dcterms:title ?t }",
    "point": "SELECT ?t { <urn:offer:777> kg:provider ?p . ?p dcterms:title ?t }",
    "group": "SELECT ?p (COUNT(*) AS ?n) { ?o kg:provider ?p } GROUP BY ?p ORDER BY ?p",
}
GRAPH_QUERY = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?o a kg:Offering ; kg:provider ?p } }"
CALLERS = {
    "anonymous": ANONYMOUS,
    "customer": Caller("c1", "customer", "customer-1"),
    "operator": Caller("op", "operator", "operator"),
}


def measure(graphs: int = GRAPHS) -> dict[str, object]:
    """Give milliseconds of processor time and the ratios to one graph."""
    with tempfile.TemporaryDirectory() as folder:
        many = _measure(Path(folder, "many"), graphs, PRIVATE)
        one = _measure(Path(folder, "one"), 1, 0)
    ratios = {
        f"{caller} {name}": round(many[f"{caller} {name}"] / one[f"anonymous {name}"], 2)
        for caller in CALLERS
        for name in QUERIES
    }
    worst = max(ratios.values())
    assert worst <= MOST, f"a default query costs {worst} times that of one graph"
    return {"graphs": graphs, "many_cpu_ms": many, "one_cpu_ms": one, "ratio_to_one_graph": ratios}


def _measure(folder: Path, graphs: int, private: int) -> dict[str, float]:
    settings = resolve_settings({"KG_DATA_DIR": str(folder)}, {})
    application = open_application(settings, with_jobs=False)
    try:
        _fill(application, graphs, private)
        found = {
            f"{who} {name}": _cpu_ms(application, caller, text)
            for who, caller in CALLERS.items()
            for name, text in QUERIES.items()
        }
        found["anonymous GRAPH ?g"] = _cpu_ms(application, ANONYMOUS, GRAPH_QUERY)
    finally:
        application.close()
    return found


def _fill(application: Application, graphs: int, private: int) -> None:
    providers = [
        Triple(Iri(f"urn:provider:{n}"), DCTERMS.title, Literal(f"Provider {n}"))
        for n in range(100)
    ]
    contents: list[list[Triple]] = [list(providers)] + [[] for _ in range(graphs - 1)]
    for number in range(GRAPHS):
        offer = Iri(f"urn:offer:{number}")
        contents[number % graphs] += [
            Triple(offer, RDF.type, KG.Offering),
            Triple(offer, KG.provider, Iri(f"urn:provider:{number % 100}")),
            Triple(offer, DCTERMS.title, Literal(f"Offer {number}")),
        ]
    file = application.store.change_file()
    for start in range(0, graphs, 1000):
        part = enumerate(contents[start : start + 1000], start)
        file.add(GraphChange(f"{BASE}graph/b/{n}", tuple(c), merge=True) for n, c in part)
    application.store.commit(file)
    changes = []
    for number in range(private):
        graph = Iri(f"{BASE}request/{number}")
        owner = f"customer-{number % CUSTOMERS}"
        said = [Triple(graph, RDF.type, KG.Request), Triple(graph, KG.customer, typed(owner))]
        changes.append(GraphChange(graph.value, tuple(said)))
    application.store.commit(changes, dataset="private")


def _cpu_ms(application: Application, caller: Caller, text: str) -> float:
    """Give the processor time of one query, in all processes, as the mean of about a second's."""
    call = QueryCall(_PREFIXES + text, "text/csv")
    run(application, caller, call)  # the snapshot
    begin, rounds = _cpu_s(), 0
    while (used := _cpu_s() - begin) < ENOUGH_S:
        for _ in range(5):
            run(application, caller, call)
        rounds += 5
    return round(used / rounds * 1000, 2)


def _cpu_s() -> float:
    """Sum the processor seconds of this process and of its children that live."""
    ticks, me = 0, os.getpid()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if me in (int(found[1]), int(path.parent.name)):
            ticks += int(found[11]) + int(found[12])
    return ticks / os.sysconf("SC_CLK_TCK")
