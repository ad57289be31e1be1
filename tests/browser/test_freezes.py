"""The pages of freezes and change windows in a real browser: nothing complains or is cut off."""

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.models import ChangeWindow
from chronos.violations import mark_violations
from opsportal.lib.times import utc_now
from tests.accounts.people import make_team
from tests.alerts.makers import make_alert, make_decision
from tests.browser.test_oncall import PICTURES
from tests.browser.test_pages import chromium, pytestmark, visit
from tests.chronos.freezing import deployed, make_freeze

__all__ = ["chromium", "pytestmark", "visit"]


@pytest.fixture
def paths() -> dict[str, str]:
    """Each page with something on it, by a name for its picture."""
    now = utc_now().replace(minute=0, second=0, microsecond=0)
    month = now.replace(day=1, hour=0)
    known = {"known_at": month - timedelta(days=40)}
    make_freeze(
        name="Weekend", reason="Nobody is here to mend it", match='environment="prod"',
        starts_at=month - timedelta(days=40), ends_at=None, recurrence="FREQ=WEEKLY;BYDAY=FR",
        duration=timedelta(hours=64), zone="Europe/Berlin", **known,
    )  # fmt: skip
    make_freeze(
        name="End of the quarter", reason="The books are closed: ask finance before anything",
        starts_at=now - timedelta(days=2), ends_at=now + timedelta(days=5, hours=9),
        team=make_team("payments"), **known,
    )  # fmt: skip
    freeze = make_freeze(
        name="A freeze with quite a long name for a freeze", reason="Nightly",
        starts_at=month.replace(hour=1), ends_at=None, recurrence="FREQ=DAILY",
        duration=timedelta(hours=3), exempt_services=["status-page"], **known,
    )  # fmt: skip
    for number in range(4):
        begun = now - timedelta(hours=number * 5)
        deployed(number, now=now, started_at=begun, title=f"api {412 + number}")
    event = deployed(
        9, now=now, started_at=now, service="a-service-with-a-name-that-goes-on-and-on",
        title="A deployment with a title that somebody has thought about for rather long",
    )  # fmt: skip
    mark_violations(now=now + timedelta(minutes=1), since=now - timedelta(days=2))
    window = ChangeWindow.objects.create(
        event_id=event.pk, title=event.title, match='service="billing"', severity_up_to="high",
        starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=2), author="key ci",
    )  # fmt: skip
    alert = make_alert(suppressed=window.words)
    make_decision(alert)
    return {
        "calendar": "/changes/freezes/",
        "calendar-auckland": "/changes/freezes/?zone=Pacific/Auckland",
        "list": "/admin/chronos/freeze/",
        "form": f"/admin/chronos/freeze/{freeze.pk}/change/",
        "violations": "/admin/chronos/violation/",
        "windows": "/admin/alerts/changewindow/",
        "window": f"/admin/alerts/changewindow/{window.pk}/change/",
        "alert": alert.get_absolute_url(),
    }


def test_no_page_complains_and_none_scrolls_sideways(visit, paths):
    if PICTURES:
        for width in (1440, 390):
            visit.page.set_viewport_size({"width": width, "height": 900})
            for name, path in paths.items():
                opened = visit.open(path)
                shot = Path(PICTURES) / f"freeze-{name}-{width}"
                opened.screenshot(path=f"{shot}-light.png", full_page=True)
                opened.evaluate("document.documentElement.classList.add('dark')")
                opened.screenshot(path=f"{shot}-dark.png", full_page=True)
    assert visit.too_wide(list(paths.values())) == []
    assert visit.complaints == []
