"""What joint conditions and the order read of the bindings that are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from kgservice.model.rdf import Iri, Literal, Term, Triple, typed
from kgservice.model.terms import KG
from kgservice.model.vocabulary import PropertyInfo, ValueKind
from kgservice.resolution import queries
from kgservice.resolution.joint_columns import scaled_number
from kgservice.resolution.judgement import BoundOffering
from kgservice.resolution.reads import PROFILE_PATH, Path, joint_path
from kgservice.resolution.request import Compatible, Request, SumLimit, joint_components
from kgservice.store.port import Session

_COMPLETE = (PropertyInfo(KG.completeFor, "completeFor", ValueKind.FEATURE),)
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

        `currency` is the one in which money is ranked.
        """
        self.currency = currency
        self.session = session
        self.request = request
        self.bindings = bindings
        self.read: dict[tuple[str, Path], dict[str, tuple[Term, ...]]] = {}
        self.columns: dict[str, dict[str, tuple[Term, ...]]] = {}
        session.load(
            Triple(Iri(binding.iri), KG.candidateFor, Iri(request.iri_of(name)))
            for name, some in bindings.items()
            for binding in some
        )

    def values(self, path: Path, name: str) -> dict[str, tuple[Term, ...]]:
        """Give what a path reaches from the bindings of a component, by binding IRI."""
        if (name, path) not in self.read:
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
            if isinstance(joint, Compatible):
                self._read_ends(joint)
                continue
            for name in joint_components(joint):
                path = joint_path(joint, name)
                if isinstance(joint, SumLimit):
                    self._read_numbers(joint.id, path[0], name, joint.currency)
                else:
                    self.columns.setdefault(joint.id, {}).update(self.values(path, name))
        for number, preference in enumerate(self.request.prefer, start=1):
            for component in self.request.components:
                key = f"prefer.{number}"
                self._read_numbers(key, preference.property, component.name, self.currency)
        return self.columns

    def _read_numbers(self, key: str, info: PropertyInfo, name: str, currency: str) -> None:
        values = self.values((info,), name)
        if info.is_money:
            known = self.values(_CURRENCY, name)
            values = {
                iri: value
                for iri, value in values.items()
                if known.get(iri) == (Literal(currency),)
            }
        column = self.columns.setdefault(key, {})
        for iri, found in values.items():
            number = scaled_number(found[0], self.request.as_of or date.max)
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
