"""Parameters of the federated-catalogue API, read and checked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from flask import request

from kgservice.model.errors import InputError
from kgservice.mpli.publish_gaia_x import STATUSES, Wanted

LIST: Final = (
    "uploadTimerange", "statusTimerange", "issuers", "validators", "statuses", "ids", "hashes",
    "withMeta", "withContent", "offset", "limit",
)  # fmt: skip
"""Parameters of the list (XFSC Federated Catalogue, readSelfDescriptions)."""
MOST_VALUES: Final = 100
_LONGEST: Final = 1000


def read_wanted() -> Wanted:
    """Read the filters of the list.

    Raises:
        InputError: a value is not of its type (`filter-invalid`).
    """
    statuses = tuple(status.lower() for status in _values("statuses")) or ("active",)
    for status in statuses:
        if status not in STATUSES:
            raise _invalid("statuses", status, f"Use {', '.join(STATUSES)}.")
    ranges = [_range(name) for name in ("uploadTimerange", "statusTimerange")]
    return Wanted(
        issuers=_values("issuers"),
        ids=_values("ids"),
        hashes=tuple(value.lower() for value in _values("hashes")),
        statuses=statuses if not _values("validators") else ("none",),
        since=max(since for since, _ in ranges),
        until=min((until for _, until in ranges if until), default=""),
    )


def whole(name: str, default: int, least: int) -> int:
    """Read a whole number.

    Raises:
        InputError: it is none, or too small (`filter-invalid`).
    """
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < least:
        raise _invalid(name, text, f"Use a whole number of {least} or more.")
    return int(text)


def boolean(name: str, *, default: bool) -> bool:
    """Read `true` or `false`.

    Raises:
        InputError: it is neither (`filter-invalid`).
    """
    text = request.args.get(name, str(default)).lower()
    if text not in ("true", "false"):
        raise _invalid(name, text, "Use true or false.")
    return text == "true"


def require_json() -> None:
    """Refuse a caller that does not take JSON (RFC 9110 §15.5.7).

    Raises:
        InputError: the Accept header takes no JSON (`not-acceptable`).
    """
    if request.accept_mimetypes and not request.accept_mimetypes["application/json"]:
        raise InputError(
            "This answer can only be sent as JSON.",
            code="not-acceptable",
            hint="Accept application/json.",
            status=406,
        )


def _values(name: str) -> tuple[str, ...]:
    """Read a list: repeated, or separated by commas."""
    texts = request.args.getlist(name)
    found = tuple(part.strip() for text in texts for part in text.split(",") if part.strip())
    if len(found) > MOST_VALUES or any(len(part) > _LONGEST for part in found):
        raise _invalid(name, "", f"Give at most {MOST_VALUES} values.")
    return found


def _range(name: str) -> tuple[str, str]:
    """Read `START/END`, ISO 8601 moments; an empty text where there is none."""
    text = request.args.get(name, "")
    if not text:
        return "", ""
    start, slash, end = text.partition("/")
    if not slash:
        raise _invalid(
            name, text, "Use START/END, such as 2026-03-01T13:00:00Z/2026-05-11T15:30:00Z."
        )
    return _moment(name, start), _moment(name, end)


def _moment(name: str, text: str) -> str:
    try:
        found = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        raise _invalid(name, text, "Use ISO 8601, such as 2026-03-01T13:00:00Z.") from None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _invalid(name: str, text: str, hint: str) -> InputError:
    return InputError(
        f"{name} cannot be {text[:60]!r}.", code="filter-invalid", at=f"?{name}", hint=hint
    )
