"""Make a document of one envelope: its statements, what it may call its own, its coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from pyld import jsonld

from kgservice.model.documents import (
    Credential,
    ImportContext,
    ImportItem,
    SetAside,
    SourceDocument,
)
from kgservice.model.errors import Problem, Severity
from kgservice.model.rdf import RDF, Blank, Iri, Subject, Term, Triple
from kgservice_importers.gaiax.claims import Claims, claims_of
from kgservice_importers.gaiax.coverage import Coverage, coverage_of
from kgservice_importers.gaiax.credentials import credential_of
from kgservice_importers.gaiax.dialects import dialect_of, kind_of
from kgservice_importers.gaiax.envelopes import Envelope
from kgservice_importers.gaiax.expansion import (
    Dataset,
    dataset_of,
    expanded,
    without_empty_ids,
)
from kgservice_importers.gaiax.forms import vocabulary_kind
from kgservice_importers.gaiax.label_credentials import with_own_nodes
from kgservice_importers.gaiax.proofs import Signed, signed_dataset, signed_form, uncheckable
from kgservice_importers.gaiax.repair import Mended, mend, table
from kgservice_importers.gaiax.structure import StructureMap, can_be_stored
from kgservice_importers.jsonld.added import Contexts
from kgservice_importers.jsonld.contexts import Json
from kgservice_importers.jsonld.skolem import skolemise

_MARK: Final = Iri("urn:kgservice:is-subject")
_YES: Final = Iri("urn:kgservice:true")


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading a document needs.

    Attributes:
        context: Of the import.
        structure: The mapping queries.
        contexts: What JSON-LD contexts say.
        names: IRIs by relative file name, for documents that refer to each other by file.
        linked: Statements of documents that this one refers to by file.
    """

    context: ImportContext
    structure: StructureMap
    contexts: Contexts
    names: Mapping[str, str] = field(default_factory=dict)
    linked: tuple[Triple, ...] = ()

    @property
    def base(self) -> str:
        """What relative IRIs are resolved against."""
        return f"{self.context.base_iri}catalog/{self.context.catalog}/document/"

    @property
    def genid(self) -> str:
        """What the names of nameless nodes begin with."""
        return f"{self.context.base_iri}.well-known/genid/"


def document_of(envelope: Envelope, content: bytes, reader: Reader) -> ImportItem:
    """Read one credential or set of claims; `content` are the bytes that are kept of it."""
    if envelope.proof_kind:
        # Whoever adds a file to the folder must not change what an issuer is heard to say.
        reader = replace(reader, names={}, linked=())
    try:
        return _read_document(envelope, content, reader)
    except RecursionError:
        return Problem("jsonld-invalid", "the document is nested too deeply", envelope.at,
                       "Nothing was read from it.", Severity.ERROR)  # fmt: skip


def _read_document(envelope: Envelope, content: bytes, reader: Reader) -> ImportItem:
    mended = mend(
        without_empty_ids(envelope.payload), reader.contexts, is_secured=_is_secured(envelope)
    )
    unknown = reader.contexts.unknown(mended.payload)
    if unknown:
        return _context_unknown(unknown, envelope.at)
    signed = _signed(envelope, mended, reader)
    # What a proof is about has no address: a relative name is in no hash, so in no statement.
    base = "" if signed is not None and signed.document else reader.base
    if signed is not None and signed.document:
        dataset: Dataset | Problem = signed_dataset(signed)
    else:
        dataset = dataset_of(mended.payload, reader.contexts, base, envelope.at)
    if isinstance(dataset, Problem):
        return dataset
    claims = claims_of(dataset)
    if kind := _vocabulary(claims):
        return SetAside(envelope.at, kind)
    return _document(envelope, content, reader, _Read(mended, dataset, claims, base, signed))


def _signed(envelope: Envelope, mended: Mended, reader: Reader) -> Signed | None:
    """Give what the document's embedded proofs are about; None when it has none."""
    if not envelope.proofs:
        return None
    if mended.notes:
        why = f"no valid JSON-LD as it was signed: {'; '.join(mended.notes)}"
        return uncheckable(envelope.proofs, why)
    return signed_form(envelope.payload, envelope.proofs, envelope.at, reader.contexts.load)


@dataclass(frozen=True, slots=True)
class _Read:
    mended: Mended
    dataset: Dataset
    claims: Claims
    base: str
    signed: Signed | None


def _is_secured(envelope: Envelope) -> bool:
    """Say whether a signature may hold over the document, which mending would break."""
    hopeless = table()["proofsNobodyChecks"]
    kinds = {str(p.get("type", "")) for p in envelope.proofs if isinstance(p, dict)}
    return bool(envelope.token) or bool(kinds - set(hopeless))


def _context_unknown(unknown: list[str], at: str) -> Problem:
    return Problem(
        "context-unknown",
        f"the JSON-LD context {', '.join(unknown)} is not known here",
        at,
        "Contexts are never fetched. An operator who has the file adds it: "
        "`kg context add FILE --sha256 H`. Nothing was read from the document.",
        Severity.ERROR,
    )


def _vocabulary(claims: Claims) -> str:
    """Recognise shapes and ontologies that are written as JSON-LD."""
    if claims.id:
        return ""
    classes = [t.object.value for t in claims.triples
               if t.predicate.value == RDF + "type" and t.subject in claims.subjects
               and isinstance(t.object, Iri)]  # fmt: skip
    return vocabulary_kind(classes)


def _document(envelope: Envelope, content: bytes, reader: Reader, read: _Read) -> ImportItem:
    claims = read.claims
    marks = [Triple(s, _MARK, _YES) for s in claims.subjects if isinstance(s, Blank)]
    named = _named([*claims.triples, *marks], reader, read.base)
    plain = skolemise(named, reader.genid)
    triples = tuple(t for t in plain if t.predicate != _MARK and can_be_stored(t))
    nameless = [t.subject for t in plain if t.predicate == _MARK and isinstance(t.subject, Iri)]
    subjects = [s for s in claims.subjects if isinstance(s, Iri)] + nameless
    if not triples or not subjects:
        return _empty(envelope, read.dataset)
    dialect = dialect_of(triples, subjects)
    refused = len(plain) - len(triples) - len(nameless)
    added = reader.structure.added(triples, dialect, reader.linked)
    triples = tuple(dict.fromkeys([*triples, *added]))
    is_credential = "credentialSubject" in envelope.payload or bool(envelope.token)
    credential = credential_of(envelope, claims, read.signed) if is_credential else None
    covered = _coverage(read, reader)
    made = SourceDocument(
        source_id=_source_id(envelope, claims, subjects[0]),
        media_type=envelope.media_type,
        content=content,
        primary=subjects[0],
        own_subjects=own_subjects(triples, subjects, credential, reader.genid),
        triples=triples,
        credential=credential,
        problems=(*envelope.problems, *_findings(envelope, read, covered, refused)),
        modified=credential.valid_from if credential else "",
        kind=kind_of(dialect, triples, subjects),
        mapped=covered.mapped,
        unmapped=covered.unmapped,
    )
    return with_own_nodes(made, reader.context)


def _named(triples: list[Triple], reader: Reader, base: str) -> list[Triple]:
    """Replace names of files of the same folder by what those files are about."""
    if not reader.names or not base:
        return triples
    known = {base + name: Iri(iri) for name, iri in reader.names.items()}

    def name(term: Term) -> Term:
        return known.get(term.value, term) if isinstance(term, Iri) else term

    return [Triple(t.subject, t.predicate, name(t.object)) for t in triples]


def _empty(envelope: Envelope, dataset: Dataset) -> Problem:
    if "@context" not in envelope.payload:
        detail = "the document names no JSON-LD context, so its words mean nothing"
        hint = "Nothing was read from it. Its publisher adds `@context`."
        return Problem("context-missing", detail, envelope.at, hint, Severity.ERROR)
    why = "".join(f" ({found.detail})" for found in dataset.problems)
    return Problem(
        "credential-empty", f"the document says nothing about anything{why}", envelope.at,
        "Check its context and its credentialSubject.", Severity.ERROR,
    )  # fmt: skip


def _findings(
    envelope: Envelope, read: _Read, covered: Coverage, refused: int
) -> Iterator[Problem]:
    yield from read.dataset.problems
    if read.signed is not None and not read.signed.document:
        yield from read.signed.problems
    if read.mended.notes:
        hint = "It was read as it was meant."
        if envelope.proofs:
            hint += " Its proof is about the document as it was, so it cannot be checked."
        detail = f"no valid JSON-LD: {'; '.join(read.mended.notes)}"
        yield Problem("document-mended", detail, envelope.at, hint, Severity.INFO)
    if covered.examples:
        examples = ", ".join(repr(text) for text in covered.examples[:5])
        detail = f"a form's example stands where a value should be: {examples}"
        hint = "Statements with it were left out: the value is unknown."
        yield Problem("placeholder-value", detail, envelope.at, hint, Severity.INFO)
    if covered.secrets:
        detail = f"members are named like secrets: {', '.join(covered.secrets[:5])}"
        hint = "They were left out of the graph. Whoever published them should change them."
        yield Problem("secret-in-document", detail, envelope.at, hint)
    if refused:
        detail = f"{refused} statements hold a malformed IRI or language"
        hint = "Statements that use it were left out."
        yield Problem("iri-invalid", detail, envelope.at, hint)


def _coverage(read: _Read, reader: Reader) -> Coverage:
    def statements(payload: dict[str, Json]) -> str:
        nodes = expanded(payload, reader.contexts, reader.base, set())
        return str(jsonld.JsonLdProcessor.to_nquads(jsonld.to_rdf(nodes, {"base": reader.base})))

    is_whole = not read.dataset.dropped and not read.dataset.problems
    return coverage_of(
        read.mended.payload, statements, read.dataset.dropped, is_whole=is_whole
    )  # fmt: skip


def _source_id(envelope: Envelope, claims: Claims, primary: Iri) -> str:
    """Credentials have ids; bare claims are known by what they are about, else by their place."""
    if claims.id and (claims.id != primary.value or "credentialSubject" in envelope.payload):
        return claims.id
    return envelope.at if "/.well-known/genid/" in primary.value else primary.value


def own_subjects(
    triples: tuple[Triple, ...],
    subjects: list[Iri] | list[Subject],
    credential: Credential | None,
    genid: str,
) -> frozenset[str]:
    """Collect what a document may call its own.

    That is: what the credential is about, IRIs below those (fragment or path), the issuer itself,
    the credential, and nameless nodes. Whether the claim holds is for admission to say.
    """
    described = {t.subject.value for t in triples if isinstance(t.subject, Iri)}
    names = {subject.value for subject in subjects if isinstance(subject, Iri)}
    if credential is not None:
        # Naming an issuer is not describing it: an unsigned document must not claim a stranger.
        names |= {credential.id, credential.issuer} & described
    below = tuple(name.partition("#")[0].rstrip("/") + end for name in names for end in ("#", "/"))
    names |= {name for name in described if name.startswith((genid, *below))}
    return frozenset(names)
