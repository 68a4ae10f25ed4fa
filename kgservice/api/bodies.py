"""Wire models: what bodies must look like (pydantic), and how they are read."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field

from kgservice.model.errors import InputError

ModelT = TypeVar("ModelT", bound=BaseModel)
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Body(BaseModel):
    """A JSON object whose unknown members are refused, so that a typo is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PublicKey(Body):
    """A public key as JWK (RFC 7517): P-256 for ECDH-ES; a private part is refused."""

    kty: Annotated[str, Field(pattern="^EC$")]
    crv: Annotated[str, Field(pattern="^P-256$")]
    x: str
    y: str
    kid: str | None = None
    use: str | None = None
    alg: str | None = None


class CatalogBody(Body):
    """A source to map."""

    name: Name
    type: str
    source: Annotated[str, Field(min_length=1)]
    options: dict[str, str] = {}


class PlanBody(Body):
    """Which composition of which request to plan."""

    request: str
    rank: Annotated[int, Field(ge=1)] = 1
    customerKey: PublicKey | None = None


class ApplyBody(Body):
    """What goes with the order to carry out a plan."""

    eraseConsent: bool = False


class MoveBody(Body):
    """Where a service should go: an offering, a provider, or the best that is feasible."""

    to: str = ""
    component: str = ""
    eraseConsent: bool = False
    apply: bool = True


class ReleaseBody(Body):
    """The customer's consent that a held source is erased before its time."""

    consent: bool


class HubBody(Body):
    """A callback for notices of changed offerings (TMF620, `EventSubscriptionInput`)."""

    callback: Annotated[str, Field(min_length=1, max_length=2000)]
    query: str = ""


class BackupBody(Body):
    """Where a backup goes: a folder on the service's machine."""

    folder: str


class TokenBody(Body):
    """A token to make."""

    role: str
    name: str = ""
    type: str = ""
    provider: str = ""


def read_json() -> Any:  # noqa: ANN401 (a JSON value is anything)
    """Read the request's body as JSON, refusing duplicate members and NaN.

    Raises:
        InputError: it is not JSON, or a member comes twice (`body-not-json`).
    """
    try:
        return json.loads(
            request.get_data(), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The body is not JSON: {error}.",
            code="body-not-json",
            hint="Send `Content-Type: application/json` and one JSON object.",
        ) from None


def read_body(model: type[ModelT]) -> ModelT:
    """Read the request's body as a wire model; an empty body is an empty object.

    Raises:
        InputError: not JSON.
        ValidationError: not as the model says; answered as `body-invalid` with JSON pointers.
    """
    return model.model_validate(read_json() if request.get_data() else {})


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"member {twice!r} comes twice")
    return dict(pairs)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")
