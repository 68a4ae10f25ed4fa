"""The customer's key: made and kept by the client; only its public half is ever sent."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from kgservice.model.errors import InputError

KEY_FILE = "customer.jwk"
_ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]


def key_folder() -> Path:
    """Give the folder of the customer's key: KG_KEY_DIR, else the user's config folder."""
    return Path(os.environ.get("KG_KEY_DIR") or click.get_app_dir("kgservice"))


def public_key() -> dict[str, str]:
    """Give the public key as JWK (RFC 7517); makes the pair when there is none yet."""
    from joserfc.jwk import ECKey

    path = key_folder() / KEY_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = ECKey.generate_key("P-256", private=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made.as_dict(private=True), file)
    key = ECKey.import_key(json.loads(path.read_text(encoding="utf-8")))
    return {name: str(key.as_dict(private=False)[name]) for name in ("kty", "crv", "x", "y")}


def open_sealed(token: str) -> dict[str, object]:
    """Decrypt connection details that a worker sealed for this key (JWE, RFC 7516).

    Raises:
        InputError: there is no key here, or it is not the one they were sealed for
            (`customer-key-missing`, `sealed-for-another-key`).
    """
    from joserfc import jwe
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey

    path = key_folder() / KEY_FILE
    if not path.exists():
        raise InputError(
            "The customer's key is not here.",
            code="customer-key-missing",
            at=str(path),
            hint="Set KG_KEY_DIR to the folder of the key that was used with `kg apply`.",
        )
    key = ECKey.import_key(json.loads(path.read_text(encoding="utf-8")))
    try:
        opened = jwe.decrypt_compact(token, key, algorithms=_ALGORITHMS)
    except (JoseError, ValueError):
        raise InputError(
            "These details were sealed for another key.",
            code="sealed-for-another-key",
            hint="Set KG_KEY_DIR to the folder of the key that was used with `kg apply`.",
        ) from None
    value = json.loads(opened.plaintext or b"{}")
    return value if isinstance(value, dict) else {}
