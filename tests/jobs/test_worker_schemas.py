"""The JSON Schemas beside the specification are those of the wire models.

Run this file as a program to write them anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgservice.api import workers

FOLDER = Path(__file__).resolve().parents[2] / "workers" / "schemas"
MODELS = {
    "registration": workers.RegistrationBody,
    "lease": workers.LeaseBody,
    "task": workers.TaskBody,
    "heartbeat": workers.HeartbeatBody,
    "completion": workers.CompletionBody,
    "failure": workers.FailureBody,
}


def text(name: str) -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **MODELS[name].model_json_schema(by_alias=True),
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_published_schema_is_that_of_the_wire_model(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == text(name)


def test_every_schema_is_named_by_a_model() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(MODELS)


if __name__ == "__main__":
    for known in MODELS:
        (FOLDER / f"{known}.json").write_text(text(known), encoding="utf-8")
