"""Take the envelope off: presentations, JWTs and proofs become credentials one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final, TypeAlias

from kgservice.model.documents import SetAside
from kgservice.model.errors import Problem, Severity
from kgservice_importers.gaiax.decoding import decoded, parsed, token_payload
from kgservice_importers.gaiax.forms import (
    JSON_SUFFIXES,
    carrier,
    file_kind,
    forms,
    ignored_members,
    kind_set_aside,
)
from kgservice_importers.jsonld.contexts import Json

JWT_CLAIMS: Final = frozenset(ignored_members()) - {"@context", "proof"}
_MAX_DEPTH: Final = 6


@dataclass(frozen=True, slots=True)
class Envelope:
    """One credential (or bare set of claims) as found.

    Attributes:
        payload: The JSON-LD document without its proofs: what a proof is about.
        content: The bytes that are kept: the compact JWS, or the JSON as found.
        media_type: Of `content`.
        proof_kind: `vc-jwt`, `data-integrity` or empty.
        token: The compact JWS, or empty.
        at: Where it was, as `file` or `file#/json/pointer`.
        proofs: Embedded proofs as found.
        problems: Findings about the envelope.
    """

    payload: dict[str, Json]
    content: bytes
    media_type: str
    proof_kind: str
    token: str
    at: str
    proofs: tuple[Json, ...] = ()
    problems: tuple[Problem, ...] = ()


Opened: TypeAlias = Envelope | Problem | SetAside


@dataclass(slots=True)
class _Parse:
    """Names that occurred twice in one JSON object."""

    repeated: list[str] = field(default_factory=list)

    def pairs(self, items: list[tuple[str, Json]]) -> dict[str, Json]:
        result: dict[str, Json] = {}
        for key, value in items:
            if key in result:
                self.repeated.append(key)
            result[key] = value
        return result


def open_envelopes(content: bytes, at: str) -> Iterator[Opened]:
    """Give the credentials of one file; what cannot be opened or is none becomes a finding."""
    text = decoded(content).strip()
    if text.startswith(("{", "[")):
        yield from _from_json(text, at)
    elif token_payload("".join(text.split())) is not None or _must_be_token(at):
        yield from _from_token(text, at, 0)
    else:
        yield SetAside(at, file_kind(at, text))


def _must_be_token(at: str) -> bool:
    """Files that are called credentials must be some; the content of an address must too."""
    suffix = PurePosixPath(at).suffix.lower()
    return suffix in JSON_SUFFIXES or at.startswith(("http://", "https://"))


def _from_json(text: str, at: str) -> Iterator[Opened]:
    parse = _Parse()
    try:
        document = parsed(text, parse.pairs)
    except (ValueError, RecursionError) as error:
        yield _problem("document-unreadable", f"not JSON: {error}", at)
        return
    repeated = _repeated(parse.repeated, at)
    items = document if isinstance(document, list) else [document]
    for position, item in enumerate(items):
        here = f"{at}#/{position}" if isinstance(document, list) else at
        for opened in _from_object(item, here, 0):
            if isinstance(opened, Envelope):
                yield replace(opened, problems=(*opened.problems, *repeated))
            else:
                yield opened
    if not items:
        yield SetAside(at, "empty-list")


def _repeated(names: list[str], at: str) -> tuple[Problem, ...]:
    if not names:
        return ()
    return (
        Problem(
            "json-duplicate-key",
            f"a key occurs twice in one object: {', '.join(sorted(set(names)))}",
            at,
            "The last value was read; the earlier ones are lost.",
        ),
    )


def _from_object(item: Json, at: str, depth: int) -> Iterator[Opened]:
    if isinstance(item, str):
        yield from _from_text(item, at, depth)
        return
    if not isinstance(item, dict) or depth > _MAX_DEPTH:
        yield _problem("document-unreadable", "an object or a JWT was expected", at)
        return
    form = carrier(item)
    if form is not None:
        yield from _from_carrier(item, form["member"], form["empty"], at, depth)
    elif _is_envelope(item):
        yield from _from_token(str(item.get("id", item.get("@id", ""))), at, depth)
    elif "verifiableCredential" in item:
        yield from _from_presentation(item, at, depth)
    else:
        yield from _from_plain(item, at, depth)


def _from_plain(item: dict[str, Json], at: str, depth: int) -> Iterator[Opened]:
    wrapped = [name for name in forms()["wrappers"] if name in item]
    claim = next((name for name in ("vc", "vp") if isinstance(item.get(name), dict)), "")
    if claim and "credentialSubject" not in item:
        yield from _from_object(_with_claims(item, item[claim]), below(at, claim), depth + 1)
    elif wrapped and "credentialSubject" not in item:
        for name in wrapped:
            yield from _from_object(item[name], below(at, name), depth + 1)
    elif kind := kind_set_aside(item):
        yield SetAside(at, kind)
    else:
        yield _envelope(item, at)
        yield from _nested(item, at, depth)


def _from_text(text: str, at: str, depth: int) -> Iterator[Opened]:
    """Open a JWT, or JSON that is the value of a string, as catalogues keep it."""
    if text.lstrip().startswith("{"):
        try:
            item = parsed(text)
        except (ValueError, RecursionError) as error:
            yield _problem("document-unreadable", f"not JSON: {error}", at)
            return
        yield from _from_object(item, at, depth + 1)
    else:
        yield from _from_token(text, at, depth)


def below(at: str, *names: str | int) -> str:
    """Point to a member of what `at` points to (RFC 6901)."""
    steps = "".join("/" + str(n).replace("~", "~0").replace("/", "~1") for n in names)
    return at + steps if "#/" in at else f"{at}#{steps}"


def _from_carrier(
    item: dict[str, Json], member: str, empty: str, at: str, depth: int
) -> Iterator[Opened]:
    inner = item[member]
    if not inner:
        yield SetAside(at, empty)
    elif isinstance(inner, list):
        for position, one in enumerate(inner):
            yield from _from_object(one, below(at, member, position), depth + 1)
    else:
        yield from _from_object(inner, below(at, member), depth + 1)


def _is_envelope(item: dict[str, Json]) -> bool:
    return any(name in _types(item) for name in forms()["enveloped"])


def _types(item: dict[str, Json]) -> list[Json]:
    value = item.get("type", item.get("@type", []))
    return value if isinstance(value, list) else [value]


def _from_presentation(item: dict[str, Json], at: str, depth: int) -> Iterator[Opened]:
    inner = item["verifiableCredential"]
    for position, credential in enumerate(inner if isinstance(inner, list) else [inner]):
        yield from _from_object(credential, below(at, "verifiableCredential", position), depth + 1)
    if inner in ([], None):
        yield SetAside(at, "empty-presentation")


def _nested(item: dict[str, Json], at: str, depth: int) -> Iterator[Opened]:
    """Open credentials that lie within a credential: they have an issuer of their own."""
    for pointer, inner in nested_credentials(item):
        yield from _from_object(inner, below(at, *pointer), depth + 1)


def nested_credentials(item: Json) -> Iterator[tuple[tuple[str | int, ...], dict[str, Json]]]:
    """Find the outermost credentials below a document, each with its path."""
    stack: list[tuple[tuple[str | int, ...], Json]] = [((), item)]
    while stack:
        path, value = stack.pop()
        if path and isinstance(value, dict) and "credentialSubject" in value:
            yield path, value
        elif isinstance(value, dict):
            parts = [(k, v) for k, v in value.items() if k not in ("proof", "@context")]
            stack.extend(((*path, k), v) for k, v in reversed(parts))
        elif isinstance(value, list):
            stack.extend(((*path, n), v) for n, v in reversed(list(enumerate(value))))


def _envelope(item: dict[str, Json], at: str) -> Envelope:
    found = item.get("proof")
    proofs = tuple(found) if isinstance(found, list) else (found,) if found else ()
    # The JSON twin of a VC-JWT carries `iss` and `sub` too; they say nothing about the subject.
    # Where a proof is embedded nothing is left out: its hash is over all members.
    is_twin = "credentialSubject" in item and not proofs
    left_out = {"proof"} | (JWT_CLAIMS if is_twin else set())
    payload = {key: value for key, value in item.items() if key not in left_out}
    content = json.dumps(item, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
    kind = "data-integrity" if proofs else ""
    return Envelope(payload, content, "application/ld+json", kind, "", at, proofs)


def _from_token(text: str, at: str, depth: int) -> Iterator[Opened]:
    """Open a compact JWS, bare or behind `data:…,`; the signature is not looked at here."""
    token = "".join((text.partition(",")[2] if text.startswith("data:") else text).split())
    claims = token_payload(token)
    if claims is None or depth > _MAX_DEPTH:
        yield _problem("jwt-unreadable", "not a compact JWT with a JSON object in it", at)
        return
    payload = {key: value for key, value in claims.items() if key not in JWT_CLAIMS}
    for wrapper in ("vc", "vp"):
        if isinstance(claims.get(wrapper), dict):
            payload = _with_claims(claims, claims[wrapper])
    if "verifiableCredential" in payload:
        yield from _from_presentation(payload, at, depth + 1)
    elif _is_envelope(payload):
        yield from _from_object(payload, at, depth + 1)
    else:
        content = token.encode()
        yield Envelope(payload, content, "application/vc+jwt", "vc-jwt", token, at)
        yield from _nested(payload, at, depth)


def _with_claims(claims: dict[str, Json], inner: dict[str, Json]) -> dict[str, Json]:
    """Complete a `vc` claim by the registered claims that stand for its members (VC 1.1 §6.3.1)."""
    payload = {key: value for key, value in inner.items() if key != "proof"}
    for claim, member in (("iss", "issuer"), ("jti", "id")):
        if claim in claims and member not in payload:
            payload[member] = claims[claim]
    subject = payload.get("credentialSubject")
    if isinstance(subject, dict) and "id" not in subject and isinstance(claims.get("sub"), str):
        payload["credentialSubject"] = {"id": claims["sub"], **subject}
    return payload


def _problem(code: str, detail: str, at: str) -> Problem:
    return Problem(code, detail, at, "Nothing was read from it.", Severity.ERROR)
