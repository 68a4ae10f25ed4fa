"""The commands of docs/changing.md are run as they stand, on a service with made-up providers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.change_stage import NS, ChangeStage, change_stage, database

pytestmark = pytest.mark.xdist_group("change")
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "changing.md").read_text(encoding="utf-8")
REQUEST = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChangeStage]:
    offerings = (database("a", "alpha", "10.00"), database("b", "beta", "12.00"))
    with change_stage(tmp_path_factory.mktemp("changing"), *offerings) as found:
        quick = {"of": f"{NS}pg_dump-directory", "bytesPerSecond": 10**9}
        for name in ("alpha", "beta"):
            figures = [{"verb": verb, **quick} for verb in ("export", "import")]
            found.add_worker(name, figures=figures)
        yield found


def test_the_commands_of_the_page_work_and_say_what_it_says(stage: ChangeStage) -> None:
    stage.provision(REQUEST)
    changed = stage.folder / "portal.yaml"
    changed.write_text(REQUEST.replace(">= 10 GiB", ">= 20 GiB"), encoding="utf-8")
    found = re.findall(r"^kg .*$", PAGE, re.MULTILINE)
    assert len(found) == 6
    said = {}
    for command in found:
        words = [
            str(changed) if word == changed.name else word for word in shlex.split(command)[1:]
        ]
        said[command] = stage.service.kg(*words)
    move = said["kg service move portal-db --dry-run"]
    for line in re.findall(r"^\| `([a-z]+)` \|", PAGE.partition("## Adjust")[0], re.MULTILINE):
        assert (line in move) is (line != "penalty"), line  # these offerings have no minimum term
    assert "ready" in said["kg service exit portal-db"]
    assert "Rehearsed: done" in said["kg service exit portal-db --rehearse"]
    assert "adjust-portal-db" in said["kg service adjust portal-db portal.yaml --dry-run"]
