"""Compare `kg serve` with `oxigraph serve`, and Virtuoso where it is installed: one data set.

Twelve questions of analysts over a million statements in sixty named graphs: eight small ones, of
which the light mix consists, and four that read much. Beside them the shortest look-ups in the
default graph, which cost an engine next to nothing, so that what is between it and the caller is
all that is measured. Latency is the least of several; CPU is of all processes of a server, for
each request, and the figure that a busy machine disturbs least.

python -m bench.sparql 1000000
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import http_load, sparql_data
from bench.http_load import Target
from kgservice.model.rdf import to_ntriples
from kgservice.model.settings import resolve_settings
from kgservice.mpli import saved_queries
from kgservice.mpli.application import Application
from kgservice.mpli.opening import open_application
from kgservice.store.port import VOCABULARY_GRAPH, GraphChange
from kgservice.store.wire import read_triples

CLIENTS = (1, 8, 32)
ROUNDS = 3
SECONDS = 3.0
SMALL = {
    "a point": "SELECT ?n ?a { GRAPH ?g {"
    " <urn:x:offering:77> dcterms:title ?n ; kg:price/kg:amount ?a } }",
    "all of one offering": "SELECT ?p ?o { GRAPH ?g { <urn:x:offering:1234> ?p ?o } }",
    "a provider's databases": "SELECT ?s ?n { GRAPH <urn:x:graph:7> {"
    " ?s a kg:PostgreSQL ; dcterms:title ?n } } LIMIT 20",
    "large enough": "SELECT ?s ?c { GRAPH <urn:x:graph:3> {"
    " ?s kg:vcpu ?c ; kg:memory ?m FILTER(?c >= 8 && ?m >= 16) } } LIMIT 50",
    "has it a label": "ASK { GRAPH ?g { <urn:x:offering:99> kg:label/kg:level <urn:x:level:3> } }",
    "where and under whose law": "SELECT ?s { GRAPH <urn:x:graph:5> {"
    " ?s kg:provider ?p ; kg:location/kg:country ?c ; kg:majorVersion 16 ."
    " ?p kg:headquarters ?h } } LIMIT 30",
    "two hops": "SELECT ?b ?c { GRAPH ?g { <urn:x:offering:500> kg:location ?b }"
    " GRAPH ?h { ?b kg:country ?c } }",
    "cheapest ten": "SELECT ?s ?a { GRAPH <urn:x:graph:9> {"
    " ?s kg:price/kg:amount ?a } } ORDER BY ?a LIMIT 10",
}
LOOKUPS = {
    "one offering": "SELECT ?p ?o { <urn:x:offering:4711> ?p ?o }",
    "by title": "SELECT ?o { ?o dcterms:title 'Generated PostgreSQL 100' }",
    "of a provider": "SELECT ?o ?t { ?o kg:provider <urn:x:provider:17> ; dcterms:title ?t }"
    " LIMIT 20",
    "PostgreSQL under a price": "SELECT ?o ?a { ?o kg:provider <urn:x:provider:33> ;"
    " a kg:PostgreSQL ; kg:majorVersion ?v ; kg:price/kg:amount ?a"
    " FILTER(?v >= 16 && ?a < 50) } LIMIT 10",
    "is it certified": "ASK { <urn:x:offering:99> kg:certificate/kg:standard 'ISO/IEC 27001' }",
    "two prices": "CONSTRUCT { ?o kg:price ?p . ?p kg:amount ?a } WHERE {"
    " VALUES ?o { <urn:x:offering:5> <urn:x:offering:6> } ?o kg:price ?p . ?p kg:amount ?a }",
    "how many with a label": "SELECT (COUNT(*) AS ?n) { ?o kg:provider <urn:x:provider:40> ;"
    " kg:label/kg:level <urn:x:level:3> }",
    "who and where": "SELECT ?t ?c { <urn:x:offering:777> kg:provider ?p ."
    " ?p dcterms:title ?t ; kg:headquarters ?c }",
}
HEAVY = (
    "offerings-per-kind-and-country",
    "providers-by-jurisdiction",
    "third-country-exposure",
    "terms-comparison",
)
"""Of the saved queries, those that need nothing but the default graph; with their defaults."""

_PREFIXES = (
    "PREFIX kg: <https://w3id.org/kgservice/ns#> PREFIX dcterms: <http://purl.org/dc/terms/> "
)


def measure(statements: int, folder: Path) -> dict[str, object]:
    """Load, start the servers side by side, measure."""
    data = folder / "statements.nq"
    heavy = _load(statements, folder / "data", data)
    small, lookups = (
        {name: _PREFIXES + text for name, text in some.items()} for some in (SMALL, LOOKUPS)
    )
    with ExitStack() as stack:
        targets = [stack.enter_context(_kgservice(folder / "data"))]
        if binary := shutil.which("oxigraph", path=f"{Path(sys.executable).parent}:/usr/bin"):
            targets.append(stack.enter_context(_oxigraph(binary, folder, data)))
        if shutil.which("virtuoso-t") and shutil.which("isql-vt"):
            targets.append(stack.enter_context(_virtuoso(folder / "virtuoso", statements)))
        found: dict[str, object] = {
            "statements": statements,
            "load_before": round(os.getloadavg()[0], 1),
            "servers": [target.name for target in targets],
            "small_ms": _latencies(targets, small, 40),
            "heavy_ms": _latencies(targets, heavy, 2),
            "light_mix": {
                f"{clients} clients": _throughput(targets, list(small.values()), clients)
                for clients in CLIENTS
            },
            "light_mix_again": {
                "8 clients": _throughput(targets, list(small.values()), 8, is_new=False)
            },
            "lookups_ms": _latencies(targets, lookups, 40),
            "lookups_mix": {
                "8 clients": _throughput(targets, list(lookups.values()), 8),
            },
            "heavy_mix": {
                "4 clients": _throughput(targets[:2], list(heavy.values()), 4, seconds=15.0)
            },
        }
    return {**found, "ratio_to_oxigraph": _ratios(found)}


def _load(statements: int, folder: Path, file: Path) -> dict[str, str]:
    """Load the store, write the same statements to a file; give the heavy queries' texts."""
    sparql_data.write(statements, file, with_default=True)
    application = open_application(resolve_settings({"KG_DATA_DIR": str(folder)}, {}))
    try:
        changes = application.store.change_file()
        for graph, lines in sparql_data.graphs(statements):
            triples = read_triples("".join(f"{line}.\n" for line in lines).encode())
            changes.add([GraphChange(graph, tuple(triples), merge=True)])
        application.store.commit(changes)
        vocabulary = to_ntriples(application.store.graph(VOCABULARY_GRAPH))
        with file.open("a", encoding="utf-8") as output:
            output.write(vocabulary)
        return {name: _text(application, name) for name in HEAVY}
    finally:
        application.close()


def _text(application: Application, name: str) -> str:
    return saved_queries.text_of(application, saved_queries.find(application, name), {})


@contextmanager
def _kgservice(folder: Path) -> Iterator[Target]:
    environment = {
        **os.environ,
        "KG_DATA_DIR": str(folder),
        "KG_QUERY_TIMEOUT_S": "300",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "kgservice", "serve", "--port", "0"]
    with _running(command, environment, "listening on ") as (process, line):
        yield Target("kgservice", line.split()[-1] + "/sparql", process.pid)


@contextmanager
def _oxigraph(binary: str, folder: Path, file: Path) -> Iterator[Target]:
    place = ["--location", str(folder / "oxigraph")]
    subprocess.run([binary, "load", *place, "--file", str(file)], check=True, capture_output=True)
    port = _free_port()
    command = [binary, "serve-read-only", *place, "--bind", f"127.0.0.1:{port}"]
    with _running(command, dict(os.environ), "") as (process, _):
        _await_port(port)
        yield Target("oxigraph", f"http://127.0.0.1:{port}/query", process.pid)


@contextmanager
def _virtuoso(folder: Path, statements: int) -> Iterator[Target]:
    """The tests' Virtuoso, whose default graph is the union of all that `nobody` may read."""
    from tests.virtuoso import Virtuoso

    server = Virtuoso(folder)
    try:
        sparql_data.write(statements, folder / "statements.nq", with_default=False)
        server._sql(
            "DB.DBA.RDF_DEFAULT_USER_PERMS_SET('nobody', 1)",
            f"ld_dir('{folder}', 'statements.nq', 'urn:x:all')",
            "rdf_loader_run()",
            "checkpoint",
        )
        yield Target("virtuoso", f"http://127.0.0.1:{server.http}/sparql", server.process.pid)
    finally:
        server.process.kill()
        server.process.wait()


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], ready: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        said = ""
        while ready and not said.startswith(ready):
            said = process.stdout.readline()
            assert said, f"{command[0]} did not start"
        yield process, said
    finally:
        process.terminate()
        process.wait(60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _await_port(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nobody listens on {port}")


def _latencies(
    targets: list[Target], queries: dict[str, str], rounds: int
) -> dict[str, dict[str, float | None]]:
    texts = list(queries.values())
    found = {t.name: http_load.latencies(t, texts, rounds) for t in targets}
    return {
        name: {server: _rounded(values[place]) for server, values in found.items()}
        for place, name in enumerate(queries)
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _throughput(
    targets: list[Target],
    queries: list[str],
    clients: int,
    *,
    seconds: float = SECONDS,
    is_new: bool = True,
) -> dict[str, dict[str, float]]:
    """Give the best of several rounds in turn, so that what disturbs one disturbs all."""
    runs: dict[str, list[tuple[float, float]]] = {target.name: [] for target in targets}
    for _ in range(ROUNDS if seconds == SECONDS else 1):
        for target in targets:
            done = http_load.throughput(target, queries, clients, seconds, is_new=is_new)
            runs[target.name].append(done)
    return {
        name: {
            "per_s": round(max(rate for rate, _ in all_runs), 1),
            "cpu_ms": round(min(cpu for _, cpu in all_runs), 2),
        }
        for name, all_runs in runs.items()
    }


def _ratios(found: dict[str, object]) -> dict[str, object]:
    """Divide what kgservice needs by what `oxigraph serve` needs; empty without that."""

    def divide(value: object) -> object:
        if not isinstance(value, dict):
            return None
        ours, theirs = value.get("kgservice"), value.get("oxigraph")
        if isinstance(ours, float) and isinstance(theirs, float):
            return round(ours / theirs, 2)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            return {name: round(ours[name] / theirs[name], 2) for name in ours}
        return {name: divide(inner) for name, inner in value.items()}

    if "oxigraph" not in found["servers"]:  # type: ignore[operator]
        return {}
    parts = (
        "small_ms", "heavy_ms", "light_mix", "light_mix_again", "lookups_ms", "lookups_mix",
        "heavy_mix",
    )  # fmt: skip
    return {part: divide(found[part]) for part in parts}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
        print(json.dumps(measure(count, Path(place)), indent=1))
