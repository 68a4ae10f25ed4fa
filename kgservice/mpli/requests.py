"""Desired situations: handed in, kept with their original text, resolved when asked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from kgservice.model.errors import InputError, NotFound
from kgservice.model.rdf import Iri, Literal, Triple, is_valid_iri, to_ntriples, typed
from kgservice.model.terms import DCTERMS, KG
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.request_documents import check_request, request_triples
from kgservice.resolution.request import Request
from kgservice.store.port import GraphChange
from kgservice.store.results import choose_graph_format

_ALIASES = {
    "application/x-yaml": "application/yaml",
    "text/yaml": "application/yaml",
    "application/json": "application/yaml",  # JSON is YAML, with the same meaning
    "text/plain": "application/yaml",
}
MEDIA_TYPES = ("application/yaml", "text/turtle", "application/ld+json")
RDF_TYPES = ("text/turtle", "application/n-triples", "application/rdf+xml")


@dataclass(frozen=True, slots=True)
class SavedRequest:
    """A request that was handed in.

    Attributes:
        id: Short id: a hash of who asked what, so the same request has the same id.
        iri: Name of its private graph.
        customer: Whose it is.
        media_type: Of the original text.
        content_hash: SHA-256 of the original text.
        request: What it means.
    """

    id: str
    iri: str
    customer: str
    media_type: str
    content_hash: str
    request: Request

    def as_json(self) -> dict[str, object]:
        """Show it, without its text."""
        return {
            "id": self.id,
            "request": self.iri,
            "title": self.request.title,
            "components": {part.name: part.kind.value for part in self.request.components},
            "mediaType": self.media_type,
            "resolution": f"/mpli/v1/requests/{self.id}/resolution",
            "notes": [note.as_json() for note in self.request.notes],
        }


def add_request(
    application: Application, caller: Caller, content: bytes, media_type: str
) -> SavedRequest:
    """Check a request and keep it in a private graph; nothing is searched yet.

    Raises:
        InputError: it is not well written; `at` is its line.
        NotSupported: it says something that this version cannot fulfil (`not-supported`).
    """
    kind = _ALIASES.get(media_type, media_type)
    if kind not in MEDIA_TYPES:
        raise InputError(
            f"A request cannot come as {media_type}.",
            code="unsupported-media-type",
            hint=f"Use one of: {', '.join(MEDIA_TYPES)}.",
            status=415,
        )
    digest = hashlib.sha256(content).hexdigest()
    identity = hashlib.sha256(f"{caller.name}\0{kind}\0{digest}".encode()).hexdigest()[:16]
    iri = f"{application.base_iri}request/{identity}"
    request = _read(application, content, kind, iri)
    application.contents.put(content)
    triples = (
        *request_triples(request, application.vocabulary),
        Triple(Iri(iri), KG.customer, typed(caller.name)),
        Triple(Iri(iri), KG.contentHash, typed(digest)),
        Triple(Iri(iri), DCTERMS.format, typed(kind)),
    )
    application.store.commit([GraphChange(iri, triples)], dataset="private")
    return SavedRequest(identity, iri, caller.name, kind, digest, request)


def as_written(application: Application, saved: SavedRequest) -> Request:
    """Give a request without a day when it names none: it means another day tomorrow."""
    text = application.contents.get(saved.content_hash).decode("utf-8-sig")
    return check_request(text, saved.media_type, application.vocabulary, iri=saved.iri)


def identity_in(application: Application, composition: str) -> str:
    """Give the id of the request that a composition answers; empty for no composition."""
    name = composition.removeprefix(f"{application.base_iri}request/")
    return name.partition("/")[0].partition("#")[0]


def get_request(application: Application, caller: Caller, name: str) -> SavedRequest:
    """Give a request by its id or IRI.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    identity = name.rpartition("/")[2]
    iri = f"{application.base_iri}request/{identity}"
    if not is_valid_iri(iri):
        raise NotFound("There is no request of this name.", code="request-unknown")
    day = application.today().isoformat()
    saved = application.requests_read.get((iri, day)) or _saved(application, iri)
    if saved is None or not (caller.may("see-all") or saved.customer == caller.name):
        raise NotFound(f"There is no request {identity}.", code="request-unknown")
    application.requests_read.keep((iri, day), saved)
    return saved


def _saved(application: Application, iri: str) -> SavedRequest | None:
    values = {
        triple.predicate: triple.object
        for triple in application.store.graph(iri, dataset="private")
        if triple.subject == Iri(iri) and isinstance(triple.object, Literal)
    }
    if KG.customer not in values:
        return None
    kind, digest = values[DCTERMS.format][0], values[KG.contentHash][0]
    request = _read(application, application.contents.get(digest), kind, iri)
    identity, customer = iri.rpartition("/")[2], values[KG.customer][0]
    return SavedRequest(identity, iri, customer, kind, digest, request)


def list_requests(application: Application, caller: Caller) -> list[dict[str, object]]:
    """List the caller's requests; an operator sees all."""
    rows = application.store.read(_LIST, dataset="private")
    return [
        {
            "id": row["request"][0].rpartition("/")[2],
            "request": row["request"][0],
            "title": row["title"][0] if "title" in row else "",
            "customer": row["customer"][0],
        }
        for row in rows
        if caller.may("see-all") or row["customer"][0] == caller.name
    ]


_LIST = """PREFIX kg: <https://w3id.org/kgservice/ns#>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?request ?title ?customer WHERE {
  GRAPH ?request { ?request a kg:Request ; kg:customer ?customer .
                   OPTIONAL { ?request dcterms:title ?title } }
} ORDER BY ?request"""


def show_request(
    application: Application, caller: Caller, identity: str, accept: str
) -> tuple[bytes, str]:
    """Give a request as JSON, in its original form when that is accepted, or as RDF."""
    saved = get_request(application, caller, identity)
    if saved.media_type in accept and "application/json" not in accept:
        return application.contents.get(saved.content_hash), saved.media_type
    if any(kind in accept for kind in RDF_TYPES):
        graph = application.store.graph(saved.iri, dataset="private")
        return choose_graph_format(to_ntriples(graph).encode(), accept)
    return _json(saved.as_json())


def _read(application: Application, content: bytes, kind: str, iri: str) -> Request:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("The request is not UTF-8 text.", code="request-not-text") from None
    return check_request(text, kind, application.vocabulary, iri=iri, today=application.today())


def _json(value: object) -> tuple[bytes, str]:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode(), "application/json"
