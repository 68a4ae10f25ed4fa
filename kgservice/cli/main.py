"""The `kg` command: groups, options common to all, and how errors end.

Heavy imports happen inside commands, so that `kg --help` stays quick.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from kgservice.model.errors import KgError

_COMMANDS = {
    "serve": "serve:serve",
    "catalog": "catalog:catalog",
    "context": "contexts:context",
    "query": "query:query",
    "running": "running:running",
    "request": "standing:request",
    "plan": "plan:plan",
    "apply": "plan:apply",
    "service": "service:service",
    "job": "job:job",
    "label": "label:label",
    "why": "why:why",
    "worker": "worker:worker",
    "token": "token:token",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "doctor": "doctor:doctor",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of a user's day."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(f"kgservice.cli.{module}"), name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kgservice", prog_name="kg")
@click.option("--data", metavar="DIR", help="The data folder (default: KG_DATA_DIR or ./kg-data).")
@click.pass_context
def cli(ctx: click.Context, data: str | None) -> None:
    """Describe the cloud services you want; see whether and how it is possible; have it done.

    Exit codes: 0 done or yes; 1 a clear no; 2 wrong use; 3 failed.

    Example: kg request resolve portal.yaml
    """
    ctx.obj = {"data": data}


def main() -> None:
    """Run the command line; errors are printed in four parts and end with their exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except KgError as error:
        click.echo(f"kg: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("kg: stopped", err=True)
        sys.exit(3)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
