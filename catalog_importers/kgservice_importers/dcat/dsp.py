"""Ask for a catalogue by the Dataspace Protocol (2025-1 §5, 2024-1, 0.8)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin

from kgservice.model.errors import InputError, Problem, Unavailable
from kgservice.model.rdf import Iri, Literal, Term
from kgservice.net.fetch import Answer, Fetcher
from kgservice_importers.dcat.graph import Graph
from kgservice_importers.dcat.hydra import MAX_PAGES, next_link, unavailable
from kgservice_importers.jsonld.added import Contexts
from kgservice_importers.rdf.reading import Reading, unreadable
from kgservice_importers.rdf.syntaxes import read_rdf

REQUEST: Final = "/catalog/request"
DEEPEST: Final = 4
MOST_NESTED: Final = 200
_DCAT: Final = "http://www.w3.org/ns/dcat#"
_DSPACE: Final = "https://w3id.org/dspace/"
_NESTED: Final = (
    _DCAT + "catalog", _DSPACE + "2025/1/catalog", _DSPACE + "2024/1/catalog",
    _DSPACE + "v0.8/catalog",
)  # fmt: skip
_MESSAGES: Final[Mapping[str, dict[str, Any]]] = {
    "2025-1": {
        "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"],
        "@type": "CatalogRequestMessage",
    },
    "2024-1": {
        "@context": "https://w3id.org/dspace/2024/1/context.json",
        "@type": "dspace:CatalogRequestMessage",
    },
    "v0.8": {
        "@context": {"dspace": "https://w3id.org/dspace/v0.8/"},
        "@type": "dspace:CatalogRequestMessage",
    },
}
"""What a consumer sends, by version of the protocol, the newest first."""
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}


def is_dsp(source: str, options: Mapping[str, str]) -> bool:
    """Say whether a URL is asked by the Dataspace Protocol."""
    return source.rstrip("/").endswith(REQUEST) or options.get("protocol") == "dsp"


def read_dsp(
    source: str, fetcher: Fetcher, contexts: Contexts
) -> Iterator[tuple[Reading | Problem, str]]:
    """Read a participant's catalogue, and the catalogues that it names, at most four steps away.

    Raises:
        Unavailable: the catalogue gives no usable answer; one that it names is a finding instead.
        InputError: the host may not be contacted (`host-not-allowed`).
    """
    root = source.rstrip("/").removesuffix(REQUEST)
    yield from _Asking(fetcher, contexts).catalog(root, 0)


@dataclass(slots=True)
class _Asking:
    fetcher: Fetcher
    contexts: Contexts
    visited: set[str] = field(default_factory=set)

    def catalog(self, root: str, depth: int) -> Iterator[tuple[Reading | Problem, str]]:
        self.visited.add(root)
        nested: dict[str, None] = {}
        for reading, at in self._pages(root):
            yield reading, at
            if isinstance(reading, Reading):
                nested |= dict.fromkeys(_elsewhere(reading))
        for place in nested:
            if place not in self.visited:
                yield from self._named(place, depth + 1)

    def _named(self, place: str, depth: int) -> Iterator[tuple[Reading | Problem, str]]:
        if depth > DEEPEST or len(self.visited) >= MOST_NESTED:
            detail = f"this catalogue is more than {DEEPEST} steps away, or there are too many"
            hint = "It was not read; add it as a catalogue of its own."
            yield Problem("catalog-too-deep", detail, place, hint), place
            return
        try:
            yield from self.catalog(place, depth)
        except (Unavailable, InputError) as error:
            yield (
                unreadable(f"the catalogue named here cannot be read: {error.detail}", place),
                place,
            )

    def _pages(self, root: str) -> Iterator[tuple[Reading | Problem, str]]:
        place, versions = self._version(root)
        url, body, answer = self._first(place + REQUEST, versions)
        seen = {url}
        while True:
            yield read_rdf(answer.body, place + "/", url, self.contexts), url
            following = urljoin(url, next_link(answer)) if next_link(answer) else ""
            if not following or following in seen or len(seen) >= MAX_PAGES:
                return
            seen.add(following)
            url, answer = following, self._next(following, body)

    def _version(self, root: str) -> tuple[str, list[str]]:
        """Read where which version is spoken (DSP 2025-1 §4.3); without it all are tried."""
        try:
            answer = self.fetcher.get(root + "/.well-known/dspace-version", _HEADERS)
            tree = json.loads(answer.body) if answer.status == 200 else {}
        except (Unavailable, ValueError, RecursionError):
            tree = {}
        spoken = tree.get("protocolVersions") if isinstance(tree, dict) else None
        for version in _MESSAGES:
            for entry in spoken if isinstance(spoken, list) else ():
                if isinstance(entry, dict) and entry.get("version") == version:
                    path = entry.get("path")
                    path = path.strip("/") if isinstance(path, str) else ""
                    return f"{root}/{path}".rstrip("/"), [version]
        return root, list(_MESSAGES)

    def _first(self, url: str, versions: list[str]) -> tuple[str, bytes, Answer]:
        for version in versions:
            body = json.dumps(_MESSAGES[version]).encode()
            answer = self.fetcher.post(url, body, _HEADERS)
            if answer.status == 200:
                return url, body, answer
            if answer.status not in (400, 415, 422):
                break
        raise unavailable(url, answer.status)

    def _next(self, url: str, body: bytes) -> Answer:
        answer = self.fetcher.post(url, body, _HEADERS)
        if answer.status in (404, 405):
            answer = self.fetcher.get(url, _HEADERS)
        if answer.status != 200:
            raise unavailable(url, answer.status)
        return answer


def _elsewhere(reading: Reading) -> Iterator[str]:
    """Give where the catalogues are that are named here and have nothing in them."""
    graph = Graph(t for t in reading.triples)
    nested: set[Term] = {t.object for t in reading.triples if t.predicate.value in _NESTED}
    for catalog in sorted(nested, key=str):
        if any(graph.values(catalog, (_DCAT + "dataset", *_NESTED))):
            continue
        for service in graph.values(catalog, (_DCAT + "service",)):
            for url in graph.values(service, (_DCAT + "endpointURL",)):
                if isinstance(url, Iri | Literal) and url.value.startswith(("http://", "https://")):
                    yield url.value.rstrip("/").removesuffix(REQUEST)
