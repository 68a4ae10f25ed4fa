"""Run a caller's SPARQL query over what the caller may see."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.scopes import scope_of
from kgservice.mpli.updating import graphs_iri
from kgservice.store.port import Client, QueryScope
from kgservice.store.spool import QueryAnswer

_VARYING = re.compile(r"\b(?:now|rand|uuid|struuid|bnode|service)\b", re.IGNORECASE)
_NEW_NODES = re.compile(r"\bconstruct\b.*(?:_:|\[|\()", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class QueryCall:
    """A query as it came: its text, what may be answered, and its dataset (Protocol §2.1.4).

    `address` is where it came from: callers without a token share the readers by it. `is_gone` says
    that the caller has hung up: then the query is ended. With
    `is_shared_only` it reads what was admitted, derived or labelled, whoever asks: neither a
    customer's own graphs, which would take the place of shared ones for GRAPH with a variable, nor
    what editors wrote, which could forge an answer about labels.
    """

    text: str
    accept: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    address: str = ""
    is_shared_only: bool = False
    is_gone: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer and its entity tag, which is empty when the same query may answer otherwise."""

    answer: QueryAnswer | None
    tag: str


def run(application: Application, caller: Caller, call: QueryCall) -> QueryAnswer:
    """Answer a query in a reader process, within the deadline and memory cap of the settings.

    With no dataset given, the default graph is the merged graph: every admitted, inferred and
    label statement once. What a customer's own requests, plans, services and jobs say is seen
    beside it; an operator sees those of all.

    Raises:
        InputError: the query or its dataset is not acceptable.
        AccessDenied: the dataset names a graph that the caller may not read.
        DeadlineExceeded: it was stopped at the deadline.
        Unavailable: it needed more memory than allowed.
    """
    with application.watch.query(caller, call.text):
        return _ask(application, caller, call, _scope(application, caller, call))


def _ask(
    application: Application, caller: Caller, call: QueryCall, scope: QueryScope
) -> QueryAnswer:
    client = _client(caller, call)
    return application.store.query(call.text, scope=scope, accept=call.accept, client=client)


def _client(caller: Caller, call: QueryCall) -> Client:
    if caller.role == "anonymous":
        return Client(f"anonymous {call.address}", is_known=False, is_gone=call.is_gone)
    return Client(caller.id, is_gone=call.is_gone)


def run_unless(
    application: Application,
    caller: Caller,
    call: QueryCall,
    is_known: Callable[[str], bool] | None,
) -> Answered:
    """Answer a query as `run` does, unless the caller has the answer: `is_known` tells by its tag.

    The tag names the state of the data, what the caller may see of it, the query and what it
    accepts (RFC 9110 §8.8.3, strong); the engine answers all of these in one way only. Small
    answers are remembered by it.
    """
    if _varies(call.text):
        return Answered(run(application, caller, call), "")
    with application.watch.query(caller, call.text):
        scope = _scope(application, caller, call)
        tag = _tag(application.store.state(scope), scope, call)
        if tag and is_known is not None and is_known(tag):
            application.watch.unchanged()
            return Answered(None, tag)
        if (remembered := application.answers.get(tag)) is not None:
            return Answered(remembered, tag)
        answer = _ask(application, caller, call, scope)
        tag = _tag(answer.state, scope, call)
        application.answers.keep(tag, answer)
    return Answered(answer, tag)


def _scope(application: Application, caller: Caller, call: QueryCall) -> QueryScope:
    if call.is_shared_only:
        scope = QueryScope("shared")
    else:
        datasets = (call.default_graphs, call.named_graphs)
        scope = scope_of(application, caller, *datasets, text=call.text)
    return replace(scope, base_iri=graphs_iri(application))


def _varies(text: str) -> bool:
    """Say whether a query may answer twice in two ways: clock, chance, new blank nodes."""
    return bool(_VARYING.search(text) or _NEW_NODES.search(text))


def _tag(state: str, scope: QueryScope, call: QueryCall) -> str:
    if not state:
        return ""
    named = repr((state, scope, call.accept, call.text))
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
