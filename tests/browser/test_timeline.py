"""The timeline in a real browser: dragging zooms, the question is asked from every page."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from opsportal.lib.times import utc_now
from tests.browser.test_pages import CHROMIUM, chromium, visit
from tests.chronos.makers import make_change

__all__ = ["chromium", "visit"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]


@pytest.fixture
def hour():
    """The first instant of an hour, with a change at its start and every ten minutes."""
    begun = utc_now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    for number in range(6):
        make_change(-10 * number, at=begun, title=f"Deploy number {number} " + "long " * 20)
    return begun


def drag(page, plot, first, last):
    """From one part of the plot's width to another."""
    box = plot.bounding_box()
    x, y = box["x"], box["y"] + box["height"] / 2
    page.mouse.move(x + box["width"] * first, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] * (first + last) / 2, y)
    page.mouse.move(x + box["width"] * last, y)


def asked(page):
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_dragging_over_the_bars_zooms_into_them(visit, hour):
    until = hour + timedelta(hours=1)
    page = visit.open(f"/changes/?service=billing&since={hour:%FT%TZ}&until={until:%FT%TZ}")
    plot = page.locator("[data-brush]")
    drag(page, plot, 0.1, 0.2)
    expect(page.locator(".ops-brush")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".ops-brush")).to_have_count(0)
    page.mouse.up()
    drag(page, plot, 0.752, 0.252)  # backwards as well
    page.mouse.up()
    page.wait_for_url("**since=*15%3A00Z*")
    assert asked(page) == {
        "service": "billing",
        "since": f"{hour + timedelta(minutes=15):%FT%TZ}",
        "until": f"{hour + timedelta(minutes=45, seconds=30):%FT%TZ}",
    }
    expect(page.get_by_text("3 changes began")).to_be_visible()
    assert visit.complaints == []


def test_a_click_on_a_bar_zooms_into_it_alone(visit, hour):
    until = hour + timedelta(hours=1)
    page = visit.open(f"/changes/?since={hour:%FT%TZ}&until={until:%FT%TZ}")
    page.locator("[data-brush] a").nth(1).click()
    page.wait_for_url("**until=*")
    assert asked(page)["since"] == f"{hour + timedelta(minutes=10):%FT%TZ}"
    page.get_by_role("link", name="Deploy number 1").click()
    page.wait_for_url("**/changes/*/")
    assert visit.complaints == []


def test_the_question_is_asked_from_every_page_by_a_key(visit, hour):
    page = visit.open("/")
    page.keyboard.press("/")
    box = page.get_by_label("Ask the timeline")
    expect(box).to_be_focused()
    box.fill("deploy")
    box.press("Enter")
    page.wait_for_url("**/changes/?q=deploy")
    expect(page.get_by_label("Ask the timeline")).to_have_value("deploy")
    # Where there is a search of the page's own, the key is that one's.
    page = visit.open("/alerts/")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    assert visit.complaints == []


def test_its_pages_fit_a_desk_and_a_phone(visit, hour):
    make_change(
        90, at=utc_now(), lasting=None, title="x" * 300, service="s" * 90, kind="k" * 50,
        actor="a" * 150, version="v" * 150, tags=["t" * 150], labels={"l" * 90: "m" * 300},
        data={"d" * 90: "e" * 900}, before={"f" * 90: "g" * 300}, after={"f" * 90: "h"},
        links=[{"href": "https://ci.example/" + "y" * 300}],
    )  # fmt: skip
    event = make_change(1, at=utc_now(), **dict.fromkeys(("repository", "commit"), "z" * 100))
    paths = ["/changes/", "/changes/?view=lanes", event.get_absolute_url()]
    paths.append(f"/changes/{event.pk - 1}/")
    assert visit.too_wide(paths) == []
    assert visit.complaints == []
