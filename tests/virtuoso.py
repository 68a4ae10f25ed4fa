"""A Virtuoso of its own for a test: free ports, a folder that is thrown away, ended by its id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from kgservice.model.settings import RemoteStoreSettings

PACKAGE = "virtuoso-opensource-7-bin"
PASSWORD = "the-tests-own"  # noqa: S105
START_S = 60
_SETTINGS = """
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
FileExtend = 200
MaxCheckpointRemap = 2000
TempStorage = TempDatabase
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
MaxClientConnections = 40
CheckpointInterval = 60
DirsAllowed = {folder}
NumberOfBuffers = 20000
MaxDirtyBuffers = 12000
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerRoot = {folder}
MaxClientConnections = 40
ServerThreads = 40
MaxKeepAlives = 40
KeepAliveTimeout = 10
Charset = UTF-8
[SPARQL]
{limits}
"""


class Virtuoso:
    """A running server, with a user `kg` that may read and write."""

    def __init__(self, folder: Path, limits: str = "") -> None:
        """Make its database and start it."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.sql, self.http = _free_ports()
        self._ini = folder / "virtuoso.ini"
        self._ini.write_text(
            _SETTINGS.format(folder=folder, sql=self.sql, http=self.http, limits=limits),
            encoding="utf-8",
        )
        self.process = self._start()
        self._sql(
            f"DB.DBA.USER_CREATE('kg', '{PASSWORD}')",
            'GRANT SPARQL_UPDATE TO "kg"',
            "DB.DBA.RDF_DEFAULT_USER_PERMS_SET('nobody', 0)",
            "DB.DBA.RDF_DEFAULT_USER_PERMS_SET('kg', 7)",
        )
        (folder / "password").write_text(PASSWORD, encoding="utf-8")

    def _start(self) -> subprocess.Popen[bytes]:
        """Start it and wait until it answers: `+wait` returns when the server is up."""
        self.log = (self.folder / "out").open("wb")
        process = subprocess.Popen(
            ["virtuoso-t", "+configfile", str(self._ini), "+foreground"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if b"Server online" in line and b"HTTP" not in line:
                return process
        raise AssertionError(f"Virtuoso did not start: {self._ini}")

    def _sql(self, *commands: str) -> None:
        for command in commands:
            subprocess.run(
                ["isql-vt", f"127.0.0.1:{self.sql}", "dba", "dba", f"exec={command};"],
                check=True,
                capture_output=True,
                timeout=START_S,
            )

    def empty(self) -> None:
        """Forget all statements."""
        self._sql("RDF_GLOBAL_RESET()")

    @property
    def settings(self) -> RemoteStoreSettings:
        """How a service reaches it."""
        address = f"http://127.0.0.1:{self.http}"
        return RemoteStoreSettings(
            query_url=f"{address}/sparql-auth",
            update_url=f"{address}/sparql-auth",
            graph_url=f"{address}/sparql-graph-crud-auth",
            user="kg",
            password_file=str(self.folder / "password"),
            query_parameters="timeout={ms}",
        )

    @property
    def environment(self) -> dict[str, str]:
        """The same as settings of a service."""
        settings = self.settings
        return {
            "KG_STORE_QUERY_URL": settings.query_url,
            "KG_STORE_UPDATE_URL": settings.update_url,
            "KG_STORE_GRAPH_URL": settings.graph_url,
            "KG_STORE_USER": settings.user,
            "KG_STORE_PASSWORD_FILE": settings.password_file,
            "KG_STORE_QUERY_PARAMETERS": settings.query_parameters,
        }

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Start it on what is on its disk."""
        (self.folder / "virtuoso.lck").unlink(missing_ok=True)
        self.process = self._start()


def require_virtuoso() -> None:
    """Skip when it is not installed; fail where tests decide (CI)."""
    if shutil.which("virtuoso-t") and shutil.which("isql-vt"):
        return
    message = f"Virtuoso is not installed: apt-get install --no-install-recommends {PACKAGE}"
    _without(message)


def _without(message: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def running_virtuoso(folder: Path, limits: str = "") -> Iterator[Virtuoso]:
    """Run one; it is ended, whatever happens."""
    require_virtuoso()
    server = Virtuoso(folder, limits)
    try:
        yield server
    finally:
        server.kill()


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
