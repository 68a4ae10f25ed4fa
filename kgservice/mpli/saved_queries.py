"""Questions that are kept by name: those of the vocabulary and the operator's own, ready to run."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from kgservice.model.errors import InputError, NotFound, Problem
from kgservice.model.rdf import XSD, Iri, Literal, Term, to_text
from kgservice.mpli import query
from kgservice.mpli.access import Caller
from kgservice.mpli.application import Application
from kgservice.mpli.query_header import QueryHeader, body_of, is_saved_query, read_header
from kgservice.mpli.query_parameters import example_values, read_values
from kgservice.store.queries import bind

FOLDER = "queries"
"""Where an operator's own queries are, in the data folder."""

LARGEST, LONGEST_NAME = 64 << 10, 80
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DECLARED = re.compile(r"^\s*PREFIX\s+([\w-]*):\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_LOCAL = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A question with its text.

    Attributes:
        name: The file's name without `.rq`.
        header: What it says of itself.
        text: The whole file.
        is_own: It is the operator's, in the data folder.
    """

    name: str
    header: QueryHeader
    text: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Library:
    """All saved queries, by name, and what is wrong with those that cannot be used."""

    queries: Mapping[str, SavedQuery]
    problems: tuple[Problem, ...]


def library(application: Application) -> Library:
    """Read all saved queries; an operator's counts before one of the same name that is built in.

    The files are read each time, so that a changed one counts at once; about 5 ms.
    """
    found: dict[str, SavedQuery] = {}
    problems: list[Problem] = []
    built_in = files("kgservice_vocab").joinpath(FOLDER)
    own = application.folder / FOLDER
    for folder, is_own in ((built_in, False), (own, True)):
        for file in _files_of(folder):
            try:
                one = _read(file, is_own)
            except InputError as error:
                problems.append(error.problem())
                continue
            if one is not None:
                found[one.name] = one
    return Library(dict(sorted(found.items())), tuple(problems))


def find(application: Application, name: str) -> SavedQuery:
    """Give a saved query.

    Raises:
        NotFound: there is none of this name.
        InputError: its file cannot be read (`query-header-missing`, `file-unreadable`).
    """
    if len(name) <= LONGEST_NAME and _NAME.fullmatch(name):
        own = application.folder / FOLDER / f"{name}.rq"
        built_in = files("kgservice_vocab").joinpath(FOLDER, f"{name}.rq")
        for file, is_own in ((own, True), (built_in, False)):
            one = _read(file, is_own) if file.is_file() else None
            if one is not None:
                return one
    near = difflib.get_close_matches(name[:80], library(application).queries, n=1)
    raise NotFound(
        f"There is no saved query {name[:80]!r}.",
        code="query-unknown",
        hint=(f"Did you mean {near[0]}? " if near else "")
        + "`kg query --list` and GET /queries list them.",
    )


def text_of(application: Application, one: SavedQuery, given: Mapping[str, Sequence[str]]) -> str:
    """Give the text of a saved query with the values of its parameters put in as terms.

    Raises:
        InputError: a parameter is unknown, missing or not of its type.
    """
    return bind(one.text, read_values(application, one.header, given))


def example_of(application: Application, one: SavedQuery) -> str:
    """Give a text to show and to change: examples in place of parameters, prefixes used."""
    body = body_of(one.text)
    prefixes = dict(_DECLARED.findall(body))
    text = bind(body, {})
    for name, term in example_values(application, one.header).items():
        text = bind(text, {name: term}).replace(to_text(term), _short(term, prefixes))
    comment = f"# {one.header.title}\n"
    return comment + text.strip() + "\n"


def call_of(
    application: Application,
    caller: Caller,
    name: str,
    given: Mapping[str, Sequence[str]],
    accept: str,
) -> query.QueryCall:
    """Make the query that a caller asks for by name; it runs as any query of this caller would.

    A query that names no right reads what everyone may read, whoever asks.

    Raises:
        NotFound: there is no such query.
        InputError: a parameter is unknown, missing or not of its type.
        AccessDenied: the query reads what only other roles have.
    """
    one = find(application, name)
    if one.header.right:
        caller.require(one.header.right)
    text = text_of(application, one, given)
    return query.QueryCall(text, accept, is_shared_only=not one.header.right)


def as_json(one: SavedQuery) -> dict[str, object]:
    """Describe a saved query for programs."""
    parameters = [
        {
            "name": parameter.name,
            "type": parameter.type,
            "description": parameter.description,
            "example": parameter.example,
            **({"default": parameter.default} if parameter.default else {}),
            "required": parameter.is_needed,
        }
        for parameter in one.header.parameters
    ]
    return {
        "name": one.name,
        "title": one.header.title,
        "description": one.header.purpose,
        "parameters": parameters,
        **({"right": one.header.right} if one.header.right else {}),
        "source": "operator" if one.is_own else "built-in",
        "href": f"/queries/{one.name}",
    }


def _files_of(folder: Traversable) -> list[Traversable]:
    if not folder.is_dir():
        return []
    files_here = (file for file in folder.iterdir() if file.name.endswith(".rq"))
    return sorted(files_here, key=lambda file: file.name)


def _read(file: Traversable, is_own: bool) -> SavedQuery | None:
    """Read a file; None when it is one of the service's own queries."""
    name = file.name.removesuffix(".rq")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"The query {name} cannot be read.", code="file-unreadable", at=file.name
        ) from None
    if not is_own and not is_saved_query(text):
        return None
    if not _NAME.fullmatch(name) or len(text) > LARGEST:
        raise InputError(
            f"The file {file.name} is no saved query: a name has small letters, digits and hyphens,"
            f" and a query at most {LARGEST >> 10} KiB.",
            code="query-header-missing",
            at=file.name,
        )
    return SavedQuery(name, read_header(name, text), text, is_own)


def _short(term: Term, prefixes: Mapping[str, str]) -> str:
    """Write a term as a person would: with a prefix of the query, or as a bare number."""
    if isinstance(term, Iri):
        for prefix, namespace in prefixes.items():
            local = term.value.removeprefix(namespace)
            if local != term.value and _LOCAL.fullmatch(local):
                return f"{prefix}:{local}"
    elif isinstance(term, Literal):
        if term.datatype == XSD + "integer" or (
            term.datatype == XSD + "decimal" and "." in term.value
        ):
            return term.value
        local = term.datatype.removeprefix(XSD)
        if prefixes.get("xsd") == XSD and local != term.datatype and local != "string":
            return f'"{term.value}"^^xsd:{local}'
    return to_text(term)
