"""Random texts of queries and updates: ordinary ones, and ones that try to call somebody."""

# ruff: noqa: E501 - a text is easier to read on one line

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pyoxigraph as ox

from kgservice.store.confinement import forbid_sockets

PROLOGUE = (
    "BASE <http://127.0.0.1:9/> PREFIX : <http://127.0.0.1:9/> PREFIX e: <http://127.0.0.1:9/> "
)
GAPS = ("", " ", "\n", "\t", "#x\n", " #{\n ", "#'\n", '#"""\n', "\r")
LEFT = (
    "", "?s ?p ?o", "?s ?p ?o.", "?s ?p 1", "?s ?p 1e1", "?s ?p 1.", "?s ?p true", "?s ?p 'a'",
    "?s ?p 'a'@en", '?s ?p """a"b"""', "?s ?p '#'", "?s ?p 'SERVICE <urn:x> {'", "?s ?p <urn:x#>",
    "?s ?p e:x", "?s ?p e:x\\#", "?s ?p e:\\(", "?s ?p :", "?s ?p [ ?q 1 ]", "?s ?p ( 1 2 )",
    "{}", "{ ?s ?p ?o }", "OPTIONAL{}", "FILTER(?o<?p)", "FILTER(1<2 && 3>2)", "FILTER(!BOUND(?z))",
    "BIND(1 AS ?service)", "VALUES ?x { 1 <urn:x> 'a' }", "?s ?p ?o FILTER(?o != '}')",
    "?service ?load ?silent", "{?s ?p 1}UNION{?s ?p ?o}", "?s (:|!:)* ?o", "?s ?p \"\\\"\"",
    "FILTER(?o<?p||?o>?p)", "?s ?p ?o;", "?s ?p '\\\\'", "?s ?p \"a\\u0022b\"", "?s ?p '''a'b'''",
)  # fmt: skip
TARGETS = (
    "<http://127.0.0.1:9/>", "<http://127.0.0.1:9/#>", ":", ":a", "e:b", "e:a\\(b\\#c", "e:a.b",
    "<a>", "e:%41",
)  # fmt: skip
RIGHT = ("", ".", " ?s ?p ?o", "#", "\n}#", " FILTER(?x>?y)", "'", " OPTIONAL { ?x ?y 'SERVICE' }")
AROUND = (
    "SELECT * {%s}", "SELECT * WHERE { { %s } }", "SELECT * { OPTIONAL {%s} }", "ASK { {} UNION { %s} }",
    "SELECT * { { SELECT * {%s} } }", "SELECT (COUNT(*) AS ?n) {%s}", "SELECT * {GRAPH ?g{}}#\n{%s}",
    "SELECT * { ?a ?b ?c FILTER EXISTS {%s} }", "SELECT * { ?a ?b ?c MINUS {%s} }",
)  # fmt: skip
LOADS = ("LOAD", "LOAD SILENT", "load", "LoAd")
BEFORE_LOAD = (
    "", "INSERT DATA { <urn:a> <urn:b> 1 } ;", "CLEAR DEFAULT;", "CREATE SILENT GRAPH <urn:g>;",
    "INSERT DATA { <urn:a> <urn:b> '#' };#\n", "DELETE WHERE { ?s ?p '}' };", "# ;\n", "PREFIX x: <urn:x#> ",
    "INSERT { ?s ?p 1 } WHERE { FILTER(1<2) ?s ?p ?o };", "INSERT DATA { e:a\\# e:b e:c } ;",
)  # fmt: skip


def some_case(rng: random.Random, word: str) -> str:
    return "".join(rng.choice((letter.lower(), letter)) for letter in word)


def damaged(rng: random.Random, text: str) -> str:
    """Take a character out, double one, or put one in, sometimes."""
    if rng.random() < 0.6:
        return text
    place = rng.randrange(len(text))
    return text[:place] + rng.choice(("", text[place] * 2, *" #'\"<>{}\\.\n1:")) + text[place + 1 :]


def calling_query(rng: random.Random) -> tuple[str, str]:
    """Make a query that may call somebody: as it is tried, and without SILENT."""
    marked = "".join(
        (
            rng.choice(LEFT), rng.choice(GAPS), some_case(rng, "SERVICE"), rng.choice(GAPS),
            "\0", rng.choice(TARGETS), rng.choice(GAPS), "{", rng.choice(GAPS), "?x ?y ?z }",
            rng.choice(RIGHT),
        )
    )  # fmt: skip
    text = damaged(rng, PROLOGUE + rng.choice(AROUND) % marked)
    silent = rng.choice(("", some_case(rng, "SILENT") + rng.choice(GAPS)))
    return text.replace("\0", silent), text.replace("\0", "")


def loading_update(rng: random.Random) -> tuple[str, str]:
    """Make an update that may load something, or call somebody in its WHERE part."""
    if rng.random() < 0.4:
        query, loud = calling_query(rng)
        begin, end = query.find("{"), loud.find("{")
        head = PROLOGUE + "INSERT { <urn:a> <urn:b> 1 } WHERE "
        return head + query[begin:], head + loud[end:]
    text = damaged(
        rng,
        PROLOGUE + rng.choice(BEFORE_LOAD) + rng.choice(GAPS) + "\0" + rng.choice(GAPS)
        + rng.choice(TARGETS) + rng.choice(("", " INTO GRAPH <urn:g>", ";", "#")),
    )  # fmt: skip
    return text.replace("\0", rng.choice(LOADS)), text.replace("\0", "LOAD")


def valid_query(rng: random.Random) -> str:
    """Make an ordinary query from a small grammar."""
    head = rng.choice(
        ("SELECT *", "SELECT DISTINCT *", "ASK", "CONSTRUCT { ?s ?p ?o }", "DESCRIBE ?s")
    )
    tail = rng.choice(("", " LIMIT 5", " OFFSET 2 LIMIT 1")) if head != "ASK" else ""
    return f"PREFIX service: <urn:x:> PREFIX e: <urn:SERVICE#> {head} WHERE {group(rng, 3)}{tail}"


def group(rng: random.Random, depth: int) -> str:
    return "{ " + " ".join(pattern(rng, depth) for _ in range(rng.randint(1, 3))) + " }"


def pattern(rng: random.Random, depth: int) -> str:
    def term() -> str:
        return rng.choice(
            ("?s", "?load", "service:x", "e:load", "<urn:a>", "'SERVICE <x>'", "1.5", "'a'@en")
        )

    def node() -> str:
        return rng.choice(("?s", "?service", "service:a", "<urn:insert>", "[]"))

    def path() -> str:
        return rng.choice(("?p", "e:p", "a", "e:p/e:q*", "(e:p|^e:q)+", "!(e:p|^e:q)"))

    flat: tuple[Callable[[], str], ...] = (
        lambda: f"{node()} {path()} {term()} .",
        lambda: f"{node()} {path()} {term()} ; {path()} {term()} .",
        lambda: f"FILTER(?s != {rng.choice(('1', 'e:x'))} && STR(?s) < '{{')",
        lambda: f"BIND(CONCAT('x', STR(?s)) AS ?b{rng.randrange(10**9)})",
        lambda: f"VALUES ?v{rng.randrange(9)} {{ 1 e:x UNDEF 'LOAD' }}",
        lambda: f"# SERVICE of a comment\n {node()} {path()} {term()} .",
    )
    deep: tuple[Callable[[], str], ...] = (
        lambda: f"OPTIONAL {group(rng, depth - 1)}",
        lambda: f"{group(rng, depth - 1)} UNION {group(rng, depth - 1)}",
        lambda: f"GRAPH ?g {group(rng, depth - 1)}",
        lambda: f"MINUS {group(rng, depth - 1)}",
        lambda: f"FILTER NOT EXISTS {group(rng, depth - 1)}",
        lambda: f"{{ SELECT ?s WHERE {group(rng, depth - 1)} }}",
    )
    return rng.choice(flat if depth == 0 or rng.random() < 0.6 else deep)()


def who_calls(texts: list[str], is_update: bool) -> Iterator[str]:
    """In a process without a network: say for each text if it is `wrong`, `calls`, or does not."""
    forbid_sockets()
    for text in texts:
        store = ox.Store()
        store.add(ox.Quad(ox.NamedNode("urn:a"), ox.NamedNode("urn:b"), ox.Literal("c")))
        try:
            if is_update:
                store.update(text)
            else:
                found = store.query(text)
                list(found) if not isinstance(found, ox.QueryBoolean) else bool(found)
            yield "does not"
        except SyntaxError:
            yield "wrong"
        except OSError:
            yield "calls"
        except (RuntimeError, ValueError) as error:
            yield "calls" if "ervice" in str(error) else "does not"
