"""Read a document with what its issuer says in other documents of the same source.

A structure may be spread over credentials: an offering names a flavour, the flavour has the
processors. What follows for the offering is stated only where one issuer's valid proof is on all
of it; so a stranger adds nothing to it, and nobody is heard to say what another one said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from kgservice.ingest.documents import Entry
from kgservice.ingest.links import Link, Links
from kgservice.model.documents import ImportContext, Joiner, SourceDocument
from kgservice.model.rdf import Triple
from kgservice.store.sandbox import run_isolated

if TYPE_CHECKING:
    from kgservice.ingest.pipeline import SyncRequest

MOST_TOGETHER: Final = 50
"""Documents that one is read with, so that nobody can make reading one cost without end."""
_DEADLINE_S: Final = 600.0
_GENID: Final = "/.well-known/genid/"
_Tasks = list[tuple[SourceDocument, tuple[Triple, ...]]]


class Joining:
    """Finds, for the documents of one sync, what they have to be read with."""

    def __init__(self, request: SyncRequest, *, is_whole: bool) -> None:
        """Join by the request's importer, if it joins; `is_whole`: everything is read anyway."""
        self._joiner = request.importer if isinstance(request.importer, Joiner) else None
        self._context, self._is_isolated = request.context, request.isolated
        self._is_whole = is_whole
        self._wanted: set[str] = set()
        self._offered: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
        self.described: set[str] = set()
        """What the documents that were read describe, unless all are."""

    @property
    def is_possible(self) -> bool:
        """Whether kept documents may have to be read together with those that were read."""
        return self._joiner is not None and not self._is_whole

    @property
    def is_needed(self) -> bool:
        """Whether some document refers to another one."""
        return bool(self._wanted)

    @property
    def wanted(self) -> frozenset[str]:
        """What documents refer to."""
        return frozenset(self._wanted)

    def mark(self, entries: Iterable[Entry]) -> None:
        """Note what proven documents refer to."""
        if self._joiner is None:
            return
        for entry in entries:
            if entry.claim.is_proven:
                entry.refers = self._joiner.references(entry.document)
                self._wanted |= entry.refers
                if not self._is_whole:
                    self.described |= _named(entry.claim.own_subjects)

    def is_wanted(self, entry: Entry) -> bool:
        """Say whether others refer to what a document describes."""
        return entry.claim.is_proven and not self._wanted.isdisjoint(entry.claim.own_subjects)

    def offer(self, entries: Iterable[Entry]) -> None:
        """Take up documents that were admitted, for those that refer to them."""
        for entry in entries:
            for node in sorted(self._wanted & entry.own):
                self._offered[entry.claim.owner, node].append(entry)

    def join(self, entries: Iterable[Entry]) -> None:
        """Read documents anew with what they refer to."""
        found = [(entry, self._others(entry)) for entry in entries if entry.refers]
        found = [(entry, others) for entry, others in found if others]
        if not found or self._joiner is None:
            return
        tasks = [(entry.document, others) for entry, others in found]
        arguments = (self._joiner, tasks, self._context)
        read = (
            run_isolated(join_in_child, arguments, deadline_s=_DEADLINE_S)
            if self._is_isolated
            else join_in_child(*arguments)
        )
        for (entry, _), triples in zip(found, read, strict=True):
            entry.joined = triples

    def _others(self, entry: Entry) -> tuple[Triple, ...]:
        """Give what the issuer says in the documents that one leads to, over several steps."""
        seen = set(entry.refers or ())
        todo = sorted(seen)
        taken = {entry.document.source_id}
        others: dict[Triple, None] = {}
        while todo and len(taken) <= MOST_TOGETHER:
            for found in self._offered.get((entry.claim.owner, todo.pop(0)), ()):
                if found.document.source_id in taken:
                    continue
                taken.add(found.document.source_id)
                others |= dict.fromkeys(found.admitted.triples)
                further = (found.refers or frozenset()) - seen
                todo += sorted(further)
                seen |= further
        return tuple(sorted(others))


def join_in_child(
    joiner: Joiner, tasks: _Tasks, context: ImportContext
) -> Iterator[tuple[Triple, ...]]:
    """Join; a function by name, since the child process imports it."""
    yield from joiner.joined(tasks, context)


def links_of(entry: Entry) -> tuple[Link, ...]:
    """Give what the next sync must know, to find the documents that are read together."""
    if entry.refers is None:
        return ()
    described = [(node, True) for node in sorted(_named(entry.own))]
    return (*described, *((node, False) for node in sorted(entry.refers)))


def neighbours(links: Links, changed: set[str], joining: Joining) -> set[str]:
    """Name kept documents whose reading may be another one now, and those they are read with.

    Args:
        links: Of the kept documents.
        changed: Documents that are new or different, judged again or gone.
        joining: Knows what those of them that were read describe and refer to.
    """
    found: set[str] = set()
    nodes = joining.described | links.nodes(changed, described=True)
    while nodes:
        fresh = links.documents(nodes, described=False) - found
        found |= fresh
        nodes = links.nodes(fresh, described=True)
    nodes = set(joining.wanted) | links.nodes(found | changed, described=False)
    while nodes:
        fresh = links.documents(nodes, described=True) - found - changed
        found |= fresh
        nodes = links.nodes(fresh, described=False)
    return found


def _named(subjects: Iterable[str]) -> set[str]:
    return {s for s in subjects if _GENID not in s}
