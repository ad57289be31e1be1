"""The kill switch and a person's word, pressed in a real browser."""

import pytest
from playwright.sync_api import expect

from opsportal.lib.times import utc_now
from opsportal.safety.stop import read_stop
from tests.alerts.delivering import hook_channel
from tests.alerts.makers import make_alert
from tests.alerts.receivers import http_server
from tests.alerts.remediating import arm, make_wish, operation_of, step
from tests.browser import test_pages

chromium, visit = test_pages.chromium, test_pages.visit
pytestmark = test_pages.pytestmark


@pytest.fixture
def wish():
    """A plan that waits for a person."""
    arm("webhook")
    with http_server() as hooks:
        hook_channel(hooks, "runbooks")
        found = make_wish(
            alert=make_alert(resource="db-1"),
            plugin="webhook",
            approval="required",
            parameters={"channel": "runbooks"},
        )
        step(utc_now())
        yield found


@pytest.mark.parametrize("width", [1440, 390])
def test_everything_is_stopped_and_resumed(visit, wish, width):
    visit.page.set_viewport_size({"width": width, "height": 900})
    page = visit.open("/admin/alerts/rule/")
    assert visit.overflow() <= 0
    page.get_by_role("link", name="Stop everything").click()
    page.get_by_label("Why").fill("smoke")
    page.get_by_role("button", name="Stop everything").click()
    expect(page.locator(".ops-stopped")).to_contain_text("smoke")
    assert read_stop().why == "smoke"
    for path in ("/", "/safety/", "/admin/alerts/rule/", wish.get_absolute_url()):
        visit.open(path)
        expect(page.locator(".ops-stopped")).to_be_visible()
        assert visit.overflow() <= 0
    page.get_by_role("link", name="Re-arm").click()
    page.get_by_role("button", name="Re-arm").click()
    expect(page.locator(".ops-stopped")).to_be_hidden()
    assert read_stop() is None
    assert visit.complaints == []


def test_a_plan_is_read_and_approved(visit, wish):
    page = visit.open(wish.get_absolute_url())
    expect(page.get_by_text(operation_of(wish).plan_hash)).to_be_visible()
    page.get_by_label("Note").fill("go")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved: it is done")).to_be_visible()
    assert operation_of(wish).state == "approved"
    assert visit.complaints == []


def test_a_lock_is_opened(visit, wish):
    page = visit.open("/safety/")
    page.locator("li", has_text="Reboot an EC2 instance").get_by_role("button", name="Arm").click()
    expect(page.get_by_text("ec2_reboot is armed now.")).to_be_visible()
    assert visit.complaints == []
