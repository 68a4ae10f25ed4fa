"""Ways to ask for what is somebody else's, each as one call.

`ANNA` stands for the name of a private graph of Anna's, `OWN` for her own graph, `ASIDE` for a
graph in quarantine, `BASE` for the service's base IRI.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlencode

ALL = "{ { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
SHARED = "urn:kgservice:"


@dataclass(frozen=True)
class Probe:
    """A call; `form` is sent as the body of a POST to /sparql."""

    path: str = "/sparql"
    form: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


def query(text: str, accept: str = "*/*", **dataset: str | list[str]) -> Probe:
    """Make the probe of a query with a dataset in the call."""
    form = [("query", f"PREFIX kg: <https://w3id.org/kgservice/ns#> {text}")]
    for name, values in dataset.items():
        for value in values if isinstance(values, list) else [values]:
            form.append((name.replace("_", "-"), value))
    return Probe(form=tuple(form), method="POST", headers={"Accept": accept})


QUERIES = [
    # everything, in every form of answer
    f"SELECT * {ALL}",
    f"SELECT DISTINCT ?g {ALL}",
    "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g",
    "SELECT (GROUP_CONCAT(STR(?o)) AS ?all) { { ?s kg:customer ?o } UNION"
    " { GRAPH ?g { ?s kg:customer ?o } } }",
    "SELECT (SAMPLE(?o) AS ?one) (MIN(?o) AS ?low) (MAX(?o) AS ?high) { GRAPH ?g { ?s ?p ?o }"
    " FILTER(CONTAINS(STR(?o), 'anary')) }",
    "CONSTRUCT { ?s ?p ?o } { GRAPH ?g { ?s ?p ?o } FILTER(CONTAINS(STR(?o), 'anary')) }",
    "CONSTRUCT { ?g a ?s } { GRAPH ?g { ?s kg:customer ?o } }",
    "CONSTRUCT WHERE { ?s kg:customer ?o }",
    "CONSTRUCT WHERE { GRAPH <ANNA> { ?s ?p ?o } }",
    "DESCRIBE <ANNA>",
    "DESCRIBE ?g { GRAPH ?g { ?s ?p ?o } FILTER(CONTAINS(STR(?o), 'anary')) }",
    "DESCRIBE ?s { ?s ?p ?o FILTER(CONTAINS(STR(?o), 'anary')) }",
    "SELECT ?yes { BIND(EXISTS { GRAPH ?g { ?s kg:customer 'anna' } } AS ?yes) FILTER(?yes)"
    " BIND('canary' AS ?never) }",
    # one graph, by its name
    "SELECT * { GRAPH <ANNA> { ?s ?p ?o } }",
    "SELECT * { GRAPH <OWN> { ?s ?p ?o } }",
    "SELECT * { GRAPH <urn:kgservice:own> { ?s ?p ?o } }",
    "SELECT * { GRAPH <urn:kgservice:meta> { ?s ?p ?o } }",
    "SELECT * { GRAPH <urn:kgservice:state> { ?s ?p ?o } }",
    "SELECT * { GRAPH <ASIDE> { ?s ?p ?o } }",
    "SELECT * { VALUES ?g { <ANNA> <OWN> <ASIDE> } GRAPH ?g { ?s ?p ?o } }",
    "SELECT * { BIND(IRI('ANNA') AS ?g) GRAPH ?g { ?s ?p ?o } }",
    "SELECT * { BIND(IRI(CONCAT('AN', 'NA')) AS ?g) { GRAPH ?g { ?s ?p ?o } } }",
    "BASE <BASE> SELECT * { GRAPH <request/anna> { ?s ?p ?o } }",
    "PREFIX r: <BASErequest/> SELECT * { GRAPH r:anna { ?s ?p ?o } }",
    "SELECT * { 1GRAPH <ANNA> { ?s ?p ?o } }",
    "SELECT * {GRAPH<ANNA>{?s?p?o}}",
    "SELECT * { # GRAPH\n GRAPH # x\n <ANNA> { ?s ?p ?o } }",
    # the text's own dataset
    "SELECT * FROM <ANNA> { ?s ?p ?o }",
    "SELECT * FROM NAMED <ANNA> { GRAPH ?g { ?s ?p ?o } }",
    "SELECT * FROM <urn:kgservice:merged> FROM <ANNA> { ?s ?p ?o }",
    "SELECT * FROM <OWN> { ?s ?p ?o }",
    "SELECT * FROM <urn:kgservice:own> FROM NAMED <urn:kgservice:own> " + ALL,  # noqa: S608
    "SELECT * FROM <ASIDE> { ?s ?p ?o }",
    "SELECT * FROM NAMED <ASIDE> { GRAPH <ASIDE> { ?s ?p ?o } }",
    "SELECT * FROM NAMED <urn:kgservice:meta> { GRAPH ?g { ?s ?p ?o } }",
    "BASE <BASE> SELECT * FROM <request/anna> { ?s ?p ?o }",
    "PREFIX r: <BASErequest/> SELECT * FROM r:anna { ?s ?p ?o }",
    "PREFIX r: <BASErequest/> SELECT * FROM NAMED r:anna { GRAPH ?g { ?s ?p ?o } }",
    "SELECT * FROM/**/<ANNA> { ?s ?p ?o }",
    "SELECT * FROM # c\n NAMED # c\n <ANNA> { GRAPH ?g { ?s ?p ?o } }",
    "CONSTRUCT { ?s ?p ?o } FROM <ANNA> { ?s ?p ?o }",
    "DESCRIBE <ANNA> FROM <ANNA>",
    "ASK FROM <ANNA> { ?s ?p 'canary' }",
    "SELECT ('FROM <urn:x>' AS ?x) ?o FROM <ANNA> { ?s ?p ?o }",
    # paths, negation, nesting
    "SELECT * { <ANNA> (!<urn:x:none>)* ?o }",
    "SELECT * { GRAPH ?g { <ANNA> (!<urn:x:none>|^!<urn:x:none>)+ ?o } }",
    "SELECT ?o { ?s kg:customer/^kg:customer ?x . ?x ?p ?o }",
    "SELECT * { ?s ?p ?o MINUS { GRAPH ?g { ?s ?p ?o } } }",
    "SELECT * { GRAPH ?g { ?s ?p ?o } FILTER NOT EXISTS { ?s ?p ?o } }",
    "SELECT * { ?s ?p ?o FILTER EXISTS { GRAPH ?g { ?x kg:customer 'anna' } } } LIMIT 50",
    "SELECT * { { SELECT ?g { GRAPH ?g { ?a ?b ?c } } } GRAPH ?g { ?s ?p ?o } } LIMIT 5000",
    "SELECT * { OPTIONAL { GRAPH <ANNA> { ?s ?p ?o } } }",
    "SELECT * { GRAPH ?g { ?s a kg:Job } OPTIONAL { GRAPH ?h { ?s ?p ?o } } }",
    "SELECT * { ?s ?p ?o FILTER(CONTAINS(STR(?s), 'own:') || CONTAINS(STR(?o), 'anary')) }",
    # calls of this endpoint, and of what it may not do
    "SELECT * { SERVICE <URL/sparql> { ?s ?p ?o } }",
    "SELECT * { SERVICE SILENT <URL/sparql?default-graph-uri=ANNA> { ?s ?p ?o } }",
    "INSERT { GRAPH <urn:x:copy> { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } }",
    # what errors say
    "SELECT * { GRAPH <ANNA> { ?s ?p ?o }",
    "SELECT (1/0 AS ?x) (STR(?o) + 1 AS ?y) { GRAPH ?g { ?s ?p ?o } FILTER(STRLEN(?o) > -1) }",
]
FORMATS = [
    "text/csv",
    "application/sparql-results+xml",
    "text/tab-separated-values",
    "application/n-quads",
    "application/trig",
    "application/ld+json",
]
UPDATES = [
    "INSERT { GRAPH <urn:x:copy> { ?s ?p ?o } } WHERE { GRAPH <ANNA> { ?s ?p ?o } }",
    "INSERT { GRAPH <urn:x:copy> { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } }",
    "WITH <ANNA> INSERT { GRAPH <urn:x:copy> { ?s ?p ?o } } WHERE { ?s ?p ?o }",
    "INSERT { GRAPH <urn:x:copy> { ?s ?p ?o } } USING <OWN> USING NAMED <ANNA> WHERE { ?s ?p ?o }",
    "COPY <ANNA> TO <urn:x:copy>",
    "ADD <urn:kgservice:own> TO <urn:x:copy>",
    "MOVE <ASIDE> TO <urn:x:copy>",
    "LOAD <URL/request/anna> INTO GRAPH <urn:x:copy>",
]
DATASETS: list[dict[str, str | list[str]]] = [
    {"default_graph_uri": "ANNA"},
    {"named_graph_uri": "ANNA"},
    {"default_graph_uri": "OWN"},
    {"named_graph_uri": "OWN"},
    {"default_graph_uri": ["urn:kgservice:merged", "urn:kgservice:own"]},
    {"default_graph_uri": ["urn:kgservice:meta", "MINE"]},
    {"named_graph_uri": ["urn:kgservice:meta", "MINE"]},
    {"default_graph_uri": "MINE", "named_graph_uri": "urn:kgservice:own"},
    {"named_graph_uri": "ASIDE"},
    {"default_graph_uri": "ASIDE"},
]
PATHS = [
    "/request/anna",
    "/request/anna/resolution",
    "/plan/anna",
    "/service/anna",
    "/job/anna",
    "/job/anna%23step",
    "/graph/market/0123456789abcdef/quarantine",
    "/mpli/v1/requests",
    "/mpli/v1/requests/anna",
    "/mpli/v1/requests/anna/resolution",
    "/mpli/v1/requests/anna/explanation",
    "/mpli/v1/plans/anna",
    "/mpli/v1/services",
    "/mpli/v1/services/anna",
    "/mpli/v1/jobs",
    "/mpli/v1/jobs/anna",
    "/mpli/v1/offerings",
    "/catalogs",
    "/catalogs/market/report",
    "/sparql",
    "/.well-known/void",
    "/dcat",
    "/self-descriptions",
    "/readyz",
    "/metrics",
    "/sparql/queries",
    "/",
    *(
        f"/graphs?{urlencode({'graph': graph})}"
        for graph in ("ANNA", "OWN", "ASIDE", "urn:kgservice:own", "urn:kgservice:meta")
    ),
    "/graphs?default",
    f"/graphs?{urlencode({'graph': 'urn:x:copy'})}",
    f"/labels?{urlencode({'subject': 'ANNA'})}",
    "/queries",
    "/sparql?query=SELECT%20*%20%7B%20GRAPH%20%3Fg%20%7B%3Fs%20%3Fp%20%3Fo%7D%7D&format=json",
]


def probes() -> list[Probe]:
    """Give all of them."""
    found = [query(text) for text in QUERIES]
    found += [query("SELECT * " + ALL, form) for form in FORMATS[:3]]
    found += [query("CONSTRUCT { ?s ?p ?o } " + ALL, form) for form in FORMATS[3:]]
    found += [query(f"SELECT * {ALL}", **dataset) for dataset in DATASETS]
    found += [Probe("/sparql/update", (("update", text),), "POST") for text in UPDATES]
    for path in PATHS:
        found += [Probe(path, headers={"Accept": accept}) for accept in ("*/*", "text/html")]
    found += [Probe(path, method="HEAD") for path in PATHS[:6]]
    found.append(Probe("/request/anna", headers={"If-None-Match": "*"}))
    found += [Probe(path, method="DELETE") for path in ("/mpli/v1/services/anna", "/request/anna")]
    return found
