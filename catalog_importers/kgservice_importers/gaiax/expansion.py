"""From a JSON-LD payload to statements, with PyLD and the bundled contexts only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pyld import jsonld

from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import Blank, Iri, Literal, Subject, Term, Triple, is_valid_iri
from kgservice_importers.jsonld.contexts import (
    ContextUnknown,
    Json,
    bundled_context,
    load_document,
    named_contexts,
)

CRED: Final = "https://www.w3.org/2018/credentials#"
SUBJECT: Final = CRED + "credentialSubject"
ENVELOPE_TYPES: Final = (CRED + "VerifiableCredential", CRED + "VerifiablePresentation")
_ENVELOPE_MEMBERS: Final = frozenset(
    {
        "@type",
        SUBJECT,
        CRED + "issuer",
        CRED + "holder",
        CRED + "issuanceDate",
        CRED + "expirationDate",
        CRED + "validFrom",
        CRED + "validUntil",
        "https://w3id.org/security#proof",
    }
)


@dataclass(frozen=True, slots=True)
class Expanded:
    """A document as statements.

    Attributes:
        id: The credential's own id, or empty.
        types: Types of the credential other than VerifiableCredential.
        subjects: Terms that the credential is about (or the root nodes of bare claims).
        triples: Statements of the default graph; blank nodes are still blank.
        problems: What could not be read.
    """

    id: str
    types: tuple[str, ...]
    subjects: tuple[Subject, ...]
    triples: tuple[Triple, ...]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Findings:
    at: str
    items: list[Problem] = field(default_factory=list)

    def add(self, code: str, detail: str, hint: str, severity: Severity = Severity.WARNING) -> None:
        self.items.append(Problem(code, detail, self.at, hint, severity))


def expand(payload: dict[str, Json], base: str, at: str) -> Expanded | Problem:
    """Expand one credential or bare set of claims; relative IRIs are resolved against `base`."""
    try:
        payload = _without_keyword_contexts(payload)
    except RecursionError:
        return Problem("jsonld-invalid", "the document is nested too deeply", at,
                       "Nothing was read from it.", Severity.ERROR)  # fmt: skip
    unknown = sorted(set(_unknown_contexts(payload)))
    if unknown:
        return Problem(
            "context-unknown", f"the JSON-LD context {', '.join(unknown)} is not known here", at,
            "Contexts are never fetched; the bundled ones are listed in contexts/INDEX.json. "
            "Nothing was read from the document.", Severity.ERROR,
        )  # fmt: skip
    findings = _Findings(at)
    dropped: set[str] = set()
    options = {"documentLoader": load_document, "base": base, "processingMode": "json-ld-1.1"}
    try:
        nodes = jsonld.expand(
            _without_empty_ids(payload), options, on_property_dropped=lambda k: dropped.add(str(k))
        )
        roots = [_unwrap(node, findings) for node in nodes if isinstance(node, dict)]
        dataset = jsonld.to_rdf([part for root in roots for part in root.parts], {"base": base})
    except (jsonld.JsonLdError, ContextUnknown, ValueError, TypeError, KeyError, AttributeError,
            IndexError, RecursionError) as error:  # fmt: skip
        # PyLD also raises bare Python errors on malformed documents, so the list is wide.
        detail = f"the document is not valid JSON-LD: {_first_line(error)}"
        return Problem("jsonld-invalid", detail, at, "Nothing was read from it.", Severity.ERROR)
    if dropped:
        findings.add(
            "term-undefined",
            f"no context defines: {', '.join(sorted(dropped)[:8])}",
            "These members were left out.",
        )
    triples = tuple(_statements(dataset, findings))
    return _assemble(roots, triples, findings)


def _unknown_contexts(payload: dict[str, Json]) -> Iterator[str]:
    for iri in named_contexts(payload):
        try:
            bundled_context(iri)
        except ContextUnknown:
            yield iri


def _without_keyword_contexts(value: Json) -> Json:
    """Drop keywords that 2022 documents list among their contexts (`"@context": ["@nest", …]`)."""
    if isinstance(value, list):
        return [_without_keyword_contexts(item) for item in value]
    if not isinstance(value, dict):
        return value
    clean = {key: _without_keyword_contexts(item) for key, item in value.items()}
    named = clean.get("@context")
    if isinstance(named, list):
        clean["@context"] = [c for c in named if not (isinstance(c, str) and c.startswith("@"))]
    elif isinstance(named, str) and named.startswith("@"):
        del clean["@context"]
    return clean


def _without_empty_ids(payload: dict[str, Json]) -> dict[str, Json]:
    """An empty id would be resolved to the catalogue itself; a node without id is meant."""
    clean = {k: v for k, v in payload.items() if not (k in ("id", "@id", "issuer") and v == "")}
    subject = clean.get("credentialSubject")
    if isinstance(subject, dict):
        clean["credentialSubject"] = {
            k: v for k, v in subject.items() if not (k in ("id", "@id") and v == "")
        }
    return clean


@dataclass(frozen=True, slots=True)
class _Root:
    id: str
    types: tuple[str, ...]
    rest: dict[str, Json]
    subjects: tuple[dict[str, Json], ...]

    @property
    def parts(self) -> tuple[dict[str, Json], ...]:
        return (self.rest, *self.subjects) if set(self.rest) - {"@id"} else self.subjects


def _unwrap(node: dict[str, Json], findings: _Findings) -> _Root:
    """Part a credential node from its subjects; a type that only the credential has moves down."""
    types = [t for t in _as_list(node.get("@type")) if isinstance(t, str)]
    if SUBJECT not in node:
        return _Root("", (), {}, (_with_id(node, 0),))
    own = tuple(t for t in types if t not in ENVELOPE_TYPES)
    subjects = [s for s in _as_list(node[SUBJECT]) if isinstance(s, dict) and "@value" not in s]
    if not subjects:
        findings.add("credential-empty", "the credential has no subject", "Nothing was read.")
    named = [_with_id(subject, position) for position, subject in enumerate(subjects)]
    for subject in named:
        if not subject.get("@type") and own:
            subject["@type"] = list(own)
    rest = {k: v for k, v in node.items() if k not in _ENVELOPE_MEMBERS}
    identifier = node.get("@id")
    return _Root(identifier if isinstance(identifier, str) else "", own, rest, tuple(named))


def _with_id(node: dict[str, Json], position: int) -> dict[str, Json]:
    """Label a node without id, so that it can be found again among the statements."""
    return dict(node) if isinstance(node.get("@id"), str) else {**node, "@id": f"_:root{position}"}


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _statements(dataset: dict[str, Json], findings: _Findings) -> Iterator[Triple]:
    nested = sorted(set(dataset) - {"@default"})
    if nested:
        findings.add(
            "graph-nested",
            "the document holds graphs inside the graph",
            "Only the outer statements were read.",
        )
    bad: set[str] = set()
    for quad in dataset.get("@default", []):
        terms = tuple(_term(quad[part]) for part in ("subject", "predicate", "object"))
        wrong = [t.value for t in terms if isinstance(t, Iri) and not is_valid_iri(t.value)]
        subject, predicate, value = terms
        if wrong or isinstance(subject, Literal) or not isinstance(predicate, Iri):
            bad.update(wrong)
        else:
            yield Triple(subject, predicate, value)
    if bad:
        findings.add(
            "iri-invalid",
            f"not an IRI: {', '.join(sorted(bad)[:5])}",
            "Statements that use it were left out.",
        )


def _term(value: dict[str, Json]) -> Term:
    if value["type"] == "IRI":
        return Iri(value["value"])
    if value["type"] == "blank node":
        return Blank(value["value"].removeprefix("_:"))
    return Literal(value["value"], value["datatype"], value.get("language", "") or "")


def _assemble(roots: list[_Root], triples: tuple[Triple, ...], findings: _Findings) -> Expanded:
    # to_rdf relabels blank nodes, so a nameless subject is found as the one nothing points to.
    pointed = {t.object for t in triples}
    nameless = [
        s for s in dict.fromkeys(t.subject for t in triples)
        if isinstance(s, Blank) and s not in pointed
    ]  # fmt: skip
    # A registration number's credential is often about itself, so a subject may be the credential.
    named = [
        Iri(subject["@id"])
        for root in roots
        for subject in root.subjects
        if is_valid_iri(subject["@id"]) and not subject["@id"].startswith("_:")
    ]
    credential_id = next((root.id for root in roots if root.id), "")
    types = tuple(dict.fromkeys(t for root in roots for t in root.types))
    subjects: tuple[Subject, ...] = tuple(dict.fromkeys([*named, *nameless]))
    return Expanded(credential_id, types, subjects, triples, tuple(findings.items))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
