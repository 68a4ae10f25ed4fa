"""Query texts from `vocab/queries/*.rq`: variables replaced by terms, slot comments by patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from kgservice.model.rdf import Iri, Literal, to_text

_SLOT = re.compile(r"^\s*# slot: (\w+).*$", re.MULTILINE)


@cache
def _template(name: str) -> str:
    return files("kgservice_vocab").joinpath(f"queries/{name}.rq").read_text("utf-8")


def render(
    name: str,
    terms: Mapping[str, Iri | Literal] | None = None,
    slots: Mapping[str, str] | None = None,
) -> str:
    """Give a query's text with `?name` of `terms` replaced and `# slot: name` lines filled in.

    Raises:
        KeyError: a slot of the file is not given.
    """
    text = _template(name)
    body = "\n".join(line for line in text.splitlines() if not _is_header(line))
    for variable, term in (terms or {}).items():
        # escaped by hand: a backslash in a replacement means something to `re`
        body = re.sub(rf"\?{variable}\b", to_text(term).replace("\\", r"\\"), body)
    given = slots or {}
    return _SLOT.sub(lambda match: given[match.group(1)], body)


def _is_header(line: str) -> bool:
    return line.startswith("#")


def values_of(variable: str, iris: list[str] | tuple[str, ...]) -> str:
    """Write a VALUES block for one variable."""
    listed = " ".join(f"<{iri}>" for iri in iris)
    return f"VALUES ?{variable} {{ {listed} }}"
