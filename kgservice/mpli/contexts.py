"""JSON-LD contexts that an operator adds, pinned by hash; importers read them and fetch none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kgservice.model.errors import InputError
from kgservice.model.rdf import is_valid_iri

FOLDER: Final = "contexts"
OPTION: Final = "contexts"
"""The importers' option that names the folder."""
_INDEX: Final = "INDEX.json"


def folder_of(data: Path) -> Path:
    """Give the folder of added contexts below the data folder."""
    return data / FOLDER


def importer_options(data: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Complete a catalogue's options by the folder of contexts; a catalogue cannot name another."""
    return {**given, OPTION: str(folder_of(data))}


def add_context(data: Path, content: bytes, sha256: str, iri: str = "") -> dict[str, str]:
    """Keep a context for an address; one that is there for it already is replaced.

    Args:
        data: The data folder.
        content: The file, as its publisher serves it.
        sha256: Its hash, in hexadecimal, from whom the operator trusts.
        iri: The address that documents name it by; by default what the file itself says: its
            `@id`, or the namespace of its `@vocab`, as contexts of Gaia-X are named.

    Raises:
        InputError: the hash differs (`context-hash-differs`), this is no context
            (`context-invalid`), or nothing says its address (`context-address-missing`).
    """
    found = hashlib.sha256(content).hexdigest()
    if found != sha256.strip().lower().removeprefix("sha256-").removeprefix("sha256:"):
        raise InputError(
            f"The file's SHA-256 is {found}, not the one that was given.",
            code="context-hash-differs",
            hint="Ask whoever gave the hash for the file again; do not take the hash of the file.",
        )
    context = _context(content)
    address = iri or _own_address(content, context)
    if not address or not is_valid_iri(address):
        raise InputError(
            "Nothing says by which address documents name this context.",
            code="context-address-missing",
            hint="Say it: `--iri https://…`.",
        )
    entry = {"iri": address, "file": f"{found}.jsonld", "sha256": found}
    folder = folder_of(data)
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(folder / entry["file"], content)
    kept = [one for one in list_contexts(data) if one["iri"] != address]
    entries = sorted([*kept, entry], key=lambda one: one["iri"])
    _write(folder / _INDEX, json.dumps({"contexts": entries}, indent=1).encode())
    return entry


def list_contexts(data: Path) -> list[dict[str, str]]:
    """List the contexts that were added."""
    try:
        listed = json.loads((folder_of(data) / _INDEX).read_text("utf-8"))["contexts"]
        return [{name: str(one[name]) for name in ("iri", "file", "sha256")} for one in listed]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _context(content: bytes) -> object:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    found = document.get("@context") if isinstance(document, dict) else None
    if not isinstance(found, dict | list):
        raise InputError(
            "The file is no JSON-LD context: it has no `@context` member.", code="context-invalid"
        )
    return found


def _own_address(content: bytes, context: object) -> str:
    document = json.loads(content)
    parts = context if isinstance(context, list) else [context]
    vocabularies = [part.get("@vocab") for part in parts if isinstance(part, dict)]
    names = [document.get("@id"), document.get("id"), *vocabularies]
    return next((name for name in names if isinstance(name, str) and "://" in name), "")


def _write(path: Path, content: bytes) -> None:
    """Replace a file at once, so that a reader sees the old one or the new."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(content)
    temporary.chmod(0o600)
    temporary.replace(path)


def mapping_files(data: Path) -> dict[str, str]:
    """Give the text of the mapping files that the operator adds (`DATA/mappings/*.toml`), by name.

    Bytes that are no UTF-8 become U+FFFD: the importer then says what is wrong with the file.
    """
    files = sorted((data / "mappings").glob("*.toml"))
    return {file.name: file.read_bytes().decode("utf-8", "replace") for file in files}
