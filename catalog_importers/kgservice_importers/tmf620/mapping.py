"""The mapping as data: `mappings/*.toml`, and what a catalogue adds to it, read as one table."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from kgservice.model.documents import ImportContext
from kgservice.model.errors import InputError

_LONGEST_NAME: Final = 120
_BLANKS: Final = re.compile(r"[\s._\-]+")
_NOT_ALNUM: Final = re.compile(r"[^0-9a-z]+")

_TEXTS: Final = frozenset({"dialect", "kind", "unwrap"})
_LISTS: Final = frozenset(
    {"properties", "roles", "kinds", "lifecycle", "price-types", "periods", "parties", "words",
     "patterns", "relations", "resources", "others", "characteristics", "recognise",
     "value-types", "signed", "wrapper", "price-alterations"}
)  # fmt: skip
_LINES: Final = frozenset({"certificate", "licence", "shape", "aside", "term", "statement"})
_PATTERNS: Final = frozenset({"properties", "roles", "patterns"})
_STATUSES: Final = ("mapped", "ignored", "nested")

Line = Mapping[str, Any]


@lru_cache(maxsize=8192)
def spaced(name: str) -> str:
    """Fold a name: lower case, blanks for runs of blanks, dots, dashes and underscores."""
    return _BLANKS.sub(" ", name[:_LONGEST_NAME].casefold()).strip()


@lru_cache(maxsize=8192)
def squeezed(name: str) -> str:
    """Fold a name to its ASCII letters and digits, in lower case."""
    return _NOT_ALNUM.sub("", name[:_LONGEST_NAME].casefold())


class Dialect(NamedTuple):
    """How to tell that an object is of a dialect."""

    name: str
    members: tuple[str, ...]
    within: tuple[tuple[str, str], ...]
    address: tuple[str, ...]


@dataclass(slots=True, eq=False)
class MappingTable:
    """Every section of every mapping file; a later file's line wins over an earlier one's.

    Attributes:
        texts: Sections of name to text.
        lists: Sections of name to several texts.
        lines: Sections that are lists of tables; a later file's come first.
        fields: By resource, what becomes of each member: `mapped`, `ignored` or `nested`.
        dialects: How to tell dialects, the most particular first.
        digest: Hash of all files.
    """

    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    lists: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    lines: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    fields: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    dialects: tuple[Dialect, ...] = ()
    digest: str = ""
    _inverses: dict[str, dict[str, str]] = field(default_factory=dict)

    def names(self, section: str, key: str) -> tuple[str, ...]:
        """Give the texts of one line of a section."""
        return self.lists.get(section, {}).get(key, ())

    def words(self, key: str) -> tuple[str, ...]:
        """Give one list of words."""
        return self.names("words", key)

    def meaning(self, section: str, name: str) -> str:
        """Give what a section calls something that the source calls `name`, or nothing."""
        return self.inverse(section).get(spaced(name), "")

    def inverse(self, section: str) -> dict[str, str]:
        """Give a section as a table from the source's folded names to ours."""
        found = self._inverses.get(section)
        if found is None:
            lines = self.lists.get(section, {})
            found = {spaced(text): ours for ours, texts in lines.items() for text in texts}
            self._inverses[section] = found
        return found

    def patterns(self, section: str) -> list[tuple[re.Pattern[str], str]]:
        """Give the compiled patterns of a section with what they stand for."""
        lines = self.lists.get(section, {})
        return [(re.compile(text), ours) for ours, texts in lines.items() for text in texts]

    def dialect_of(self, body: Mapping[str, object], otherwise: str = "tmf620-v4") -> str:
        """Tell which dialect an object is written in."""
        for dialect in self.dialects:
            if _speaks(body, dialect):
                return dialect.name
        return otherwise

    def kind(self, resource: str, dialect: str) -> str:
        """Name the kind of document that an object of a resource makes."""
        return self.texts["kind"].get(f"{dialect}:{resource}") or f"{dialect}/{resource}"


def _speaks(body: Mapping[str, object], dialect: Dialect) -> bool:
    if any(name in body for name in dialect.members):
        return True
    for outer, inner in dialect.within:
        value = body.get(outer)
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, dict) and inner in first:
            return True
    href = body.get("href")
    return isinstance(href, str) and any(part in href for part in dialect.address)


@lru_cache(maxsize=16)
def load_mapping(extra: tuple[tuple[str, str], ...] = ()) -> MappingTable:
    """Read the packaged mapping files and, over them, `extra` ones given as (name, TOML text).

    Raises:
        InputError: an extra file is no TOML, or has a section or pattern that cannot be read
            (`mapping-invalid`).
    """
    folder = files("kgservice_importers.tmf620").joinpath("mappings")
    packaged = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    texts = [(name, folder.joinpath(name).read_text("utf-8")) for name in packaged]
    table = MappingTable()
    whole = hashlib.sha256()
    for name, text in (*texts, *extra):
        whole.update(text.encode())
        _add(table, _parse(name, text), name)
    table.digest = whole.hexdigest()
    return table


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _invalid(name, f"it is no TOML: {error}") from None


def _add(table: MappingTable, data: dict[str, Any], name: str) -> None:
    dialect = _dialect_name(data, name)
    for section, content in data.items():
        if section in _TEXTS and _is_table(content, str):
            _add_texts(table, section, content, dialect)
        elif section in _LISTS and _is_table(content, list):
            _add_lists(table, section, content, name)
        elif section in _LINES and isinstance(content, list):
            _check_lines(section, content, name)
            table.lines[section] = (*content, *table.lines.get(section, ()))
        elif section == "fields" and _is_table(content, dict):
            for resource, statuses in content.items():
                _add_fields(table.fields.setdefault(resource, {}), statuses, name)
        else:
            raise _invalid(name, f"the section {section!r} is unknown or not of its form")
    recognise = data.get("recognise")
    if recognise:
        table.dialects = (_dialect(dialect, recognise), *table.dialects)


def _dialect_name(data: dict[str, Any], name: str) -> str:
    about = data.get("dialect")
    named = about.get("name") if isinstance(about, dict) else None
    return named if isinstance(named, str) else name.removesuffix(".toml")


def _dialect(name: str, recognise: dict[str, list[str]]) -> Dialect:
    within = (text.partition("/") for text in recognise.get("within", []))
    return Dialect(
        name,
        tuple(recognise.get("members", [])),
        tuple((outer, inner) for outer, _, inner in within),
        tuple(recognise.get("address", [])),
    )


def _add_texts(table: MappingTable, section: str, content: dict[str, str], dialect: str) -> None:
    known = table.texts.setdefault(section, {})
    prefix = f"{dialect}:" if section == "kind" else ""
    known.update({prefix + key: text for key, text in content.items()})


def _add_lists(table: MappingTable, section: str, content: dict[str, Any], name: str) -> None:
    for key, texts in content.items():
        if not all(isinstance(text, str) for text in texts):
            raise _invalid(name, f"{section}.{key} is not a list of texts")
        for text in texts if section in _PATTERNS else ():
            _check_pattern(text, f"{section}.{key}", name)
    known = table.lists.get(section, {})
    # A new line comes first, so that its patterns are tried before the packaged ones.
    merged = {key: (*texts, *known.get(key, ())) for key, texts in content.items()}
    table.lists[section] = merged | {key: t for key, t in known.items() if key not in merged}


def _check_lines(section: str, content: list[Any], name: str) -> None:
    for line in content:
        if not isinstance(line, dict):
            raise _invalid(name, f"a line of {section!r} is not a table")
        if "pattern" in line:
            _check_pattern(str(line["pattern"]), section, name)


def _check_pattern(text: str, where: str, name: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise _invalid(
            name, f"the pattern {text[:80]!r} of {where} cannot be read: {error}"
        ) from None


def _add_fields(
    known: dict[str, tuple[str, str]], statuses: dict[str, dict[str, object]], name: str
) -> None:
    if not _is_table(statuses, dict) or not set(statuses) <= set(_STATUSES):
        raise _invalid(name, "fields are told as mapped, ignored or nested")
    for status, paths in statuses.items():
        for path, text in paths.items():
            known[path] = (status, str(text))


def _is_table(content: object, kind: type) -> bool:
    return isinstance(content, dict) and all(isinstance(value, kind) for value in content.values())


def _invalid(name: str, why: str) -> InputError:
    return InputError(
        f"The mapping file cannot be used: {why}.",
        code="mapping-invalid",
        at=name,
        hint="The README beside the packaged mapping files explains each section.",
    )


def mapping_of(context: ImportContext) -> MappingTable:
    """Give the packaged mapping with what the catalogue and the operator add to it.

    Raises:
        InputError: an added file cannot be used (`mapping-invalid`).
    """
    extra = sorted(context.mappings.items())
    own = context.options.get("mapping", "")
    return load_mapping((*extra, ("mapping", own)) if own else tuple(extra))


def packaged() -> MappingTable:
    """Give the packaged mapping alone."""
    return load_mapping()


def folded(texts: Iterable[str]) -> frozenset[str]:
    """Fold several names."""
    return frozenset(spaced(text) for text in texts)
