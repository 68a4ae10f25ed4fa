"""Carry out a caller's SPARQL update on the graphs that the caller may write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kgservice.model.errors import AccessDenied, InputError
from kgservice.model.iri_forms import normal_form
from kgservice.model.rdf import is_valid_iri
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.store.update_text import Using, read_update
from kgservice.store.written import WRITTEN_DEFAULT, Author, WriteResult

MAX_USING = 20
_RESERVED = "urn:kgservice:"


@dataclass(frozen=True, slots=True)
class UpdateCall:
    """An update as it came: its text, its dataset (Protocol §2.2.3), the caller's key for it."""

    text: str
    using_graphs: tuple[str, ...] = ()
    using_named_graphs: tuple[str, ...] = ()
    key: str = ""


def run(application: Application, caller: Caller, call: UpdateCall) -> WriteResult:
    """Carry out an update: all of it or nothing, in its turn, within the query deadline.

    It reads and writes what was written by updates and as graphs, not what catalogues say. Which
    graphs it writes is read from its text before it runs. Relative IRIs are those of graphs that
    this service serves under `/graphs/`.

    Raises:
        InputError: it cannot be read, or its dataset is not acceptable.
        AccessDenied: it writes a graph that is reserved or someone else's.
        Refused: the engine cannot carry it out.
        DeadlineExceeded: it was stopped at the deadline; nothing was changed.
        Unavailable: it needed more memory than allowed, or too many others wait.
    """
    using = Using(
        _graphs(call.using_graphs, "using-graph-uri"),
        _graphs(call.using_named_graphs, "using-named-graph-uri"),
    )
    update = read_update(call.text, graphs_iri(application), using)
    require_free(application, update.targets)
    return application.store.written.update(update, author_of(caller, call.key))


def graphs_iri(application: Application) -> str:
    """Give what the IRIs of graphs begin with that are named by their address here."""
    return f"{application.base_iri}graphs/"


def author_of(caller: Caller, key: str = "") -> Author:
    """Give the author that a caller is; operators may write the graphs of all."""
    return Author(caller.name, caller.may("administer"), key)


def is_reserved(application: Application, graph: str) -> bool:
    """Say whether a name stands for what the service itself says, or catalogues.

    Or could be taken for such a name: spellings count as what they would be normalised to.
    """
    if graph == WRITTEN_DEFAULT:
        return False
    name = normal_form(graph)
    is_ours = name.startswith(normal_form(application.base_iri))
    return name.startswith(_RESERVED) or (
        is_ours and not name.startswith(normal_form(graphs_iri(application)))
    )


def require_free(application: Application, graphs: Iterable[str]) -> None:
    """Refuse names that nobody may write.

    Raises:
        AccessDenied: one of them is reserved (`graph-reserved`).
    """
    for graph in sorted(graphs):
        if is_reserved(application, graph):
            raise AccessDenied(
                f"The graph <{graph}> is kept by this service.",
                code="graph-reserved",
                hint=f"Use a name of your own, or one under {graphs_iri(application)}",
            )


def _graphs(names: tuple[str, ...], parameter: str) -> tuple[str, ...]:
    if len(names) > MAX_USING:
        raise InputError(
            f"A dataset of {len(names)} graphs is too long; {MAX_USING} are allowed.",
            code="dataset-too-long",
            at=f"?{parameter}",
        )
    for name in names:
        require_iri(name, f"?{parameter}")
    return names


def require_iri(name: str, place: str) -> None:
    """Refuse what can be no graph's name.

    Raises:
        InputError: it is no absolute IRI (`graph-name-invalid`).
    """
    if not is_valid_iri(name):
        raise InputError(
            f"{name[:200]!r} is not an absolute IRI.", code="graph-name-invalid", at=place
        )
