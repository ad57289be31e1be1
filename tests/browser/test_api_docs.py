"""The API's docs page in a real browser."""

import os
import shutil

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.accounts.people import PASSWORD, make_person

CHROMIUM = os.environ.get("OPSPORTAL_TEST_CHROMIUM") or shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]


def _log_in(page: Page, address: str) -> None:
    ann = make_person("viewer")
    page.goto(f"{address}/admin/login/?next=/api/v1/whoami")
    # The theme's script may be slow to start; the form works without it.
    page.fill("input[name=username]", ann.username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/api/v1/whoami")


def test_the_docs_page_renders_within_the_content_security_policy(live_server, tmp_path):
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        visitor = browser.new_context()
        _log_in(visitor.new_page(), live_server.url)
        # A page of its own: the one after the login still asks for an icon that JSON has not.
        page = visitor.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda r: (
                complaints.append(r.url)
                if not r.url.startswith((live_server.url, "data:"))
                else None
            ),
        )
        response = page.goto(f"{live_server.url}/api/docs/")
        assert response
        assert "script-src 'self'" in response.headers["content-security-policy"]
        page.locator(".opblock-tag", has_text="accounts").click()
        expect(page.locator(".opblock-summary-path", has_text="whoami")).to_be_visible()
        expect(page.get_by_role("button", name="Authorize")).to_be_visible()
        page.screenshot(path=os.environ.get("OPSPORTAL_TEST_SHOTS", str(tmp_path)) + "/docs.png")
        browser.close()
    assert complaints == []
