"""Where a catalogue's lists are: the product catalogue's, and those of the APIs beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final, cast
from urllib.parse import urlsplit, urlunsplit

from kgservice_importers.tmf620.records import resource_named

_MAIN: Final = "productOffering"


@dataclass(frozen=True, slots=True)
class ListAddress:
    """A list of an API.

    Attributes:
        resource: What it holds.
        urls: Where it may be, the most likely first.
        query: What the registered address asks for beside the page (`lifecycleStatus=Active`).
        is_main: It holds the offerings; without it there is no catalogue.
        is_named: The registration names its API; else it was only looked for.
    """

    resource: str
    urls: tuple[str, ...]
    query: str = ""
    is_main: bool = False
    is_named: bool = True


@dataclass(frozen=True, slots=True)
class Addresses:
    """The base addresses of a source.

    Attributes:
        base: Of the product catalogue API.
        query: Of the registered address.
        options: Those of the registration.
    """

    base: str
    query: str
    options: Mapping[str, str]

    def lists(self) -> list[ListAddress]:
        """Give every list; that of the offerings is the first."""
        found = [
            ListAddress(
                resource,
                tuple(f"{self.base}/{name}" for name in names),
                self.query if resource == _MAIN else "",
                is_main=resource == _MAIN,
            )
            for resource, names in _names(_data()["product"]).items()
        ]
        for api in cast("list[Mapping[str, object]]", _data()["others"]):
            given = self.options.get(str(api["option"]), "").rstrip("/")
            bases = (given,) if given else self._beside(cast("list[str]", api["beside"]))
            for resource, names in _names(api).items():
                urls = tuple(f"{base}/{name}" for base in bases for name in names)
                if urls:
                    found.append(ListAddress(resource, urls, is_named=bool(given)))
        return found

    @property
    def is_complete(self) -> bool:
        """Whether the base ends as that of a product catalogue API does."""
        known = cast("list[str]", cast("Mapping[str, object]", _data()["product"])["names"])
        return self.base.split("/")[-2] in known

    def _beside(self, names: list[str]) -> tuple[str, ...]:
        if not self.is_complete:
            return ()
        front, _, version = self.base.rpartition("/")
        front = front.rpartition("/")[0]
        return tuple(f"{front}/{name}/{version}" for name in names)


def registered(source: str, options: Mapping[str, str]) -> Addresses:
    """Read the registered address: an API's base, or its list of offerings; a query is kept."""
    parts = urlsplit(source)
    path = parts.path.rstrip("/")
    if resource_named(path.rpartition("/")[2]) == _MAIN:
        path = path.rpartition("/")[0]
    base = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    return Addresses(base, parts.query, options)


def alternatives(found: Addresses) -> list[Addresses]:
    """Give where the product catalogue may be below an address that does not serve it itself."""
    roots = cast("list[str]", _data()["roots"])
    return [Addresses(found.base + root, found.query, found.options) for root in roots]


@lru_cache(maxsize=1)
def _data() -> Mapping[str, object]:
    text = files("kgservice_importers.tmf620").joinpath("apis.json").read_text("utf-8")
    return cast("Mapping[str, object]", json.loads(text))


def _names(api: object) -> Mapping[str, list[str]]:
    return cast("Mapping[str, Mapping[str, list[str]]]", api)["lists"]
