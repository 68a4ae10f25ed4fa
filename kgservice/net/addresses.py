"""Which hosts and addresses may be contacted; every spelling of an address is one address."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

import idna

from kgservice.model.errors import InputError, Unavailable

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48")))
_NUMERIC: Final = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the URL's parts and the very addresses that were checked."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def normal_host(host: str) -> str:
    """Write a host as it is compared: lower case, no final dot, IDN as A-labels (RFC 5891).

    Raises:
        ValueError: it is no host name and no address in its usual form. Octal, hexadecimal and
            short forms of an address are refused, since resolvers disagree about them.
    """
    host = host.rstrip(".").lower()
    if ":" in host:
        if "%" in host:
            raise ValueError("an address with a zone")
        return str(ipaddress.IPv6Address(host))
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode("ascii")
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return str(ipaddress.IPv4Address(host))
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("no host name")
    return host


def normal_entry(entry: str) -> str:
    """Write an entry of an allow-list (`host` or `host:port`) as hosts are compared."""
    host, colon, port = entry.strip().rpartition(":")
    if not colon or not port.isdecimal() or (":" in host and not host.startswith("[")):
        host, port = entry.strip(), ""
    try:
        host = normal_host(host.strip("[]"))
    except ValueError:
        return ""  # such an entry allows nothing
    return f"{host}:{port}" if port else host


def split_url(url: str) -> tuple[SplitResult, str, int]:
    """Take an http or https URL apart: its parts, its host in normal form, its port.

    Raises:
        InputError: it is none, holds a user name, or its host is no host (`url-invalid`).
    """
    if any(letter <= " " or letter in '\\<>"' for letter in url):
        raise _invalid(url)
    try:
        parts = urlsplit(url)
        port = parts.port if parts.port is not None else 443 if parts.scheme == "https" else 80
        host = normal_host(parts.hostname or "")
    except ValueError:
        raise _invalid(url) from None
    if parts.scheme not in ("http", "https") or parts.username is not None or port == 0:
        raise _invalid(url)
    return parts, host, port


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Give the addresses of a host, as its resolver says now.

    Raises:
        Unavailable: it has none (`source-unreachable`).
    """
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        infos = []
    found = tuple(dict.fromkeys(str(info[4][0]) for info in infos))
    if not found:
        # A name that does not resolve now could lead to this machine a moment later.
        raise Unavailable(
            f"{host} gave no usable answer: the name has no address.",
            code="source-unreachable",
            at=host,
            hint="The last good version of the catalogue is kept.",
        )
    return found


def meant(address: Address) -> Address:
    """Give the address that is reached in the end: IPv4 within IPv6 forms is taken out."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address.teredo is not None:
        inner = address.teredo[1]
    if inner is None and any(address in network for network in _NAT64):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is None and int(address) < 2**32 and int(address) > 1:
        inner = ipaddress.IPv4Address(int(address))  # IPv4-compatible, RFC 4291 §2.5.5.1
    return inner or address


def is_public(text: str) -> bool:
    """Say whether an address is one of the public internet."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # an address with a zone is a local one
        return False
    return all(one.is_global and not _is_never(one) for one in (address, meant(address)))


def is_local(text: str) -> bool:
    """Say whether an address is this machine's or a private network's: allowed by its port only.

    Link-local addresses, where clouds keep their metadata services, are not among these.
    """
    try:
        address = meant(ipaddress.ip_address(text))
    except ValueError:
        return False
    return (address.is_private or address.is_loopback) and not _is_never(address)


def _is_never(address: Address) -> bool:
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (isinstance(address, ipaddress.IPv4Address) and address.is_reserved)
    )


def _invalid(url: str) -> InputError:
    return InputError(
        "This is no http or https URL of a host, without user name.",
        code="url-invalid",
        at=url[:200],
    )
