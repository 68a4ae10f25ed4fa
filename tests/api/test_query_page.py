"""The query page: what it is made of, and who gets it."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import kgservice.api
from kgservice.api.query_page import ASSETS

FOLDER = Path(kgservice.api.__file__).parent
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the texts of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] in ("script", "style") and data.strip():
            self.inline.append(data)


@pytest.fixture
def page(client: FlaskClient) -> str:
    answer = client.get("/sparql", headers={"Accept": BROWSER})
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    return answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (BROWSER, "text/html"), ("text/html", "text/html"),
        ("*/*", "text/turtle"), ("", "text/turtle"),
        ("text/turtle", "text/turtle"), ("text/turtle, text/html;q=0.5", "text/turtle"),
        ("text/html;q=0, */*", "text/turtle"), ("application/ld+json", "application/ld+json"),
    ],
)  # fmt: skip
def test_only_a_browser_gets_the_page(client: FlaskClient, accept: str, media_type: str) -> None:
    answer = client.get("/sparql", headers={"Accept": accept})
    assert answer.mimetype == media_type
    assert "Accept" in answer.headers["Vary"]


def test_a_browser_that_asks_a_query_gets_its_answer(client: FlaskClient) -> None:
    answer = client.get("/sparql", query_string={"query": "ASK {}"}, headers={"Accept": BROWSER})
    assert answer.mimetype == "application/sparql-results+xml"
    assert client.post("/sparql", headers={"Accept": BROWSER}).status_code in (400, 415)


def test_no_script_and_no_host_but_the_services_own(client: FlaskClient, page: str) -> None:
    elements = Elements(page)
    assert elements.inline == []
    for tag, attributes in elements.found:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert "style" not in attributes
        for name in ("src", "href", "action"):
            address = attributes.get(name) or ""
            assert re.match(r"/|data:,$|$", address), address
            if address.startswith("/assets/"):
                assert client.get(address).status_code == 200
    policy = client.get("/sparql", headers={"Accept": BROWSER}).headers["Content-Security-Policy"]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in policy.replace("style-src 'self' 'unsafe-inline'", "")
    assert "http" not in policy


def test_no_other_page_allows_styles_in_the_document(client: FlaskClient) -> None:
    for path in ("/", "/docs", "/docs/errors"):
        assert "unsafe" not in client.get(path).headers["Content-Security-Policy"]


def test_the_questions_are_in_the_page_and_run(client: FlaskClient, page: str) -> None:
    buttons = [
        found for tag, found in Elements(page).found if tag == "button" and "data-query" in found
    ]
    listed = client.get("/queries").get_json()["queries"]
    assert [button["data-name"] for button in buttons] == [one["name"] for one in listed]
    for button in buttons:
        answer = client.post("/sparql", data={"query": button["data-query"]})
        assert answer.status_code == 200, button["data-name"]


def test_every_field_has_a_label_and_the_page_a_language(page: str) -> None:
    elements = Elements(page)
    labelled = {found.get("for") for tag, found in elements.found if tag == "label"}
    fields = [found for tag, found in elements.found if tag in ("input", "textarea", "select")]
    assert fields
    assert {field.get("id") for field in fields} <= labelled
    assert ("html", {"lang": "en"}) in elements.found
    names = [found.get("name") for tag, found in elements.found if tag == "meta"]
    assert "viewport" in names


def test_files_are_remembered_and_nothing_else_is_served(client: FlaskClient) -> None:
    for name in ASSETS:
        answer = client.get(f"/assets/{name}")
        assert answer.status_code == 200
        again = client.get(f"/assets/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    for name in ("x", "../pages.py", "vendored/yasgui.min.js", "%2e%2e/app.py"):
        assert client.get(f"/assets/{name}").status_code == 404


def test_vendored_files_are_those_of_the_list() -> None:
    folder = FOLDER / "vendored"
    page = (folder / "VENDOR.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| (\S+) \| ([\d.]+) \| (\S+) \| ([0-9a-f]{64}) \|$", page, re.M)
    assert {row[0] for row in rows} | {"VENDOR.md", "LICENSES.txt"} == {
        path.name for path in folder.iterdir()
    }
    for name, package, version, licence, digest in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
        assert (package, version, licence) == ("@zazuko/yasgui", "4.6.2", "MIT")


def test_every_package_in_the_bundle_has_its_licence() -> None:
    folder = FOLDER / "vendored"
    page = (folder / "VENDOR.md").read_text(encoding="utf-8")
    texts = (folder / "LICENSES.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^\| (\S+) \| ([^|]+) \|$", page, re.M)
    packages = [row for row in packages if row[0] not in ("package", "|---")]
    assert len(packages) > 20
    for name, _ in packages:
        assert re.search(rf"^=+\n{re.escape(name)}\n=+$", texts, re.M), name
