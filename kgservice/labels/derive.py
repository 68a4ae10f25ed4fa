"""Conclude labels from certificates and label credentials, by `shapes/labels`; say why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from kgservice.labels.claims import all_claims, claims_about
from kgservice.labels.schemes import (
    Condition,
    Criterion,
    authority_rules,
    label_criteria,
)
from kgservice.model.errors import InputError
from kgservice.model.rdf import XSD, Blank, Iri, Literal, Row, Triple, is_valid_iri
from kgservice.model.terms import KG
from kgservice.store.port import LABEL_GRAPH, GraphChange, QueryScope, Session, Store

LIMIT_S: Final = 600.0
"""For all certificates together; nobody waits for them."""
_EVALUATION: Final = Iri("urn:kgservice:evaluation")


class Outcome(Enum):
    """Whether a criterion is met for a subject."""

    MET = "met"
    NOT_MET = "not met"
    UNKNOWN = "unknown"

    @property
    def iri(self) -> Iri:
        """Give the term that stands for it in the graph."""
        return {
            Outcome.MET: KG.CriterionMet,
            Outcome.NOT_MET: KG.CriterionNotMet,
            Outcome.UNKNOWN: KG.CriterionUnknown,
        }[self]


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What a derivation did.

    Attributes:
        as_of: The moment that labels were concluded for.
        claims: Certificates that were looked at, one a document and certificate.
        labels: Labels that hold now.
        offerings: Offerings that have a label now, in IRI order.
        changed: Statements written or taken back.
    """

    as_of: datetime
    claims: int
    labels: int
    offerings: tuple[str, ...]
    changed: int


@dataclass(frozen=True, slots=True)
class ClaimReason:
    """Why one certificate does not give the label.

    Attributes:
        certificate: The certificate's IRI.
        document: The document that describes it.
        issuer: Who issued the document, or empty.
        condition: The condition that failed; None when none did.
        message: The reason in words.
        value: The value that failed it (a date, an issuer, a proof's detail), or empty.
    """

    certificate: str
    document: str
    issuer: str
    condition: Iri | None
    message: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class CriterionStatus:
    """The outcome of one criterion for one subject, with a reason for each certificate."""

    criterion: Iri
    name: str
    scheme: Iri
    level: Iri
    outcome: Outcome
    reasons: tuple[ClaimReason, ...]


def derive_labels(
    store: Store,
    as_of: datetime,
    criteria: Sequence[Criterion] | None = None,
    *,
    authority: Sequence[Triple] = (),
) -> LabelReport:
    """Make the label graph say what the evidence says at `as_of`; write only what differs.

    Labels whose certificate expired, was withdrawn or lost its proof disappear. Cost is
    proportional to the number of certificates, about 0.1 ms each; `LabelFollower` does the same
    for what changed.

    Args:
        store: The evidence, and where labels go.
        as_of: The moment.
        criteria: By default those of all packaged schemes.
        authority: Authority rules beside the packaged ones.
    """
    with store.session(scope=QueryScope(), deadline_s=LIMIT_S) as session:
        claims = _load(session, evaluation(as_of), authority)
        triples: dict[Triple, None] = {}
        for criterion in label_criteria() if criteria is None else criteria:
            triples |= dict.fromkeys(session.triples(criterion.rule, where="scratch"))
    change = GraphChange(LABEL_GRAPH, tuple(sorted(triples, key=str)), merge=True)
    result = store.commit([change])
    labelled = [t for t in triples if t.predicate == KG.label]
    offerings = tuple(sorted({str(t.subject) for t in labelled}))
    return LabelReport(as_of, claims, len(labelled), offerings, result.added + result.removed)


def label_status(
    store: Store,
    subject: str,
    as_of: datetime | None = None,
    criteria: Sequence[Criterion] | None = None,
    *,
    authority: Sequence[Triple] = (),
) -> tuple[CriterionStatus, ...]:
    """Say for each criterion whether `subject` meets it at `as_of` (now by default), and why.

    Met: some certificate passes every condition. Unknown: no certificate covers the subject, or
    one does whose proof, issuer or dates do not count. Not met: the certificates that cover it
    are good but not in force (Kleene's or over the certificates). `authority` holds authority
    rules beside the packaged ones.

    Raises:
        InputError: `subject` is not an IRI (`subject-invalid`).
    """
    if not is_valid_iri(subject):
        raise InputError(
            f"{subject} is not an IRI.",
            code="subject-invalid",
            hint="Give the offering's full IRI.",
        )
    with store.session(scope=QueryScope()) as session:
        _load(session, evaluation(as_of or datetime.now(UTC)), authority, subject)
        chosen = label_criteria() if criteria is None else criteria
        return tuple(_status(session, criterion, subject) for criterion in chosen)


def evaluation(as_of: datetime) -> Triple:
    """State the moment that labels are concluded for."""
    moment = as_of.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return Triple(_EVALUATION, KG.evaluatedAt, Literal(moment, XSD + "dateTime"))


def _load(session: Session, at: Triple, authority: Sequence[Triple], subject: str = "") -> int:
    """Fill the scratch store with claims (about `subject`), authority rules and the moment."""
    session.load([at, *authority_rules(), *authority])
    for query in claims_about(subject) if subject else all_claims():
        session.construct(query, where="snapshot")
    counted = session.select(
        f"SELECT (COUNT(DISTINCT ?claim) AS ?n) WHERE {{ ?claim <{KG.describes}> ?c }}"
    )
    return int(_value(counted[0], "n") or 0) if counted else 0


def _status(session: Session, criterion: Criterion, subject: str) -> CriterionStatus:
    relevant = [
        row for row in session.select(criterion.relevant) if _value(row, "offering") == subject
    ]
    failures = {c: session.select(c.query) for c in criterion.conditions} if relevant else {}
    outcomes: list[Outcome] = []
    reasons: list[ClaimReason] = []
    for row in sorted(relevant, key=lambda r: _value(r, "claim")):
        failed = _failed(failures, _value(row, "claim"))
        outcomes.append(_claim_outcome([condition for condition, _ in failed]))
        reasons.extend(_reasons(row, failed))
    return CriterionStatus(
        criterion.iri,
        criterion.name,
        criterion.scheme,
        criterion.level,
        _either(outcomes),
        tuple(dict.fromkeys(reasons)) or (_no_claim(),),
    )


def _failed(failures: dict[Condition, list[Row]], claim: str) -> list[tuple[Condition, str]]:
    return [
        (condition, _value(row, "value"))
        for condition, rows in failures.items()
        for row in rows
        if _value(row, "claim") == claim
    ]


def _claim_outcome(failed: list[Condition]) -> Outcome:
    if not failed:
        return Outcome.MET
    if any(condition.when_failed == KG.CriterionUnknown for condition in failed):
        return Outcome.UNKNOWN
    return Outcome.NOT_MET


def _either(outcomes: list[Outcome]) -> Outcome:
    if Outcome.MET in outcomes:
        return Outcome.MET
    return Outcome.UNKNOWN if Outcome.UNKNOWN in outcomes or not outcomes else Outcome.NOT_MET


def _reasons(row: Row, failed: list[tuple[Condition, str]]) -> list[ClaimReason]:
    names = (_value(row, "certificate"), _value(row, "document"), _value(row, "issuer"))
    if not failed:
        return [ClaimReason(*names, None, "it meets every condition")]
    return [ClaimReason(*names, c.iri, c.message, value) for c, value in failed]


def _no_claim() -> ClaimReason:
    return ClaimReason(
        "",
        "",
        "",
        None,
        "no source has a certificate or label credential that covers this offering",
    )


def _value(row: Row, name: str) -> str:
    term = row.get(name)
    if term is None:
        return ""
    return term.label if isinstance(term, Blank) else term.value
