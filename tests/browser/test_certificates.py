"""Pages of certificates in a real browser: nothing complains, nothing scrolls sideways."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_pages import CHROMIUM, chromium, visit
from tests.certs.inventory import make_inventory, make_many
from tests.certs.making import make_placement, make_source
from tests.certs.pki import DAY, issue

__all__ = ["chromium", "visit"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]


def test_no_page_complains_and_none_scrolls_sideways(visit):
    rows = make_inventory()
    make_many(3)
    names = [f"{'very-' * 10}long-{number}.example.com" for number in range(40)]
    name = "<script>alert(1)</script>" + "x" * 39
    wide = issue(tuple(names), common_name=name, lifetime=9000 * DAY)
    place = make_placement(wide, make_source("source " * 12), "/" + "folder/" * 60)
    paths = ["/certs/", "/certs/certificates/?state=all", "/certs/findings/"]
    paths += [row.get_absolute_url() for row in (rows["api"], place.certificate)]
    assert visit.too_wide([*paths, f"{paths[3]}explain/"]) == []
    assert visit.complaints == []


def test_a_search_leads_to_the_certificate(visit):
    rows = make_inventory()
    page = visit.open("/certs/")
    page.fill("#search", rows["shop"].sha256[:12].upper())
    page.press("#search", "Enter")
    page.get_by_role("link", name="*.shop.example.com").click()
    expect(page.locator(".ops-head h2")).to_have_text("*.shop.example.com")
    assert visit.complaints == []
