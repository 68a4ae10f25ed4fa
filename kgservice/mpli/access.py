"""Who calls: bearer tokens, stored as hashes, and what each role may do.

A token is `kg_ID_SECRET`; only SHA-256 of the secret is kept (secrets are 256 random bits, so a
slow hash would add nothing). Roles are those of the interface document.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kgservice.model.errors import AccessDenied, InputError, NotFound, Unauthenticated

ROLES = ("anonymous", "analyst", "customer", "editor", "operator", "worker")
_MAY: dict[str, frozenset[str]] = {
    "anonymous": frozenset({"read-shared"}),
    "analyst": frozenset({"read-shared", "read-quarantine", "subscribe"}),
    "customer": frozenset({"read-shared", "subscribe", "use-services", "see-jobs"}),
    "editor": frozenset(
        {"read-shared", "read-quarantine", "subscribe", "edit-catalogs", "see-jobs", "write-graphs"}
    ),
    "operator": frozenset(
        {
            "read-shared",
            "read-quarantine",
            "subscribe",
            "use-services",
            "see-jobs",
            "edit-catalogs",
            "write-graphs",
            "administer",
            "see-all",
        }
    ),
    "worker": frozenset({"work"}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling.

    Attributes:
        id: The token's id; `anonymous` without one.
        role: One of `ROLES`.
        name: Who it was given to; requests, plans and services belong to this name.
        worker_type: For a worker's token: the type it may work as.
        provider: For a worker's token: the provider it works for.
    """

    id: str
    role: str
    name: str
    worker_type: str = ""
    provider: str = ""

    def may(self, right: str) -> bool:
        """Say whether the role gives a right."""
        return right in _MAY[self.role]

    def require(self, right: str) -> None:
        """Refuse unless the role gives the right.

        Raises:
            Unauthenticated: nobody is signed in.
            AccessDenied: the role does not give it.
        """
        if self.may(right):
            return
        if self.role == "anonymous":
            raise Unauthenticated(
                "This needs a token.", hint="Send `Authorization: Bearer TOKEN`, or set KG_TOKEN."
            )
        raise AccessDenied(
            f"The role {self.role} may not do this.",
            hint="Ask an operator for a token with another role: `kg token create --role ROLE`.",
        )


ANONYMOUS = Caller("anonymous", "anonymous", "anonymous")
NOBODY = Caller("nobody", "worker", "nobody")
"""A caller without any right that `require` would grant: used when public reading is off."""


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A token as it may be shown: everything but the secret."""

    id: str
    role: str
    name: str
    worker_type: str
    provider: str
    created: str
    revoked: str


MOST_KNOWN = 1000
"""Tokens that are remembered, by their hash, until the file of tokens changes."""
SETTLED_NS = 1_000_000_000
"""Age from which a change of the file is sure to change its time too."""


class TokenStore:
    """The tokens of one data folder, in `tokens.sqlite` with mode 600."""

    def __init__(self, folder: Path) -> None:
        """Open the store; a new one gets an operator token in `operator.token`."""
        self._path = folder / "tokens.sqlite"
        self._lock = threading.Lock()
        self._known: dict[str, Caller] = {}
        self._known_of: tuple[int, ...] = ()
        is_new = not self._path.exists()
        with closing(self._connect()) as db, db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS token (id TEXT PRIMARY KEY, hash TEXT NOT NULL,"
                " role TEXT NOT NULL, name TEXT NOT NULL, worker_type TEXT NOT NULL,"
                " provider TEXT NOT NULL, created TEXT NOT NULL, revoked TEXT NOT NULL)"
            )
        self._path.chmod(0o600)
        token_file = folder / "operator.token"
        if is_new or not token_file.exists():
            token = self.create("operator", name="operator")
            token_file.touch(mode=0o600)
            token_file.write_text(token + "\n", encoding="ascii")

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10)

    def create(
        self, role: str, *, name: str = "", worker_type: str = "", provider: str = ""
    ) -> str:
        """Make a token and give it; it cannot be read again.

        Raises:
            InputError: an unknown role, or a worker's token without type and provider
                (`role-unknown`, `worker-token-unbound`), or a name with control characters
                (`token-name-invalid`).
        """
        if role not in ROLES or role == "anonymous":
            raise InputError(
                f"There is no role {role!r} for tokens.",
                code="role-unknown",
                hint=f"Use one of: {', '.join(ROLES[1:])}.",
            )
        if not all(text.isprintable() for text in (name, worker_type, provider)):
            raise InputError(
                "A token's name, type and provider are of printable characters.",
                code="token-name-invalid",
                hint="Leave out control characters and ends of lines.",
            )
        if role == "worker" and not (worker_type and provider):
            raise InputError(
                "A worker's token is bound to its type and provider.",
                code="worker-token-unbound",
                hint="Give --type and --provider.",
            )
        identity, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = (
            identity,
            _digest(secret),
            role,
            name or identity,
            worker_type,
            provider,
            datetime.now(UTC).isoformat(timespec="seconds"),
            "",
        )
        with self._lock, closing(self._connect()) as db, db:
            db.execute("INSERT INTO token VALUES (?,?,?,?,?,?,?,?)", row)
        return f"kg_{identity}_{secret}"

    def caller(self, token: str) -> Caller:
        """Give the caller that a token stands for.

        Raises:
            Unauthenticated: the token is unknown, malformed or revoked.
        """
        digest, state = _digest(token), self._state()
        if state and state == self._known_of and digest in self._known:
            return self._known[digest]
        caller = self._look_up(token)
        if state != self._known_of or len(self._known) >= MOST_KNOWN:
            self._known, self._known_of = {}, state
        self._known[digest] = caller
        return caller

    def _state(self) -> tuple[int, ...]:
        """Name the state of the file, also when another process wrote it; empty if just written."""
        now, found = time.time_ns(), self._path.stat()
        is_settled = now - found.st_mtime_ns > SETTLED_NS
        return (found.st_ino, found.st_mtime_ns, found.st_size) if is_settled else ()

    def _look_up(self, token: str) -> Caller:
        prefix, _, rest = token.partition("_")
        identity, _, secret = rest.partition("_")
        with closing(self._connect()) as db:
            row = db.execute(
                "SELECT hash, role, name, worker_type, provider FROM token"
                " WHERE id = ? AND revoked = ''",
                (identity,),
            ).fetchone()
        if prefix != "kg" or row is None or not hmac.compare_digest(row[0], _digest(secret)):
            raise Unauthenticated("The token is not valid.", hint="It may have been revoked.")
        return Caller(identity, row[1], row[2], row[3], row[4])

    def tokens(self) -> list[TokenInfo]:
        """List all tokens, without secrets."""
        with closing(self._connect()) as db:
            rows = db.execute(
                "SELECT id, role, name, worker_type, provider, created, revoked"
                " FROM token ORDER BY created, id"
            ).fetchall()
        return [TokenInfo(*row) for row in rows]

    def revoke(self, identity: str) -> None:
        """Make a token useless from now on.

        Raises:
            NotFound: there is no such token.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._lock, closing(self._connect()) as db, db:
            changed = db.execute(
                "UPDATE token SET revoked = ? WHERE id = ? AND revoked = ''", (now, identity)
            ).rowcount
        if not changed:
            raise NotFound(f"There is no valid token {identity}.", code="token-unknown")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
