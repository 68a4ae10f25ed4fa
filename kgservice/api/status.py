"""Probes, the contract and the start page."""

from __future__ import annotations

from importlib.resources import files

import yaml
from flask import Blueprint, Response, jsonify

from kgservice import __version__
from kgservice.mpli.application import Application


def load_contract() -> dict[str, object]:
    """Read the OpenAPI 3.1 contract, which is written by hand and kept true by tests."""
    text = files("kgservice.api").joinpath("openapi.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # as safe, and ten times as fast
    contract = yaml.load(text, Loader=loader)  # noqa: S506
    if not isinstance(contract, dict):
        raise TypeError("openapi.yaml is not a mapping")
    return contract


def blueprint(application: Application) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("status", __name__)
    contract = load_contract()

    @routes.get("/healthz")
    def health() -> Response:
        return jsonify({"status": "ok", "version": __version__})

    @routes.get("/readyz")
    def ready() -> Response:
        return jsonify({"status": "ready", "statements": application.store.stats()})

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(contract)

    return routes
