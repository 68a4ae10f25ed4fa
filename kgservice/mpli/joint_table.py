"""What joint conditions and the order read of the bindings that are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from kgservice.model.rdf import Iri, Literal, Term, Triple, typed
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution import queries
from kgservice.resolution.joint_columns import ReadNumber, scaled_number, share_number
from kgservice.resolution.joint_filters import pair_predicates
from kgservice.resolution.judgement import BoundOffering
from kgservice.resolution.preferences import key_of, orders_of
from kgservice.resolution.reads import PROFILE_PATH, Path
from kgservice.resolution.request import (
    Capacity,
    Compatible,
    CompositionShape,
    Joint,
    PairLimit,
    ProductLimit,
    Request,
    SumLimit,
)
from kgservice.resolution.templates import render, values_of
from kgservice.store.port import Session

_COMPLETE = (PropertyInfo(KG.completeFor, "completeFor", ValueKind.FEATURE),)
Values = tuple[Term, ...]
_CURRENCY = (PropertyInfo(KG.currency, "currency", ValueKind.SINGLE),)


class TableReader:
    """Reads values of some bindings; each path is read once."""

    def __init__(
        self,
        session: Session,
        request: Request,
        bindings: Mapping[str, Sequence[BoundOffering]],
        currency: str,
    ) -> None:
        """Read of `bindings`, by component name; they are marked in the scratch store.

        `currency` is the one in which money is ranked. What is put into `read` is not read again.
        """
        self.currency = currency
        self.session = session
        self.request = request
        self.bindings = bindings
        self.read: dict[tuple[str, Path], dict[str, tuple[Term, ...]]] = {}
        self.compared: set[str] = set()
        self.columns: dict[str, dict[str, tuple[Term, ...]]] = {}
        self._is_marked = False

    def _mark(self) -> None:
        """Mark the bindings that are read of in the scratch store, the first time."""
        if not self._is_marked:
            self._is_marked = True
            self.session.load(
                Triple(Iri(binding.iri), KG.candidateFor, Iri(self.request.iri_of(name)))
                for name, some in self.bindings.items()
                for binding in some
            )

    def values(self, path: Path, name: str) -> dict[str, tuple[Term, ...]]:
        """Give what a path reaches from the bindings of a component, by binding IRI."""
        if (name, path) not in self.read:
            self._mark()
            found: dict[str, list[Term]] = {}
            for row in self.session.select(queries.path_values(self.request, path, name)):
                found.setdefault(row["binding"][0], []).append(row["value"])
            self.read[name, path] = {
                iri: tuple(sorted(set(values))) for iri, values in found.items()
            }
        return self.read[name, path]

    def table(self) -> dict[str, dict[str, tuple[Term, ...]]]:
        """Read everything that joint conditions and the order read: key to binding to values."""
        for joint in self.request.together:
            self._read_joint(joint)
        read = partial(scaled_number, as_of=self.request.as_of or date.max)
        for number, preference in enumerate(self.request.prefer):
            for component in self.request.components:
                key, name = key_of(number), component.name
                if preference.between:
                    if name in preference.between:
                        column = self.columns.setdefault(key, {})
                        column.update(self.values(preference.path, name))
                elif preference.counts(name):
                    values = self._in_currency(preference.property, name, self.currency)
                    self._add_numbers(key, values, read)
                else:
                    nothing = {one.iri: (typed(0),) for one in self.bindings[name]}
                    self.columns.setdefault(key, {}).update(nothing)
        self._weigh()
        return self.columns

    def _weigh(self) -> None:
        """Make the numbers of weighted preferences."""
        for order in orders_of(self.request):
            if order.key in self.columns:
                continue
            parts = [self.columns[key_of(n)] for n in range(len(self.request.prefer))]
            column = self.columns[order.key] = {}
            for iri in set.intersection(*(set(part) for part in parts)):
                number = order.weighted([int(part[iri][0][0]) for part in parts])
                if number is not None:
                    column[iri] = (typed(number),)

    def _read_joint(self, joint: Joint) -> None:
        if isinstance(joint, Compatible):
            self._read_ends(joint)
            return
        read: ReadNumber = partial(scaled_number, as_of=self.request.as_of or date.max)
        if isinstance(joint, ProductLimit):
            read = share_number
        currency = joint.currency if isinstance(joint, SumLimit) else ""
        for name in joint.over:
            if isinstance(joint, CompositionShape):
                for info in joint.reads:
                    column = self.columns.setdefault(f"{joint.id}.{info.name}", {})
                    column.update(self.values((info,), name))
            elif isinstance(joint, (SumLimit, ProductLimit, Capacity)):
                values = self._in_currency(joint.path[0], name, currency)
                self._add_numbers(joint.id, values, read)
            else:
                self.columns.setdefault(joint.id, {}).update(self.values(joint.path, name))

    def compare_pairs(self, joint: PairLimit) -> None:
        """Load which ends are within the limit of each other, and which are beyond; once."""
        within, beyond = pair_predicates(joint, self.request)
        if within in self.compared:
            return
        self.compared.add(within)
        column = self.columns.get(joint.id, {})
        ends = sorted({end[0] for values in column.values() for end in values})
        if not ends:
            return
        terms: dict[str, Iri | Literal] = {
            "measure": joint.measure.iri,
            "limit": joint.limit,
            "within": Iri(within),
            "beyond": Iri(beyond),
        }
        self.session.construct(render("pair-limit", terms, {"ends": values_of("a", ends)}))

    def _in_currency(self, info: PropertyInfo, name: str, currency: str) -> Mapping[str, Values]:
        """Give a component's values; of money only what is in a currency."""
        values = self.values((info,), name)
        if info.is_money:
            known = self.values(_CURRENCY, name)
            values = {
                iri: value
                for iri, value in values.items()
                if known.get(iri) == (Literal(currency),)
            }
        return values

    def _add_numbers(self, key: str, values: Mapping[str, Values], read: ReadNumber) -> None:
        column = self.columns.setdefault(key, {})
        for iri, found in values.items():
            number = read(found[0])
            if number is not None:
                column[iri] = (typed(number),)

    def _read_ends(self, joint: Compatible) -> None:
        ends = (("given", joint.giver, joint.given), ("taken", joint.taker, joint.taken))
        for end, name, path in ends:
            key = f"{joint.id}.{end}"
            values = self.values(path, name)
            self.columns.setdefault(key, {}).update(values)
            complete = self.values(_COMPLETE, name)
            closed = self.columns.setdefault(f"{key}.closed", {})
            for binding in self.bindings[name]:
                is_single = path[0].kind in (ValueKind.SINGLE, ValueKind.CHOICE)
                if path[0].iri in complete.get(binding.iri, ()) or (
                    is_single and binding.iri in values
                ):
                    closed[binding.iri] = (typed(True),)
            self.columns.setdefault("profile", {}).update(self.values(PROFILE_PATH, name))
