"""Settings with their origin: environment `KG_*`, then `kgservice.toml`, then the default."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kgservice.model.errors import InputError
from kgservice.model.rdf import is_valid_iri

MOST_SECONDS = 86_400
LEAST_MEMORY_MB = 384
"""Address space that the engine needs to open its stores at all (measured: 320)."""

DEFAULTS: Mapping[str, str] = {
    "KG_DATA_DIR": "kg-data",
    "KG_HOST": "127.0.0.1",
    "KG_PORT": "8080",
    "KG_BASE_IRI": "http://127.0.0.1:8080/",
    "KG_JOBS_URL": "",
    "KG_QUERY_TIMEOUT_S": "30",
    "KG_QUERY_MEMORY_MB": "1024",
    "KG_QUERY_WORKERS": "2",
    "KG_QUERY_MAX_ROWS": "1000000",
    "KG_QUERY_MAX_MB": "256",
    "KG_SERVICE_ENDPOINTS": "",
    "KG_DEFAULT_GRAPH": "union",
    "KG_PUBLIC_READ": "1",
    "KG_PUBLIC_METRICS": "0",
    "KG_SLOW_QUERY_S": "5",
    "KG_ALLOW_HOSTS": "",
    "KG_STORE_QUERY_URL": "",
    "KG_STORE_UPDATE_URL": "",
    "KG_STORE_GRAPH_URL": "",
    "KG_STORE_USER": "",
    "KG_STORE_PASSWORD_FILE": "",
    "KG_STORE_QUERY_PARAMETERS": "",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value and its origin.

    The origin is `command line`, `environment`, the settings file's name, or `default`.
    """

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class RemoteStoreSettings:
    """Where the store is when it is not in the data folder.

    Attributes:
        query_url: For queries (SPARQL 1.1 Protocol §2.1).
        update_url: For updates (§2.2).
        graph_url: For whole graphs (Graph Store HTTP Protocol, indirect); empty when not used.
        user: Name for Basic or Digest authentication; empty for none.
        password_file: File that holds the password.
        query_parameters: Sent with each query, such as `timeout={ms}`.
    """

    query_url: str
    update_url: str
    graph_url: str = ""
    user: str = ""
    password_file: str = ""
    query_parameters: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, typed. Build with `resolve_settings`."""

    data_dir: str
    host: str
    port: int
    base_iri: str
    jobs_url: str
    query_timeout_s: float
    query_memory_mb: int
    query_workers: int
    query_max_rows: int
    query_max_mb: int
    service_endpoints: frozenset[str]
    default_graph: str
    public_read: bool
    public_metrics: bool
    slow_query_s: float | None
    allow_hosts: frozenset[str]
    remote_store: RemoteStoreSettings | None
    origins: tuple[Setting, ...]


def resolve_settings(
    environment: Mapping[str, str],
    file_values: Mapping[str, str],
    file_name: str = "kgservice.toml",
    given: Mapping[str, str] | None = None,
) -> Settings:
    """Combine what is given on the command line, environment, settings file and defaults.

    Raises:
        InputError: a value is impossible, or the file names an unknown setting
            (`setting-invalid`, `setting-unknown`); the place names the setting and its origin.
    """
    for name in file_values:
        if name not in DEFAULTS:
            raise InputError(
                f"{name} is not a setting.",
                code="setting-unknown",
                at=file_name,
                hint="`kg doctor` lists the settings.",
            )
    layers = ((given or {}, "command line"), (environment, "environment"), (file_values, file_name))
    found = {name: _origin(name, layers) for name in DEFAULTS}
    base = _base_iri(found["KG_BASE_IRI"])
    return Settings(
        data_dir=_matching(found["KG_DATA_DIR"], r".+", "give the path of a folder"),
        host=_matching(
            found["KG_HOST"], r"[\w.:%-]+", "give a name or address, no port or http://"
        ),
        port=_whole(found["KG_PORT"], 0, 65535, "; 0 picks a free one"),
        base_iri=base if base.endswith("/") else base + "/",
        jobs_url=_matching(found["KG_JOBS_URL"], _JOBS_URL, _JOBS_CURE),
        query_timeout_s=_seconds(found["KG_QUERY_TIMEOUT_S"]),
        query_memory_mb=_whole(
            found["KG_QUERY_MEMORY_MB"], LEAST_MEMORY_MB, 1024 * 1024, " megabytes"
        ),
        query_workers=_whole(found["KG_QUERY_WORKERS"], 1, 64, ""),
        query_max_rows=_whole(found["KG_QUERY_MAX_ROWS"], 1, 999_999_999, " rows"),
        query_max_mb=_whole(found["KG_QUERY_MAX_MB"], 1, 1024 * 1024, " megabytes"),
        service_endpoints=_endpoints(
            found["KG_SERVICE_ENDPOINTS"],
            base,
            f"http://{found['KG_HOST'].value}:{found['KG_PORT'].value}",
        ),
        default_graph=_matching(
            found["KG_DEFAULT_GRAPH"], r"union|isolated", "give union or isolated"
        ),
        public_read=_matching(found["KG_PUBLIC_READ"], r"[01]", "give 1 or 0") == "1",
        public_metrics=_matching(found["KG_PUBLIC_METRICS"], r"[01]", "give 1 or 0") == "1",
        slow_query_s=_slow(found["KG_SLOW_QUERY_S"]),
        allow_hosts=_hosts(found["KG_ALLOW_HOSTS"]),
        remote_store=_remote_store(found),
        origins=tuple(found.values()),
    )


def invalid_setting(setting: Setting, cure: str) -> InputError:
    """Make the error about a setting's value: which, from where, and what to do instead."""
    shown = re.sub(r"//[^/@\s]*@", "//…@", setting.value)  # a password
    return InputError(
        f"{shown!r} is not possible: {cure}.",
        code="setting-invalid",
        at=f"{setting.name} ({setting.origin})",
    )


_JOBS_URL = r"|sqlite:///.+|postgresql(\+psycopg)?://[^/\s]*/[^/\s]+"
_JOBS_CURE = "give sqlite:///FILE or postgresql://HOST/DATABASE, or nothing for the data folder"
_BASE = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(:[0-9]{1,5})?(/[^\s?#]*)?")


_STORE_URL = r"|https?://[^/?#@\s]+(/[^?#@\s]*)?"


def _remote_store(found: Mapping[str, Setting]) -> RemoteStoreSettings | None:
    cure = "give an http or https address without user and password"
    query, update, graph = (
        _matching(found[f"KG_STORE_{name}_URL"], _STORE_URL, cure)
        for name in ("QUERY", "UPDATE", "GRAPH")
    )
    if not query:
        for name in ("KG_STORE_UPDATE_URL", "KG_STORE_GRAPH_URL"):
            if found[name].value:
                raise invalid_setting(found[name], "give KG_STORE_QUERY_URL too, or neither")
        return None
    if not update:
        raise invalid_setting(found["KG_STORE_QUERY_URL"], "give KG_STORE_UPDATE_URL too")
    return RemoteStoreSettings(
        query_url=query,
        update_url=update,
        graph_url=graph,
        user=_matching(found["KG_STORE_USER"], r"[^:\s]*", "give a name without colon"),
        password_file=found["KG_STORE_PASSWORD_FILE"].value,
        query_parameters=_matching(
            found["KG_STORE_QUERY_PARAMETERS"],
            r"|[\w.-]+=[\w.{}-]*(&[\w.-]+=[\w.{}-]*)*",
            "give NAME=VALUE, joined by &; {ms} and {s} stand for the deadline",
        ),
    )


def _origin(name: str, layers: Sequence[tuple[Mapping[str, str], str]]) -> Setting:
    for values, origin in layers:
        if name in values:
            return Setting(name, values[name], origin)
    return Setting(name, DEFAULTS[name], "default")


def _matching(setting: Setting, pattern: str, cure: str) -> str:
    if not re.fullmatch(pattern, setting.value):
        raise invalid_setting(setting, cure)
    return setting.value


def _base_iri(setting: Setting) -> str:
    if not _BASE.fullmatch(setting.value) or not is_valid_iri(setting.value):
        raise invalid_setting(setting, "give an http or https address, such as https://kg.example/")
    return setting.value


def _whole(setting: Setting, least: int, most: int, more: str) -> int:
    text = setting.value.strip()
    if re.fullmatch(r"[0-9]{1,9}", text) and least <= int(text) <= most:
        return int(text)
    raise invalid_setting(setting, f"give a whole number from {least} to {most}{more}")


def _seconds(setting: Setting) -> float:
    try:
        value = float(setting.value)
    except ValueError:
        value = 0.0
    if not 0 < value <= MOST_SECONDS:  # nor when it is no number
        raise invalid_setting(setting, f"give seconds, more than 0 and at most {MOST_SECONDS}")
    return value


def _slow(setting: Setting) -> float | None:
    """Read a threshold: 0 is everything, nothing is never."""
    text = setting.value.strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= MOST_SECONDS:  # nor when it is no number
        cure = f"give seconds from 0 (each query) to {MOST_SECONDS}, or nothing (none)"
        raise invalid_setting(setting, cure)
    return value


def _hosts(setting: Setting) -> frozenset[str]:
    found = frozenset(host for host in re.split(r"[,\s]+", setting.value) if host)
    if any("/" in host or "@" in host for host in found):
        raise invalid_setting(setting, "give host names with commas, no http:// and no path")
    return found


def _endpoints(setting: Setting, *own: str) -> frozenset[str]:
    found = frozenset(url for url in re.split(r"[,\s]+", setting.value) if url)
    for url in found:
        if not _BASE.fullmatch(url.partition("?")[0]) or "#" in url or not is_valid_iri(url):
            raise invalid_setting(setting, "give http or https addresses, with commas between them")
        if any(f"{url}/".startswith(address.rstrip("/") + "/") for address in own):
            raise invalid_setting(setting, "give endpoints of others; this service needs no call")
    return found
