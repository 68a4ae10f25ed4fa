"""Check a signature with a public key; the key decides which algorithms may be used with it.

Everything that computes is joserfc's and cryptography's.
"""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jwk
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jws import JWSRegistry

from kgservice.labels.verdicts import Rejected

ALGORITHMS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("EC", "secp256k1"): ("ES256K",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
    ("RSA", ""): ("PS256", "PS384", "PS512", "RS256", "RS384", "RS512"),
}
"""Which algorithms a key may be used with. The key decides, never the token's header alone."""

_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 8192


def allowed_algorithms(key: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the algorithms that go with a public JWK (RFC 7518 §3.1, RFC 8812, RFC 9864)."""
    found = ALGORITHMS.get((str(key.get("kty", "")), str(key.get("crv", ""))), ())
    own = key.get("alg")
    return tuple(a for a in found if own in (None, a))


def check_signature(
    key: Mapping[str, Any], algorithm: str, message: bytes, signature: bytes
) -> None:
    """Check that `signature` over `message` was made with the key; ECDSA ones as R || S.

    Raises:
        Rejected: it was not (`proof-signature-wrong`), or the algorithm does not go with the key
            (`proof-algorithm-refused`).
    """
    if algorithm not in allowed_algorithms(key):
        raise Rejected(
            "proof-algorithm-refused", f"{algorithm or 'no algorithm'} does not go with this key"
        )
    try:
        with warnings.catch_warnings():
            # joserfc warns of EdDSA's new name (RFC 9864); credentials still use the old one.
            warnings.simplefilter("ignore", SecurityWarning)
            public = jwk.import_key(dict(key))
            _check_size(public)
            model = JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
            model.check_key(public)
            holds = model.verify(message, signature, public)
    except (JoseError, ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise Rejected("proof-signature-wrong", "the signature does not match") from error
    if not holds:
        raise Rejected("proof-signature-wrong", "the signature does not match")


def _check_size(public: object) -> None:
    if isinstance(public, jwk.RSAKey):
        size = public.public_key.key_size
        if not _MIN_RSA_BITS <= size <= _MAX_RSA_BITS:
            raise Rejected(
                "proof-algorithm-refused",
                f"an RSA key of {size} bits is not taken; from 2048 to 8192 it is",
            )


def from_base64url(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515 §2).

    Raises:
        Rejected: it is none (`proof-malformed`).
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise Rejected("proof-malformed", "a part is not base64url") from error
