"""The head of a saved query: its title, its purpose and its parameters, as comments of the file.

    # Purpose: who offers PostgreSQL of a version or newer in a country.
    # Title: PostgreSQL in a country
    # Parameter: country country = NLD: where the service can run
    # Parameter: provider iri needed, such as urn:x: the provider
    # Parameter: kind kind optional, such as PostgreSQL: the kind of service
    # Right: use-services

After `=` stands the value that counts when none is given; an optional parameter that is not given
leaves its variable free. A `.rq` file without `# Title:` is the service's own and no saved query.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kgservice.model.errors import InputError

TYPES = {
    "country": "a country, by a code of ISO 3166 or its English name",
    "kind": "a kind of service, by its name in the vocabulary or its IRI",
    "level": "a label level, as SCHEME/LEVEL or its IRI",
    "iri": "an IRI",
    "integer": "a whole number",
    "decimal": "a number",
    "date": "a day (YYYY-MM-DD), a moment of it with its zone, or today, today+DAYS, today-DAYS",
    "text": "a text",
}
"""The types of parameters, and what a value of each is."""

RESERVED = frozenset(("format", "output"))
"""Names that mean something else in the address of a saved query."""

_FIELD = re.compile(r"^# (Purpose|Title|Right|Cost): (.+)$")
_MORE = re.compile(r"^#   (\S.*)$")
_PARAMETER = re.compile(
    r"^# Parameter: (?P<name>[A-Za-z]\w*) (?P<type>\w+)"
    r" (?:= |(?P<need>needed|optional), such as )(?P<value>\S+): (?P<text>.+)$"
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a saved query.

    Attributes:
        name: Its name in addresses, on the command line, and of its variable.
        type: One of `TYPES`.
        description: What it means.
        example: A value that can be given.
        default: The value when none is given; empty when there is none.
        is_needed: The query cannot run without a value.
    """

    name: str
    type: str
    description: str
    example: str
    default: str = ""
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class QueryHeader:
    """What a saved query says of itself.

    Attributes:
        title: A line for lists.
        purpose: What it answers.
        parameters: In the order of the file.
        right: The right that a caller needs; empty when anyone may read what it reads.
    """

    title: str
    purpose: str
    parameters: tuple[Parameter, ...]
    right: str = ""


def is_saved_query(text: str) -> bool:
    """Say whether a query file is meant for people: its head has a title."""
    return any(line.startswith("# Title:") for line in _head(text))


def read_header(name: str, text: str) -> QueryHeader:
    """Read the comments at the top of a saved query.

    Raises:
        InputError: purpose or title is missing, or a line about a parameter cannot be read
            (`query-header-missing`), with the line.
    """
    fields: dict[str, str] = {}
    parameters: list[Parameter] = []
    last = ""
    for number, line in enumerate(_head(text), start=1):
        if line.startswith("# Parameter:"):
            parameters.append(_parameter(name, number, line))
            last = ""
        elif found := _FIELD.match(line):
            last = found[1]
            fields[last] = found[2].strip()
        elif last and (more := _MORE.match(line)):
            fields[last] += " " + more[1].strip()
    for needed in ("Purpose", "Title"):
        if needed not in fields:
            raise _unreadable(name, 1, f"has no `# {needed}:`")
    names = [parameter.name for parameter in parameters]
    if len(set(names)) < len(names):
        raise _unreadable(name, 1, "has a parameter twice")
    return QueryHeader(
        fields["Title"], fields["Purpose"], tuple(parameters), fields.get("Right", "")
    )


def body_of(text: str) -> str:
    """Give a query without the comments of its head."""
    return "\n".join(text.split("\n")[len(_head(text)) :])


def _head(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[
        : next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    ]


def _parameter(name: str, number: int, line: str) -> Parameter:
    found = _PARAMETER.match(line)
    if found is None or found["type"] not in TYPES or found["name"] in RESERVED:
        raise _unreadable(name, number, "describes a parameter in no known way")
    return Parameter(
        name=found["name"],
        type=found["type"],
        description=found["text"].strip(),
        example=found["value"],
        default="" if found["need"] else found["value"],
        is_needed=found["need"] == "needed",
    )


def _unreadable(name: str, number: int, what: str) -> InputError:
    return InputError(
        f"The query {name} {what}.",
        code="query-header-missing",
        at=f"{name}.rq:{number}",
        hint="Write `# Purpose: …`, `# Title: …` and for each parameter `# Parameter: NAME TYPE ="
        f" VALUE: MEANING`, or `needed, such as VALUE`; types are {', '.join(TYPES)}.",
    )
