"""OWL 2 RL closure over trusted axioms: what follows from statements, and why.

The schema is closed once (`tbox`), compiled to rules (`axioms`) and run semi-naively
(`worklist`). owlrl is the oracle in tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kgservice.inference.axioms import Schema, compile_rules, equality_rules
from kgservice.inference.tbox import closed_schema, is_schema
from kgservice.inference.worklist import Fact, Program, WorkList
from kgservice.model.errors import NotFound
from kgservice.model.rdf import Blank, Iri, Triple, to_ntriples
from kgservice.model.terms import OWL, RDF


@dataclass(frozen=True, slots=True)
class Derivation:
    """Why a statement holds.

    Attributes:
        triple: The statement.
        rule: The rule's name in OWL 2 Profiles §4.3, or `stated`.
        premises: The statements it follows from; they were there before it.
    """

    triple: Triple
    rule: str
    premises: tuple[Triple, ...] = ()


@dataclass(frozen=True, slots=True)
class Closure:
    """What follows from statements.

    Attributes:
        derived: Statements that were not among those given, without trivial ones (`owl:Thing`,
            reflexive `owl:sameAs`, membership in classes without a name).
    """

    derived: tuple[Triple, ...]
    _reasoner: Reasoner
    _stated: tuple[Triple, ...]
    _recorded: list[WorkList] = field(default_factory=list)

    def why(self, triple: Triple) -> Derivation:
        """Give a statement's first derivation; the closure is computed again, with recording.

        Raises:
            NotFound: it neither is stated nor follows (`statement-not-derived`).
        """
        if not self._recorded:
            self._recorded.append(self._reasoner.evaluate([self._stated], (), record=True))
        work = self._recorded[0]
        fact = tuple(work.ids.get(term, -1) for term in triple)
        if fact not in work.owner or work.because is None:
            raise NotFound(
                f"{to_ntriples((triple,)).strip()} does not follow from the document.",
                code="statement-not-derived",
            )
        if fact not in work.because:
            return Derivation(triple, "stated")
        rule, premises = work.because[fact]
        name = work.program.rules[rule].name
        return Derivation(triple, name, tuple(_decode(work, p) for p in premises))


class Reasoner:
    """Derives statements by our own axioms; immutable after construction, cheap to share."""

    def __init__(self, tbox: Iterable[Triple], cache_dir: Path | None = None) -> None:
        """Close the schema (or read it from the cache) and compile it.

        Args:
            tbox: Statements of our vocabularies and alignment files; never imported ones.
            cache_dir: Where closed schemas are kept; by default the user's cache folder.
        """
        statements = list(tbox)
        rules = compile_rules(Schema(closed_schema(statements, cache_dir)))
        merges = any(head[1] == OWL.sameAs for rule in rules for head in rule.heads)
        self._with_equality = Program([*rules, *equality_rules()], index_all=True)
        self._plain = self._with_equality if merges else Program(rules)
        self._known = tuple(t for t in statements if not is_schema(t) and self._is_read(t))

    @property
    def joins(self) -> bool:
        """Whether some rule has several conditions, which different documents may fulfil."""
        return bool(self._plain.joined)

    def close(self, triples: Iterable[Triple], context: Iterable[Triple] = ()) -> Closure:
        """Derive what follows from `triples`, given `context`.

        Args:
            triples: The statements of a document.
            context: Statements of other documents that it links to; what follows from them
                alone is not part of the answer.
        """
        stated, around = tuple(triples), tuple(context)
        derived = self.close_documents([stated], around)[0]
        return Closure(derived, self, (*around, *stated))

    def close_documents(
        self,
        documents: Sequence[Sequence[Triple]],
        context: Iterable[Triple] = (),
        heard: Sequence[Iterable[str]] | None = None,
    ) -> list[tuple[Triple, ...]]:
        """Close many documents together; each derived statement belongs to one of them.

        Linked facts across the documents are found (a chain whose second step lies in another
        document). About 3 s for 10,000 offerings of 25 statements each.

        Args:
            documents: Statements of each.
            context: Statements of other documents that these link to.
            heard: For each document, the IRIs about which it may say something. An inverse or a
                range would otherwise let one speak about another's things.
        """
        work = self.evaluate(documents, context, heard=heard)
        found: list[list[Triple]] = [[] for _ in documents]
        for fact in work.derived:
            owner = work.owner[fact]
            triple = _decode(work, fact)
            if owner >= 0 and not _is_trivial(triple):
                found[owner].append(triple)
        return [tuple(triples) for triples in found]

    def evaluate(
        self,
        documents: Sequence[Sequence[Triple]],
        context: Iterable[Triple],
        *,
        heard: Sequence[Iterable[str]] | None = None,
        record: bool = False,
    ) -> WorkList:
        """Run the rules; context and vocabulary come first and belong to no document."""
        context = tuple(context)
        equal = any(t.predicate == OWL.sameAs for d in (context, *documents) for t in d)
        work = WorkList(self._with_equality if equal else self._plain, record=record)
        for triple in (*self._known, *context):
            _state(work, triple, -1)
        work.run()
        if heard is not None:
            work.heard = [{work.number(Iri(name)) for name in names} for names in heard]
        for owner, document in enumerate(documents):
            for triple in document:
                _state(work, triple, owner)
        work.run()
        return work

    def _is_read(self, triple: Triple) -> bool:
        """Say whether a rule could use a statement about a named individual of the vocabulary."""
        program = self._plain
        if triple.predicate == RDF.type:
            return program.ids.get(triple.object, -1) in program.by_class
        number = program.ids.get(triple.predicate, -1)
        return number in program.by_predicate or number in program.joined


def _state(work: WorkList, triple: Triple, owner: int) -> None:
    number = work.number
    work.state((number(triple[0]), number(triple[1]), number(triple[2])), owner)


def _decode(work: WorkList, fact: Fact) -> Triple:
    terms = work.terms
    return Triple(terms[fact[0]], terms[fact[1]], terms[fact[2]])  # type: ignore[arg-type]


def _is_trivial(triple: Triple) -> bool:
    if triple.predicate == OWL.sameAs:
        return triple.subject == triple.object
    return triple.predicate == RDF.type and isinstance(triple.object, Blank)
