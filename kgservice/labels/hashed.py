"""Read a credential's envelope out of the very statements that were hashed, not out of its JSON.

The holder of a credential can respell its JSON (other contexts, absolute IRIs) so that statements
and signature stay and a reader of JSON misses `validUntil` or `credentialStatus` (Data Integrity
1.0 §2.4.1). The statements cannot be respelt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyoxigraph as ox

from kgservice.labels.verdicts import Rejected, moment_of, unverifiable
from kgservice.model.documents import StatusEntry

_CRED: Final = "https://www.w3.org/2018/credentials#"
_EXPIRES: Final = "https://w3id.org/security#expiration"
_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_STATUS: Final = (
    "https://www.w3.org/ns/credentials/status#",
    "https://w3id.org/vc/status-list#",
    "https://www.w3.org/2018/credentials#",
)
_STARTS: Final = ("issuanceDate", "validFrom")
_ENDS: Final = ("expirationDate", "validUntil")
MAX_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a credential says about itself.

    Attributes:
        issuers: Who it names as issuer.
        starts: When it begins to hold.
        ends: When it ends.
        status: Where its status is published.
    """

    issuers: frozenset[str]
    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    status: tuple[StatusEntry, ...]


class Statements:
    """Statements of canonical N-Quads by subject and predicate; `_:` starts a blank node's name."""

    def __init__(self, content: bytes) -> None:
        """Parse.

        Raises:
            Rejected: it is no N-Quads, or too much (`proof-malformed`).
        """
        self._values: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._subjects: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        if len(content) > MAX_BYTES:
            raise Rejected("proof-malformed", f"it has more than {MAX_BYTES} bytes of statements")
        try:
            for quad in ox.parse(content, format=ox.RdfFormat.N_QUADS):
                subject, value = _name(quad.subject), _name(quad.object)
                self._values[subject, quad.predicate.value].append(value)
                self._subjects[quad.predicate.value, value].append(subject)
        except (SyntaxError, ValueError) as error:
            raise Rejected("proof-malformed", "the canonical form is no N-Quads") from error

    def values(self, subject: str, *predicates: str) -> list[str]:
        """Give what is said of a subject by any of the predicates."""
        return [v for p in predicates for v in self._values.get((subject, p), ())]

    def having(self, predicate: str) -> list[str]:
        """Give of whom anything is said by a predicate."""
        return [subject for (subject, name) in self._values if name == predicate]

    def all(self, predicate: str) -> list[str]:
        """Give what is said by a predicate, of whomever."""
        return [v for subject in self.having(predicate) for v in self.values(subject, predicate)]

    def subjects(self, predicate: str, value: str) -> list[str]:
        """Give of whom a value is said."""
        return self._subjects.get((predicate, value), [])


def envelope_of(content: bytes) -> Envelope:
    """Read issuer, validity and status of the one credential in canonical N-Quads.

    Raises:
        Rejected: there is not exactly one credential at the outside, or a date is none
            (`proof-malformed`).
    """
    statements = Statements(content)
    credentials = set(statements.subjects(_TYPE, _CRED + "VerifiableCredential"))
    if not credentials:
        # A relative `id` is no IRI, so that the statements about the credential were never hashed.
        raise unverifiable("proof-not-canonical", "no signed statement is about a credential")
    if len(credentials) > 1:
        raise Rejected(
            "proof-malformed", f"the signed document holds {len(credentials)} credentials, not one"
        )
    (node,) = credentials
    return Envelope(
        frozenset(statements.values(node, _CRED + "issuer")),
        tuple(_moments(statements, node, _STARTS)),
        tuple(_moments(statements, node, _ENDS)),
        tuple(_entries(statements, node)),
    )


def ends_of_options(content: bytes) -> tuple[datetime, ...]:
    """Read when a proof ends (`expires`) out of its canonical options."""
    found = (moment_of(value, "expires") for value in Statements(content).all(_EXPIRES))
    return tuple(moment for moment in found if moment is not None)


def _moments(statements: Statements, node: str, names: Iterable[str]) -> Iterator[datetime]:
    for name in names:
        for value in statements.values(node, _CRED + name):
            moment = moment_of(value, name)
            if moment is not None:
                yield moment


def _entries(statements: Statements, node: str) -> Iterator[StatusEntry]:
    for entry in statements.values(node, _CRED + "credentialStatus"):
        types = [t.rpartition("#")[2] for t in statements.values(entry, _TYPE)]
        yield StatusEntry(
            type=types[0] if len(types) == 1 else "",
            purpose=_one(statements, entry, "statusPurpose"),
            list=_one(statements, entry, "statusListCredential"),
            index=_one(statements, entry, "statusListIndex"),
        )


def _one(statements: Statements, entry: str, name: str) -> str:
    found = set(statements.values(entry, *(space + name for space in _STATUS)))
    return found.pop() if len(found) == 1 else ""


def _name(term: object) -> str:
    if isinstance(term, ox.BlankNode):
        return f"_:{term.value}"
    if isinstance(term, ox.NamedNode | ox.Literal):
        return term.value
    raise ValueError("RDF 1.2 terms are in no credential")
