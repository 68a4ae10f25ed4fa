"""Whose subjects are: what the store says, and which document of a source comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from kgservice.ingest.admission import Owners
from kgservice.ingest.documents import Entry, graph_prefix
from kgservice.ingest.questions import select_for
from kgservice.model.rdf import Iri
from kgservice.store.port import Store


class Ownership:
    """Settles owners for the documents of one catalogue; the first who described a thing owns it.

    The documents of a catalogue without proofs have one owner, so that only what other catalogues
    describe matters, and they can be settled one after the other. As soon as an issuer's proof is
    valid, all documents of the source have to be known first (`begin`).
    """

    def __init__(
        self, store: Store, base_iri: str, catalog: str, *, providers: frozenset[str], alone: bool
    ) -> None:
        """Settle for a catalogue.

        Args:
            store: What earlier syncs left.
            base_iri: The service's base IRI.
            catalog: The catalogue's name.
            providers: Predicates that say who provides something.
            alone: No other catalogue was ever synced, and no proven document of this one.
        """
        self._store = store
        self._base_iri = base_iri
        self._prefix = graph_prefix(base_iri, catalog)
        self._providers = providers
        self._alone = alone
        self._all: Owners | None = None
        self._named: dict[str, str] = {}

    def begin(self, entries: Iterable[Entry], kept: Mapping[str, str]) -> None:
        """Take up a source with proven documents: those claim first.

        Args:
            entries: Its documents; they are gone through once.
            kept: Names of the graphs of documents that stay as they are, by themselves.
        """
        self._all = Owners(self._base_iri)
        claims = [(entry.graph, entry.claim) for entry in entries]
        current = {graph: claim.owner for graph, claim in claims}
        subjects = {s for _, claim in claims for s in claim.own_subjects}
        left: defaultdict[str, set[str]] = defaultdict(set)
        for graph, subject, owner in self._rows(subjects):
            stays = current.get(graph) == owner or graph in kept
            if stays or not graph.startswith(self._prefix):
                self._all.known[subject] = owner
            else:
                left[owner].add(subject)
        # Somebody's own stays so in another document: nobody gets it by taking that one's id.
        for _, claim in claims:
            for subject in left.get(claim.owner, set()) & claim.own_subjects:
                self._all.known.setdefault(subject, claim.owner)
        self._all.known |= self._nameless(subjects) | self._nameless_here(subjects, kept)
        for _, claim in sorted(claims, key=lambda pair: not pair[1].is_proven):
            self._all.claim(claim)

    def settle(self, entries: Sequence[Entry]) -> None:
        """Give each document the subjects that are its own."""
        owners = self._all
        if owners is None:
            owners = Owners(self._base_iri)
            if not self._alone:
                subjects = {s for entry in entries for s in entry.claim.own_subjects}
                rows = self._rows(subjects)
                owners.known |= {s: o for g, s, o in rows if not g.startswith(self._prefix)}
                owners.known |= self._nameless(subjects)
        for entry in entries:
            entry.own = owners.claim(entry.claim)

    def named_by(self, entry: Entry) -> set[str]:
        """Give the providers that a document names."""
        providers = self._providers
        return {t[2][0] for t in entry.statements if t[1][0] in providers and isinstance(t[2], Iri)}

    def foreign(self, subjects: Iterable[str]) -> dict[str, str]:
        """Give who describes subjects in other catalogues, as far as somebody does."""
        asked = set(subjects)
        if self._alone:
            return {}
        unknown = asked - self._named.keys()
        if unknown:
            self._named |= dict.fromkeys(unknown, "")
            rows = self._rows(unknown)
            self._named |= {s: o for g, s, o in rows if not g.startswith(self._prefix)}
        return {s: owner for s in asked if (owner := self._named[s])}

    def _rows(self, subjects: Iterable[str]) -> list[tuple[str, str, str]]:
        rows = select_for(self._store, "owners", "subjects", subjects)
        return [(str(r["document"]), str(r["subject"]), str(r["owner"])) for r in rows]

    def _nameless(self, subjects: Iterable[str]) -> dict[str, str]:
        """Give the graphs of other catalogues that speak about nameless nodes."""
        if self._alone:
            return {}
        genid = f"{self._base_iri}.well-known/genid/"
        nodes = {s for s in subjects if s.startswith(genid)}
        graphs = self._base_iri + "graph/"
        rows = select_for(
            self._store, "nameless", "nodes", nodes, prefix=self._prefix, graphs=graphs
        )
        return {str(row["s"]): str(row["g"]) for row in rows}

    def _nameless_here(self, subjects: Iterable[str], kept: Mapping[str, str]) -> dict[str, str]:
        """Give the owners of nameless nodes that documents speak about which stay as they are."""
        genid = f"{self._base_iri}.well-known/genid/"
        nodes = {s for s in subjects if s.startswith(genid)} if kept else set()
        rows = select_for(
            self._store, "nameless", "nodes", nodes, prefix="urn:none:", graphs=self._prefix
        )
        found = {str(r["s"]): str(r["g"]) for r in rows if str(r["g"]) in kept}
        rows = select_for(self._store, "speakers", "documents", set(found.values()))
        owners = {str(row["document"]): str(row["owner"]) for row in rows}
        return {node: owners.get(graph, graph) for node, graph in found.items()}
