"""Settings with their origin: environment `KG_*`, then `kgservice.toml`, then the default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kgservice.model.errors import InputError

DEFAULTS: Mapping[str, str] = {
    "KG_DATA_DIR": "kg-data",
    "KG_HOST": "127.0.0.1",
    "KG_PORT": "8080",
    "KG_BASE_IRI": "http://127.0.0.1:8080/",
    "KG_JOBS_URL": "",
    "KG_QUERY_TIMEOUT_S": "30",
    "KG_QUERY_MEMORY_MB": "1024",
    "KG_QUERY_WORKERS": "2",
    "KG_PUBLIC_READ": "1",
    "KG_ALLOW_HOSTS": "",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value and where it came from (`environment`, a file's name, `default`)."""

    name: str
    value: str
    origin: str


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
    public_read: bool
    allow_hosts: frozenset[str]
    origins: tuple[Setting, ...]


def resolve_settings(
    environment: Mapping[str, str],
    file_values: Mapping[str, str],
    file_name: str = "kgservice.toml",
) -> Settings:
    """Combine environment, settings file and defaults.

    Raises:
        InputError: a value is not of its type, or the file names an unknown setting
            (`setting-invalid`, `setting-unknown`).
    """
    for name in file_values:
        if name not in DEFAULTS:
            raise InputError(
                f"{name} is not a setting.",
                code="setting-unknown",
                at=file_name,
                hint="`kg doctor` lists the settings.",
            )
    found = tuple(_origin(name, environment, file_values, file_name) for name in DEFAULTS)
    value = {setting.name: setting.value for setting in found}
    base = value["KG_BASE_IRI"]
    return Settings(
        data_dir=value["KG_DATA_DIR"],
        host=value["KG_HOST"],
        port=int(_number("KG_PORT", value)),
        base_iri=base if base.endswith("/") else base + "/",
        jobs_url=value["KG_JOBS_URL"],
        query_timeout_s=_number("KG_QUERY_TIMEOUT_S", value),
        query_memory_mb=int(_number("KG_QUERY_MEMORY_MB", value)),
        query_workers=max(1, int(_number("KG_QUERY_WORKERS", value))),
        public_read=_one_of("KG_PUBLIC_READ", value, ("1", "0")) == "1",
        allow_hosts=frozenset(h for h in re.split(r"[,\s]+", value["KG_ALLOW_HOSTS"]) if h),
        origins=found,
    )


def _origin(
    name: str, environment: Mapping[str, str], file_values: Mapping[str, str], file_name: str
) -> Setting:
    if name in environment:
        return Setting(name, environment[name], "environment")
    if name in file_values:
        return Setting(name, file_values[name], file_name)
    return Setting(name, DEFAULTS[name], "default")


def _number(name: str, value: Mapping[str, str]) -> float:
    try:
        return float(value[name])
    except ValueError:
        raise InputError(
            f"{name} must be a number, not {value[name]!r}.", code="setting-invalid", at=name
        ) from None


def _one_of(name: str, value: Mapping[str, str], allowed: tuple[str, ...]) -> str:
    if value[name] not in allowed:
        raise InputError(
            f"{name} must be one of {', '.join(allowed)}, not {value[name]!r}.",
            code="setting-invalid",
            at=name,
        )
    return value[name]
