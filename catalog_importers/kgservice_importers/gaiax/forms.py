"""What the carriers of credentials look like, and what is none: read from `envelopes.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Final

from kgservice_importers.jsonld.contexts import Json

JSON_SUFFIXES: Final = frozenset({".json", ".jsonld", ".jwt", ".vc", ".vp"})


@cache
def forms() -> Mapping[str, Json]:
    """Read the table of forms."""
    text = (resources.files(__package__) / "envelopes.json").read_text(encoding="utf-8")
    found: Mapping[str, Json] = json.loads(text)
    return found


def ignored_members() -> Mapping[str, str]:
    """Give members that are no statements on purpose, each with the reason."""
    found: Mapping[str, str] = forms()["ignored"]
    return found


def carrier(item: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """Give the form of a carrier, such as a CloudEvent, whose member holds what is to be read."""
    for form in forms()["carriers"]:
        if all(name in item for name in form["has"]) and "credentialSubject" not in item:
            return dict(form)
    return None


def kind_set_aside(item: Mapping[str, Json]) -> str:
    """Recognise a JSON object that is no catalogue document; empty when it may be one."""
    for form in forms()["setAside"]:
        lacks: Sequence[str] = form.get("lacks", ())
        only = form.get("only")
        if (
            all(name in item for name in form["has"])
            and not any(name in item for name in lacks)
            and (only is None or set(item) <= set(only))
        ):
            return str(form["kind"])
    return ""


def file_kind(name: str, text: str) -> str:
    """Recognise a file that is neither JSON nor a JWT, by its name and its beginning."""
    path = PurePosixPath(name)
    if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE")):
        return "licence-text"
    kind = str(forms()["files"].get(path.suffix.lower(), "file"))
    start = text[:2000]
    is_openapi = kind == "yaml" and ("openapi:" in start or "swagger:" in start)
    return "openapi" if is_openapi else kind


def vocabulary_kind(classes: Sequence[str]) -> str:
    """Say which kind of vocabulary defines things of these classes; empty when not all do."""
    table: Mapping[str, str] = forms()["vocabularies"]
    kinds = [kind for c in classes for start, kind in table.items() if c.startswith(start)]
    return kinds[0] if classes and len(kinds) == len(classes) else ""
