"""The query page in Chromium: offline, by keyboard, on a phone, with errors and with a token."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.running import Service

PATIENCE_MS = 60_000  # machines may be busy; nothing here is a measurement
expect.set_options(timeout=PATIENCE_MS)
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
ROWS = ".yasr table.dataTable tbody tr"


class Seen:
    """A page in a browser, and what went wrong in it."""

    def __init__(self, browser: Browser, service: Service, size: dict[str, int]) -> None:
        self.page: Page = browser.new_context(viewport=size).new_page()  # type: ignore[arg-type]
        self.page.set_default_timeout(PATIENCE_MS)
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._hear)
        self.page.goto(service.url + "/sparql")
        self.page.wait_for_selector(".CodeMirror")

    def _hear(self, message: object) -> None:
        text, kind = str(getattr(message, "text", "")), getattr(message, "type", "")
        if kind in ("error", "warning") and "400 (BAD REQUEST)" not in text:
            self.wrong.append(text)

    def write(self, query: str) -> None:
        """Replace the editor's text by typing."""
        self.page.click(".CodeMirror")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(query)

    def run(self) -> None:
        self.page.keyboard.press("Control+Enter")


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def seen(request: pytest.FixtureRequest, chromium: Browser, service: Service) -> Seen:
    return Seen(chromium, service, request.param)


def test_a_question_is_picked_and_answered_offline(seen: Seen, service: Service) -> None:
    if seen.page.viewport_size == PHONE:
        assert not seen.page.is_visible("#examples button")
        seen.page.click("#examples summary")
    seen.page.get_by_role("button", name="Compare prices").click()
    seen.run()
    expect(seen.page.locator(ROWS)).to_have_count(12)
    expect(seen.page.locator(ROWS).first).to_contain_text("Prairie")
    width = seen.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]  # the page itself does not scroll sideways
    assert seen.wrong == []
    assert [url for url in seen.asked if not url.startswith((service.url, "data:"))] == []


def test_it_works_by_keyboard_alone(chromium: Browser, service: Service) -> None:
    seen = Seen(chromium, service, WIDE)
    names = []
    for _ in range(60):
        seen.page.keyboard.press("Tab")
        name = seen.page.evaluate("document.activeElement.textContent.trim()")
        names.append(name)
        if name == "Providers by jurisdiction":
            break
    seen.page.keyboard.press("Enter")  # the question goes into the editor, which has the focus
    seen.run()
    expect(seen.page.locator(ROWS)).to_have_count(8)
    seen.page.click(".CodeMirror")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.tagName") != "TEXTAREA"
    assert (
        seen.page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()").find("\t")
        < 0
    )


def test_a_mistake_is_shown_with_line_caret_and_hint(chromium: Browser, service: Service) -> None:
    seen = Seen(chromium, service, WIDE)
    seen.write("SELECT * {\n  ?s a kg:PostgreSQL\n}")
    seen.run()
    problem = seen.page.locator(".problem")
    expect(problem).to_contain_text("query:2")
    expect(problem).to_contain_text("^")
    expect(problem).to_contain_text("PREFIX kg:")
    seen.page.click(".problem a")
    assert seen.page.url.startswith(service.url + "/docs/errors#query-")


def test_own_services_need_the_token_that_is_typed_in(chromium: Browser, service: Service) -> None:
    seen = Seen(chromium, service, WIDE)
    token = service.kg("token", "create", "--role", "customer", "--name", "anna").strip()
    asked: list[str] = []
    seen.page.on("request", lambda request: asked.append(request.headers.get("authorization", "")))
    seen.write("SELECT (1 AS ?one) {}")
    seen.run()
    expect(seen.page.locator(ROWS)).to_have_count(1)
    seen.page.fill("#token", token.split()[-1])
    seen.write("SELECT (1 AS ?one) (2 AS ?two) {}")
    seen.run()
    expect(seen.page.locator(ROWS).first).to_contain_text("2")
    assert asked == ["", f"Bearer {token.split()[-1]}"]
    kept = seen.page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])"
    )
    assert token.split()[-1] not in kept
    assert seen.page.evaluate("document.getElementById('token').type") == "password"


def test_a_misspelt_term_is_named_beside_its_empty_answer(
    chromium: Browser, service: Service
) -> None:
    seen = Seen(chromium, service, WIDE)
    seen.write("PREFIX kg: <https://w3id.org/kgservice/ns#>\nSELECT * { ?s kg:majorVersoin ?v }")
    seen.run()
    expect(seen.page.locator("#notice")).to_contain_text("did you mean kg:majorVersion?")
    seen.write("SELECT (1 AS ?one) {}")
    seen.run()
    expect(seen.page.locator("#notice")).to_be_empty()


def test_terms_are_completed_from_the_vocabulary(chromium: Browser, service: Service) -> None:
    seen = Seen(chromium, service, WIDE)
    seen.write("PREFIX kg: <https://w3id.org/kgservice/ns#>\nSELECT * { ?s kg:noticePer")
    seen.page.keyboard.press("Control+Space")
    expect(seen.page.locator(".CodeMirror-hints, .CodeMirror-code").last).to_contain_text(
        "noticePeriod"
    )


def test_without_scripts_there_is_a_form(chromium: Browser, service: Service) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(service.url + "/sparql")
    page.fill("#plain", "SELECT (42 AS ?x) {}")
    with page.expect_download() as started:
        page.click("noscript button, form button[value=csv]")
    assert "42" in started.value.path().read_text(encoding="utf-8")
