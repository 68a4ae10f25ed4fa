"""Run a caller's SPARQL query over what the caller may see."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.scopes import scope_of
from kgservice.store.port import QueryAnswer
from kgservice.store.results import choose_graph_format


@dataclass(frozen=True, slots=True)
class QueryCall:
    """A query as it came: its text, what may be answered, and its dataset (Protocol §2.1.4)."""

    text: str
    accept: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


def run(application: Application, caller: Caller, call: QueryCall) -> QueryAnswer:
    """Answer a query in a reader process, within the deadline and memory cap of the settings.

    With no dataset given, the default graph is the merged graph: every admitted, inferred and
    label statement once. A customer's own requests, plans and services are seen beside it.

    Raises:
        InputError: the query or its dataset is not acceptable.
        AccessDenied: the dataset names a graph that the caller may not read.
        DeadlineExceeded: it was stopped at the deadline.
        Unavailable: it needed more memory than allowed.
    """
    return application.store.query(
        call.text,
        scope=scope_of(application, caller, call.default_graphs, call.named_graphs),
        accept=call.accept,
    )


def service_description(application: Application, accept: str) -> tuple[bytes, str]:
    """Describe the endpoint (SPARQL 1.1 Service Description §3)."""
    text = files("kgservice_vocab").joinpath("queries/service-description.ttl").read_text("utf-8")
    turtle = text.replace("{base}", application.base_iri)
    return choose_graph_format(turtle.encode(), accept)
