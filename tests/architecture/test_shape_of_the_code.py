"""The shape that the style guide asks for, held by tests."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("kgservice", "catalog_importers", "workers")
GENERATED = {"kgservice/model/terms.py"}


def modules() -> Iterator[Path]:
    for folder in CODE:
        yield from sorted((ROOT / folder).rglob("*.py"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_module_is_longer_than_300_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules()
        if str(path.relative_to(ROOT)) not in GENERATED
    }
    assert {name: lines for name, lines in long.items() if lines > 300} == {}


def test_functions_fit_a_screen() -> None:
    sizes = {
        f"{path.relative_to(ROOT)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in modules()
        for node in functions(path)
    }
    assert {name: lines for name, lines in sizes.items() if lines > 80} == {}
    over_forty = [name for name, lines in sizes.items() if lines > 40]
    assert len(over_forty) <= len(sizes) * 0.05, over_forty


def test_no_module_is_called_after_nothing() -> None:
    vague = {"utils", "helpers", "manager", "misc", "common"}
    assert [str(path) for path in modules() if path.stem in vague] == []


def test_every_room_says_its_purpose_in_one_sentence() -> None:
    for folder in sorted({path.parent for path in modules()}):
        init = folder / "__init__.py"
        if not init.exists():
            assert folder in (ROOT / "catalog_importers", ROOT / "workers"), folder
            continue
        docstring = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8")))
        assert docstring, init
        assert docstring.splitlines()[0].endswith("."), init


def test_the_distribution_lists_every_package_of_the_tree() -> None:
    """Packages are listed by hand because `vocab` and `shapes` are installed under other names."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(settings["tool"]["setuptools"]["packages"])
    found = {"kgservice_vocab", "kgservice_shapes"}
    for top in (
        ROOT / "kgservice",
        *(ROOT / "workers").iterdir(),
        *(ROOT / "catalog_importers").iterdir(),
    ):
        if (top / "__init__.py").exists():
            found |= {
                ".".join(init.parent.relative_to(top.parent).parts)
                for init in top.rglob("__init__.py")
            }
    assert listed == found


def test_nothing_in_the_tree_names_a_machine_path() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    needles = ("/" + "work/", "/" + "root/", ".py" + "env/")
    bad = [
        name
        for name in tracked
        if Path(name).suffix in {".py", ".md", ".toml", ".sh", ".ttl", ".yaml", ".rq", ""}
        and (ROOT / name).is_file()
        and any(
            needle in (ROOT / name).read_text(encoding="utf-8", errors="ignore")
            for needle in needles
        )
    ]
    assert bad == []
