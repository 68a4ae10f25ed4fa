"""Files that say how a service should change: a changed request, or a merge patch."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from kgservice.cli.request import MEDIA_TYPES, read_request
from kgservice.model.errors import InputError

PATCH = "application/merge-patch+json"


def read_change(file: str) -> tuple[bytes | str, str]:
    """Read a file and tell its media type: a request has `components`, a patch has not.

    Raises:
        InputError: it cannot be read (`file-unreadable`), or is neither (`patch-invalid`).
    """
    if MEDIA_TYPES.get(Path(file).suffix, "") in ("text/turtle", "application/ld+json"):
        return read_request(file)
    try:
        text = Path(file).read_text(encoding="utf-8")
        found = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The file cannot be read: {error}.", code="file-unreadable", at=file
        ) from None
    except yaml.YAMLError:
        found = None  # a request may hold what this reader refuses; the service says where
    if found is None or (isinstance(found, dict) and "components" in found):
        return text, "application/yaml"
    if not isinstance(found, dict):
        raise InputError(
            "A merge patch is a mapping of names to values.", code="patch-invalid", at=file
        )
    return json.dumps(found), PATCH
