"""What is installed is what is in the tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALLED_AS = {
    "kgservice": "kgservice",
    "vocab": "kgservice_vocab",
    "shapes": "kgservice_shapes",
    "catalog_importers/kgservice_importers": "kgservice_importers",
    "workers/kgservice_workers": "kgservice_workers",
}


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    """Data files are what is forgotten most easily: a wheel without its queries does not start."""
    tree = tmp_path / "tree"
    skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for folder in ("kgservice", "vocab", "shapes", "catalog_importers", "workers"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tree)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(tmp_path / "dist"), str(tree)),
        ],
        check=True,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        f"{package}/{path.relative_to(tree / folder)}"
        for folder, package in INSTALLED_AS.items()
        for path in (tree / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == expected
