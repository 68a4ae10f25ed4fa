"""Updates that mean harm: each with the statuses that are right for it.

`OWN` is a graph of the attacker's, `TRAP` an address that nobody may call.
"""

# ruff: noqa: E501 - an update is easier to read on one line

from __future__ import annotations

from typing import Final

from tests.security.hostile_queries import CROSS, Hostile, doubled, nested

INTO: Final = "INSERT {{ GRAPH <OWN> {{ ?a <urn:p> {} }} }} WHERE {{ {} }}"
DATA: Final = "INSERT DATA { GRAPH <OWN> { %s } }"


def refused(text: str | bytes, *statuses: int) -> Hostile:
    """It is not even begun."""
    return Hostile(text, statuses or (400,))


def stopped(text: str) -> Hostile:
    """It needs more time than there is, or more memory."""
    return Hostile(text, (504, 503))


CORPUS: Final[dict[str, Hostile]] = {
    "a cross join": stopped(INTO.format("?b", CROSS)),
    "new nodes of a cross join": stopped(INTO.format("[ <urn:q> ?d ]", CROSS)),
    "a cross join that deletes": stopped(f"DELETE {{ GRAPH <OWN> {{ ?a ?p ?b }} }} WHERE {{ {CROSS} }}"),
    "a sorted cross join": stopped(INTO.format("?n", f"SELECT ?a ?n {{ {CROSS} BIND(?b AS ?n) }} ORDER BY ?d ?f")),
    "hashes": stopped(INTO.format("?n", f"{CROSS} BIND(SHA512(CONCAT(STR(?b), STR(?d))) AS ?n) FILTER(?n = 'x')")),
    "every path": stopped(INTO.format("?b", "?a (!<urn:x>|!^<urn:x>)* ?b . ?c (!<urn:x>|!^<urn:x>)* ?d . ?e (!<urn:x>)* ?f . ?g (!<urn:x>)* ?h")),
    "doubled text": Hostile(
        INTO.format("?v40", "BIND(<urn:a> AS ?a) " + doubled("CONCAT(?x, ?x)", 40).partition("{")[2].rpartition("}")[0]),
        (503, 504),
    ),
    "a cross join behind a good part": stopped(f"{DATA % '<urn:half> <urn:p> 1'} ; {INTO.format('?b', CROSS)}"),
    "a cross join before a good part": stopped(f"{INTO.format('?b', CROSS)} ; {DATA % '<urn:half> <urn:p> 1'}"),
    "values that cross": stopped(INTO.format("?v1", "BIND(<urn:a> AS ?a) " + " ".join(f"VALUES ?v{n} {{ {'1 ' * 5000} }}" for n in range(4)))),
    "groups": refused(nested("{", "}", 5000, "?a ?p ?b", INTO.format("1", "%s"))),
    "parentheses": refused(nested("(", ")", 3000, "1", INTO.format("1", "?a ?p ?b FILTER(%s)"))),
    "blank nodes": refused(nested("[ <urn:p> ", "]", 3000, "1", DATA % "<urn:a> <urn:p> %s")),
    "collections": refused(nested("(", ")", 3000, "1", DATA % "<urn:a> <urn:p> %s")),
    "triple terms": refused(nested("<<( <urn:s> <urn:p> ", ")>>", 3000, "1", DATA % "<urn:a> <urn:p> %s")),
    "negations": refused(INTO.format("1", "?a ?p ?b FILTER(" + "!" * 5000 + "true)")),
    "unions": refused(INTO.format("1", "?a ?p ?b " + " UNION ".join(["{}"] * 3000))),
    "a huge text": refused(DATA % ("<urn:a> <urn:p> '" + "x" * 5_000_000 + "'")),
    "many operations": refused(" ; ".join(["CLEAR GRAPH <OWN>"] * 5000)),
    "LOAD": refused("LOAD <TRAP>"),
    "LOAD, silent": refused("LOAD SILENT <TRAP> INTO GRAPH <OWN>"),
    "LOAD of a file": refused("LOAD <file:///etc/passwd> INTO GRAPH <OWN>"),
    "LOAD behind a comment": refused("# ;\nINSERT DATA { } ;LOAD#\n<TRAP>"),
    "a call": refused(INTO.format("?z", "SERVICE <TRAP> { ?a ?y ?z }")),
    "a silent call without a space": refused("PREFIX : <TRAP> " + INTO.format("?z", "?s ?p 1SERVICESILENT:x{ ?a ?y ?z }")),
    "NUL": refused(DATA % "<urn:a> <urn:p> \0"),
    "malformed UTF-8": refused(b"INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:p> '\xff' } }"),
    "an open string": refused(DATA % ("<urn:a> <urn:p> '" + "\\'" * 100_000)),
    "everything": refused("DROP ALL", 403),
    "a variable graph": refused("DELETE { GRAPH ?g { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } }", 403),
    "another's graph": refused("CLEAR GRAPH <KEPT>", 403),
    "a reserved graph": refused("INSERT DATA { GRAPH <urn:kgservice:meta> { <urn:a> <urn:b> 1 } }", 403),
}  # fmt: skip
