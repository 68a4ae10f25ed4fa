"""The explanation of an infeasible request over real prices, as its page shows it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "why-not.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_line_of_the_page_is_what_the_commands_say(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "cocoon").symlink_to(shared_data / "prices" / "cocoon")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KG_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KG_DATA_DIR": str(tmp_path / "data"),
        "COLUMNS": "200",
    }
    said = ""
    shown = 0
    for kind, text in BLOCKS:
        for command in text.splitlines() if not kind else ():
            if command.startswith("kg "):
                done = subprocess.run(
                    command, shell=True, cwd=tmp_path, env=environment, capture_output=True,
                    text=True, timeout=300, check=False,
                )  # fmt: skip
                assert done.returncode in (0, 1), f"$ {command}\n{done.stdout}{done.stderr}"
                said = done.stdout
        if kind == "text":
            lines = [line.rstrip() for line in said.splitlines()]
            for line in text.splitlines():
                assert line in lines, f"{line}\n--- is not in\n{said}"
            shown += 1
    assert shown == 4


def test_the_request_of_the_page_is_the_example() -> None:
    (text,) = (text for kind, text in BLOCKS if kind == "yaml")
    example = ROOT / "docs" / "examples" / "registry-servers.yaml"
    assert yaml.safe_load(text) == yaml.safe_load(example.read_text(encoding="utf-8"))
