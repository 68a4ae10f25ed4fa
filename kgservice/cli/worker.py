"""`kg worker`: run a worker for a provider."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kgservice.cli.context import load_settings
from kgservice.cli.gateway import running_url
from kgservice.model.errors import InputError


@click.group()
def worker() -> None:
    """Workers do the real work at a provider; they pull their tasks and keep their secrets.

    Example: kg worker run postgresql --provider IRI --config cluster.toml --token-file w.token
    """


@worker.command()
@click.argument("type_", metavar="TYPE")
@click.option("--provider", required=True, help="The provider's IRI, as bound in the token.")
@click.option("--config", required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--url", help="The service (default: KG_URL or the one on the data folder).")
@click.option("--token-file", type=click.Path(exists=True, dir_okay=False))
def run(type_: str, provider: str, config: str, url: str | None, token_file: str | None) -> None:
    """Run a worker until it is told to stop (SIGTERM).

    Example: kg worker run postgresql --provider IRI --config cluster.toml --token-file w.token
    """
    from kgservice_workers.sdk.main import run as run_worker

    token = (
        Path(token_file).read_text("utf-8").strip()
        if token_file
        else os.environ.get("KG_TOKEN", "")
    )
    address = url or os.environ.get("KG_URL") or running_url(Path(load_settings().data_dir))
    if not token or not address:
        raise InputError(
            "A worker needs the service's URL and its own token.",
            code="worker-setup-incomplete",
            hint="Give --url and --token-file; make a token with `kg token create --role worker`.",
        )
    run_worker(type_, provider, Path(config), address, token)
