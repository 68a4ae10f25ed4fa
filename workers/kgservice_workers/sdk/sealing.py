"""Secrets for one reader: JWE with ECDH-ES+A256KW and A256GCM (RFC 7516, RFC 7518 §4.6, §5.3)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from kgservice.model.errors import InputError
from kgservice_workers.sdk.values import Json

_ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]


def seal(content: Mapping[str, Json], recipient: Mapping[str, Json]) -> str:
    """Encrypt a JSON object for the holder of a P-256 key; compact JWE.

    Raises:
        InputError: `recipient` is not a public P-256 JWK (`key-invalid`).
    """
    try:
        public = {name: str(recipient[name]) for name in ("kty", "crv", "x", "y")}
        key = ECKey.import_key({**public})
    except (JoseError, KeyError, ValueError, TypeError):
        raise InputError(
            "The recipient's key is not a public P-256 key in JWK form.", code="key-invalid"
        ) from None
    if public["crv"] != "P-256":
        raise InputError("The recipient's key is not on the curve P-256.", code="key-invalid")
    header = {"alg": _ALGORITHMS[0], "enc": _ALGORITHMS[1], "kid": key.thumbprint()}
    return jwe.encrypt_compact(header, json.dumps(content).encode(), key, _ALGORITHMS)


class KeyPair:
    """A worker's key pair, kept in its state folder, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        """Read the pair in `folder`, or make one."""
        path = folder / "worker-key.json"
        if not path.exists():
            _write_private(path, json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
        self._key = ECKey.import_key(json.loads(path.read_text("utf-8")))

    @property
    def public(self) -> dict[str, Json]:
        """The public key as a JWK."""
        return dict(self._key.as_dict(private=False))

    def seal(self, content: Mapping[str, Json], recipient: Mapping[str, Json]) -> str:
        """Encrypt for another holder of a key; see `seal` of this module."""
        return seal(content, recipient)

    def open(self, jwe_text: str) -> dict[str, Json]:
        """Decrypt what was sealed for this pair.

        Raises:
            InputError: it was sealed for another key, or was changed (`seal-broken`).
        """
        try:
            plain = jwe.decrypt_compact(jwe_text, self._key, _ALGORITHMS).plaintext
            content = json.loads(plain or b"")
        except (JoseError, ValueError, TypeError):
            raise InputError(
                "The sealed message is not for this key, or was changed.", code="seal-broken"
            ) from None
        if not isinstance(content, dict):
            raise InputError("The sealed message is not an object.", code="seal-broken")
        return content


def _write_private(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
