"""An operator adds a JSON-LD context, pinned by hash; importers read documents that name it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kgservice.api.app import create_app
from kgservice.cli.main import main
from kgservice.model.settings import resolve_settings
from kgservice.mpli.application import Application
from kgservice.mpli.catalog_history import report as last_report
from kgservice.mpli.catalogs import add_catalog, sync_now
from kgservice.mpli.opening import open_application

ADDRESS = "https://words.example/v1"
CONTEXT = json.dumps({"@context": {"title": "http://purl.org/dc/terms/title"}}).encode()
SHA256 = hashlib.sha256(CONTEXT).hexdigest()
OFFERING = {
    "@context": [ADDRESS, {"gx": "https://w3id.org/gaia-x/2511#"}],
    "@id": "https://p.example/offering", "@type": "gx:ServiceOffering", "title": "Named",
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Application]:
    settings = resolve_settings({"KG_DATA_DIR": str(tmp_path / "data")}, {})
    opened = open_application(settings, with_jobs=False)
    try:
        yield opened
    finally:
        opened.close()


def operator(application: Application) -> dict[str, str]:
    return {"Authorization": f"Bearer {application.tokens.create('operator', name='boss')}"}


def test_a_document_is_read_once_its_context_was_added(own: Application, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "one.jsonld").write_text(json.dumps(OFFERING))
    add_catalog(own, "c", "gaia-x", str(tmp_path / "source"), {})
    sync_now(own, "c")
    problems = last_report(own, "c")["problems"]
    assert isinstance(problems, list)
    (problem,) = [p for p in problems if p["code"] == "context-unknown"]
    assert ADDRESS in problem["detail"]
    assert "kg context add" in problem["hint"]
    client = create_app(own).test_client()
    answer = client.post(
        f"/contexts?sha256={SHA256}&iri={ADDRESS}", data=CONTEXT, headers=operator(own)
    )
    assert answer.status_code == 201
    sync_now(own, "c")
    report = last_report(own, "c")
    assert "context-unknown" not in str(report["codes"])
    assert report["counts"]["offerings"] == 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "sha256", "iri", "code"),
    [
        (CONTEXT, "0" * 64, ADDRESS, "context-hash-differs"),
        (CONTEXT, SHA256, "", "context-address-missing"),
        (b"{}", hashlib.sha256(b"{}").hexdigest(), ADDRESS, "context-invalid"),
        (b"no", hashlib.sha256(b"no").hexdigest(), ADDRESS, "context-invalid"),
    ],
)
def test_what_is_no_context_changes_nothing(
    own: Application, content: bytes, sha256: str, iri: str, code: str
) -> None:
    client = create_app(own).test_client()
    headers = operator(own)
    answer = client.post(f"/contexts?sha256={sha256}&iri={iri}", data=content, headers=headers)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == code
    assert client.get("/contexts", headers=headers).get_json() == {"contexts": []}


def test_only_an_operator_adds_contexts(client: FlaskClient, tokens: dict[str, str]) -> None:
    for role in ("analyst", "customer", "editor", "worker"):
        headers = {"Authorization": f"Bearer {tokens[role]}"}
        answer = client.post(f"/contexts?sha256={SHA256}", data=CONTEXT, headers=headers)
        assert answer.status_code == 403
    assert client.post(f"/contexts?sha256={SHA256}", data=CONTEXT).status_code in (401, 403)


def test_the_command_adds_and_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A context of Gaia-X is named by its own namespace, so its address need not be said."""
    content = json.dumps({"@context": {"@vocab": "https://w3id.org/gaia-x/9912#"}}).encode()
    file = tmp_path / "gx.jsonld"
    file.write_bytes(content)
    monkeypatch.setenv("KG_DATA_DIR", str(tmp_path / "data"))
    sha256 = hashlib.sha256(content).hexdigest()
    for arguments in (["add", str(file), "--sha256", sha256], ["list"]):
        monkeypatch.setattr("sys.argv", ["kg", "context", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        assert "https://w3id.org/gaia-x/9912#" in capsys.readouterr().out
