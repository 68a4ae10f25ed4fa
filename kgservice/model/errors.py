"""The tree of errors: three branches tell every face what to do.

* KgError
  + InputError        the caller can fix it; HTTP 4xx, exit code 2
    - NotFound        no such thing; HTTP 404
    - NotSupported    a valid wish that this version cannot fulfil; `not-supported`
    - AccessDenied    who you are does not allow it; HTTP 401 or 403
    - PreconditionFailed  the thing has changed since; HTTP 412
  + Refused           valid, but not feasible or not allowed now; carries reasons; HTTP 409, exit 1
  + Unavailable       something outside failed; may be retried; HTTP 503, exit code 3

Each error has a stable `code` with an entry in `docs/errors.md`, a place (`at`: `file:line`, JSON
pointer or query position), what is wrong, and what to do. RFC 9457 §3 is their form over HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How grave a finding is (SHACL §2.1.4 names them Violation, Warning and Info)."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding about input, kept and reported, never raised.

    Attributes:
        code: Stable slug, listed in `docs/errors.md`.
        detail: What is wrong, in the user's terms.
        at: Where: `file:line`, JSON pointer or IRI; empty when it is about the whole input.
        hint: What to do about it, and what was done with the input.
        severity: ERROR when something was left out because of it.
    """

    code: str
    detail: str
    at: str = ""
    hint: str = ""
    severity: Severity = Severity.WARNING

    def __str__(self) -> str:
        """Write the four parts: where, what, what to do, code."""
        where = f"{self.at}: " if self.at else ""
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{where}{self.detail}{hint}   [{self.code}]"


class KgError(Exception):
    """Everything that the product raises on purpose."""

    code = "error"
    status = 500
    exit_code = 3

    def __init__(
        self,
        detail: str,
        *,
        code: str = "",
        at: str = "",
        hint: str = "",
        reasons: tuple[Problem, ...] = (),
        status: int = 0,
    ) -> None:
        """Say what is wrong; `code` and `status` override the class's, `reasons` are the causes."""
        super().__init__(detail)
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.detail = detail
        self.at = at
        self.hint = hint
        self.reasons = reasons

    def problem(self) -> Problem:
        """Give the same as a value."""
        return Problem(self.code, self.detail, self.at, self.hint, Severity.ERROR)

    def __str__(self) -> str:
        """Write the four parts, then each reason on a line of its own."""
        return "\n".join([str(self.problem()), *(f"  - {reason}" for reason in self.reasons)])


class InputError(KgError):
    """The caller can fix it."""

    code = "invalid-input"
    status = 400
    exit_code = 2


class NotFound(InputError):
    """No such thing, or the caller may not know of it."""

    code = "not-found"
    status = 404


class NotSupported(InputError):
    """A valid wish that this version refuses instead of ignoring it."""

    code = "not-supported"
    status = 422


class AccessDenied(InputError):
    """Who the caller is does not allow it."""

    code = "forbidden"
    status = 403


class Unauthenticated(AccessDenied):
    """No token, or one that is not valid."""

    code = "unauthenticated"
    status = 401


class PreconditionFailed(InputError):
    """The thing changed since the caller read it; nothing was done."""

    code = "precondition-failed"
    status = 412


class Refused(KgError):
    """Valid, but not feasible or not allowed as things stand; the reasons say why."""

    code = "refused"
    status = 409
    exit_code = 1


class Unavailable(KgError):
    """Something outside failed; the same call may succeed later."""

    code = "unavailable"
    status = 503
    exit_code = 3


class DeadlineExceeded(Unavailable):
    """The work was stopped at its deadline; nothing was changed."""

    code = "deadline-exceeded"
    status = 504
