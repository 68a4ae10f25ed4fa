"""What an importer hands over: documents as they were found, and findings about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from kgservice.model.errors import Problem
from kgservice.model.rdf import Iri, Triple
from kgservice.model.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Credential:
    """The envelope of a verifiable credential, kept for verification (W3C VC Data Model 2.0 §4).

    Attributes:
        id: The credential's own id.
        issuer: Who says it (a DID).
        proof_kind: `vc-jwt`, `data-integrity` (embedded proof) or empty when unsigned.
        token: The compact JWS when there is one; the statements come from this very payload.
        types: The credential's types, as IRIs.
        valid_from: xsd:dateTime text, or empty.
        valid_until: xsd:dateTime text, or empty.
    """

    id: str
    issuer: str
    proof_kind: str = ""
    token: str = ""
    types: tuple[str, ...] = ()
    valid_from: str = ""
    valid_until: str = ""


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """One object of a source: a TMF620 offering, a credential.

    Attributes:
        source_id: Stable identity within the catalogue (URN, URL, file path).
        media_type: Of `content`.
        content: The original bytes; their SHA-256 is the document's version.
        primary: What the document is about.
        own_subjects: IRIs this document itself mints or describes as its own (offering,
            specification, prices, places, party). Admission decides whether that claim holds.
        triples: All statements, with lexical forms as found; structure changed, terms kept.
            Blank nodes are already skolemised by the importer (stable across imports).
        credential: The envelope when the document is a credential.
        problems: Findings about this document.
        modified: Last change as the source says, xsd:dateTime text or empty.
    """

    source_id: str
    media_type: str
    content: bytes
    primary: Iri
    own_subjects: frozenset[str]
    triples: tuple[Triple, ...]
    credential: Credential | None = None
    problems: tuple[Problem, ...] = ()
    modified: str = ""


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What an importer may know.

    Attributes:
        catalog: Name of the catalogue; `base_iri` + `catalog/NAME/` prefixes minted IRIs.
        base_iri: The service's base IRI, ending in a slash.
        vocabulary: Terms, units and countries.
        allowed_hosts: Hosts that may be contacted; everything else is refused.
        options: Importer-specific options from the catalogue's registration.
    """

    catalog: str
    base_iri: str
    vocabulary: Vocabulary
    allowed_hosts: frozenset[str] = frozenset()
    options: Mapping[str, str] = field(default_factory=dict)


ImportItem: TypeAlias = SourceDocument | Problem


class Importer(Protocol):
    """A plug-in found by the entry-point group `kgservice.importers`."""

    type: str

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        """Read every document of `source` (a file, a folder or a URL), lazily.

        Bad data becomes a `Problem`, never an exception.

        Raises:
            Unavailable: the source cannot be reached or broke half-way; the caller keeps the
                last good version.
        """
        ...
