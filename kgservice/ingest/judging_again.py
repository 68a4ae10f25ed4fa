"""Judge documents again that did not change: from what is kept of them, without their source.

A proof expires, a key or a status list changes, another catalogue comes to describe a provider:
what is believed of a document may then be different, though its bytes are as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from kgservice.ingest.kept import KeptIndex
from kgservice.ingest.outcomes import whole_of
from kgservice.ingest.policy import Policy
from kgservice.ingest.reading import BATCH
from kgservice.ingest.standing import stands
from kgservice.model.documents import SourceDocument


class ReadAgain(Exception):
    """What was left out as unchanged is needed after all; the sync begins again, with all of it."""


class KeptVerdicts:
    """What was decided about the documents of a catalogue, and whether that still stands."""

    def __init__(self, kept: KeptIndex, policy: Policy, moment: datetime) -> None:
        """Look at an index, by a policy, at a moment."""
        self._kept, self._policy = kept, policy
        self._moment = moment.astimezone(UTC).isoformat()

    def learn_lists(self) -> None:
        """Let proofs be checked by status lists of the source that are not read again."""
        names = self._kept.lists()
        if self._policy.issuers is not None and names:
            self._policy.issuers.learn(self._wholes(names))

    def due(self) -> set[str]:
        """Name the documents whose verdict may be another one now."""
        trust = self._policy.trust
        return self._kept.due(self._moment, lambda basis: stands(basis, trust))

    def documents(self, ids: Sequence[str]) -> Iterator[list[SourceDocument]]:
        """Give kept documents, in batches.

        Raises:
            ReadAgain: one cannot be had.
        """
        for start in range(0, len(ids), BATCH):
            yield self._wholes(ids[start : start + BATCH])

    def judged(self, *, is_partial: bool) -> str:
        """Give the moment up to which verdicts are known when this sync is over."""
        return max(self._moment, self._kept.get("judged")) if is_partial else self._moment

    def _wholes(self, ids: Sequence[str]) -> list[SourceDocument]:
        try:
            found = [one for packed in self._kept.wholes(ids) for one in whole_of(packed)]
        except Exception as error:  # whatever bytes of another release may lead to
            raise ReadAgain from error
        if len(found) != len(ids):
            raise ReadAgain
        return found
