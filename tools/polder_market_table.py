"""The table behind the sample catalogue `polder-market`; every provider in it is made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Provider:
    """A made-up provider."""

    id: str
    name: str
    country: str
    vat: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Price:
    """A price component and the shape in which the catalogue writes it."""

    name: str
    amount: object
    kind: str = "recurring"
    period: str = "monthly"
    per: tuple[str, str] | None = None
    shape: str = "unit-value"
    other: object = None


@dataclass(frozen=True)
class Offer:
    """An offering; the members after `prices` are blemishes and habits of real catalogues."""

    slug: str
    provider: str
    kind: str
    name: str
    text: str
    facts: Mapping[str, object]
    prices: tuple[Price, ...]
    categories: tuple[str, ...] = ("paas",)
    version: str = "1.0"
    lifecycle: str = "Launched"
    role: str = "Seller"
    identifier: str = ""
    embeds: bool = False
    says_type: bool = True
    says_class: bool = False
    place: str = ""

    @property
    def id(self) -> str:
        """The id as the catalogue writes it."""
        return self.identifier or f"urn:ngsi-ld:product-offering:{self.slug}"


def _organization(slug: str) -> str:
    return f"urn:ngsi-ld:organization:{slug}"


PROVIDERS = {
    "waterlinie": Provider(
        _organization("waterlinie-cloud"), "Waterlinie Cloud", "NL", "NL000000001B01",
        {"Owner": "Stichting Waterlinie Beheer 100% (NL)"},
    ),
    "noordzee": Provider(
        _organization("noordzee-hosting"), "Noordzee Hosting", "NLD", "NL000000002B01",
        {"Owner": "Noordzee Groep NV 80% (NL); Fonds voor Infrastructuur 20% (BE)"},
    ),
    "lagelanden": Provider(
        _organization("lage-landen-it"), "Lage Landen IT", "Belgium", "BE0000000003"
    ),
    "kanaal": Provider(_organization("kanaal-compute"), "Kanaal Compute", "BE", "BE0000000004"),
    "prairie": Provider(
        _organization("prairie-cloud"), "Prairie Cloud Inc.", "US", "EU000000005",
        {"Owner": "Prairie Holdings LLC 100% (US)"},
    ),
}  # fmt: skip

CATEGORIES = {
    "paas": "Platform as a Service (PaaS)",
    "iaas": "Infrastructure as a Service (IaaS)",
    "virtual-machine": "Virtual machine",
    "container": "Container",
    "public-sector": "Public administration",
}

_DUTCH_LAW: dict[str, object] = {"Governing law": "NL", "Court": "Rechtbank Midden-Nederland"}
_BELGIAN_LAW: dict[str, object] = {"Governing law": "BE", "Court": "Ondernemingsrechtbank Gent"}
_DUMPS: dict[str, object] = {
    "Import format": "pg_dump-directory",
    "Export format": "pg_dump-directory",
}
_PRIVACY: dict[str, object] = {"DPA": "yes", "Audit rights": "yes", "Transfers": "none"}

POSTGRESQL = (
    Offer(
        "waterlinie-postgresql", "waterlinie", "PostgreSQL", "Waterlinie PostgreSQL",
        "Managed PostgreSQL on Dutch soil, one primary.",
        {
            "PostgreSQL version": "15,16", "Extensions": "vector, pg_trgm", **_DUMPS,
            "vCPU": "2", "RAM": ("8", "GiB"), "Storage": ("2000", "GiB"), "Max connections": "200",
            "PITR": "true", "RPO": "5 minutes", "RTO": "PT4H", "Availability": "99.9 %",
            "Location": "Amsterdam, NL", "Data location": "NL", "Notice period": "1 month",
            "Retrieval period": "30 days", "Transition period": "30 days", "Minimum term": "P1M",
            "Sub-processors": "none", "Complete for": "Sub-processors, Transfers, Data location",
            "Support": "24x7", "Support language": "nl, en", "Switching charge": "0 EUR",
            "ISO/IEC 27001:2022": None, **_DUTCH_LAW, **_PRIVACY,
        },
        (
            Price("Base", 29.00),
            Price("Storage", 0.18, per=("Storage", "GiB"), period="month"),
            Price("Set-up", 25.00, kind="one time"),
        ),
        ("paas", "public-sector"), "2.1", embeds=True,
    ),
    Offer(
        "noordzee-postgresql", "noordzee", "PostgreSQL", "Noordzee PostgreSQL",
        "PostgreSQL clusters with replication, run in two Dutch data centres.",
        {
            "PostgreSQL version": "18", "Extensions": ["vector", "postgis", "pgcrypto"],
            "Import format": "pg_dump-directory, pg_dump-custom",
            "Export format": "pg_dump-directory, logical-replication",
            "CPU Cores": "4", "RAM Memory": ("16", "gib"), "Storage": ("4", "TiB"),
            "Max connections": "500", "PITR": "yes", "Availability": "99,95 %",
            "Location": ["Groningen, NL", "Rotterdam, NL"], "Data location": "NL",
            "Notice period": "2 months", "Retrieval period": "P30D", "Minimum term": "1 month",
            "Sub-processors": "Kabel Beheer BV (NL)",
            "Complete for": "Sub-processors, Transfers, Data location",
            "Support": "24x7", "ISO/IEC 27001:2022": None, "SEAL": "2", **_DUTCH_LAW, **_PRIVACY,
        },
        (
            Price("Cluster", 41.50, shape="tax", other=50.22, period="MONTHLY"),
            Price("Storage", "0.15", per=("Storage", "GiB"), period="1 month"),
        ),
        ("paas",), "3.0",
    ),
    Offer(
        "lage-landen-postgresql", "lagelanden", "PostgreSQL", "Lage Landen PostgreSQL Budget",
        "PostgreSQL at a low price.",
        {
            "PostgreSQL version": "16, 17", "Extensions": "vector", **_DUMPS,
            "vCPU": 2, "Memory": "4 GiB", "Disk": "500 GiB", "Max connections": "100",
            "Availability": "99.5 %", "Location": "Gent, BE", "Data location": "BE",
            "Sub-processors": "none", "Support": "BusinessHours", "ISO/IEC 27001:2022": None,
            **_BELGIAN_LAW, **_PRIVACY,
        },
        (Price("Flat", 19.00, shape="currency"), Price("Storage", 0.08, per=("Disk", "GiB"))),
        role="seller",
    ),
    Offer(
        "kanaal-postgresql", "kanaal", "PostgreSQL", "Kanaal Managed Postgres",
        "Small PostgreSQL without extensions of others.",
        {
            "PostgreSQL version": "16", "Extensions": "pg_trgm", **_DUMPS, "vCPU": "2",
            "RAM": ("4", "gb"), "Storage": ("250", "gb"), "Max connections": "100",
            "Country": "BE", "City": "Brugge", "Notice period": "1 month",
            "Sub-processors": "none", **_BELGIAN_LAW, **_PRIVACY,
        },
        (Price("Flat", 24.50, kind="recurring-prepaid", period="1 month"),),
        ("paas",), role="Owner",
    ),
    Offer(
        "kanaal-postgresql-premium", "kanaal", "PostgreSQL", "Kanaal Postgres Premium",
        "PostgreSQL with a stand-by, for long contracts.",
        {
            "PostgreSQL version": "16,17", "Extensions": "vector, postgis", **_DUMPS, "vCPU": "8",
            "RAM": ("32", "GiB"), "Storage": ("4000", "GiB"), "Max connections": "800",
            "PITR": "yes", "Country": "BE", "City": "Antwerpen", "Notice period": "6 months",
            "Minimum term": "1 year", "Sub-processors": "Schelde Datacenters NV (BE)",
            "Complete for": "Sub-processors", **_BELGIAN_LAW, **_PRIVACY,
        },
        (Price("Cluster", "189,50"), Price("Storage", "0,22", per=("Storage", "GiB"))),
    ),
    Offer(
        "prairie-postgresql", "prairie", "PostgreSQL", "Prairie Managed Postgres",
        "PostgreSQL in our European region.",
        {
            "PostgreSQL version": "16,17,18", "Extensions": "vector, postgis, pg_trgm", **_DUMPS,
            "vCPU": "2", "RAM": ("8", "GiB"), "Storage": ("10000", "GiB"), "Max connections": "300",
            "PITR": "yes", "Availability": "99.99 %", "Location": "Eemshaven, NL",
            "Notice period": "30 days", "Retrieval period": "30 days",
            "Sub-processors": "Prairie Support LLC (US), Kabel Beheer BV (NL)",
            "Transfers": "US", "Transfer tool": "standard contractual clauses",
            "Complete for": "Sub-processors, Transfers", "DPA": "yes", "Governing law": "IE",
            "Support": "24x7", "ISO/IEC 27001:2022": None, "SOC 2 Type II": None,
        },
        (
            Price("Instance", 9.90, period="month"),
            Price("Storage", 0.05, per=("Storage", "GiB"), period="month"),
        ),
        ("paas",), "2026.4",
    ),
    Offer(
        "noordzee-postgresql-legacy", "noordzee", "PostgreSQL", "Noordzee PostgreSQL Classic",
        "The former product, for existing customers.",
        {
            "PostgreSQL version": "13,14", "Extensions": "postgis, oracle_fdw", **_DUMPS, "vCPU": 2,
            "RAM": ("4", "GiB"), "Storage": ("500", "GiB"), "Location": "Groningen, NL",
            "Notice period": "1 month", **_DUTCH_LAW,
        },
        (Price("Flat", 12.00),),
        lifecycle="RETIRED",
    ),
    Offer(
        "waterlinie-postgresql-shared", "waterlinie", "PostgreSQL", "Waterlinie PostgreSQL Shared",
        "A database on a shared cluster.",
        {
            "PostgreSQL version": "16", "Extensions": "vector", **_DUMPS, "Storage": ("100", "GiB"),
            "Max connections": "20", "Location": "Utrecht, NL", "Notice period": "1 month",
            "Sub-processors": "none", **_DUTCH_LAW, **_PRIVACY,
        },
        (Price("Flat", 12.50, shape="both", other=15.12),),
    ),
)  # fmt: skip

CONTAINERS = (
    Offer(
        "waterlinie-containers", "waterlinie", "Container", "Waterlinie Containers",
        "Containers from OCI images, with an address of their own.",
        {
            "vCPU": "4", "RAM": ("8", "GiB"), "Image format": "OCI", "Architecture": "amd64, arm64",
            "Storage": ("50", "GiB"), "Availability": "99.9 %", "Location": "Amsterdam, NL",
            "IPv6": "yes", "Notice period": "1 month", "Sub-processors": "none",
            "Complete for": "Sub-processors", "ISO/IEC 27001:2022": None, **_DUTCH_LAW, **_PRIVACY,
        },
        (
            Price("Base", 6.00),
            Price("Processor", 7.20, per=("vCPU", "cpu"), period="month"),
            Price("Memory", 2.10, per=("RAM", "GiB"), period="month"),
        ),
    ),
    Offer(
        "noordzee-containers", "noordzee", "Container", "Noordzee Container Run",
        "Containers billed by size.",
        {
            "CPU": "8", "Memory": ("16", "GiB"), "Image format": "OCI", "Architecture": "amd64",
            "Location": "Groningen, NL", "Notice period": "2 months", "IPv6": "no",
            "Sub-processors": "Kabel Beheer BV (NL)", "Complete for": "Sub-processors",
            **_DUTCH_LAW, **_PRIVACY,
        },
        (
            Price("Processor", 8.40, per=("CPU", "cpu"), period="MONTHLY"),
            Price("Memory", 1.90, per=("Memory", "GiB"), period="MONTHLY"),
        ),
    ),
    Offer(
        "lage-landen-containers", "lagelanden", "Container", "Lage Landen Pods",
        "Pods on a shared Kubernetes cluster.",
        {
            "vCPU": "2", "RAM": ("4", "GiB"), "Image format": "OCI", "Location": "Gent, BE",
            "Notice period": "14 days", "Sub-processors": "none", "Support": "BusinessHours",
            "Compliance:VC": "eyJhbGciOiJFUzI1NiJ9.bm90IGEgY3JlZGVudGlhbA.bm90IGEgc2lnbmF0dXJl",
            **_BELGIAN_LAW, **_PRIVACY,
        },
        (Price("Pod", 17.80),),
        ("paas", "container"), role="provider", says_type=False,
    ),
    Offer(
        "kanaal-containers", "kanaal", "Container", "Kanaal Container Hosting",
        "Containers for steady loads, paid by the year.",
        {
            "vCPU": "4", "RAM": ("8", "GiB"), "Image format": "OCI", "Country": "BE",
            "City": "Brugge", "Notice period": "3 months", "Minimum term": "P1Y",
            "Sub-processors": "none", **_BELGIAN_LAW,
        },
        (Price("Flat", 420, period="YEARLY"),),
        ("container",), lifecycle="Active", says_type=False, embeds=True,
    ),
    Offer(
        "prairie-containers", "prairie", "Container", "Prairie Run",
        "Containers that scale to zero.",
        {
            "vCPU": "8", "RAM": ("32", "GiB"), "Image format": "OCI", "Architecture": "arm64",
            "Location": "Eemshaven, NL", "Notice period": "1 day", "Transfers": "US",
            "Sub-processors": "Prairie Support LLC (US)", "Complete for": "Sub-processors",
            "Governing law": "IE", "SOC 2 Type II": None,
        },
        (Price("Processor hour", 0.031, kind="usage", shape="currency"), Price("Base", 2.00)),
    ),
    Offer(
        "waterlinie-containers-dedicated", "waterlinie", "Container", "Waterlinie Dedicated Nodes",
        "Containers on machines of your own.",
        {
            "vCPU": "32", "RAM": ("128", "GiB"), "Image format": "OCI", "Location": "Amsterdam, NL",
            "Notice period": "2 months", "Sub-processors": "none", **_DUTCH_LAW, **_PRIVACY,
        },
        (Price("Project based", None, kind="custom", period="", shape="none"),),
    ),
)  # fmt: skip

MACHINES = (
    Offer(
        "waterlinie-vm-small", "waterlinie", "Virtual machine", "Waterlinie VM S",
        "Two processors, four GiB.",
        {
            "vCPU": "2", "RAM": ("4", "GiB"), "Storage": ("50", "GiB"), "Hypervisor": "KVM",
            "Image format": "qcow2, raw", "Architecture": "amd64", "Location": "Amsterdam, NL",
            "IPv6": "yes", "Notice period": "1 month", "Sub-processors": "none",
            "Complete for": "Sub-processors", "ISO/IEC 27001:2022": None, **_DUTCH_LAW, **_PRIVACY,
        },
        (Price("Machine", 11.90),),
        ("iaas", "virtual-machine"),
    ),
    Offer(
        "waterlinie-vm-large", "waterlinie", "Virtual machine", "Waterlinie VM L",
        "Eight processors, thirty-two GiB.",
        {
            "vCPU": "8", "RAM": ("32", "GiB"), "Storage": ("400", "GiB"), "Hypervisor": "KVM",
            "Image format": "qcow2, raw", "Architecture": "amd64", "Location": "Amsterdam, NL",
            "Notice period": "1 month", "Sub-processors": "none",
            "Complete for": "Sub-processors", "ISO/IEC 27001:2022": None, **_DUTCH_LAW, **_PRIVACY,
        },
        (Price("Machine", 74.00), Price("Set-up", 0, kind="one time")),
        ("iaas", "virtual-machine"),
    ),
    Offer(
        "noordzee-vm", "noordzee", "VM", "Noordzee Cloud Server",
        "A machine in the size that you choose.",
        {
            "CPU Cores": [("4", "cpus"), ("8", "cpus")],
            "RAM Memory": [("8", "gb"), ("16", "gb")], "Storage": ("100", "gb"),
            "Hypervisor": "KVM", "Image format": "qcow2", "Location": "Rotterdam, NL",
            "Notice period": "60 days", "Sub-processors": "Kabel Beheer BV (NL)",
            "Complete for": "Sub-processors", **_DUTCH_LAW, **_PRIVACY,
        },
        (
            Price("CPU Price component", 4.10, "recurring-prepaid", "month", ("CPU", "cpu")),
            Price("RAM Price component", 1.60, "recurring-prepaid", "month", ("RAM", "gb")),
            Price("HD Price component", 0.09, "recurring-prepaid", "month", ("Storage", "gb")),
        ),
        ("iaas",), identifier="urn:ngsi-ld:ProductOffering:12234",
    ),
    Offer(
        "lage-landen-vm", "lagelanden", "Virtual machine", "Lage Landen VPS",
        "A simple virtual server.",
        {
            "vCPU": "2", "RAM": "4 GiB", "Disk": "80 GiB", "Image format": "QCOW2, OVA",
            "Location": "Gent, BE", "Notice period": "1 month", "Carrier": "own dark fibre",
            **_BELGIAN_LAW,
        },
        (Price("Machine", 8.40, shape="currency"),),
        ("virtual-machine",), role="Seller", identifier="22", says_type=False,
    ),
    Offer(
        "kanaal-vm", "kanaal", "Virtual machine", "Kanaal Compute Unit",
        "A machine with local disks.",
        {
            "vCPU": "4", "RAM": "16", "Storage": ("200", "GiB"), "Hypervisor": "Xen",
            "Image format": "raw", "Region": "be-west", "Notice period": "on request",
            **_BELGIAN_LAW,
        },
        (Price("Machine", 31.00),),
        ("virtual-machine",), lifecycle="ACTIVE", role="Owner", place="Brugge, BE",
    ),
    Offer(
        "prairie-vm", "prairie", "Virtual machine", "Prairie VM e2",
        "General purpose machine.",
        {
            "vCPU": "2", "RAM": ("8", "GiB"), "Storage": ("100", "GiB"), "Hypervisor": "KVM",
            "Image format": "raw, vmdk", "Location": "Eemshaven, NL", "Notice period": "1 day",
            "Transfers": "US", "Sub-processors": "Prairie Support LLC (US)",
            "Complete for": "Sub-processors, Transfers", "Governing law": "IE",
        },
        (Price("Machine", 7.90),),
        ("iaas", "virtual-machine"), says_class=True,
    ),
)  # fmt: skip

OFFERS = (*POSTGRESQL, *CONTAINERS, *MACHINES)
