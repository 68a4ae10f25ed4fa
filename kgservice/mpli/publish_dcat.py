"""The federated offerings as a DCAT catalogue, page by page (DCAT 3, DCAT-AP 3, Hydra).

A page says of each of its offerings all that is known in our own words too, so that another
instance reads back the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from kgservice.model.rdf import XSD, Iri, Literal, Term, Triple, to_ntriples
from kgservice.model.terms import RDF
from kgservice.mpli.publish import Edition

OFFERINGS: Final = "publish-tmf620-offering-ids"
DEEPEST: Final = 4
"""Steps from an offering to the last node that is described with it."""

_HYDRA: Final = "http://www.w3.org/ns/hydra/core#"


@dataclass(frozen=True, slots=True)
class Page:
    """Which page of the catalogue.

    Attributes:
        root: The service's address, ending in a slash.
        number: From 1 on.
        size: Offerings of a page.
        total: Offerings in all.
        rest: What else is in the query of every page's address, such as `&format=ttl`.
    """

    root: str
    number: int
    size: int
    total: int
    rest: str = ""

    @property
    def last(self) -> int:
        """Number of the last page."""
        return max(1, -(-self.total // self.size))

    def address(self, number: int) -> str:
        """Give the address of a page."""
        return f"{self.root}dcat?page={number}&limit={self.size}{self.rest}"

    def links(self) -> dict[str, str]:
        """Give the addresses of the first, previous, next and last page, of those there are."""
        numbers = {"first": 1, "last": self.last}
        if self.number > 1:
            numbers["previous"] = min(self.number - 1, self.last)
        if self.number < self.last:
            numbers["next"] = self.number + 1
        return {name: self.address(number) for name, number in numbers.items()}


def statements(edition: Edition, page: Page) -> bytes:
    """Give a page as sorted N-Triples; about 1 ms an offering."""
    subjects = list(edition.ids(OFFERINGS).values())
    shown = subjects[(page.number - 1) * page.size : page.number * page.size]
    federated = Iri(f"{page.root}dcat")
    found = [
        *_catalogs(edition, federated, page),
        *_view(page, federated),
        *edition.statements("publish-dcat-resource", shown),
        *(Triple(federated, Iri(_DCAT_RESOURCE), Iri(one)) for one in shown),
        *_closure(edition, shown),
    ]
    return to_ntriples(sorted(set(found))).encode()


_DCAT_RESOURCE: Final = "http://www.w3.org/ns/dcat#resource"


def _closure(edition: Edition, subjects: Sequence[str]) -> list[Triple]:
    """Give what is said of the offerings, and of the nodes that they lead to."""
    found = edition.statements("publish-dcat-offering", subjects)
    done = set(subjects)
    latest: Iterable[Triple] = found
    for _ in range(DEEPEST):
        nodes = sorted({t.object.value for t in latest if isinstance(t.object, Iri)} - done)
        done.update(nodes)
        latest = edition.statements("publish-dcat-node", nodes)
        found += latest
    return found


def _catalogs(edition: Edition, federated: Iri, page: Page) -> list[Triple]:
    root = page.root
    parameters: dict[str, Term] = {
        "federated": federated,
        "publisher": Iri(f"{root}#publisher"),
        "host": Literal(f"kgservice at {urlsplit(root).netloc}"),
        "service": Iri(f"{root}sparql"),
        "home": Iri(root),
        "description": Iri(f"{root}.well-known/void"),
    }
    found = edition.construct("publish-dcat-catalogs", parameters)
    if page.number == 1:
        found += edition.construct("publish-dcat-service", parameters)
    return found


def _view(page: Page, federated: Iri) -> list[Triple]:
    """Say which part of the collection the page is (Hydra Core Vocabulary, §4.6)."""
    view = Iri(page.address(page.number))
    return [
        Triple(federated, RDF.type, Iri(_HYDRA + "Collection")),
        Triple(federated, Iri(_HYDRA + "totalItems"), Literal(str(page.total), XSD + "integer")),
        Triple(federated, Iri(_HYDRA + "view"), view),
        Triple(view, RDF.type, Iri(_HYDRA + "PartialCollectionView")),
        *(Triple(view, Iri(_HYDRA + name), Iri(to)) for name, to in page.links().items()),
    ]
