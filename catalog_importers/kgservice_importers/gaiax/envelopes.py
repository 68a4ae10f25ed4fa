"""Take the envelope off: presentations, JWTs and proofs become credentials one by one."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from kgservice.model.errors import Problem, Severity
from kgservice_importers.jsonld.contexts import Json

JWT_CLAIMS: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "nonce"})
_MAX_DEPTH: Final = 6
_ENVELOPES: Final = ("EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation")
_WRAPPERS: Final = ("selfDescriptionCredential", "complianceCredential")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One credential (or bare set of claims) as found.

    Attributes:
        payload: The JSON-LD document without its proof.
        content: The bytes that a proof is about: the compact JWS, or the JSON as found.
        media_type: Of `content`.
        proof_kind: `vc-jwt`, `data-integrity` or empty.
        token: The compact JWS, or empty.
        at: Where it was, as `file` or `file#/json/pointer`.
        problems: Findings about the envelope.
    """

    payload: dict[str, Json]
    content: bytes
    media_type: str
    proof_kind: str
    token: str
    at: str
    problems: tuple[Problem, ...] = ()


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


def open_envelopes(content: bytes, at: str) -> Iterator[Envelope | Problem]:
    """Give the credentials of one file; what cannot be opened becomes a problem."""
    text = _decoded(content).strip()
    if not text:
        yield _problem("document-unreadable", "the file is empty or not text", at)
    elif text.startswith(("{", "[")):
        yield from _from_json(text, at)
    else:
        yield from _from_token(text, at, 0)


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(encoding, errors="replace").replace("\x00", "")


def _from_json(text: str, at: str) -> Iterator[Envelope | Problem]:
    parse = _Parse()
    try:
        document = json.loads(text, object_pairs_hook=parse.pairs, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        yield _problem("document-unreadable", f"not JSON: {error}", at)
        return
    if parse.repeated:
        names = ", ".join(sorted(set(parse.repeated)))
        yield Problem(
            "json-duplicate-key", f"a key occurs twice in one object: {names}", at,
            "The last value was read; the earlier ones are lost.",
        )  # fmt: skip
    items = document if isinstance(document, list) else [document]
    for position, item in enumerate(items):
        here = f"{at}#/{position}" if isinstance(document, list) else at
        yield from _from_object(item, here, 0)


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _from_object(item: Json, at: str, depth: int) -> Iterator[Envelope | Problem]:
    if isinstance(item, str):
        yield from _from_token(item, at, depth)
        return
    if not isinstance(item, dict) or depth > _MAX_DEPTH:
        yield _problem("document-unreadable", "an object or a JWT was expected", at)
        return
    wrapped = [name for name in _WRAPPERS if name in item]
    if _is_envelope(item):
        yield from _from_token(str(item.get("id", item.get("@id", ""))), at, depth)
    elif "verifiableCredential" in item:
        yield from _from_presentation(item, at, depth)
    elif wrapped:
        for name in wrapped:
            yield from _from_object(item[name], f"{at}#/{name}", depth + 1)
    elif not _is_did_document(item):
        yield _envelope(item, at)


def _is_envelope(item: dict[str, Json]) -> bool:
    return any(name in _types(item) for name in _ENVELOPES)


def _types(item: dict[str, Json]) -> list[Json]:
    value = item.get("type", item.get("@type", []))
    return value if isinstance(value, list) else [value]


def _is_did_document(item: dict[str, Json]) -> bool:
    return "verificationMethod" in item and "credentialSubject" not in item


def _from_presentation(item: dict[str, Json], at: str, depth: int) -> Iterator[Envelope | Problem]:
    inner = item["verifiableCredential"]
    for position, credential in enumerate(inner if isinstance(inner, list) else [inner]):
        where = f"{at}#/verifiableCredential/{position}"
        yield from _from_object(credential, where, depth + 1)


def _envelope(item: dict[str, Json], at: str) -> Envelope:
    # The JSON twin of a VC-JWT carries `iss` and `sub` too; they say nothing about the subject.
    left_out = {"proof"} | (JWT_CLAIMS if "credentialSubject" in item else set())
    payload = {key: value for key, value in item.items() if key not in left_out}
    content = json.dumps(item, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
    kind = "data-integrity" if item.get("proof") else ""
    return Envelope(payload, content, "application/ld+json", kind, "", at)


def _from_token(text: str, at: str, depth: int) -> Iterator[Envelope | Problem]:
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


def token_payload(token: str) -> dict[str, Json] | None:
    """Decode the payload of a compact JWS without verifying it; None when it is not one."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        raw = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
        claims = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, binascii.Error, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _with_claims(claims: dict[str, Json], inner: dict[str, Json]) -> dict[str, Json]:
    """Complete a `vc` claim by the registered claims that stand for its members (VC 1.1 §6.3.1)."""
    payload = dict(inner)
    for claim, member in (("iss", "issuer"), ("jti", "id")):
        if claim in claims and member not in payload:
            payload[member] = claims[claim]
    subject = payload.get("credentialSubject")
    if isinstance(subject, dict) and "id" not in subject and isinstance(claims.get("sub"), str):
        payload["credentialSubject"] = {"id": claims["sub"], **subject}
    return payload


def _problem(code: str, detail: str, at: str) -> Problem:
    return Problem(code, detail, at, "Nothing was read from it.", Severity.ERROR)
