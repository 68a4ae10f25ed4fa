"""What the sample catalogues say, read from the tables that they were written from.

Neither an importer nor the graph has a part in it: an oracle for the analysts' queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import yaml

from tools.polder_market_table import OFFERS, PROVIDERS, Offer, Price

ROOT = Path(__file__).resolve().parents[2]
RIJN = yaml.safe_load((ROOT / "tools" / "rijn_federation.yaml").read_text(encoding="utf-8"))
CODES = {"NL": "NLD", "NLD": "NLD", "BE": "BEL", "Belgium": "BEL", "US": "USA", "IE": "IRL",
         "DE": "DEU", "FR": "FRA"}  # fmt: skip
KINDS = {"PostgreSQL": "PostgreSQL", "Container": "container", "Virtual machine": "virtual machine",
         "VM": "virtual machine", "VirtualMachine": "virtual machine"}  # fmt: skip
GB_IN_GIB = Decimal(10**9) / Decimal(2**30)


@dataclass(frozen=True)
class Sold:
    """An offering as its table has it; `parts` are (amount a month, property it is for, unit)."""

    id: str
    kind: str
    title: str
    provider: str
    provider_name: str
    home: str
    countries: frozenset[str]
    versions: tuple[int, ...]
    is_sold: bool
    parts: tuple[tuple[Decimal, str, str], ...]
    is_price_known: bool
    notice: str
    law: str

    def monthly(self, **wanted: int) -> Decimal | None:
        """What a month costs for these quantities in GiB; None where it is unknown."""
        if not self.is_price_known:
            return None
        total = Decimal(0)
        for amount, per, unit in self.parts:
            quantity = Decimal(wanted[per]) if per else Decimal(1)
            total += amount * (quantity / GB_IN_GIB if unit == "gb" else quantity)
        return total.quantize(Decimal("0.01"), ROUND_HALF_UP)


def sold() -> dict[str, Sold]:
    """All offerings of both samples by IRI."""
    return {one.id: one for one in (*map(_of_polder, OFFERS), *_of_rijn())}


def certificates() -> Iterator[tuple[str, str, str]]:
    """Number, offering and end of every certificate that TÜV Fiktiv issued."""
    for one in RIJN["certificates"]:
        for scope in one["scope"]:
            yield one["number"], _scope(scope), one.get("until", "2028-12-31T23:59:59Z")


def labelled() -> frozenset[str]:
    """Offerings that a certificate covers which is still in force (all of 2026 and 2027)."""
    return frozenset(offering for _, offering, end in certificates() if end > "2026-12")


def _scope(name: str) -> str:
    if name.startswith("urn:"):
        return name
    provider, _, slug = name.partition("/")
    return f"https://{provider}.example/offerings/{slug}"


def _of_polder(offer: Offer) -> Sold:
    provider = PROVIDERS[offer.provider]
    identity = offer.id if ":" in offer.id else f"productOffering/{offer.id}"
    facts = offer.facts
    versions = re.findall(r"\d+", str(facts.get("PostgreSQL version", "")))
    return Sold(
        id=identity, kind=KINDS[offer.kind], title=offer.name, provider=provider.id,
        provider_name=provider.name, home=CODES[provider.country],
        countries=frozenset(_places(offer)), versions=tuple(map(int, versions)),
        is_sold=offer.lifecycle.lower() in ("launched", "active"),
        parts=tuple(filter(None, map(_part, offer.prices))),
        is_price_known=all(price.shape not in ("none", "both") for price in offer.prices),
        notice=str(facts.get("Notice period", "")),
        law=CODES.get(str(facts.get("Governing law")), ""),
    )  # fmt: skip


def _places(offer: Offer) -> Iterator[str]:
    for name in ("Location", "Country"):
        written = offer.facts.get(name, ())
        texts = [written] if isinstance(written, str) else written
        for text in texts:  # type: ignore[attr-defined]
            yield CODES[text.rpartition(",")[2].strip()]
    if offer.place:
        yield CODES[offer.place.rpartition(",")[2].strip()]


def _part(price: Price) -> tuple[Decimal, str, str] | None:
    if not price.kind.startswith("recurring") or price.amount is None:
        return None
    names = {"Storage": "storage", "Disk": "storage", "RAM": "memory", "Memory": "memory",
             "vCPU": "vcpu", "CPU": "vcpu"}  # fmt: skip
    per, unit = price.per or ("", "")
    amount = Decimal(str(price.amount).replace(",", "."))
    return amount / (12 if price.period == "YEARLY" else 1), names.get(per, ""), unit


def _of_rijn() -> Iterator[Sold]:
    for one in RIJN["offerings"]:
        provider = RIJN["providers"][one["provider"]]
        country = CODES[provider["datacenter"]["country"]]
        # what was changed after signing is taken as it stands: the file says 12, not 22
        price = "12.00" if one.get("proof") == "broken" else one["price"]
        parts = [(Decimal(price), "", "")]
        if "per-gib" in one:
            parts.append((Decimal(one["per-gib"]), "storage", ""))
        yield Sold(
            id=_scope(f"{one['provider']}/{one['id']}"), kind=KINDS[one["kind"]],
            title=one["name"], provider=f"did:web:{one['provider']}.example",
            provider_name=provider["name"], home=CODES[provider["country"]],
            countries=frozenset({country}), versions=tuple(one.get("majorVersion", ())),
            is_sold=True, parts=tuple(parts), is_price_known=True,
            notice=one.get("notice", ""), law=CODES[provider["country"]],
        )  # fmt: skip


def as_written(found: Mapping[str, Sold], iri: str) -> Sold | None:
    """Find an offering by the IRI that the graph has; `22` is under its catalogue's IRI there."""
    return found.get(iri) or found.get("productOffering/" + iri.rpartition("/productOffering/")[2])
