"""Secrets stay where they belong: not in logs, answers, readable files or command lines."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import requests

from tests.security.attacked import KG_NS, Attacked

CANARY = "CANARY-5f2b9c"


def test_nobody_else_on_the_machine_reads_the_data_folder(attacked: Attacked) -> None:
    others = stat.S_IRWXG | stat.S_IRWXO
    found = [
        path
        for path in attacked.service.folder.rglob("*")
        if path.exists() and not path.is_symlink() and path.stat().st_mode & others
    ]

    assert found == []


def test_tokens_are_in_no_file_but_the_operators_own(attacked: Attacked) -> None:
    secrets = [attacked.service.token, attacked.token("customer", "anna")]

    holders = {
        (path.name, number)
        for path in attacked.service.folder.rglob("*")
        if path.is_file()
        for number, secret in enumerate(secrets)
        if secret.encode() in path.read_bytes()
    }

    assert holders == {("operator.token", 0)}


def test_the_log_holds_no_token_body_or_query(attacked: Attacked) -> None:
    service = attacked.service
    headers = {"Authorization": f"Bearer kg_{CANARY}_{CANARY}"}
    requests.get(service.url + "/catalogs", headers=headers, timeout=60)
    good = {"Authorization": f"Bearer {attacked.token('customer', 'anna')}"}
    for body in (f"a: [{CANARY}", f"components: {CANARY}", "\x00" + CANARY):
        requests.post(
            service.url + "/mpli/v1/requests",
            data=body,
            headers={**good, "Content-Type": "application/yaml"},
            timeout=60,
        )
    requests.post(service.url + "/sparql", data={"query": f"SELEC {CANARY}"}, timeout=60)
    token = attacked.token("worker", "leaky", type="vm", provider="urn:example:leaky")
    attacked.call(
        "POST",
        "/workers/v1/tasks/x.y/complete",
        token,
        {"token": 1, "facts": {"password": CANARY}, "sealed": {"customer": CANARY}},
    )
    attacked.call("GET", "/healthz")

    log = "".join(service.log)
    assert CANARY not in log
    assert attacked.service.token not in log


def test_private_answers_are_not_kept_by_shared_caches(attacked: Attacked) -> None:
    token = attacked.token("customer", "anna")
    for path in ("/mpli/v1/requests", "/mpli/v1/services", "/mpli/v1/jobs"):
        answer = requests.get(
            attacked.service.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )
        assert "private" in answer.headers["Cache-Control"]
        assert "Authorization" in answer.headers["Vary"]


def test_catalogue_text_comes_out_as_data_never_as_a_page(
    attacked: Attacked, tmp_path: Path
) -> None:
    offering = {
        "id": "urn:ngsi-ld:product-offering:xss",
        "name": "<script>alert(1)</script>",
        "lifecycleStatus": "Launched",
    }
    (tmp_path / "productOffering.json").write_text(json.dumps([offering]))
    operator = attacked.service.token
    body = {"name": "xss", "type": "tmf620", "source": str(tmp_path)}
    attacked.call("POST", "/catalogs", operator, body)
    assert attacked.sync("xss", operator)[0]
    query = f"SELECT * {{ ?s ?p ?o FILTER(CONTAINS(STR(?o), '<script')) }} # {KG_NS}"
    calls = [
        ("/mpli/v1/offerings", {}),
        ("/sparql", {"query": query}),
        ("/catalogs/xss/report", {}),
        ("/labels", {"subject": "<script>alert(1)</script>"}),
    ]
    for path, parameters in calls:
        for accept in ("text/html", "text/html, */*", "*/*"):
            answer = requests.get(
                attacked.service.url + path,
                params=parameters,
                headers={"Accept": accept, "Authorization": f"Bearer {operator}"},
                timeout=60,
            )
            kind = answer.headers["Content-Type"].partition(";")[0]
            if "<script" in answer.text:
                assert kind not in ("text/html", "application/xhtml+xml", "image/svg+xml")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    attacked.call("DELETE", "/catalogs/xss", operator)
