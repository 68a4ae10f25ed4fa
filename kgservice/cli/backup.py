"""`kg backup` and `kg restore`."""

from __future__ import annotations

from pathlib import Path

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import open_gateway
from kgservice.cli.output import print_json


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def backup(folder: Path, as_json: bool) -> None:
    """Make a backup of the data folder in DIR, which must not exist yet.

    It is taken while the service works: commits and jobs wait for a moment, which it prints. DIR is
    on the service's machine. It holds secrets; keep it as you keep the data folder.

    Example: kg backup /var/backups/kg/monday
    """
    with open_gateway(load_settings(), needs_data=True) as gateway:
        body = {"folder": str(folder.absolute())}
        made = gateway.call("POST", "/backups", json=body).json()
    if as_json:
        print_json(made)
        return
    click.echo(
        f"{made['folder']}: {made['files']} files, {made['bytes']} bytes;"
        f" commits and jobs paused for {made['pauseSeconds']} s."
    )


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True))
@click.option("--data", metavar="DIR", help="The data folder to make (default: KG_DATA_DIR).")
@click.option("--json", "as_json", is_flag=True)
def restore(folder: Path, data: str | None, as_json: bool) -> None:
    """Make a data folder of the backup in DIR, after checking each of its files.

    The data folder must be absent or empty. Workers keep their tokens; what they had leased is
    given out again under new fencing tokens.

    Example: kg restore /var/backups/kg/monday --data ./kg-data
    """
    from kgservice.mpli.restoring import restore as restore_folder

    settings = load_settings(data_dir=data)
    done = restore_folder(folder, Path(settings.data_dir))
    now = {one.name: one.value for one in settings.origins}
    differs = sorted(
        name
        for name, value in done.settings.items()
        if now.get(name) != value and name not in ("KG_DATA_DIR", "KG_HOST", "KG_PORT")
    )
    if as_json:
        print_json(
            {
                "folder": str(Path(settings.data_dir).absolute()),
                "made": done.made,
                "files": done.files,
                "leased": done.leased,
                "settingsThatDiffer": {name: done.settings[name] for name in differs},
                "jobsElsewhere": done.jobs_elsewhere,
            }
        )
        return
    click.echo(f"{settings.data_dir}: {done.files} files of {done.made}, all as they were written.")
    if done.leased:
        click.echo(f"{done.leased} tasks that workers held are given out again.")
    for name in differs:
        click.echo(f"{name} was {done.settings[name] or '(unset)'} then.")
    if done.jobs_elsewhere:
        click.echo("The jobs database (KG_JOBS_URL) is not part of it; restore it beside this.")
    click.echo("Tokens that were revoked since then are valid again: see `kg token list`.")
