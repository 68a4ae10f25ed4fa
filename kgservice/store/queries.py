"""Query files of the vocabulary package, with their parameters put in as terms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

from kgservice.model.errors import InputError
from kgservice.model.rdf import Iri, Literal, Term, is_valid_iri, to_text
from kgservice.store.wire import is_language

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TOKEN = re.compile(
    r"""(?P<string>\"\"\".*?\"\"\"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<iri><[^<>"{}|^`\\\s]*>)|(?P<comment>\#[^\n]*)|(?P<variable>[?$]\w+)""",
    re.DOTALL,
)


def load_query(name: str, parameters: Mapping[str, Term] | None = None) -> str:
    """Give the text of `queries/NAME.rq` with `?parameter` and `$parameter` replaced by terms.

    The file is read each time, so that a changed one counts at once. A parameter that is in a
    SELECT clause or a projection cannot be replaced and is given by VALUES instead.

    Raises:
        InputError: there is no such query (`query-unknown`), its purpose is not stated
            (`query-header-missing`), or a term cannot be written (`statement-invalid`).
    """
    resource = files("kgservice_vocab").joinpath("queries", f"{name}.rq")
    if not _NAME.fullmatch(name) or not resource.is_file():
        raise InputError(f"There is no query {name!r}.", code="query-unknown")
    text = resource.read_text(encoding="utf-8")
    if not text.startswith("# Purpose:"):
        raise InputError(
            f"The query {name} does not begin with its purpose.",
            code="query-header-missing",
            at=f"{name}.rq:1",
            hint="Begin with the comments `# Purpose:`, `# Parameters:` and `# Cost:`.",
        )
    return bind(text, parameters or {})


def bind(text: str, parameters: Mapping[str, Term]) -> str:
    """Give the parameters' values to a query's variables.

    The terms come in by their N-Triples form, in place of `?name` and `$name`; text is never
    pasted, and strings, IRIs and comments of the query are left alone.
    """
    values = {name: _written(term) for name, term in parameters.items()}

    def replace(match: re.Match[str]) -> str:
        variable = match.group("variable")
        return values.get(variable[1:], variable) if variable else match.group()

    return _TOKEN.sub(replace, text)


def _written(term: Term) -> str:
    if isinstance(term, Iri):
        is_valid = is_valid_iri(term.value)
    elif isinstance(term, Literal):
        is_valid = is_valid_iri(term.datatype) and is_language(term.language)
    else:
        is_valid = False  # a blank node in a query is a variable
    if is_valid:
        return to_text(term)
    raise InputError(
        f"The parameter {term!r} cannot be put into a query.", code="statement-invalid"
    )
