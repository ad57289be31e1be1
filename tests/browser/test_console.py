"""The console by keys, on a phone, and without a script."""

import pytest
from playwright.sync_api import Browser, Page, expect

from alerts.models import Alert, SavedView
from tests.alerts.makers import make_alert
from tests.browser.test_pages import CHROMIUM, chromium, visit

__all__ = ["chromium", "visit"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]


def keys(page: Page, *names: str) -> None:
    for name in names:
        page.keyboard.press(name)


def status(alert: Alert) -> str:
    alert.refresh_from_db()
    return alert.status


def test_the_current_alert_is_acknowledged_resolved_and_opened(visit):
    low, high = make_alert(name="Low", severity="low"), make_alert(name="High", severity="high")
    page = visit.open("/alerts/")
    keys(page, "j", "a")
    expect(page.get_by_text("1 acknowledged.")).to_be_visible()
    assert (status(high), status(low)) == ("acknowledged", "firing")
    keys(page, "j", "j")
    page.once("dialog", lambda dialog: dialog.dismiss())
    keys(page, "r")
    # Called off: nothing is done, and nothing stays selected.
    expect(page.get_by_text("none selected")).to_be_visible()
    assert status(low) == "firing"
    page.once("dialog", lambda dialog: dialog.accept())
    keys(page, "r")
    expect(page.get_by_text("1 resolved.")).to_be_visible()
    assert (status(high), status(low)) == ("acknowledged", "resolved")
    keys(page, "j", "o")
    page.wait_for_url(f"**{high.get_absolute_url()}")
    assert visit.complaints == []


def test_the_snooze_menu_takes_a_number(visit):
    alert = make_alert()
    page = visit.open("/alerts/")
    keys(page, "j", "s")
    expect(page.get_by_role("button", name="4 h", exact=False).first).to_be_visible()
    keys(page, "Escape")
    expect(page.get_by_text("none selected")).to_be_visible()
    keys(page, "s", "3")
    expect(page.get_by_text("1 snoozed.")).to_be_visible()
    alert.refresh_from_db()
    assert alert.snoozed_until is not None
    assert visit.complaints == []


def test_the_keys_work_on_an_alert_s_page_too(visit):
    alert = make_alert()
    page = visit.open(alert.get_absolute_url())
    keys(page, "a")
    expect(page.get_by_text("1 acknowledged.")).to_be_visible()
    keys(page, "s", "1")
    expect(page.get_by_text("1 snoozed.")).to_be_visible()
    page.get_by_label("Note").fill("a r s")  # no keys while one types
    assert status(alert) == "acknowledged"
    keys(page, "Escape", "g", "a")
    page.wait_for_url("**/alerts/")
    assert visit.complaints == []


def test_the_list_of_keys_opens_and_closes(visit):
    make_alert()
    page = visit.open("/alerts/")
    keys(page, "?")
    expect(page.locator("#keys")).to_be_visible()
    keys(page, "j")
    assert page.locator("tr.is-current").count() == 0
    keys(page, "Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.get_by_role("button", name="all keys").click()
    expect(page.locator("#keys")).to_be_visible()
    assert visit.complaints == []


def test_a_facet_narrows_the_list_and_a_view_keeps_it(visit):
    make_alert(name="Mine", service="billing")
    make_alert(name="Other", service="search")
    page = visit.open("/alerts/")
    page.locator(".ops-facets").get_by_text("billing").click()
    page.wait_for_url("**/alerts/?service=billing")
    expect(page.get_by_role("link", name="Other")).to_have_count(0)
    page.locator(".ops-views > summary").click()
    page.get_by_label("Name of this search").fill("billing only")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The view billing only is saved.")).to_be_visible()
    assert SavedView.objects.get().query == "service=billing"
    assert visit.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_one_thumb_is_enough(visit, scheme):
    for number in range(4):
        make_alert(name=f"Disk{number}", summary="full " * 30, resource="r" * 120)
    page = visit.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    visit.open("/alerts/")
    assert visit.overflow() == 0
    facets = page.locator(".ops-facets")
    expect(facets).to_be_hidden()
    page.get_by_text("Filters", exact=True).click()
    expect(facets).to_be_visible()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Select Disk2").check()
    button = page.get_by_role("button", name="Acknowledge")
    expect(button).to_be_in_viewport()
    boxes = [one.bounding_box() for one in page.locator(".ops-bulk > .ops-button").all()]
    assert all(box["height"] >= 44 and box["x"] + box["width"] <= 390 for box in boxes)
    assert visit.overflow() == 0
    button.click()
    expect(page.get_by_text("1 acknowledged.")).to_be_visible()
    assert Alert.objects.get(name="Disk2").status == "acknowledged"
    assert visit.complaints == []


def test_without_a_script_everything_is_a_link_or_a_form(chromium: Browser, live_server, visit):
    alert = make_alert(name="Plain", service="billing")
    state = visit.page.context.storage_state()
    context = chromium.new_context(java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto(live_server.url + "/alerts/?service=billing&status=firing")
    page.set_default_timeout(10_000)
    page.get_by_label("Select Plain").check()
    page.locator(".ops-bulk").get_by_role("button", name="Acknowledge").click()
    page.wait_for_url("**/alerts/?service=billing&status=firing")
    assert status(alert) == "acknowledged"
    context.close()
