"""The pages in a real browser: nothing complains, and what people press works."""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from alerts.models import Alert, DeliveryAttempt
from opsportal.lib.times import utc_now
from tests.accounts.people import PASSWORD, make_person
from tests.alerts.makers import (
    make_alert,
    make_channel,
    make_decision,
    make_notification,
    make_rule,
)

CHROMIUM = os.environ.get("OPSPORTAL_TEST_CHROMIUM") or shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A signed-in administrator's window that remembers every complaint."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._watch)

    def _hear(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _watch(self, request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.complaints.append(f"{self.page.url} asks {request.url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        self.page.wait_for_function(
            "window.Alpine && !document.documentElement.hasAttribute('x-cloak')"
        )
        return self.page

    def overflow(self) -> int:
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(wide))

    def too_wide(self, paths: list[str]) -> list[str]:
        """Those that scroll sideways, on a desk or on a phone."""
        found = []
        for width in (1440, 390):
            self.page.set_viewport_size({"width": width, "height": 900})
            for path in paths:
                self.open(path)
                if self.overflow() > 0:
                    found.append(f"{path} at {width}: {self.overflow()}")
        return found


@pytest.fixture
def visit(chromium, live_server) -> Iterator[Visit]:
    person = make_person("administrator", is_staff=True)
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    visit = Visit(context.new_page(), live_server.url)
    page = visit.open("/admin/login/?next=/")
    page.fill("[name=username]", person.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(live_server.url + "/")
    yield visit
    context.close()


@pytest.fixture
def paths() -> list[str]:
    """Every page of the portal, with something on it."""
    now = utc_now()
    channel = make_channel(kind="webhook", settings={"url": "https://x.example", "secret": "s"})
    rule = make_rule("page", '{severity="critical"}', channel, ("set", "severity", "high"))
    for number in range(12):
        alert = make_alert(
            name=f"DiskFull{number}", summary="a long story " * 9, resource="ip-10-0-0-1." * 6,
            labels={"pod": "x" * 90}, starts_at=now, received_at=now, raw="{}",
            dedup_key=f"{'key-' * 30}{number}", description="word " * 80,
            runbook_url="https://runbooks.example/" + "y" * 200,
        )  # fmt: skip
        make_decision(alert)
    told = make_notification(alert, channel, state="dead", rule=rule, last_error="e" * 300)
    DeliveryAttempt.objects.create(
        notification=told, number=1, started_at=now, duration=timedelta(seconds=1),
        succeeded=False, answer="HTTP 500 " + "z" * 200,
    )  # fmt: skip
    return [
        "/", "/alerts/", alert.get_absolute_url(), "/admin/",
        "/admin/alerts/rule/", "/admin/alerts/rule/add/", f"/admin/alerts/rule/{rule.pk}/change/",
        "/admin/alerts/channel/", "/admin/alerts/channel/add/",
        "/admin/alerts/channel/add/?kind=email", f"/admin/alerts/channel/{channel.pk}/change/",
        "/admin/alerts/notification/?state__exact=dead",
        f"/admin/alerts/notification/{told.pk}/change/",
        "/admin/alerts/alert/", "/admin/alerts/decision/", "/admin/alerts/transition/",
        "/admin/chronos/changeevent/", "/admin/accounts/user/", "/admin/accounts/team/add/",
        "/admin/accounts/apikey/", "/admin/accounts/apikey/add/", "/admin/accounts/auditentry/",
        "/changes/running/", "/changes/running/diff/", "/changes/dora/",
        "/admin/runtime/process/", "/admin/django_q/schedule/", "/admin/password_change/",
    ]  # fmt: skip


def test_no_page_complains_and_none_scrolls_sideways(visit, paths):
    wide = visit.too_wide(paths)
    assert visit.complaints == []
    assert wide == []


def test_scripts_are_our_own_and_nothing_is_evaluated(visit):
    response = visit.page.goto(visit.address + "/alerts/")
    policy = response.headers["content-security-policy"]
    scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
    assert scripts.split() == ["script-src", "'self'"]


def test_the_theme_switches_and_is_remembered(visit):
    page = visit.open("/")
    for name in ("Dark", "Light"):
        page.locator("#nav-sidebar").get_by_text("unfold_more").click()
        page.get_by_text(name, exact=True).click()
        expect(page.locator("html")).to_have_class(name.lower())
        visit.open("/alerts/")
        expect(page.locator("html")).to_have_class(name.lower())
    assert visit.complaints == []


def test_the_sidebar_folds_and_opens_on_a_phone(visit):
    page = visit.open("/")
    sidebar = page.locator("#nav-sidebar")
    toggle = page.locator("#main").get_by_text("dock_to_right").locator("visible=true")
    toggle.click()
    expect(sidebar).to_be_hidden()
    visit.open("/alerts/")
    expect(sidebar).to_be_hidden()
    toggle.click()
    expect(sidebar).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    visit.open("/")
    expect(sidebar).to_be_hidden()
    toggle.click()
    expect(sidebar).to_be_visible()
    sidebar.get_by_text("Alerts", exact=True).click()
    page.wait_for_url("**/alerts/")
    assert visit.complaints == []


def test_the_theme_s_own_widgets_work_under_the_policy(visit, paths):
    page = visit.open("/admin/alerts/notification/")
    page.locator("#main").get_by_text("Filters").first.click()
    drawer = page.locator("#changelist-filter")
    expect(drawer).to_be_visible()
    drawer.get_by_text("dead").first.click()
    page.wait_for_url("**state__exact=dead**")

    visit.open("/")
    page.get_by_text("Search apps and models...").click()
    box = page.locator("#search-input-command")
    expect(box).to_be_visible()
    box.press_sequentially("chan")
    expect(page.locator("#command-results-list li").first).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/admin/**")

    visit.open("/admin/alerts/rule/add/")
    kind = page.locator("#id_actions-0-kind")
    kind.select_option("set")
    expect(page.locator("#id_actions-0-field")).to_be_visible()
    expect(page.locator("#id_actions-0-channel")).to_be_hidden()
    page.get_by_text("Add another Action").click()
    expect(page.locator("#id_actions-1-kind")).to_be_visible()
    assert visit.complaints == []


def test_keys_choose_alerts_and_acknowledge_them(visit):
    alerts = [make_alert(name=f"Disk{number}") for number in range(3)]
    page = visit.open("/alerts/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("2 acknowledged.")).to_be_visible()
    assert Alert.objects.filter(status="acknowledged").count() == 2
    alerts[0].refresh_from_db()
    assert alerts[0].status == "firing"
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    assert visit.complaints == []


def test_news_appears_by_itself_and_leaves_what_is_selected(visit):
    make_alert(name="OldTrouble")
    page = visit.open("/alerts/")
    page.get_by_label("Select OldTrouble").check()
    make_alert(name="NewTrouble")
    expect(page.get_by_label("Select NewTrouble")).to_be_visible(timeout=15_000)
    expect(page.get_by_label("Select OldTrouble")).to_be_checked()
    expect(page.get_by_text("1 selected")).to_be_visible()
    assert visit.complaints == []


def test_an_alert_is_worked_on_from_its_page(visit):
    alert = make_alert(name="DiskFull")
    page = visit.open(alert.get_absolute_url())
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("1 acknowledged.")).to_be_visible()
    page.get_by_label("Note").fill("cleaning /tmp")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("cleaning /tmp")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("1 resolved.")).to_be_visible()
    alert.refresh_from_db()
    assert alert.status == "resolved"
    assert visit.complaints == []
