"""Tell by a file's content which importer reads it; its name says nothing."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Final

from kgservice.model.errors import Problem
from kgservice_importers.jsonld.trees import BadJson, parse_json
from kgservice_importers.mixed.rules import Json, Rule, rule_for
from kgservice_importers.mixed.texts import kind_of_text
from kgservice_importers.rdf.reading import Reading, unreadable
from kgservice_importers.rdf.syntaxes import begins_as_rdf, read_turtle, read_xml
from kgservice_importers.rdf.text import NotText, decode

_TOKEN: Final = re.compile(
    r"[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*(~[A-Za-z0-9_.~-]*)?"
)
_RDF_SIGNS: Final = re.compile(
    r"^[ \t]*(@prefix|@base|PREFIX|BASE)\s|^[ \t]*(<[^<>\"{}|\\^`\s]*>|_:\S+)\s+(<[^<>\s]*>|a)\s",
    re.I | re.M,
)
_LOOK: Final = 20_000
_RDF_XML: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MAGIC: Final = (
    (b"\x89PNG", "image"), (b"\xff\xd8\xff", "image"), (b"GIF8", "image"), (b"%PDF", "pdf"),
    (b"PK\x03\x04", "archive"), (b"\x1f\x8b", "archive"), (b"7z\xbc\xaf", "archive"),
    (b"\x7fELF", "program"), (b"SQLite format 3", "database"), (b"-----BEGIN ", "certificate"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is.

    Attributes:
        reader: `tmf620`, `gaia-x`, `rdf`, or empty when it is set aside.
        kind: What it was recognised as.
        problem: Why nobody can read it, although it looks like something that is read.
        lines: It holds one JSON object a line.
    """

    reader: str = ""
    kind: str = ""
    problem: Problem | None = None
    lines: bool = False


def recognise(content: bytes, at: str) -> Recognised:
    """Tell what a file is; never raises."""
    magic = next((kind for start, kind in _MAGIC if content.startswith(start)), "")
    if magic:
        return Recognised(kind=magic)
    try:
        text = decode(content)
    except NotText:
        return Recognised(kind="binary")
    start = text.lstrip()
    if not start:
        return Recognised(kind="empty")
    if start[0] in "{[":
        return _json(text, start, at)
    if _is_token(start.strip()) or _are_tokens(start):
        return Recognised("gaia-x", "jwt")
    if start[0] == '"':
        return _quoted(start, at)
    return _rdf(text, start, at) or Recognised(kind=kind_of_text(text))


def _is_token(text: str) -> bool:
    if not _TOKEN.fullmatch(text):
        return False
    head = text.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(header, dict)


def _are_tokens(text: str) -> bool:
    """Several tokens, one a line; the last one that is looked at may be cut off."""
    words = text[:_LOOK].split()
    looked_at = words if len(text) <= _LOOK else words[:-1]
    return len(looked_at) > 1 and all(map(_is_token, looked_at))


def _quoted(text: str, at: str) -> Recognised:
    """A JSON text may hold a token."""
    try:
        tree, _ = parse_json(text, at)
    except BadJson:
        return Recognised(kind=kind_of_text(text))
    is_token = isinstance(tree, str) and _is_token(tree)
    return Recognised("gaia-x", "jwt") if is_token else Recognised(kind="json-text")


def _json(text: str, start: str, at: str) -> Recognised:
    try:
        tree, _ = parse_json(text, at)
    except BadJson as error:
        lines = _json_lines(text, at)
        if lines is not None:
            return lines
        found = _rdf(text, start, at)
        if found is not None:
            return found
        detail = f"not JSON: {error}"
        return Recognised(kind="json", problem=unreadable(detail, f"{at}:{error.line}"))
    return kind_of_tree(tree)


def _json_lines(text: str, at: str) -> Recognised | None:
    """Look at a text with one JSON object a line; the first says what the others are."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return None
    try:
        trees = [parse_json(line, at)[0] for line in lines[:20]]
    except BadJson:
        return None
    first = kind_of_tree(trees)
    return Recognised(first.reader, f"{first.kind}-lines", lines=True)


def kind_of_tree(tree: Json) -> Recognised:
    """Tell what a JSON tree is; a list is what the first of its objects that is known is."""
    if isinstance(tree, dict):
        rule = rule_for(tree)
        return _by(rule) if rule else Recognised(kind="json" if tree else "empty-object")
    if not isinstance(tree, list):
        return Recognised(kind="json-text")
    if not tree:
        return Recognised(kind="empty-list")
    found = [rule for rule in (rule_for(item) for item in tree if isinstance(item, dict)) if rule]
    readable = [rule for rule in found if rule.reader]
    if readable or found:
        return _by((readable or found)[0])
    if any(isinstance(item, str) and _is_token(item) for item in tree):
        return Recognised("gaia-x", "jwt-list")
    return Recognised(kind="json-list")


def _by(rule: Rule) -> Recognised:
    return Recognised(rule.reader, rule.kind)


def _rdf(text: str, start: str, at: str) -> Recognised | None:
    """Try RDF where something speaks for it; what then cannot be parsed is a problem."""
    if start.startswith("<") and _RDF_XML in text[:4000]:
        found = read_xml(text, "urn:x:", at)
        if isinstance(found, Reading):
            return Recognised("rdf", "rdf-xml")
        if start.startswith("<?xml") or "<rdf:RDF" in text[:4000]:
            return Recognised(kind="rdf-xml", problem=found)
    if not _RDF_SIGNS.search(text[:_LOOK]):
        return None
    if begins_as_rdf(text):
        return Recognised("rdf", "turtle")
    # A query, or a page about RDF, has such a line too, but does not begin with it.
    if not _RDF_SIGNS.match(_without_comments(text)):
        return None
    found = read_turtle(text, "urn:x:", at)
    return Recognised("rdf", "turtle", found if isinstance(found, Problem) else None)


def _without_comments(text: str) -> str:
    lines = text[:_LOOK].splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#")).lstrip()
