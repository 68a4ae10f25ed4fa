"""Whatever was edited in between: a sync that looks at changes only ends where a first one would.

The oracle is a fresh store in which the same source is read for the first time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from made_up_source import AT, BASE, EMPTY, Careful, document

from kgservice.ingest import catalogs
from kgservice.ingest.history import Changes, attempts, changes_from
from kgservice.ingest.pipeline import SyncRequest, sync, sync_documents
from kgservice.ingest.policy import Policy, load_policy
from kgservice.ingest.report import SyncReport
from kgservice.model.documents import ImportContext, ImportItem, SourceDocument
from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Iri, Literal, Triple
from kgservice.model.terms import DCTERMS, KG, OWL, PROV, RDF
from kgservice.store import open_store
from kgservice.store.documents import ContentStore
from kgservice.store.port import MERGED_GRAPH, META_GRAPH, Store

PARTIES = [f"https://party.example/{n}" for n in range(3)]
STRANGER = PARTIES[2]
NLD = Iri("http://publications.europa.eu/resource/authority/country/NLD")
CHAIN = (
    "@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix kg: <https://w3id.org/kgservice/ns#> ."
    "kg:subjectToLaw owl:propertyChainAxiom ( kg:provider kg:headquarters ) ."
)
SHAPE = (
    "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dct: <http://purl.org/dc/terms/> ."
    "@prefix kg: <https://w3id.org/kgservice/ns#> ."
    "<urn:shape> a sh:NodeShape ; sh:targetClass kg:Offering ; sh:property"
    " [ sh:path dct:title ; sh:maxCount 1 ] ."
)


@dataclass(frozen=True)
class Spec:
    """What one document says."""

    provider: int
    title: str
    is_bad: bool
    is_quarantined: bool

    def document(self, subject: str) -> SourceDocument:
        facts = [(subject, KG.provider, Iri(PARTIES[self.provider]))]
        facts.append((subject, DCTERMS.description, Literal(self.title)))
        if self.is_bad:
            facts.append((subject, OWL.sameAs, Iri("https://other.example/")))
        if self.is_quarantined:
            facts.append((subject, DCTERMS.title, Literal("a second title")))
        return document(subject, *facts)


def party(subject: str, country: Iri | None = NLD) -> SourceDocument:
    node = Iri(subject)
    facts = (Triple(node, RDF.type, KG.Provider),)
    if country is not None:
        facts += (Triple(node, KG.headquarters, country),)
    made = document(subject)
    return replace(made, triples=facts, content=repr(facts).encode(), kind="made-up/party")


@dataclass(frozen=True)
class State:
    """A source, the other catalogue, and the rules, at one time."""

    offerings: dict[int, Spec]
    parties: dict[int, Iri | None]
    stranger_is_there: bool
    policy: int

    def items(self) -> list[ImportItem]:
        found: list[ImportItem] = [party(PARTIES[n], c) for n, c in self.parties.items()]
        found += [spec.document(f"https://a.example/{n}") for n, spec in self.offerings.items()]
        return found

    def others(self) -> list[ImportItem]:
        return [party(STRANGER)] if self.stranger_is_there else []

    def edited(self, edits: list[Edit]) -> State:
        offerings, parties = dict(self.offerings), dict(self.parties)
        stranger, policy = self.stranger_is_there, self.policy
        for edit in edits:
            if isinstance(edit.value, Spec):
                offerings[edit.number] = edit.value
            elif edit.value == "no offering":
                offerings.pop(edit.number, None)
            elif edit.value == "no party":
                parties.pop(edit.number % 2, None)
            elif edit.value == "stranger":
                stranger = not stranger
            elif edit.value == "rules":
                policy = (policy + edit.number) % 3
            else:
                parties[edit.number % 2] = NLD if edit.value == "at home" else None
        return State(offerings, parties, stranger, policy)


@dataclass(frozen=True)
class Edit:
    """A change of a source, of the other catalogue, or of the rules."""

    number: int
    value: Spec | str


WORDS = ("offering", "no offering", "no party", "stranger", "rules", "at home", "homeless")


def some_edits(source: random.Random) -> list[Edit]:
    """Make one to three edits."""
    found = []
    for _ in range(source.randint(1, 3)):
        value: Spec | str = source.choice(WORDS)
        if value == "offering":
            bad, apart = source.random() < 0.5, source.random() < 0.2
            value = Spec(source.randrange(3), source.choice("xy"), bad, apart)
        found.append(Edit(source.randrange(5), value))
    return found


def seeded() -> random.Random:
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201
    return random.Random(seed)  # noqa: S311


START = State({n: Spec(n % 3, "x", n == 3, n == 4) for n in range(5)}, {0: NLD, 1: None}, False, 1)


class Place:
    """A store with the originals beside it."""

    def __init__(self, folder: Path, policies: list[Policy]) -> None:
        self.store = open_store(folder / "data", query_workers=1)
        self.contents = ContentStore(folder / "documents")
        self.policies = policies
        self.day = 0

    def request(self, name: str, items: list[ImportItem], policy: int) -> SyncRequest:
        if name not in {c.name for c in catalogs.list_catalogs(self.store)}:
            catalogs.register(self.store, BASE, catalogs.Catalog(name, "made-up", "nowhere"))
        self.day += 1
        return SyncRequest(
            catalogs.get_catalog(self.store, name),
            Careful(list(items)),
            ImportContext(name, BASE, EMPTY),
            self.contents,
            policy=self.policies[policy],
            at=AT + timedelta(days=self.day),
            isolated=False,
        )

    def sync(self, state: State) -> SyncReport:
        sync(self.store, self.request("other", state.others(), state.policy))
        return sync(self.store, self.request("a", state.items(), state.policy))

    def clear(self) -> None:
        for catalog in catalogs.list_catalogs(self.store):
            catalogs.remove(self.store, BASE, catalog.name)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Place]]:
    folder = tmp_path_factory.mktemp("places")
    (folder / "chain.ttl").write_text(CHAIN)
    (folder / "shape.ttl").write_text(SHAPE)
    policies = [
        load_policy(cache_dir=folder),
        load_policy(shapes=[folder / "shape.ttl"], cache_dir=folder),
        load_policy([folder / "chain.ttl"], shapes=[folder / "shape.ttl"], cache_dir=folder),
    ]
    made = Place(folder / "one", policies), Place(folder / "other", policies)
    yield made
    for place in made:
        place.store.close()


def content(store: Store) -> dict[str, set[Triple]]:
    """Give all that a catalogue left, without its times."""
    found = {info.graph: set(store.graph(info.graph)) for info in store.graphs(BASE + "graph/")}
    found["merged"] = set(store.graph(MERGED_GRAPH))
    meta = store.graph(META_GRAPH)
    gone = {t.subject for t in meta if t.predicate == PROV.invalidatedAtTime}
    times = {PROV.generatedAtTime, KG.proofCheckedAt, KG.lastSync, KG.syncState, KG.syncReport}
    found["meta"] = {t for t in meta if t.subject not in gone and t.predicate not in times}
    return {name: held for name, held in found.items() if held}


def differing(one: Store, other: Store) -> dict[str, set[Triple]]:
    """Give what only one of two stores holds, by graph."""
    first, second = content(one), content(other)
    return {
        name: first.get(name, set()) ^ second.get(name, set())
        for name in first.keys() | second.keys()
        if first.get(name) != second.get(name)
    }


TOLD = ("documents", "quarantined", "offerings", "statements", "admitted", "refused", "derived")


def same(one: Place, other: Place, last: SyncReport, first: SyncReport) -> None:
    assert differing(one.store, other.store) == {}
    assert {n: last.counts[n] for n in TOLD} == {n: first.counts[n] for n in TOLD}
    assert (last.codes, last.coverage) == (first.codes, first.coverage)
    assert {p.at for p in last.problems} == {p.at for p in first.problems}


@pytest.mark.parametrize("stories", [6, pytest.param(100, marks=pytest.mark.long)])
def test_a_sync_of_changes_ends_where_a_first_sync_would(
    places: tuple[Place, Place], stories: int
) -> None:
    source = seeded()
    one, other = places
    for _ in range(stories):
        state = START
        try:
            one.sync(state)
            for _ in range(3):
                state = state.edited(some_edits(source))
                last = one.sync(state)
                total = last.counts["documents"] + last.counts["retired"]
                assert sum(last.outcomes.values()) == total
            if source.random() < 0.2:  # the index is lost
                (one.contents.beside("a") / "kept.db").unlink()
                last = one.sync(state)
            same(one, other, last, other.sync(state))
        finally:
            one.clear()
            other.clear()


@pytest.mark.parametrize("stories", [4, pytest.param(60, marks=pytest.mark.long)])
def test_documents_brought_up_to_date_one_by_one_end_there_too(
    places: tuple[Place, Place], stories: int
) -> None:
    source = seeded()
    one, other = places
    for _ in range(stories):
        before = replace(START, stranger_is_there=True)
        edits = [*some_edits(source), *some_edits(source)]
        after = replace(before.edited(edits), policy=1, stranger_is_there=True)
        try:
            one.sync(before)
            take_one_by_one(one, before, after)
            first = other.sync(after)
            assert differing(one.store, other.store) == {}
            now = one.sync(after)
            same(one, other, now, first)
            assert [now.counts[n] for n in ("new", "changed", "retired")] == [0, 0, 0]
        finally:
            one.clear()
            other.clear()


def take_one_by_one(place: Place, before: State, after: State) -> None:
    old = {i.source_id: i for i in before.items() if isinstance(i, SourceDocument)}
    new = {i.source_id: i for i in after.items() if isinstance(i, SourceDocument)}
    for name in sorted(old | new):
        if old.get(name) != new.get(name):
            request = place.request("a", after.items(), 1)
            last = sync_documents(place.store, request, [name])
            assert last.is_partial
            assert sum(last.outcomes.values()) == 1
            assert isinstance(request.importer, Careful)
            assert [set(c.only) for c in request.importer.asked] == [{name}]


def test_an_unchanged_document_is_neither_read_nor_written(places: tuple[Place, Place]) -> None:
    one, _ = places
    good, bad = Spec(0, "x", False, False), Spec(0, "x", False, True)
    state = State({0: good, 1: bad}, {0: NLD}, False, 1)
    try:
        one.sync(state)
        generation = one.store.stats()["shared_generation"]
        request = one.request("a", state.items(), 1)
        report = sync(one.store, request)
        assert isinstance(request.importer, Careful)
        (context,) = request.importer.asked
        assert len(context.known) == 3, "the one in quarantine is judged from what is kept"
        assert (report.counts["unchanged"], report.outcomes["quarantined"]) == (3, 1)
        assert one.store.stats()["shared_generation"] == generation + 1, "the time of the sync"
        latest = attempts(one.contents, "a")[0]
        assert latest.report
        assert changes_from(one.contents.get(report.changes)) == Changes()
    finally:
        one.clear()


def test_progress_is_told_batch_by_batch(places: tuple[Place, Place]) -> None:
    one, _ = places
    told: list[tuple[int, int]] = []
    items: list[ImportItem] = [document(f"https://a.example/{n}") for n in range(450)]
    items.append(Problem("json-invalid", "no JSON", "x.json", "", Severity.ERROR))
    try:
        request = replace(
            one.request("a", items, 0), progress=lambda read, new: told.append((read, new))
        )
        report = sync(one.store, request)
        assert told == [(200, 200), (400, 400), (450, 450)]
        assert report.outcomes["unreadable"] == 1
        assert sum(report.outcomes.values()) == 451
    finally:
        one.clear()


def test_a_provider_that_a_stranger_now_describes_is_looked_at_again(
    places: tuple[Place, Place],
) -> None:
    one, _ = places
    state = State({2: Spec(2, "x", False, False)}, {}, False, 1)
    said = Triple(Iri("https://a.example/2"), KG.provider, Iri(STRANGER))
    try:
        one.sync(state)
        assert said in one.store.graph(MERGED_GRAPH)
        report = one.sync(replace(state, stranger_is_there=True))
        assert report.by_code() == {"provider-not-confirmed": 1}
        assert said not in one.store.graph(MERGED_GRAPH)
        one.sync(state)
        assert said in one.store.graph(MERGED_GRAPH)
    finally:
        one.clear()
