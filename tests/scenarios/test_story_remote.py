"""The main story with a Virtuoso as the store: the same commands, the same outcome."""

from __future__ import annotations

import json

import pytest

from tests.scenarios.stage import REQUEST, Stage
from tests.scenarios.test_story import live_from_plan_to_end

pytestmark = pytest.mark.xdist_group("remote stage")


def test_a_service_lives_from_plan_to_end_on_a_remote_store(remote_stage: Stage) -> None:
    live_from_plan_to_end(remote_stage)


def test_both_engines_give_one_answer_on_a_remote_store(remote_stage: Stage) -> None:
    answers = [
        json.loads(
            remote_stage.service.kg(
                "request", "resolve", str(REQUEST), "--engine", engine, "--json"
            )
        )
        for engine in ("fast", "graph")
    ]
    for answer in answers:
        assert answer.pop("engine") in ("fast", "graph")
    assert answers[0]["status"] == "feasible"
    assert answers[0] == answers[1]


def test_settings_are_shown_without_a_password(remote_stage: Stage) -> None:
    shown = remote_stage.service.kg("doctor", expect=None)
    assert remote_stage.service.environment["KG_STORE_QUERY_URL"] in shown
    password_file = remote_stage.service.environment["KG_STORE_PASSWORD_FILE"]
    with open(password_file, encoding="utf-8") as file:  # noqa: PTH123
        password = file.read()
    assert password not in shown
    assert not any(password in line for line in remote_stage.service.log)
