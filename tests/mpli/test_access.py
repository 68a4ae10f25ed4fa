"""Tokens and roles."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kgservice.model.errors import AccessDenied, InputError, NotFound, Unauthenticated
from kgservice.mpli.access import ANONYMOUS, NOBODY, TokenStore


def test_a_fresh_folder_has_one_operator_token_that_only_its_owner_can_read(tmp_path: Path) -> None:
    TokenStore(tmp_path)
    file = tmp_path / "operator.token"
    assert file.stat().st_mode & 0o777 == 0o600
    caller = TokenStore(tmp_path).caller(file.read_text().strip())
    assert (caller.role, len(TokenStore(tmp_path).tokens())) == ("operator", 1)


def test_the_store_keeps_no_secret(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    token = store.create("customer", name="portal")
    secret = token.split("_", 2)[2]
    with sqlite3.connect(tmp_path / "tokens.sqlite") as db:
        assert secret not in "\n".join(db.iterdump())
    assert store.caller(token).name == "portal"


@pytest.mark.parametrize("token", ["", "kg__", "kg_x_y", "x", "kg_" + "a" * 12 + "_wrong"])
def test_a_wrong_token_is_nobody(tmp_path: Path, token: str) -> None:
    with pytest.raises(Unauthenticated):
        TokenStore(tmp_path).caller(token)


def test_a_revoked_token_is_useless_at_once(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    token = store.create("analyst")
    identity = store.caller(token).id
    store.revoke(identity)
    with pytest.raises(Unauthenticated):
        store.caller(token)
    with pytest.raises(NotFound):
        store.revoke(identity)


def test_a_worker_token_must_be_bound(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    with pytest.raises(InputError, match="bound"):
        store.create("worker", worker_type="postgresql")
    caller = store.caller(store.create("worker", worker_type="postgresql", provider="urn:p"))
    assert (caller.worker_type, caller.provider) == ("postgresql", "urn:p")


@pytest.mark.parametrize("role", ["root", "anonymous", ""])
def test_unknown_roles_get_no_token(tmp_path: Path, role: str) -> None:
    with pytest.raises(InputError, match="role"):
        TokenStore(tmp_path).create(role)


def test_rights_are_those_of_the_role() -> None:
    with pytest.raises(Unauthenticated):
        ANONYMOUS.require("use-services")
    ANONYMOUS.require("read-shared")
    with pytest.raises(AccessDenied):
        NOBODY.require("read-shared")
