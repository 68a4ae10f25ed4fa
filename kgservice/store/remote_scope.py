"""What a query may see in an engine that holds everything: its text and dataset, as they are sent.

The text itself says it all, since no engine keeps to the protocol's dataset everywhere (Virtuoso
7.2.5 evaluates EXISTS wrongly as soon as one is given): FROM is taken out, the whole pattern stands
in `GRAPH <default graph> { … }`, and every GRAPH within it gets a guard. Only a default graph of
several graphs (a customer's own beside the merged one) is left to the protocol, with every graph
that may be read in its lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kgservice.model.errors import InputError
from kgservice.store.names import require_short
from kgservice.store.port import MERGED_GRAPH, QueryScope
from kgservice.store.remote_client import Dataset
from kgservice.store.remote_dataset import PART_OF, RemoteDataset
from kgservice.store.remote_rewriting import guarded, refuse_hidden_selects, wrapped
from kgservice.store.remote_text import NOWHERE, Text, Token, is_word


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A query as it is sent."""

    tokens: tuple[Token, ...]
    dataset: Dataset

    @property
    def text(self) -> str:
        """The whole text."""
        return " ".join(token.text for token in self.tokens)


class Scope:
    """A `QueryScope` over one dataset of the engine."""

    def __init__(self, dataset: RemoteDataset, scope: QueryScope) -> None:
        """Take the scope.

        Raises:
            InputError: it lists more than 20 graphs (`dataset-too-long`).
        """
        self._dataset = dataset
        self._default, self._named = scope.default_graphs, scope.named_graphs
        require_short({*scope.default_graphs, *(scope.named_graphs or ())})

    def outgoing(self, text: Text) -> Outgoing:
        """Write the query for this scope.

        A single default graph is written into the text; of several, the protocol makes one.
        """
        default, named = self._default, self._named
        if not default and named is None and text.names_a_dataset:
            default, named = tuple(text.default_graphs) or (NOWHERE,), tuple(text.named_graphs)
            require_short({*default, *named})
        default = self._known(default or (MERGED_GRAPH,)) or (NOWHERE,)
        listed = None if named is None else self._known(g for g in named if g != MERGED_GRAPH)
        refuse_hidden_selects(text.tokens)
        tokens = guarded(spelled_out(text.tokens), self._namer(listed), self._guard(listed))
        if len(default) == 1:
            return Outgoing(tuple(wrapped(tokens, default[0])), Dataset())
        reached = _graphs_named(tokens) if listed is None else listed
        return Outgoing(tuple(tokens), Dataset(default, (*reached, NOWHERE)))

    def describes(self, subjects: Sequence[str]) -> Outgoing:
        """Write the query for all that the default graph says about some IRIs."""
        values = " ".join(f"<{subject}>" for subject in subjects)
        default = self._known(self._default or (MERGED_GRAPH,)) or (NOWHERE,)
        is_single = len(default) == 1
        pattern = f"GRAPH <{default[0]}> {{ ?s ?p ?o }}" if is_single else "?s ?p ?o"
        text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ {values} }} {pattern} }}"
        dataset = Dataset() if is_single else Dataset(default, (NOWHERE,))
        return Outgoing((Token("word", text),), dataset)

    def _known(self, graphs: Iterable[str]) -> tuple[str, ...]:
        names = [self._dataset.name(graph) for graph in graphs if self._dataset.holds(graph)]
        return tuple(dict.fromkeys(names))

    def _namer(self, listed: tuple[str, ...] | None) -> Callable[[str], str]:
        def name(graph: str) -> str:
            inside = self._dataset.name(graph)
            if listed is not None:
                return inside if inside in listed else NOWHERE
            is_known = graph != MERGED_GRAPH and self._dataset.holds(graph)
            return inside if is_known else NOWHERE

        return name

    def _guard(self, listed: tuple[str, ...] | None) -> Callable[[str], str]:
        index = self._dataset.index

        def write(variable: str) -> str:
            if listed is None:
                return f"GRAPH <{index}> {{ {variable} {PART_OF} <{index}> }}"
            names = " , ".join(f"<{graph}>" for graph in (*listed, NOWHERE))
            return f"FILTER ( {variable} IN ( {names} ) )"

        return write


def _graphs_named(tokens: Sequence[Token]) -> tuple[str, ...]:
    """List the graphs that a text names, when it asks for no others.

    Raises:
        InputError: it asks for any (`query-not-portable`).
    """
    found: dict[str, None] = {}
    for one, two in pairwise(tokens):
        if is_word(one, "GRAPH") and two.kind == "variable":
            raise InputError(
                "GRAPH with a variable needs a list of graphs beside several default graphs.",
                code="query-not-portable",
                hint="Name the graphs that GRAPH may reach by FROM NAMED.",
            )
        if is_word(one, "GRAPH"):
            found[two.text[1:-1]] = None
    return tuple(found)


def spelled_out(tokens: list[Token]) -> list[Token]:
    """Write `CONSTRUCT WHERE { P }` as `CONSTRUCT { P } WHERE { P }`."""
    if len(tokens) < 3 or not is_word(tokens[0], "CONSTRUCT") or not is_word(tokens[1], "WHERE"):
        return tokens
    end = next(place for place, token in enumerate(tokens) if token.text == "}")
    return [tokens[0], *tokens[2 : end + 1], *tokens[1:]]
