"""The footprint of the rules: the statements that they read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from importlib.resources import files
from typing import Final

from kgservice.inference.profiles import Ask, ask_for, chunks, values_of
from kgservice.model.rdf import Iri, Row, Triple
from kgservice.model.terms import DCTERMS, KG
from kgservice.store.port import MERGED_GRAPH, META_GRAPH

_APART: Final = f"FILTER NOT EXISTS {{ ?s a <{KG.Offering}> }}"


def _text(name: str) -> str:
    return (files(__package__) / "queries" / f"{name}.rq").read_text(encoding="utf-8")


_STATED: Final = _text("footprint")
_TWICE: Final = _text("footprint-twice")


def footprint(
    ask: Ask, names: Collection[str], subjects: Collection[Iri] | None = None
) -> set[Triple]:
    """Give the statements (about some subjects) with these predicates and classes.

    Leaves out what the rules concluded and no other graph says. Offerings are left out, unless
    their class is among the names.
    """
    if not names:
        return set()
    found = {_statement(row) for row in _rows(ask, _STATED, names, subjects)}
    twice = [(_statement(row), row["graph"]) for row in _rows(ask, _TWICE, names, subjects)]
    if twice:
        merged = _merged(ask, {graph for _, graph in twice if isinstance(graph, Iri)})
        found |= {statement for statement, graph in twice if graph in merged}
    return found


def _rows(
    ask: Ask, text: str, names: Collection[str], subjects: Collection[Iri] | None
) -> Iterator[Row]:
    listed = sorted(f"<{name}>" for name in names)
    text = text.replace("%NAMES%", ", ".join(listed))
    text = text.replace("%APART%", "" if KG.Offering.value in names else _APART)
    if subjects is None:
        for mark, variable in (("%P%", "p"), ("%O%", "o")):
            text = text.replace(mark, f"VALUES ?{variable} {{ {' '.join(listed)} }}")
        yield from ask(text)
        return
    for chunk in chunks(subjects):
        scope = values_of("s", chunk)
        yield from ask(text.replace("%P%", scope).replace("%O%", scope))


def _merged(ask: Ask, graphs: Iterable[Iri]) -> set[Iri]:
    part = f"?g <{DCTERMS.isPartOf}> <{MERGED_GRAPH}>"
    query = f"SELECT ?g WHERE {{ #SCOPE\n GRAPH <{META_GRAPH}> {{ {part} }} }}"
    rows = ask_for(ask, query, "g", sorted(graphs))
    return {term for row in rows if isinstance(term := row["g"], Iri)}


def _statement(row: Row) -> Triple:
    return Triple(row["s"], row["p"], row["o"])  # type: ignore[arg-type]
