"""Queries that mean harm: each with the statuses that are right for it.

`TRAP` stands for an address that nobody may call, `LIST` for one that SERVICE may call and that
leads there.
"""

# ruff: noqa: E501 - a query is easier to read on one line

from __future__ import annotations

from typing import Final, NamedTuple

CROSS: Final = "?a ?p ?b . ?c ?q ?d . ?e ?r ?f . ?g ?s ?h . "
X: Final = "PREFIX : <urn:x:> "
HEX: Final = "http://[::ffff:7f00:1]:PORT/"


class Hostile(NamedTuple):
    """A query, what may come of it, and how long the answer may take at most."""

    text: str | bytes
    statuses: tuple[int, ...]
    parameters: tuple[tuple[str, str], ...] = ()


def refused(text: str | bytes, *statuses: int) -> Hostile:
    """It is not even begun."""
    return Hostile(text, statuses or (400,))


def stopped(text: str) -> Hostile:
    """It needs more time than there is, or more memory."""
    return Hostile(text, (504, 503))


def endless(text: str) -> Hostile:
    """It needs more time than there is, and hardly any memory."""
    return Hostile(text, (504,))


def large(text: str) -> Hostile:
    """Its answer is too large, if it comes to that."""
    return Hostile(text, (413, 504, 503))


def harmless(text: str) -> Hostile:
    """It looks worse than it is; it may take too long."""
    return Hostile(text, (200, 504, 400))


def nested(
    before: str, after: str, depth: int, inside: str = "", outside: str = "ASK { %s }"
) -> str:
    """Put something into brackets of brackets."""
    return outside % (before * depth + inside + after * depth)


def doubled(step: str, times: int) -> str:
    """Bind a value that each step makes larger."""
    binds = [f"BIND({step.replace('?x', f'?v{n}')} AS ?v{n + 1})" for n in range(times)]
    return f"SELECT ?v{times} {{ BIND('xxxxxxxxxxxxxxxx' AS ?v0) {' '.join(binds)} }}"


FILTER: Final = "ASK { ?s ?p ?o FILTER(%s) }"
NESTING: Final = {
    "groups": refused(nested("{", "}", 5000)),
    "groups, one too deep": refused(nested("{", "}", 128)),
    "parentheses": refused(nested("(", ")", 3000, "1", FILTER)),
    "path parentheses": refused(nested("(", ")", 3000, "<urn:p>", "ASK { ?s %s ?o }")),
    "subselects": refused(nested("{ SELECT * ", "}", 100, "{ ?s ?p ?o }")),
    "optionals": refused(nested("OPTIONAL { ?s ?p ?o ", "}", 100)),
    "unions": refused(nested("{ {} UNION ", "}", 200, "{}")),
    "exists": refused(nested("FILTER EXISTS { ?s ?p ?o ", "}", 200)),
    "graphs": refused(nested("GRAPH ?g { ", "}", 500)),
    "minus": refused(nested("MINUS { ?s ?p ?o ", "}", 100)),
    "functions": refused(nested("STR(", ")", 500, "1", FILTER)),
    "conditions": refused(nested("IF(true, ", ", 1)", 500, "1", FILTER)),
    "concatenations": refused(nested("CONCAT(?o, ", ")", 500, "?o", FILTER)),
    "blank nodes": refused(nested("[ <urn:p> ", "]", 500, "1", "ASK { ?s ?p %s }")),
    "collections": refused(nested("(", ")", 500, "1", "ASK { ?s ?p %s }")),
    "templates": refused(
        nested("[ <urn:p> ", "]", 500, "1", "CONSTRUCT { ?s ?p %s } { ?s ?p ?o }")
    ),
    "triple terms": refused(nested("<<( <urn:s> <urn:p> ", ")>>", 500, "1", "ASK { ?s ?p %s }")),
    "negations": refused(FILTER % ("!" * 5000 + "true")),
    "minus signs": refused(FILTER % ("- " * 5000 + "1 < 0")),
    "conjunctions": refused(FILTER % " && ".join(["true"] * 3000)),
    "disjunctions": refused(FILTER % " || ".join(["false"] * 3000)),
    "sums": refused(FILTER % (" + ".join(["1"] * 3000) + " > 0")),
    "union chain": refused("ASK { {}" + " UNION {}" * 3000 + " }"),
    "optional chain": refused("ASK { " + "OPTIONAL { ?s ?p ?o } " * 3000 + "}"),
    "path sequence": refused("ASK { ?s " + "/".join(["<urn:p>"] * 3000) + " ?o }"),
    "path alternatives": refused("ASK { ?s " + "|".join(["<urn:p>"] * 3000) + " ?o }"),
    "inverse paths": refused("ASK { ?s " + "^" * 3000 + "<urn:p> ?o }"),
    "repeated paths": refused("ASK { ?s " + nested("(", ")*", 200, "<urn:p>", "%s") + " ?o }"),
}
TEXTS: Final = {
    "huge literal": refused("ASK { ?s ?p '" + "x" * 600_000 + "' }"),
    "huge IRI": refused("ASK { ?s <urn:" + "x" * 600_000 + "> ?o }"),
    "huge VALUES": refused("ASK { VALUES ?x { " + "1 " * 300_000 + "} }"),
    "huge comment": refused("ASK { } #" + "x" * 600_000),
    "open string": refused("ASK { ?s ?p '" + "\\'" * 50_000),
    "open long string": refused('ASK { ?s ?p """' + '""\\"' * 40_000),
    "NUL": refused("ASK { ?s ?p \0 }"),
    "NUL in an IRI": refused("ASK { ?s <urn:\0> ?o }"),
    "NUL before it": refused("\0ASK {}"),
    "malformed UTF-8": refused(b"ASK { ?s ?p '\xff\xfe' }"),
    "overlong UTF-8": refused(b"ASK { ?s ?p '\xc0\xaf' }"),
    "surrogates as UTF-8": refused(b"ASK { ?s ?p '\xed\xa0\x80' }"),
    "cut UTF-8": refused(b"ASK { ?s ?p '\xe2\x82"),
    "a lone surrogate": refused("ASK { ?s ?p '\\uD800' }"),
    "right-to-left marks": harmless("ASK { ?s ?p '\u202e' }"),
    "nothing but brackets": refused(")" * 100_000),
    "quotes": refused("'\"" * 100_000),
    "limit too large": harmless("SELECT * { ?s ?p ?o } LIMIT 99999999999999999999999999999999"),
    "a number of ten thousand digits": harmless("ASK { FILTER(" + "9" * 10_000 + " > 0) }"),
    "a double of many digits": harmless("ASK { FILTER(1e999999 > 0) }"),
    "prefixes": harmless("".join(f"PREFIX a{n}: <urn:{n}> " for n in range(8000)) + "ASK {}"),
    "many graphs": harmless("SELECT * " + "".join(f"FROM <urn:{n}> " for n in range(9000)) + "{ ?s ?p ?o }"),
}  # fmt: skip
WORK: Final = {
    "count of a cross join": endless(f"SELECT (COUNT(*) AS ?n) {{ {CROSS} }}"),
    "ask of a cross join": endless(f"ASK {{ {CROSS} FILTER(CONCAT(STR(?b), STR(?d)) = 'no') }}"),
    "sort of a cross join": stopped(f"SELECT ?a ?c {{ {CROSS} }} ORDER BY ?b ?d ?f ?h"),
    "random order": stopped(f"SELECT ?a ?c {{ {CROSS} }} ORDER BY RAND() LIMIT 1"),
    "distinct cross join": stopped(f"SELECT (COUNT(DISTINCT *) AS ?n) {{ {CROSS} }}"),
    "groups of a cross join": stopped(f"SELECT ?a ?c ?e (COUNT(*) AS ?n) {{ {CROSS} }} GROUP BY ?a ?c ?e"),
    "having": stopped(f"SELECT ?a {{ {CROSS} }} GROUP BY ?a HAVING(COUNT(*) < 0)"),
    "group_concat": stopped(f"SELECT (GROUP_CONCAT(CONCAT(STR(?b), STR(?d))) AS ?x) {{ {CROSS} }}"),
    "hashes": endless(f"SELECT (MAX(SHA512(CONCAT(STR(?b), STR(?d), STR(?f)))) AS ?x) {{ {CROSS} }}"),
    "offset": endless(f"SELECT * {{ {CROSS} }} OFFSET 9000000000000000 LIMIT 1"),
    "optional cross join": stopped(f"SELECT (COUNT(*) AS ?n) {{ ?z ?y ?w OPTIONAL {{ {CROSS} }} }}"),
    "minus of a cross join": stopped(f"SELECT (COUNT(*) AS ?n) {{ ?a ?y ?w MINUS {{ {CROSS} }} }}"),
    "exists of a cross join": stopped(
        f"SELECT (COUNT(*) AS ?n) {{ ?z ?y ?w FILTER NOT EXISTS {{ {CROSS} FILTER(?b = 'no') }} }}"
    ),
    "a cross join in each graph": endless(f"SELECT (COUNT(*) AS ?n) {{ GRAPH ?g1 {{ ?a ?b ?c }} {CROSS} }}"),
    "lateral": harmless(f"SELECT (COUNT(*) AS ?n) {{ ?z ?y ?w LATERAL {{ SELECT * {{ {CROSS} }} }} }}"),
    "a cross join of VALUES": endless(
        "SELECT (COUNT(*) AS ?n) { "
        + " ".join(f"VALUES ?v{n} {{ {'1 ' * 6000} }}" for n in range(5))
        + " }"
    ),
    "subselects that cross": endless(
        "SELECT (COUNT(*) AS ?n) { "
        + " ".join(f"{{ SELECT ?v{n} {{ ?v{n} ?p{n} ?o{n} }} }}" for n in range(6))
        + " }"
    ),
    "every path": stopped(f"{X}SELECT (COUNT(*) AS ?n) {{ ?a (:p|!:p)* ?b . ?c (:p|!:p)* ?d . ?e (:p|!:p)* ?f }}"),
    "paths both ways": stopped(
        f"{X}SELECT (COUNT(*) AS ?n) {{ ?a (!:p|!^:p)+ ?b . ?c (!:p|!^:p)+ ?d . ?e (!:p|!^:p)+ ?f }}"
    ),
    "paths of paths": stopped(f"{X}SELECT (COUNT(*) AS ?n) {{ ?a (((!:p)*/(!^:p)*)*/((!:p)*|(!^:p)*)*)* ?b . {CROSS} }}"),
    "regex on a cross join": endless(
        f"SELECT (COUNT(*) AS ?n) {{ {CROSS} FILTER REGEX(CONCAT(STR(?b), STR(?d)), '^(([a-z])+.)+[A-Z]([a-z])+$') }}"
    ),
    "nested repetitions": harmless("ASK { FILTER REGEX('" + "a" * 50_000 + "b', '^(a+)+$') }"),
    "a regex that is too large": harmless("ASK { FILTER REGEX('a', '((a{1,200}){1,200}){1,200}') }"),
    "a regex of a regex": harmless("ASK { ?s ?p ?o FILTER REGEX(STR(?o), STR(?o)) }"),
    "ten thousand patterns": Hostile("ASK { " + "?s ?p ?o . " * 10_000 + "}", (200, 503, 504)),
    "patterns that cross": Hostile(
        "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{n} ?b{n} ?c{n} ." for n in range(3000)) + "}", (503, 504)
    ),
    "four thousand binds": Hostile(doubled("?x", 4000), (200, 503, 504)),
    "a long list": harmless("ASK { ?s ?p ?o FILTER(?o IN (" + ",".join(map(str, range(30_000))) + ")) }"),
    "wide rows": large(
        "SELECT " + " ".join(f"(1 AS ?v{n})" for n in range(5000)) + f" {{ {CROSS} }}"
    ),
}  # fmt: skip
BOMBS: Final = {
    "doubled text": large(doubled("CONCAT(?x, ?x)", 40)),
    "text in text": large(doubled("REPLACE(?x, 'x', ?x)", 6)),
    "encoded text": large(doubled("ENCODE_FOR_URI(CONCAT('%', ?x, '%', ?x))", 40)),
    "upper and lower": large(doubled("CONCAT(UCASE(?x), LCASE(?x), STRBEFORE(?x, '-'), ?x)", 30)),
    "all rows of a cross join": large(f"SELECT * {{ {CROSS} }}"),
    "all rows, once each": large(f"SELECT DISTINCT * {{ {CROSS} }}"),
    "nothing in endless rows": large(f"SELECT ?nothing {{ {CROSS} }}"),
    "endless statements": large(f"CONSTRUCT {{ [] <urn:p> ?a, ?c, ?e, ?g }} {{ {CROSS} }}"),
    "descriptions": Hostile(f"DESCRIBE ?a ?c ?e {{ {CROSS} }}", (413, 503, 504)),
    "a large text in each row": large(
        "SELECT ?v12 ?a ?c { " + doubled("CONCAT(?x, ?x)", 12).partition("{")[2].rstrip("} ")
        + f" {CROSS} }}"
    ),
    "new nodes": large(f"SELECT (BNODE() AS ?x) (STRUUID() AS ?y) {{ {CROSS} }}"),
}  # fmt: skip
CALLS: Final = {
    "a call": refused("SELECT * { SERVICE <TRAP> { ?s ?p ?o } }", 403),
    "a silent call": refused("SELECT * { SERVICE SILENT <TRAP> { ?s ?p ?o } }", 403),
    "a call by IPv6": refused(f"SELECT * {{ SERVICE <{HEX}> {{ ?s ?p ?o }} }}", 403),
    "a call by a number": refused("SELECT * { SERVICE <http://2130706433:PORT/> {} }", 403),
    "a call with a password": refused("SELECT * { SERVICE <http://a:b@127.0.0.1:PORT/> {} }", 403),
    "the cloud's metadata": refused("SELECT * { SERVICE <http://169.254.169.254/latest/> {} }", 403),
    "a file": refused("SELECT * { SERVICE <file:///etc/passwd> { ?s ?p ?o } }", 403),
    "a variable": refused("SELECT * { BIND(<TRAP> AS ?u) SERVICE ?u { ?s ?p ?o } }"),
    "a call without a space": refused("SELECT * { ?s ?p 1SERVICE<TRAP>{ ?s ?p ?o } }"),
    "a call in a call": refused("SELECT * { SERVICE <LIST> { SERVICE <TRAP> {} } }"),
    "a redirect": refused("SELECT * { SERVICE <LIST> { ?s ?p ?o } }", 502),
    "hundred calls": refused("SELECT * { " + "SERVICE <LIST> {} " * 100 + "}"),
    "LOAD": refused("LOAD <TRAP>"),
    "LOAD of a file": refused("LOAD SILENT <file:///etc/passwd> INTO GRAPH <urn:g>"),
    "DROP": refused("DROP ALL"),
    "an update behind a query": refused("ASK {} ; DROP ALL"),
    "an update behind a prefix": refused("PREFIX x: <urn:x> INSERT DATA { x:a x:b x:c }"),
    "FROM elsewhere": harmless("SELECT * FROM <TRAP> { ?s ?p ?o }"),
    "a graph elsewhere": harmless("SELECT * { GRAPH <TRAP> { ?s ?p ?o } }"),
    "a dataset elsewhere": Hostile(
        "SELECT * { ?s ?p ?o }", (200, 403), (("default-graph-uri", "TRAP"),)
    ),
    "a long dataset": Hostile(
        "ASK {}", (400,), tuple(("named-graph-uri", f"urn:{n}") for n in range(500))
    ),
}  # fmt: skip
CORPUS: Final[dict[str, Hostile]] = {
    f"{kind}: {name}": hostile
    for kind, group in (
        ("nesting", NESTING), ("texts", TEXTS), ("work", WORK), ("bombs", BOMBS), ("calls", CALLS),
    )
    for name, hostile in group.items()
}  # fmt: skip
