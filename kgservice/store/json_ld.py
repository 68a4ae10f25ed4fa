"""JSON-LD as N-Quads, by PyLD; it fetches nothing.

Not by the engine: its parser leaves out statements of real documents without a word.
"""

from __future__ import annotations

import json
from typing import NoReturn

from pyld import jsonld

from kgservice.model.errors import InputError


def as_nquads(body: bytes, base_iri: str) -> bytes:
    """Expand a document with the contexts that it holds.

    Raises:
        InputError: it is not JSON-LD, or names a context by its address (`json-ld-invalid`).
    """
    try:
        document = json.loads(body)
        quads = jsonld.to_rdf(
            document,
            {"base": base_iri, "format": "application/n-quads", "documentLoader": _refuse},
        )
    except InputError:
        raise
    except (ValueError, RecursionError, jsonld.JsonLdError) as error:
        if isinstance(error, jsonld.JsonLdError) and error.code == "loading remote context failed":
            _refuse("")
        raise InputError(
            f"The content is not JSON-LD: {error!s:.200}", code="json-ld-invalid", at="content"
        ) from None
    return str(quads).encode()


def _refuse(address: str, _options: object = None) -> NoReturn:
    raise InputError(
        f"The content names a context by its address{f' ({address[:200]})' if address else ''}.",
        code="json-ld-invalid",
        at="content",
        hint="Put the context itself in its place: nothing is fetched.",
    )
