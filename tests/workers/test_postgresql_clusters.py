"""Local clusters: where they run, as whom, and what they let in."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import psycopg
import pytest
from clusters import Site
from kgservice_workers.postgresql.clusters import LocalCluster, RunAs, choose_user, program_folder

from kgservice.model.errors import InputError


def test_cluster_listens_on_loopback_durably_and_asks_for_a_password(site16: Site) -> None:
    wanted = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "fsync": "on",
    }
    with site16.admin() as admin:
        for name, value in wanted.items():
            row = admin.execute("SELECT current_setting(%s)", (name,)).fetchone()
            assert row == (value,)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=site16.cluster.port, user="kgadmin", password="x")  # noqa: S106


def test_server_never_runs_as_root(site18: Site) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("asks the kernel for the owner of a process")
    pid = int((site18.cluster.data_dir / "postmaster.pid").read_text("utf-8").split()[0])
    assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert site18.cluster.password_file.stat().st_mode & 0o077 == 0


def test_restarted_cluster_is_where_it_was(site16: Site) -> None:
    cluster = site16.cluster
    with site16.admin() as admin:
        admin.execute("CREATE TABLE kept AS SELECT 1 AS a")
    port = cluster.port
    cluster.stop("immediate")
    assert not cluster.is_running
    again = LocalCluster(cluster.folder, 16).start()
    assert again.start().port == port
    with site16.admin() as admin:
        assert admin.execute("SELECT a FROM kept").fetchone() == (1,)
        admin.execute("DROP TABLE kept")


def test_programs_are_copied_for_a_user_who_cannot_reach_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunAs, "can_enter", lambda self, folder: folder == tmp_path)
    folder = program_folder(16, choose_user(), tmp_path)
    assert folder.is_relative_to(tmp_path)
    assert program_folder(16, choose_user(), tmp_path) == folder
    for program in ("postgres", "pg_dump"):
        shown = subprocess.run([folder / program, "--version"], capture_output=True, check=True)
        assert b" 16." in shown.stdout
    assert {path.name[:16] for path in tmp_path.iterdir()} == {"kg-postgresql-16"}
    assert len(list(tmp_path.iterdir())) == 1


def test_version_that_the_wheel_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="PostgreSQL 9") as caught:
        LocalCluster(tmp_path, 9)
    assert caught.value.code == "postgres-demo-missing"


def test_configuration_names_the_password_file_and_holds_no_password(site18: Site) -> None:
    text = site18.config.read_text("utf-8")
    assert site18.cluster.password not in text
    assert tomllib.loads(text)["cluster"]["port"] == site18.cluster.port
