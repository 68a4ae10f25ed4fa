"""Read Gaia-X credentials from a file, a folder or a list of addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from kgservice.model.documents import Credential, ImportContext, ImportItem, SourceDocument
from kgservice.model.errors import Problem, Severity, Unavailable
from kgservice.model.rdf import Blank, Iri, Subject, Triple
from kgservice.net.fetch import Fetcher, Limits
from kgservice_importers.gaiax.envelopes import Envelope, open_envelopes
from kgservice_importers.gaiax.expansion import Expanded, expand
from kgservice_importers.gaiax.listing import fetch_listed
from kgservice_importers.gaiax.structure import StructureMap, can_be_stored
from kgservice_importers.jsonld.contexts import Json
from kgservice_importers.jsonld.skolem import skolemise

SUFFIXES: Final = frozenset({".json", ".jsonld", ".jwt"})
_NOT_CREDENTIALS: Final = frozenset({"did", "contexts"})
MAX_BYTES: Final = 8 * 1024 * 1024
_LIMITS: Final = Limits(max_bytes=MAX_BYTES)


class GaiaXImporter:
    """The plug-in for catalogue type `gaia-x`."""

    type = "gaia-x"

    def read(self, source: str, context: ImportContext) -> Iterator[ImportItem]:
        """Read every credential of `source`; see `kgservice.model.documents.Importer.read`."""
        structure = StructureMap(context.vocabulary)
        seen: dict[str, bytes] = {}
        for content, name in _contents(source, context):
            if isinstance(content, Problem):
                yield content
                continue
            for item in read_content(content, name, context, structure):
                yield from _once(item, name, seen) if isinstance(item, SourceDocument) else [item]


def _once(document: SourceDocument, name: str, seen: dict[str, bytes]) -> Iterator[SourceDocument]:
    """Leave out what was read already; tell apart documents that share an id."""
    known = seen.setdefault(document.source_id, document.content)
    if known is document.content:
        yield document
    elif known != document.content:
        finding = Problem(
            "document-id-repeated", f"another document has the id {document.source_id}", name,
            "Both were read; this one is known by its id and its file.",
        )  # fmt: skip
        source_id = f"{document.source_id} in {name}"
        if seen.setdefault(source_id, document.content) is document.content:
            problems = (*document.problems, finding)
            yield replace(document, source_id=source_id, problems=problems)


def read_content(
    content: bytes, name: str, context: ImportContext, structure: StructureMap
) -> Iterator[ImportItem]:
    """Read the credentials of one file; `name` is its name within the source."""
    if len(content) > MAX_BYTES:
        detail = f"the file has {len(content)} bytes, more than {MAX_BYTES}"
        yield Problem("document-too-large", detail, name, "It was not read.", Severity.ERROR)
        return
    items = list(open_envelopes(content, name))
    single = sum(isinstance(item, Envelope) for item in items) == 1
    for item in items:
        if isinstance(item, Problem):
            yield item
            continue
        # A proof is about the bytes as found; members of a presentation have no bytes of their own.
        whole = single and not item.token and item.at == name
        yield _document(item, content if whole else item.content, context, structure)


def _document(
    envelope: Envelope, content: bytes, context: ImportContext, structure: StructureMap
) -> ImportItem:
    base = f"{context.base_iri}catalog/{context.catalog}/document/"
    expanded = expand(envelope.payload, base, envelope.at)
    if isinstance(expanded, Problem):
        return expanded
    genid = f"{context.base_iri}.well-known/genid/"
    marks = [_mark(s) for s in expanded.subjects if isinstance(s, Blank)]
    plain = skolemise([*expanded.triples, *marks], genid)
    triples = tuple(t for t in plain if t.predicate != _MARK and can_be_stored(t))
    nameless = [t.subject for t in plain if t.predicate == _MARK and isinstance(t.subject, Iri)]
    subjects = [s for s in expanded.subjects if isinstance(s, Iri)] + nameless
    if not triples or not subjects:
        return Problem(
            "credential-empty", "the document says nothing about anything", envelope.at,
            "Check its context and its credentialSubject.", Severity.ERROR,
        )  # fmt: skip
    refused = len(plain) - len(triples) - len(nameless)
    triples = tuple(dict.fromkeys([*triples, *structure.added(triples)]))
    credential = _credential(envelope, expanded)
    return SourceDocument(
        source_id=_source_id(envelope, expanded, subjects[0]),
        media_type=envelope.media_type,
        content=content,
        primary=subjects[0],
        own_subjects=own_subjects(triples, subjects, credential, genid),
        triples=triples,
        credential=credential,
        problems=(*expanded.problems, *_refusals(refused, envelope.at)),
        modified=credential.valid_from if credential else "",
    )


def _refusals(count: int, at: str) -> list[Problem]:
    if not count:
        return []
    hint = "Statements that use it were left out."
    return [
        Problem("iri-invalid", f"{count} statements hold a malformed IRI or language", at, hint)
    ]


_MARK: Final = Iri("urn:kgservice:is-subject")


def _mark(subject: Subject) -> Triple:
    return Triple(subject, _MARK, Iri("urn:kgservice:true"))


def _source_id(envelope: Envelope, expanded: Expanded, primary: Iri) -> str:
    """Credentials have ids; bare claims are known by what they are about, else by their place."""
    if expanded.id and expanded.id != primary.value:
        return expanded.id
    if "credentialSubject" in envelope.payload and expanded.id:
        return expanded.id
    return envelope.at if "/.well-known/genid/" in primary.value else primary.value


def own_subjects(
    triples: tuple[Triple, ...], subjects: list[Iri], credential: Credential | None, genid: str
) -> frozenset[str]:
    """Collect what a document may call its own.

    That is: what the credential is about, IRIs below those (fragment or path), the issuer itself,
    the credential, and nameless nodes. Whether the claim holds is for admission to say.
    """
    described = {t.subject.value for t in triples if isinstance(t.subject, Iri)}
    names = {subject.value for subject in subjects}
    if credential is not None:
        # Naming an issuer is not describing it: an unsigned document must not claim a stranger.
        names |= {credential.id, credential.issuer} & described
    below = tuple(name.partition("#")[0].rstrip("/") + end for name in names for end in ("#", "/"))
    names |= {name for name in described if name.startswith((genid, *below))}
    return frozenset(names)


def _credential(envelope: Envelope, expanded: Expanded) -> Credential | None:
    payload = envelope.payload
    if "credentialSubject" not in payload and not envelope.token:
        return None
    return Credential(
        id=expanded.id,
        issuer=_issuer(payload.get("issuer")),
        proof_kind=envelope.proof_kind,
        token=envelope.token,
        types=expanded.types,
        valid_from=_text(payload.get("validFrom", payload.get("issuanceDate"))),
        valid_until=_text(payload.get("validUntil", payload.get("expirationDate"))),
    )


def _issuer(value: Json) -> str:
    return _text(value.get("id", value.get("@id")) if isinstance(value, dict) else value)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _contents(source: str, context: ImportContext) -> Iterator[tuple[bytes | Problem, str]]:
    if source.startswith(("http://", "https://")):
        yield from fetch_listed(source, Fetcher(context.allowed_hosts, _LIMITS))
        return
    path = Path(source)
    if not path.exists():
        raise Unavailable(
            f"{source} does not exist.", code="source-missing", hint="Check the catalogue's source."
        )
    for file in _files(path):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        try:
            with file.open("rb") as stream:
                yield stream.read(MAX_BYTES + 1), name
        except OSError as error:
            detail = f"the file cannot be read: {error.strerror}"
            yield Problem("document-unreadable", detail, name, severity=Severity.ERROR), name


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(
        file
        for file in path.rglob("*")
        if file.suffix in SUFFIXES
        and file.is_file()
        and not file.is_symlink()
        and not _NOT_CREDENTIALS.intersection(file.relative_to(path).parts[:-1])
    )
