"""From a part of a page to a document: names for nameless nodes, our terms, what is its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

import pyoxigraph as ox

from kgservice.model.documents import ImportContext, SourceDocument
from kgservice.model.errors import Problem
from kgservice.model.rdf import Iri, Literal, Term, Triple, to_ntriples
from kgservice.model.terms import DCTERMS, RDF
from kgservice.model.vocabulary import Vocabulary
from kgservice_importers.dcat.coverage import paths_of
from kgservice_importers.dcat.partition import Part
from kgservice_importers.dcat.tables import Tables, tables, tables_text
from kgservice_importers.gaiax.dialects import dialect_of
from kgservice_importers.gaiax.structure import StructureMap, mapping_digest
from kgservice_importers.jsonld.skolem import skolemise
from kgservice_importers.rdf.construct import ConstructMap, can_be_stored, read_queries

MEDIA_TYPE: Final = "application/n-triples"
_MARK: Final = Iri("urn:kgservice:importer:isRoot")
_MEANS: Final = Iri("urn:kgservice:importer:means")
PUBLISHES: Final = Iri("urn:kgservice:importer:publishes")
_SCHEMA: Final = ("http://schema.org/", "https://schema.org/")
_GAIA_X: Final = ("https://w3id.org/gaia-x/", "https://registry.lab.gaia-x.eu/")
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
_FOLDER: Final = resources.files(__package__) / "mapping"


@dataclass(slots=True)
class DocumentMaker:
    """Makes the documents of one catalogue.

    Attributes:
        context: What the importer may know.
        tables: How a catalogue is taken apart.
        catalogs: What catalogues say of themselves, by their IRI, as far as they have been read.
    """

    context: ImportContext
    tables: Tables = field(default_factory=tables)
    catalogs: dict[Iri, tuple[Triple, ...]] = field(default_factory=dict)
    _map: ConstructMap = field(init=False)
    _gaiax: StructureMap | None = field(default=None, init=False)
    _words: bytes = field(default=b"", init=False)

    def __post_init__(self) -> None:
        """Load the vocabulary and the tables of the queries."""
        self._words = _words_digest(self.context.vocabulary)
        self._map = ConstructMap(self.context.vocabulary, _FOLDER, _read_as, _facts())

    @property
    def home(self) -> str:
        """What IRIs of this catalogue's nameless things start with."""
        return f"{self.context.base_iri}catalog/{self.context.catalog}/"

    def named(self, part: Part) -> tuple[Iri, tuple[Triple, ...], tuple[Problem, ...]]:
        """Give the part's root and statements with names for nameless nodes."""
        genid = f"{self.context.base_iri}.well-known/genid/"
        mark = Triple(part.root, _MARK, _MARK)
        plain = skolemise([*part.triples, mark], genid)
        root = next(t.subject for t in plain if t.predicate == _MARK)
        assert isinstance(root, Iri)  # noqa: S101 - nothing nameless is left
        kept = tuple(t for t in plain if t.predicate != _MARK and can_be_stored(t))
        refused = len(plain) - len(kept) - 1
        if not refused:
            return root, kept, ()
        detail = f"{refused} statements hold a malformed IRI or language"
        hint = "Statements that use it were left out."
        return root, kept, (Problem("iri-invalid", detail, root.value, hint),)

    def draft(self, part: Part, page: PageFacts) -> Draft:
        """Name the part's nodes and hash all that its document will be made from."""
        root, triples, problems = self.named(part)
        facts = tuple(self._facts_for(part, page))
        content = to_ntriples(sorted(triples)).encode()
        whole = hashlib.sha256(_mapping_digest() + self._words)
        whole.update(content)
        whole.update(to_ntriples(sorted(facts)).encode())
        return Draft(part, page, root, triples, facts, problems, content, whole.hexdigest())

    def document(self, draft: Draft) -> SourceDocument:
        """Make the document of a draft: our terms, what is its own, its coverage."""
        root, triples, part = draft.root, draft.triples, draft.part
        names = (root.value + "/", root.value + "#", f"{self.context.base_iri}.well-known/genid/")
        described = {t.subject.value for t in triples if isinstance(t.subject, Iri)}
        listed = {c.value for c in part.catalogs if isinstance(c, Iri)}
        own = (described - listed) | {root.value}
        added = [
            t
            for t in self._added([*triples, *draft.facts])
            if isinstance(t.subject, Iri)
            and (t.subject.value in own or t.subject.value.startswith(names))
        ]
        own |= {t.subject.value for t in added if isinstance(t.subject, Iri)}
        mapped, unmapped = paths_of(root, triples, draft.page.words, self.tables)
        dialect = "odrl" if part.kind == "Policy" else draft.page.dialect
        return SourceDocument(
            source_id=root.value,
            media_type=MEDIA_TYPE,
            content=draft.content,
            primary=root,
            own_subjects=frozenset(own | listed),
            triples=tuple(sorted({*triples, *added})),
            problems=draft.problems,
            modified=_modified(triples, root),
            kind=f"{dialect}/{part.kind}",
            mapped=mapped,
            unmapped=unmapped | draft.page.dropped,
            fingerprint=draft.fingerprint,
        )

    def remember(self, part: Part) -> None:
        """Keep what a catalogue says of itself; pages of one catalogue add up."""
        root, triples, _ = self.named(part)
        before = self.catalogs.get(root, ())
        self.catalogs[root] = tuple(dict.fromkeys([*before, *triples]))

    def _facts_for(self, part: Part, page: PageFacts) -> list[Triple]:
        facts = [t for c in part.catalogs if isinstance(c, Iri) for t in self.catalogs.get(c, ())]
        if isinstance(part.root, Iri) and part.root.value in page.publishers:
            facts.append(Triple(part.root, PUBLISHES, part.root))
        return facts

    def _added(self, triples: Sequence[Triple]) -> tuple[Triple, ...]:
        added = self._map.added(triples)
        if any(t.predicate.value.startswith(_GAIA_X) for t in triples):
            self._gaiax = self._gaiax or StructureMap(self.context.vocabulary)
            roots = list(dict.fromkeys(t.subject for t in triples if t.predicate == RDF.type))
            added += self._gaiax.added(triples, dialect_of(triples, roots))
        return added


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What is known of the page that a part comes from.

    Attributes:
        dialect: `dcat`, `dsp-2025`, `edc`, ….
        publishers: Parties that stand behind something on the page.
        dropped: Fields that no context defines; told with the first document only.
        words: What is said of words of others, which is not read: predicates by word.
    """

    dialect: str
    publishers: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    words: Mapping[Term, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A part whose nodes have names, before it is mapped.

    Attributes:
        part: Of the page.
        page: What is known of the page.
        root: What the document is about.
        triples: What is said, in the words of the source.
        facts: What its catalogues say of themselves; the mapping may look at it.
        problems: What could not be kept.
        content: The statements as N-Triples, sorted.
        fingerprint: Hash of content, facts, mapping and vocabulary.
    """

    part: Part
    page: PageFacts
    root: Iri
    triples: tuple[Triple, ...]
    facts: tuple[Triple, ...]
    problems: tuple[Problem, ...]
    content: bytes
    fingerprint: str


def _read_as(iri: str) -> str:
    """Queries are written for one namespace of schema.org."""
    return _SCHEMA[1] + iri.removeprefix(_SCHEMA[0]) if iri.startswith(_SCHEMA[0]) else iri


@cache
def _facts() -> tuple[Triple, ...]:
    found = []
    for file in sorted(_FOLDER.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".ttl"):
            for quad in ox.parse(file.read_bytes(), format=ox.RdfFormat.TURTLE):
                found.append(_fact(quad))
    return tuple(found)


@cache
def offered_classes() -> frozenset[str]:
    """Give the classes of others whose members are offerings (`mapping/kinds.ttl`)."""
    found = (t.subject for t in _facts() if t.predicate == _MEANS)
    return frozenset(subject.value for subject in found if isinstance(subject, Iri))


def _fact(quad: ox.Quad) -> Triple:
    subject, value = quad.subject, quad.object
    if not isinstance(subject, ox.NamedNode) or not isinstance(value, ox.NamedNode | ox.Literal):
        raise TypeError("a table of the mapping has names for all its nodes")
    if isinstance(value, ox.Literal):
        return Triple(
            Iri(subject.value),
            Iri(quad.predicate.value),
            Literal(value.value, value.datatype.value, value.language or ""),
        )
    return Triple(Iri(subject.value), Iri(quad.predicate.value), Iri(value.value))


@cache
def _mapping_digest() -> bytes:
    texts = [mapping_digest(), tables_text(), *read_queries(_FOLDER), to_ntriples(sorted(_facts()))]
    return hashlib.sha256("\0".join(texts).encode()).digest()


def _words_digest(vocabulary: Vocabulary) -> bytes:
    """Hash what the mapping asks the vocabulary for."""
    known = (
        sorted((c.alpha2, c.alpha3, c.iri.value) for c in vocabulary.countries.values()),
        sorted((u.code, u.factor, u.aliases) for u in vocabulary.units.values()),
        sorted((name, iri.value) for name, iri in vocabulary.individuals.items()),
        sorted(iri.value for iri in vocabulary.classes.values()),
    )
    return hashlib.sha256(repr(known).encode()).digest()


def _modified(triples: Iterable[Triple], root: Iri) -> str:
    for subject, predicate, value in triples:
        if subject == root and predicate == DCTERMS.modified and isinstance(value, Literal):
            found = _MOMENT.fullmatch(value.value)
            if found:
                return value.value if found.group(1) else f"{value.value}T00:00:00Z"
    return ""
