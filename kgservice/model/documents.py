"""What an importer hands over: documents as they were found, and findings about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

from kgservice.model.errors import Problem
from kgservice.model.rdf import Iri, Triple
from kgservice.model.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class EmbeddedProof:
    """A proof inside a credential (VC Data Integrity 1.0 §2.1; JsonWebSignature2020).

    Attributes:
        type: `JsonWebSignature2020`, `DataIntegrityProof`, `Ed25519Signature2020`, ….
        cryptosuite: Of a DataIntegrityProof, else empty.
        method: `verificationMethod`, a DID URL.
        purpose: `proofPurpose`.
        created: xsd:dateTime text, or empty.
        expires: xsd:dateTime text, or empty.
        value: `jws` or `proofValue`.
        document: The credential without its proofs in canonical N-Quads (RDFC-1.0). The document's
            statements come from these very quads, so nothing is imported that was not hashed.
        options: The proof without its value, likewise.
        problem: Why `document` or `options` could not be made, else empty.
    """

    type: str
    cryptosuite: str
    method: str
    purpose: str
    created: str
    expires: str
    value: str
    document: bytes
    options: bytes
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Where a credential's status is published (Bitstring Status List 1.0 §2.1).

    Attributes:
        type: `BitstringStatusListEntry`, `StatusList2021Entry`, `PlainListEntity`, ….
        purpose: `revocation`, `suspension`, `message` or empty.
        list: IRI of the status list credential.
        index: Position in the list, as found.
    """

    type: str
    purpose: str
    list: str
    index: str


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
        proofs: Embedded proofs; all of them must hold.
        status: Where to look whether it was revoked or suspended.
    """

    id: str
    issuer: str
    proof_kind: str = ""
    token: str = ""
    types: tuple[str, ...] = ()
    valid_from: str = ""
    valid_until: str = ""
    proofs: tuple[EmbeddedProof, ...] = ()
    status: tuple[StatusEntry, ...] = ()


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
        kind: Which type of source document it is, as `DIALECT/TYPE`: `tmf620-v4/productOffering`,
            `gaia-x-2511/VirtualMachineServiceOffering`, `dsp-2025/Dataset`. Coverage is told by it.
        mapped: Fields of the source that became statements, as paths without list positions
            (`productOfferingPrice/price/value`).
        unmapped: Fields that hold something and became nothing, likewise; only their existence is
            told, so that a mapping can be completed.
        fingerprint: Hash of everything the statements were made from: own bytes and those of
            objects that it links to. Empty: that of `content`.
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
    kind: str = ""
    mapped: frozenset[str] = frozenset()
    unmapped: frozenset[str] = frozenset()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A document whose fingerprint is as it was; it was not read again."""

    source_id: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A document that was asked for by its id (`ImportContext.only`) and is not there any more."""

    source_id: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """Something in the source that is no catalogue document, so that it has an outcome too.

    Attributes:
        at: File or address, with a JSON pointer where it is a part.
        kind: What it was recognised as: `json-schema`, `did-document`, `licence-text`, `openapi`.
    """

    at: str
    kind: str


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What an importer may know.

    Attributes:
        catalog: Name of the catalogue; `base_iri` + `catalog/NAME/` prefixes minted IRIs.
        base_iri: The service's base IRI, ending in a slash.
        vocabulary: Terms, units and countries.
        allowed_hosts: Hosts that may be contacted; everything else is refused.
        options: Importer-specific options from the catalogue's registration.
        known: Fingerprint by source id of what is kept and may be answered by `Unchanged`. An
            importer that does not look at it reads everything; that is correct too.
        mappings: Mapping files that the operator adds for the importer, as text by name; what is
            in them is the importer's to say.
        only: Source ids to read, and nothing else; empty means the whole source. Each gets a
            SourceDocument, an `Unchanged`, a `Gone` or a Problem.
        token: Bearer token for the source's own server, where the operator has one; never told.
        cache: A folder of this catalogue where an importer may keep what it fetched, to fetch less
            the next time; it may be empty or gone at any time. No name: nothing is kept.
    """

    catalog: str
    base_iri: str
    vocabulary: Vocabulary
    allowed_hosts: frozenset[str] = frozenset()
    options: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    mappings: Mapping[str, str] = field(default_factory=dict)
    cache: str = ""
    token: str = field(default="", repr=False)


ImportItem: TypeAlias = SourceDocument | Problem | SetAside | Unchanged | Gone


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


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a notice of a source hints at.

    Attributes:
        source_ids: Documents that may have changed or vanished.
        is_whole: Nobody can tell which documents depend on what changed.
    """

    source_ids: frozenset[str] = frozenset()
    is_whole: bool = False


@runtime_checkable
class Joiner(Protocol):
    """An importer that needs what other documents of the same issuer say to read some."""

    def references(self, document: SourceDocument) -> frozenset[str]:
        """Name the nodes whose description would change how a document is read."""
        ...

    def joined(
        self,
        documents: Sequence[tuple[SourceDocument, tuple[Triple, ...]]],
        context: ImportContext,
    ) -> Iterator[tuple[Triple, ...]]:
        """Give the statements of each document, read beside those of the documents it refers to."""
        ...


@runtime_checkable
class ChangeTeller(Protocol):
    """An importer whose sources can be asked what changed."""

    def changed(self, source: str, context: ImportContext, since: str) -> Noticed:
        """Tell which documents changed since a moment, as far as the source says.

        It may leave out what the source cannot tell, such as deletions, but nothing that it can.

        Args:
            source: As for `Importer.read`.
            context: That of the catalogue.
            since: xsd:dateTime text in UTC.

        Raises:
            Unavailable: the source cannot be reached.
        """
        ...


@runtime_checkable
class NoticeReader(Protocol):
    """An importer whose sources can give notice of changes."""

    def hub(self, source: str, context: ImportContext) -> str:
        """Give the address where a listener is registered at the source, or nothing.

        Raises:
            Unavailable: the source cannot be reached.
        """
        ...

    def noticed(self, event: str, body: object, context: ImportContext) -> Noticed:
        """Tell what a notice hints at; nothing that it claims is believed.

        Args:
            event: The type of event; it may be empty where the body says it.
            body: The notice as JSON.
            context: That of the catalogue.

        Raises:
            InputError: this is no notice (`notice-invalid`).
        """
        ...
