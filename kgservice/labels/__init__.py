"""Evidence to criterion to label, with validity."""

from kgservice.labels.anchors import load_anchors
from kgservice.labels.credentials import Proof, ProofOutcome, Trust, verify
from kgservice.labels.derive import (
    ClaimReason,
    CriterionStatus,
    LabelReport,
    Outcome,
    derive_labels,
    label_status,
)
from kgservice.labels.dids import bundled_did_documents, load_did_documents
from kgservice.labels.schemes import accredited_issuers, label_criteria

__all__ = [
    "ClaimReason",
    "CriterionStatus",
    "LabelReport",
    "Outcome",
    "Proof",
    "ProofOutcome",
    "Trust",
    "accredited_issuers",
    "bundled_did_documents",
    "derive_labels",
    "label_criteria",
    "label_status",
    "load_anchors",
    "load_did_documents",
    "verify",
]
