"""Put queries to somebody else's engine, and give its answers the forms that ours have."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from io import BytesIO

import pyoxigraph as ox

from kgservice.model.errors import InputError, KgError, Unavailable
from kgservice.model.rdf import Row
from kgservice.store import results
from kgservice.store.caps import AnswerLimits, Capped, NotXml, TooLarge
from kgservice.store.endings import not_xml, too_large
from kgservice.store.port import MERGED_GRAPH, QueryScope
from kgservice.store.remote_client import GRAPH, TABLE, Dataset, Refusal, RemoteClient, too_late
from kgservice.store.remote_dataset import RemoteDataset
from kgservice.store.remote_rewriting import refuse_long_paths
from kgservice.store.remote_scope import Outgoing, Scope
from kgservice.store.remote_terms import AS, from_engine, table
from kgservice.store.remote_text import Text, Token, is_word
from kgservice.store.spool import Spool
from kgservice.store.wire import read_rows

_DESCRIBED = 200
_LOG = logging.getLogger(__name__)


class Asking:
    """Queries over one engine."""

    def __init__(self, client: RemoteClient, limits: AnswerLimits, follows_paths: bool) -> None:
        """Ask by this client; answers have limits. See `remote_opening.follows_paths`."""
        self._client, self._limits, self._follows_paths = client, limits, follows_paths

    def over(self, dataset: RemoteDataset, scope: QueryScope, end: float) -> Asked:
        """Ask within one scope, until a moment of `time.monotonic()`."""
        return Asked(self._client, Scope(dataset, scope), end, self._limits, self._follows_paths)

    def count(self, dataset: RemoteDataset) -> int:
        """Count the statements of a dataset's named graphs."""
        pattern = (
            f"GRAPH <{dataset.index}> {{ ?g ?part <{dataset.index}> }} GRAPH ?g {{ ?s ?p ?o }}"
        )
        return self._count(pattern)

    def count_merged(self) -> int:
        """Count the statements of the merged graph."""
        return self._count(f"GRAPH <{MERGED_GRAPH}> {{ ?s ?p ?o }}")

    def _count(self, pattern: str) -> int:
        text = f"SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} }}"
        try:
            rows = table(self._client.query(text, Dataset(), TABLE, 60.0))
        except Refusal as refusal:
            raise Unavailable(f"The remote store cannot count ({refusal}).") from None
        assert isinstance(rows, ox.QuerySolutions)  # noqa: S101 - a SELECT
        return int(next(iter(rows))["n"].value)


@dataclass(slots=True)
class Asked:
    """Queries within one scope and deadline."""

    client: RemoteClient
    scope: Scope
    end: float
    limits: AnswerLimits
    follows_paths: bool

    def answer(self, text: Text, media_type: str, spool: Spool) -> bytes | None:
        """Answer any query, as a media type; None when the bytes went to the spool's file.

        Raises:
            InputError: the answer is too large (`answer-too-large`), or XML cannot hold it
                (`answer-not-xml`).
        """
        output = Capped(spool, media_type, self.limits)
        try:
            if text.form in ("SELECT", "ASK"):
                results.write_to(self.table(text), media_type, output)
            else:
                found = self.ntriples(text)
                Capped(BytesIO(), "application/n-triples", self.limits).write(found)
                output.write(results.choose_graph_format(found, media_type)[0])
        except TooLarge as error:
            raise too_large(str(error)) from None
        except NotXml:
            raise not_xml() from None
        return spool.finish()

    def table(self, text: Text) -> ox.QuerySolutions | ox.QueryBoolean:
        """Run a SELECT or ASK."""
        return table(self._send(self._outgoing(text), TABLE))

    def rows(self, text: Text) -> list[Row]:
        """Run a SELECT or ASK; give its rows as the port has them."""
        found = self.table(text)
        return read_rows(found.serialize(format=ox.QueryResultsFormat.JSON) or b"")

    def ntriples(self, text: Text) -> bytes:
        """Run a CONSTRUCT or DESCRIBE; give N-Triples with the literals that were committed."""
        if text.form == "DESCRIBE":
            return self._described(text)
        return self._graph(self._outgoing(text))

    def _outgoing(self, text: Text) -> Outgoing:
        """Write the query; rather none than one that the engine answers wrongly."""
        if not self.follows_paths:
            refuse_long_paths(text.tokens)
        return self.scope.outgoing(text)

    def _graph(self, outgoing: Outgoing) -> bytes:
        found = self._send(outgoing, GRAPH)
        if AS.encode() not in found:
            return found
        return "".join(f"{statement}.\n" for statement in from_engine(found)).encode()

    def _described(self, text: Text) -> bytes:
        """Describe as our engine does: all statements about the resources, none about others.

        Engines differ in what a description is, and some look beyond the dataset for it.
        """
        subjects = self._resources(text)
        parts = []
        for start in range(0, len(subjects), _DESCRIBED):
            portion = subjects[start : start + _DESCRIBED]
            parts.append(self._graph(self.scope.describes(portion)))
        return b"".join(parts)

    def _resources(self, text: Text) -> list[str]:
        pattern = next(
            (n for n, t in enumerate(text.tokens) if is_word(t, "WHERE") or t.text == "{"), None
        )
        named = text.tokens[1:pattern]
        found = {token.text[1:-1]: None for token in named if token.kind == "iri"}
        wanted = [token for token in named if token.kind == "variable" or token.text == "*"]
        if pattern is not None and wanted:
            head = [Token("word", "SELECT"), Token("word", "DISTINCT"), *wanted]
            select = Text([*head, *text.tokens[pattern:]], text.default_graphs, text.named_graphs)
            rows = self.table(select)
            assert isinstance(rows, ox.QuerySolutions)  # noqa: S101 - a SELECT
            names = rows.variables
            for row in rows:
                nodes = (row[name] for name in names)
                found |= {node.value: None for node in nodes if isinstance(node, ox.NamedNode)}
        return list(found)

    def _send(self, outgoing: Outgoing, accept: str) -> bytes:
        left = self.end - time.monotonic()
        if left <= 0:
            raise too_late(0)
        try:
            return self.client.query(outgoing.text, outgoing.dataset, accept, left)
        except Refusal as refusal:
            raise _failed(refusal, left) from None


def _failed(refusal: Refusal, deadline_s: float) -> KgError:
    """Say that the engine failed, without its words: they may hold what the caller may not see."""
    if "memory" in refusal.text.lower() and refusal.status >= 500:
        return Unavailable(
            "The query needed more memory than the remote store gives it.",
            code="query-memory",
            hint="Ask for less at once: add LIMIT, select fewer variables, or drop ORDER BY.",
        )
    if "transaction" in refusal.text.lower():  # Virtuoso: its time limit within a sort
        return too_late(deadline_s)
    _LOG.warning("The remote store refused a query with status %s.", refusal.status)
    _LOG.debug("It said: %s", refusal.text)
    return InputError(
        f"The query failed in the remote store (HTTP {refusal.status}).",
        code="query-failed",
        hint="Engines differ in what they can evaluate: see docs/remote-stores.md.",
    )
