"""Read a catalogue on the web, page after page (Hydra Core Vocabulary §4.6; RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

from kgservice.model.errors import Problem, Unavailable
from kgservice.model.rdf import Iri
from kgservice.net.fetch import Answer, Fetcher
from kgservice_importers.jsonld.added import Contexts
from kgservice_importers.rdf.reading import Reading
from kgservice_importers.rdf.syntaxes import read_rdf

ACCEPT: Final = (
    "text/turtle, application/ld+json;q=0.9, application/trig;q=0.8, application/n-triples;q=0.8, "
    "application/rdf+xml;q=0.7, application/json;q=0.5"
)
MAX_PAGES: Final = 100_000
_NEXT: Final = tuple("http://www.w3.org/ns/hydra/core#" + name for name in ("next", "nextPage"))
_LINK: Final = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)')
_REL: Final = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.I)


def read_web(
    source: str, fetcher: Fetcher, contexts: Contexts
) -> Iterator[tuple[Reading | Problem, str]]:
    """Read `source` and the pages that follow it.

    It ends without a next page, at a page that was read before, or when a page tells of nothing
    that earlier ones did not. Whatever a page counts is not believed.

    Raises:
        Unavailable: a page gives no usable answer; then nothing of the source counts.
        InputError: a page is on a host that may not be contacted (`host-not-allowed`).
    """
    url, visited, subjects = source, set[str](), set[int]()
    while url and url not in visited and len(visited) < MAX_PAGES:
        visited.add(url)
        answer = fetcher.get(url, {"Accept": ACCEPT})
        if answer.status != 200:
            raise unavailable(url, answer.status)
        reading = read_rdf(answer.body, answer.url, url, contexts)
        yield reading, url
        following = next_link(answer) or _next_page(reading, url)
        before = len(subjects)
        if isinstance(reading, Reading):
            subjects.update(hash(t.subject) for t in reading.triples if isinstance(t.subject, Iri))
        if len(visited) > 1 and len(subjects) == before:
            return
        url = urljoin(answer.url, following) if following else ""


def unavailable(url: str, status: int) -> Unavailable:
    """Say that a page was answered with an error."""
    return Unavailable(
        f"{url} answered {status}.",
        code="source-unreachable",
        at=url,
        hint="The last good version of the catalogue is kept.",
    )


def next_link(answer: Answer) -> str:
    """Give the address that the `Link` header calls `next`, or nothing."""
    for target, parameters in _LINK.findall(answer.headers.get("link", "")):
        found = _REL.search(parameters)
        if found and "next" in (found.group(1) or found.group(2)).lower().split():
            return str(target)
    return ""


def _next_page(reading: Reading | Problem, url: str) -> str:
    """Give the next page as the page itself says it; of several that of this very page."""
    if isinstance(reading, Problem):
        return ""
    found = [
        (t.subject, t.object)
        for t in reading.triples
        if t.predicate.value in _NEXT and isinstance(t.object, Iri)
    ]
    own = [value for subject, value in found if isinstance(subject, Iri) and subject.value == url]
    others = sorted(value for _, value in found)
    return (own or others or [Iri("")])[0].value
