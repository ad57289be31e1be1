"""Pages of endpoints in a real browser: nothing complains, nothing scrolls sideways."""

import os
from datetime import timedelta

import pytest
from django.core.cache import cache

from certs.models import Domain, Endpoint, Finding, Proposal
from opsportal.accounts.models import Team
from opsportal.lib.times import utc_now
from tests.browser.test_pages import CHROMIUM, chromium, visit
from tests.certs.making import make_endpoint, make_observation
from tests.certs.pki import DAY, intermediate, issue, root
from tests.certs.probing import names
from tests.certs.serving import tls_server

__all__ = ["chromium", "names", "visit"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]


@pytest.fixture
def paths() -> list[str]:
    """Every page, with much on it."""
    now, team = utc_now(), Team.objects.create(name="checkout")
    ca = intermediate(root(not_before=now - 900 * DAY), "Issuing CA 7", not_before=now - 300 * DAY)
    old = ca.issue("api.shop.example.com", not_before=now - 88 * DAY, not_after=now + 2 * DAY)
    new = ca.issue("api.shop.example.com", *(f"h{n}.shop.example.com" for n in range(30)),
                   not_before=now - 9 * DAY)  # fmt: skip
    api = make_endpoint(
        "api.shop.example.com", result="ok", probed_at=now, seen_at=now, team=team,
        environment="production", service="shop", labels={"tier": "1"}, next_at=now + DAY,
        provenance=[
            {"from": "certificate", "what": "*.shop.example.com", "at": "2026-03-01T10:00:00Z"},
            {"from": "alice", "what": "accepted", "at": "2026-03-01T11:00:00Z"},
        ],
    )  # fmt: skip
    for last in range(1, 6):
        make_observation(api, old, address=f"192.0.2.{last}", now=now - 30 * DAY, count=700)
        make_observation(api, new, address=f"192.0.2.{last}", now=now - 8 * DAY, count=190,
                         cipher="TLS_AES_256_GCM_SHA384", latency_ms=12)  # fmt: skip
    make_observation(api, old, address="2001:db8::1:2", now=now - 30 * DAY, latency_ms=40,
                     client_cert_wanted=True, facts={"without_server_name": True})  # fmt: skip
    make_observation(api, [], address="192.0.2.9", result="timeout_handshake", now=now,
                     detail="still shaking hands after 10 s")  # fmt: skip
    Finding.objects.create(
        kind="inconsistent_addresses", endpoint=api, fingerprint="x", severity="high",
        summary="2001:db8::1:2 serves an older certificate than five others", opened_at=now,
        severity_at=now, judged_at=now,
    )  # fmt: skip
    mx = make_endpoint("mx.example.com", 25, protocol="smtp", result="starttls_refused",
                       failures=3, failing_since=now - timedelta(hours=5), probed_at=now,
                       detail="502 5.5.1 command not implemented",
                       server_name="mail.example.com")  # fmt: skip
    gone = issue(("old.example.com",), not_before=now - 100 * DAY, not_after=now - 3 * DAY)
    make_observation(make_endpoint("old.example.com", result="ok", probed_at=now), gone)
    make_endpoint("x" * 60 + ".a-very-long-name-of-a-host.example.com", 8443, enabled=False)
    domain = Domain.objects.create(name="shop.example.com", team=team)
    for number in range(8):
        Proposal.objects.create(
            domain=domain, host=f"host-{number}.shop.example.com", port=443, first_seen_at=now,
            provenance=[{"from": "zone shop.example.com", "what": f"line {number}: CNAME lb"}],
        )  # fmt: skip
    assert Endpoint.objects.count() == 4
    return [
        "/certs/endpoints/", api.get_absolute_url(), mx.get_absolute_url(),
        "/certs/endpoints/add/", "/certs/proposals/", "/certs/check/", "/admin/certs/domain/add/",
        f"/admin/certs/endpoint/{api.pk}/change/",
    ]  # fmt: skip


def test_nothing_complains_and_nothing_is_too_wide(visit, paths, names):
    assert visit.too_wide(paths) == []
    cache.clear()
    now = utc_now()
    names["shop.test"] = ["127.0.0.1", "127.0.0.2"]
    leaf = intermediate(not_before=now - 300 * DAY).issue(
        "other.test", "another.test", not_before=now - 80 * DAY, not_after=now + 3 * DAY
    )
    shots = os.environ.get("OPSPORTAL_TEST_SHOTS")
    with tls_server(leaf) as served:
        page = visit.open("/certs/check/")
        page.fill("[name=host]", f"shop.test:{served.port}")
        page.click("text=Check now")
        page.wait_for_selector("text=it is for other.test")
    assert visit.complaints == []
    for scheme in ("light", "dark") if shots else ():
        page.emulate_media(color_scheme=scheme)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=f"{shots}/checked-{width}-{scheme}.png", full_page=True)
    for scheme in ("light", "dark") if shots else ():
        page.emulate_media(color_scheme=scheme)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for number, path in enumerate(paths):
                visit.open(path)
                name = f"{shots}/{number}-{width}-{scheme}.png"
                visit.page.screenshot(path=name, full_page=True)
