"""What the graph itself says of the compositions that a search found: asked in few queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from kgservice.model.price import Price
from kgservice.model.rdf import RDF, XSD, Iri, Row, Term, Triple
from kgservice.model.terms import KG
from kgservice.model.vocabulary import Vocabulary
from kgservice.mpli.joint_table import TableReader
from kgservice.resolution import winner_queries
from kgservice.resolution.answer_rdf import composition_core, mark_triples, policy_facts
from kgservice.resolution.compile import Compiler
from kgservice.resolution.duration_ends import duration_ends
from kgservice.resolution.judgement import BoundOffering, Mark
from kgservice.resolution.price_columns import read_winner_prices
from kgservice.resolution.pricing import price_facts, price_of
from kgservice.resolution.queries import Only, candidates
from kgservice.resolution.reads import Path
from kgservice.resolution.request import Request
from kgservice.resolution.templates import render
from kgservice.store.port import Session, Step

Found = Mapping[str, BoundOffering]
_DURATION = XSD + "duration"


@dataclass(slots=True)
class Winners:
    """The bindings of some compositions, made, priced and judged by the graph.

    Nothing is taken from the search but which offerings and values it picked: a binding's node is
    named by its content, so the graph makes the same one or the check fails.

    Attributes:
        session: A snapshot with a scratch store; other content of the scratch store is no matter.
        vocabulary: What the ontology files define.
        request: The request, with its IRI and its day.
        currency: In which money is ranked.
        found: The compositions, best first.
        marks: Verdict by binding and condition; filled by `judge`.
        prices: Price by component name and offering; likewise.
        table: What joint conditions and the order read; likewise.
        concluded: What the rule concluded of the compositions.
    """

    session: Session
    vocabulary: Vocabulary
    request: Request
    currency: str
    found: Sequence[Found]
    marks: dict[str, dict[str, Mark]] = field(default_factory=dict)
    prices: dict[str, dict[str, Price]] = field(default_factory=dict)
    table: dict[str, dict[str, tuple[Term, ...]]] = field(default_factory=dict)
    concluded: list[Triple] = field(default_factory=list)
    _reader: TableReader | None = None
    _said: list[Row] = field(default_factory=list)

    @property
    def as_of(self) -> date:
        """The day on which the request must hold."""
        return self.request.as_of or date.max

    @property
    def offerings(self) -> list[str]:
        """The offerings of all compositions, in IRI order."""
        return sorted({b.offering for one in self.found for b in one.values()})

    def bindings_of(self, name: str) -> list[BoundOffering]:
        """Give the bindings of a component, each once, the best first."""
        return list({one[name].iri: one[name] for one in self.found}.values())

    def values(self, path: Path, name: str) -> Mapping[str, tuple[Term, ...]]:
        """Give what a path reaches from a component's bindings, by binding IRI."""
        assert self._reader is not None  # noqa: S101 - `judge` comes first
        return self._reader.values(path, name)

    def judge(self, further: Sequence[Step] = ()) -> list[list[Row]]:
        """Make the bindings from the graph, price them and judge every condition on them.

        Gives the rows of `further` questions, which the scratch store answers when bindings have
        their facts and prices.
        """
        request = self.request
        self._load_prices(*self._gather())
        paths = winner_queries.paths_read(request)
        questions = [
            render("composition-bindings"),
            winner_queries.said_of_bindings(),
            *winner_queries.verdicts(request, Compiler(self.vocabulary, self.as_of)),
            *(winner_queries.path_values(path) for path in paths),
        ]
        made = [Step("construct", t, "scratch") for t in winner_queries.binding_facts(request)]
        asked = [Step("select", text, "scratch") for text in questions]
        answers = self.session.run([*made, *asked, *further])
        bound, self._said, *rows = answers[len(made) :]
        self.marks = {row["binding"][0]: {} for row in bound}
        ids = [constraint.id for constraint in request.all_constraints()]
        for name, found in zip(ids, rows, strict=False):
            for row in found:
                mark = Mark(row["verdict"][0].removeprefix(KG.NS))
                self.marks[row["binding"][0]][name] = mark
        self._read_table(dict(zip(paths, rows[len(ids) :], strict=False)))
        return rows[len(ids) + len(paths) :]

    def said_of_bindings(self) -> list[Triple]:
        """Write the bindings as an answer has them: what is bound, picked, priced, the verdicts."""
        triples = []
        for binding in {b.iri: b for one in self.found for b in one.values()}.values():
            node = Iri(binding.iri)
            triples.append(Triple(node, Iri(RDF + "type"), KG.Binding))
            component = Iri(self.request.iri_of(binding.component))
            triples.append(Triple(node, KG.component, component))
            triples.append(Triple(node, KG.offering, Iri(binding.offering)))
            triples += [Triple(node, Iri(name), value) for name, value in binding.picks]
            triples += mark_triples(self.request, binding.iri, self.marks[binding.iri])
        for row in self._said:
            triples.append(Triple(Iri(row["binding"][0]), Iri(row["property"][0]), row["value"]))
        return triples

    def _gather(self) -> tuple[list[Row], list[Row]]:
        """Bring bindings and facts to the scratch store; give the rows of prices and durations."""
        request = self.request
        core = [*composition_core(request, self.found), *policy_facts(request)]
        steps = [Step("load", triples=tuple(core))]
        for component in request.components:
            among = sorted({b.offering for b in self.bindings_of(component.name)})
            text = candidates(request, component, Only(among=tuple(among)))
            steps.append(Step("construct", text, "snapshot"))
        steps += [
            *(
                Step("construct", text, "snapshot")
                for text in winner_queries.facts(request, self.offerings)
            ),
            Step("select", winner_queries.prices(self.offerings), "snapshot"),
            Step("select", render("durations"), "scratch"),
        ]
        *_, prices, durations = self.session.run(steps)
        return prices, durations

    def _load_prices(self, rows: Sequence[Row], durations: Iterable[Row]) -> None:
        listed = read_winner_prices(rows, self.vocabulary)
        facts: list[Triple] = []
        for component in self.request.components:
            bindings = self.bindings_of(component.name)
            priced = {
                offering: price_of(self.request, component, offering, listed)
                for offering in sorted({binding.offering for binding in bindings})
            }
            self.prices[component.name] = priced
            facts += price_facts(bindings, priced)
        self.session.load([*facts, *duration_ends(self.request, self.as_of, durations)])

    def _read_table(self, read: Mapping[Path, Sequence[Row]]) -> None:
        bindings = {c.name: self.bindings_of(c.name) for c in self.request.components}
        self._reader = TableReader(self.session, self.request, bindings, self.currency)
        owners = {b.iri: name for name, some in bindings.items() for b in some}
        for path, rows in read.items():
            found: dict[str, dict[str, set[Term]]] = {name: {} for name in bindings}
            for row in rows:
                iri = row["binding"][0]
                found[owners[iri]].setdefault(iri, set()).add(row["value"])
            for name, values in found.items():
                self._reader.read[name, path] = {
                    iri: tuple(sorted(some)) for iri, some in values.items()
                }
        self.table = self._reader.table()
