"""The store port: what the rest of the product may ask of an RDF engine.

Two datasets: `shared` (catalogues, inferred statements, labels, vocabulary, workers, metadata) and
`private` (one graph per request, plan, service and job). Each keeps a *merged graph* beside its
named graphs: every statement of the graphs that were committed with `merge=True`, once. The
private dataset's merged graph is a copy of the shared one, so that a private query can join; beside
it, each customer's graphs are merged into an *own graph*, and all of them into everyone's.

Quarantine (`names.is_quarantine`) is committed, read and listed as shared, and kept in the private
dataset: no query that reaches every shared graph sees it.

A third dataset, `written`, is only queried here; `Store.written` writes it (`written.py`). Its
default graph stands where the others have their merged graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal as OneOf, Protocol, TypeAlias

from kgservice.model.rdf import Iri, Row, Triple
from kgservice.store import names
from kgservice.store.spool import QueryAnswer
from kgservice.store.values import (
    ChangeKind as ChangeKind,
    Changes as Changes,
    CommitResult as CommitResult,
    GraphChange as GraphChange,
    GraphInfo as GraphInfo,
)
from kgservice.store.written import Written

if TYPE_CHECKING:
    from kgservice.store.under_way import UnderWay

DatasetName = OneOf["shared", "private", "written"]
DERIVED_GRAPHS = names.DERIVED_GRAPHS
INPUTS = names.INPUTS
LABEL_GRAPH = names.LABEL_GRAPH
MERGED_GRAPH = names.MERGED_GRAPH
META_GRAPH = names.META_GRAPH
RULES_GRAPH = names.RULES_GRAPH
VOCABULARY_GRAPH = names.VOCABULARY_GRAPH
WORKER_GRAPH = names.WORKER_GRAPH


@dataclass(frozen=True, slots=True)
class QueryScope:
    """What a query may see.

    Attributes:
        dataset: `shared`, or `private` for someone's own graphs.
        default_graphs: Graphs that make up the default graph; empty means the merged graph.
        named_graphs: Graphs reachable by GRAPH; None means every graph of the dataset (only for
            `shared`), an empty tuple none. At most 20.
        base_iri: What relative IRIs in the query are resolved against; empty: they are refused.
    """

    dataset: DatasetName = "shared"
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] | None = None
    base_iri: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """On whose behalf a query runs: readers are shared out by it.

    Attributes:
        name: A token's id, or an address for those without one; empty for the service's own work.
        is_known: It came with a token.
        is_gone: Says whether nobody waits for the answer any more; then the query is ended.
    """

    name: str = ""
    is_known: bool = True
    is_gone: Callable[[], bool] | None = field(default=None, compare=False)

    @property
    def is_inside(self) -> bool:
        """Say whether it is the service itself."""
        return not self.name

    @property
    def rank(self) -> int:
        """Its place in the queue, 0 first."""
        return 0 if self.is_inside else 1 if self.is_known else 2


INSIDE = Client()


class ChangeFile(Protocol):
    """Changes on their way to one commit, on disk; later ones override earlier ones."""

    statements: int

    def add(self, changes: Iterable[GraphChange]) -> None:
        """Append changes; `if_version` is not possible here."""
        ...

    def close(self) -> None:
        """Take it back, unless it was committed."""
        ...


Columns: TypeAlias = tuple[list[str], dict[str, tuple[bytes, bytes]]]
"""Terms as N-Triples text; for each property IRI the subjects and the values of its statements, in
parallel, as positions in that list (32-bit integers in the machine's order)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of a session's work: `load`, `construct` and `select` mean what the methods do.

    Attributes:
        kind: What to do.
        text: The query, unless it is `load`.
        where: Which store the query reads.
        triples: What to load.
    """

    kind: OneOf["load", "construct", "select"]
    text: str = ""
    where: OneOf["snapshot", "scratch"] = "scratch"
    triples: tuple[Triple, ...] = ()


class Session(Protocol):
    """A reader process for one piece of work: one snapshot, and a scratch store beside it.

    `where` says which store the WHERE part sees: `snapshot` (the scope's dataset) or `scratch`.
    """

    generation: int

    def load(self, triples: Iterable[Triple]) -> None:
        """Put statements into the scratch store's default graph."""
        ...

    def construct(self, text: str, *, where: OneOf["snapshot", "scratch"] = "snapshot") -> int:
        """Run a CONSTRUCT and put its statements into the scratch store; give their number."""
        ...

    def select(self, text: str, *, where: OneOf["snapshot", "scratch"] = "scratch") -> list[Row]:
        """Run a SELECT and give its rows. An ASK gives one row with `answer`."""
        ...

    def columns(self, properties: Sequence[Iri]) -> Columns:
        """Give all statements of the snapshot's merged graph with these properties, as numbers."""
        ...

    def triples(
        self, text: str, *, where: OneOf["snapshot", "scratch"] = "scratch"
    ) -> list[Triple]:
        """Run a CONSTRUCT or DESCRIBE and give its statements without storing them."""
        ...

    def run(self, steps: Sequence[Step]) -> list[list[Row]]:
        """Do several steps in one go; give the rows of each, none for what gives no rows."""
        ...


class Store(Protocol):
    """The port. Every adapter passes `tests/contract/test_store.py`."""

    @property
    def under_way(self) -> UnderWay:
        """What the store is doing: queries under way, and numbers for operators."""
        ...

    @property
    def written(self) -> Written:
        """What people write by SPARQL Update and the Graph Store Protocol."""
        ...

    def commit(
        self, changes: Sequence[GraphChange] | ChangeFile, *, dataset: DatasetName = "shared"
    ) -> CommitResult:
        """Apply all changes or none, in one transaction, through the one writer.

        Costs are proportional to what differs. Readers see the old state or the new one. Changes
        that are too many for memory come in a file, to the shared dataset: it is moved and kept
        until it is applied, part by part, also by the next writer when this one is killed. Queries
        see all of it or nothing; `read` may see a part, and the result lists no versions.

        Raises:
            PreconditionFailed: an `if_version` does not hold; nothing changed.
            Unavailable: the writer died before it answered; the whole change is there or none.
        """
        ...

    def change_file(self) -> ChangeFile:
        """Begin a file of changes, to be given to `commit` or closed."""
        ...

    def read(
        self, text: str, *, dataset: DatasetName = "shared", graphs: Sequence[str] = ()
    ) -> list[Row]:
        """Run a trusted SELECT on the live state, at the writer: plans, observations, workers.

        `graphs` make up the default graph (empty: the merged graph); GRAPH sees every graph.
        """
        ...

    def query(
        self,
        text: str,
        *,
        scope: QueryScope,
        accept: str,
        deadline_s: float | None = None,
        client: Client = INSIDE,
    ) -> QueryAnswer:
        """Run an untrusted query in a reader process on a snapshot that has the latest commit.

        `accept` is a media type that `results.MEDIA_TYPES` knows. The deadline counts from the
        call, whatever the query waits for.

        Raises:
            InputError: the query does not parse or is refused by the gate; `at` is its position.
                Or its answer is too large (`answer-too-large`).
            DeadlineExceeded: it was killed at its deadline.
            Unavailable: it used more memory than allowed (`query-memory`), or had to make room for
                others (`query-busy`, `query-shed`).
        """
        ...

    def state(self, scope: QueryScope) -> str:
        """Name the state that a query would see now; a commit that it could see changes the name.

        Names are not used again, also by another process. Empty when the store cannot tell.
        """
        ...

    def session(
        self, *, scope: QueryScope, deadline_s: float | None = None
    ) -> AbstractContextManager[Session]:
        """Lease a reader process with a scratch store for work of several queries."""
        ...

    def changed_subjects(self, since: int) -> frozenset[str] | None:
        """Name the subjects (IRIs) whose statements in the shared merged graph changed.

        `since` is a generation of the shared dataset. None when that is not known any more; some
        that did not change may be named.
        """
        ...

    def graph(self, graph: str, *, dataset: DatasetName = "shared") -> list[Triple]:
        """Give a graph's statements; empty when there is no such graph."""
        ...

    def graphs(self, prefix: str = "", *, dataset: DatasetName = "shared") -> list[GraphInfo]:
        """List the named graphs whose IRI starts with `prefix`, in IRI order, without merged."""
        ...

    def changes(self, since: int, predicates: Sequence[str]) -> Changes:
        """Give what shared commits touched since the one of a number; for what follows from them.

        Statements with other predicates than these are left out. Too much, or too long ago, is
        not known any more; cost is proportional to what was touched.
        """
        ...

    def backup(self, folder: Path, meanwhile: AbstractContextManager[None]) -> float:
        """Put copies of all datasets into a folder that exists, as they are at one moment.

        That moment lies within `meanwhile`, which is entered before and left after it; what people
        write waits longer. Gives the seconds that this took.

        Raises:
            NotSupported: the data is in somebody else's engine (`backup-not-here`).
        """
        ...

    def stats(self) -> dict[str, int]:
        """Count statements, graphs, generations, queries, kills."""
        ...

    def close(self) -> None:
        """Stop the processes; everything committed stays."""
        ...
