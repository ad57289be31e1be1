"""The pages of on call in a real browser: nothing complains, nothing is cut off."""

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.models import Override
from opsportal.lib.env import env_str
from opsportal.lib.times import utc_now
from tests.accounts.people import make_team
from tests.alerts.makers import make_alert, make_channel
from tests.alerts.paging import make_layer, make_override, make_policy, make_schedule, page, person
from tests.browser.test_pages import chromium, pytestmark, visit

__all__ = ["chromium", "pytestmark", "visit"]
# Where pictures are put, for people who look at them.
PICTURES = env_str("TEST_PICTURES", "")


@pytest.fixture
def paths() -> list[str]:
    """Every page of on call, with something on it."""
    now = utc_now()
    first = now.date() - timedelta(days=20)
    team = make_team("payments")
    jo, sam = person("jo", team, first_name="Jo", last_name="Doe"), person("sam", team)
    kim = person("kim", team, first_name="Kimberley", last_name="Featherstonehaugh-Long")
    primary = make_schedule(
        "Payments primary", team=team, zone="Europe/Berlin", description="Who answers first"
    )
    make_layer(primary, jo, sam, kim, name="weekly", unit="weeks", starts_on=first)
    make_layer(primary, sam, kim, name="office", hours="mon-fri 09:00-17:00", starts_on=first)
    night = make_schedule("A night shift with quite a long name for a schedule", zone="Asia/Tokyo")
    make_layer(night, kim, jo, unit="hours", length=8, starts_on=first)
    make_schedule("Nobody yet", ical_url="https://x.example/", ical_error="answered 404",
                  ical_failing_since=now)  # fmt: skip
    start = now.replace(minute=0, second=0, microsecond=0)
    make_override(
        primary, kim, start + timedelta(hours=20), start + timedelta(hours=40), note="swap"
    )
    policy = make_policy(
        team, (timedelta(0), primary), (timedelta(minutes=5), make_channel("ops"), team)
    )
    walk = page(make_alert(), team, now=now)
    other = page(make_alert(), team, now=now, leader=walk, state="held", progress="following")
    override = Override.objects.get()
    return [
        "/oncall/", primary.get_absolute_url(), f"{night.get_absolute_url()}?weeks=6&zone=UTC",
        "/admin/alerts/schedule/", f"/admin/alerts/schedule/{primary.pk}/change/",
        "/admin/alerts/schedule/add/", "/admin/alerts/override/", "/admin/alerts/override/add/",
        f"/admin/alerts/override/{override.pk}/change/", "/admin/alerts/escalationpolicy/",
        f"/admin/alerts/escalationpolicy/{policy.pk}/change/",
        "/admin/alerts/escalationpolicy/add/", "/admin/alerts/escalation/",
        f"/admin/alerts/escalation/{walk.pk}/change/",
        walk.alert.get_absolute_url(), other.alert.get_absolute_url(),
    ]  # fmt: skip


def test_no_page_of_on_call_complains_and_none_scrolls_sideways(visit, paths):
    wide = []
    for width in (1400, 390):
        visit.page.set_viewport_size({"width": width, "height": 900})
        for number, path in enumerate(paths):
            opened = visit.open(path)
            if visit.overflow() > 0:
                wide.append(f"{path} at {width}: {visit.overflow()}")
            if PICTURES:
                name = f"{number:02}-{width}"
                opened.screenshot(path=Path(PICTURES) / f"{name}-light.png", full_page=True)
                opened.evaluate("document.documentElement.classList.add('dark')")
                opened.screenshot(path=Path(PICTURES) / f"{name}-dark.png", full_page=True)
    assert visit.complaints == []
    assert wide == []


def test_somebody_takes_over_and_gives_back(visit, paths):
    opened = visit.open(paths[1])
    opened.select_option("[name=user]", label="sam")
    opened.fill("[name=ends_at]", f"{utc_now() + timedelta(days=2):%Y-%m-%dT%H:%M}")
    opened.fill("[name=note]", "dentist")
    opened.get_by_role("button", name="Take over").click()
    opened.get_by_text("sam takes over.").wait_for()
    assert opened.locator(".oncall-big").first.inner_text() == "sam"
    opened.locator("li", has_text="dentist").get_by_role("button", name="Remove").click()
    opened.get_by_text("The override is removed.").wait_for()
    assert Override.objects.count() == 1
    assert visit.complaints == []
