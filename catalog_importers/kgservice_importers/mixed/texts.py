"""Tell what a text is that is neither JSON nor RDF, by how it looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import yaml

_LICENCE: Final = re.compile(
    r"\b(licen[cs]e|copyright|permission is hereby granted|all rights reserved|warrant(y|ies))\b",
    re.I,
)
_HEADING: Final = re.compile(r"^#{1,6} \S|^(=|-){3,}\s*$", re.M)
_MARKDOWN: Final = re.compile(r"^#{1,6} \S|\]\([^()\s]{1,500}\)|^[ \t]*[|].*[|][ \t]*$|^```", re.M)
_TABLE: Final = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.M)
_HTML: Final = re.compile(r"<!doctype html|<html\b|<body\b|<head\b", re.I)
_XML: Final = re.compile(r"<\?xml\b|<[A-Za-z_][\w.-]*(:[A-Za-z_][\w.-]*)?(\s[^<>]*)?/?>")
_MEMBER: Final = re.compile(r"^[\w\"'$@.{/-][^\n#:]*:(\s|$)|^- ", re.M)
_LONGEST_YAML: Final = 64 * 1024
_HEAD: Final = 20_000
_MANY: Final = 3
_ALIASES: Final = re.compile(r"(^|[\s\[{,:-])\*[\w-]+", re.M)
_MOST_ALIASES: Final = 50


def kind_of_text(text: str) -> str:
    """Name the kind of a text by its beginning; `text` when it looks like nothing known."""
    head = text.lstrip()[:_HEAD]
    start = head[:4000]
    if _HTML.search(start):
        return "html"
    if _XML.match(start):
        return "xml"
    if _is_licence(head):
        return "licence-text"
    other = _table_kind(head) or ("markdown" if _MARKDOWN.search(head) else "text")
    return _yaml_kind(text) or other


def _is_licence(text: str) -> bool:
    """A licence says so at its beginning, speaks of little else, and has no tables."""
    if not _LICENCE.search(text[:300]) or _TABLE.search(text):
        return False
    return len(_LICENCE.findall(text)) >= _MANY


def _yaml_kind(text: str) -> str:
    if not _MEMBER.search(text[:_HEAD]):
        return ""
    if len(text) > _LONGEST_YAML:
        # It takes 10 µs a byte: the beginning, up to a line that is not indented, tells enough.
        text = "\n".join(re.split(r"\n(?=\S)", text[:_LONGEST_YAML])[:-1])
        if not text.strip():
            return "yaml"
    if len(_ALIASES.findall(text)) > _MOST_ALIASES:
        return "yaml"  # aliases of aliases can grow without bound; it is not loaded
    try:
        tree = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return "yaml-template" if "{{" in text and re.search(r"^\w+:", text, re.M) else ""
    if _HEADING.match(text.lstrip()) and not isinstance(tree, dict):
        return ""  # a heading and a list of Markdown are a comment and a list of YAML
    return kind_of_yaml(tree)


def kind_of_yaml(tree: object) -> str:
    """Name the kind of a YAML tree; nothing when it is a mere text."""
    if isinstance(tree, list):
        return "yaml" if any(isinstance(item, dict) for item in tree) else "yaml-list"
    if not isinstance(tree, dict):
        return ""
    for kind, members in _TREES:
        if all(name in tree for name in members):
            return kind
    first = next((value for value in tree.values() if isinstance(value, list)), [])
    items = [item for item in first if isinstance(item, dict)]
    if _has_flavours(tree):
        return "scs-flavor-standard"
    if any({"name", "source"} <= item.keys() for item in items):
        return "image-list"
    return "yaml"


_TREES: Final = (
    ("openapi", ("openapi", "paths")),
    ("openapi", ("swagger", "paths")),
    ("kubernetes-manifest", ("apiVersion", "kind")),
    ("trust-list", ("revoked_credentials",)),
    ("trust-list", ("clients",)),
    ("trust-list", ("organizations",)),
    ("gaia-x-framework", ("id", "namespace", "base_classes")),
)


def _has_flavours(tree: Mapping[object, object]) -> bool:
    return any(
        isinstance(item, dict) and {"cpus", "ram"} <= item.keys()
        for value in tree.values()
        if isinstance(value, list)
        for item in value
    )


def _table_kind(text: str) -> str:
    """A table has the same separator equally often in each of its lines."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    for separator, kind in (("\t", "tsv"), (";", "csv"), (",", "csv"), ("|", "")):
        counts = {line.count(separator) for line in lines}
        if kind and len(lines) >= _MANY and len(counts) == 1 and counts != {0}:
            return kind
    return ""
