"""Pages of sources in a real browser: nothing complains, nothing scrolls sideways."""

import os
from datetime import timedelta

import pytest

from certs.models import Source, SourceRun
from certs.normalise import FoundCertificate, FoundTrouble
from certs.sources import SourceError
from certs.watch import judge_sources
from opsportal.lib.times import utc_now
from tests.browser.test_pages import CHROMIUM, chromium, visit
from tests.certs.pki import intermediate
from tests.certs.shelf import Shelf, run, shelf

__all__ = ["chromium", "shelf", "visit"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]
HOSTS = ["api.example.com", "smtp://mx.example.com:25", "[2001:db8::1]:8443 shop.example.com"]
FOLDER = "/etc/ssl/very/deep/directories/of/an/old/server/that-nobody-wants-to-touch"


@pytest.fixture
def paths(shelf) -> list[str]:
    """Sources that do well, fail, hold and have troubles."""
    now = utc_now() - timedelta(hours=6)
    leaf = intermediate().issue("shop.example.com", "www.shop.example.com")
    Source.objects.filter(pk=shelf.pk).update(
        name="production-europe-certificates",
        options={"url": "https://kubernetes.production.example.com:6443"},
        secret={"token": "x"}, environment="prod", note="Ask the platform team before you edit it.",
    )  # fmt: skip
    locked = [FoundTrouble(f"{FOLDER}/<{n}>.p12", "None of the passwords opens it.") for n in "123"]
    there = [
        FoundCertificate(leaf.parsed, f"{FOLDER}/{n:03}.pem", n % 3, n % 2 == 0) for n in range(99)
    ]
    Shelf.things = [*there, *locked]
    for hour in range(3):
        run(now + timedelta(hours=hour))
    Shelf.things = [*there[:20], SourceError("403 Forbidden: " + "secrets is forbidden " * 9)]
    run(now + timedelta(hours=4))
    Shelf.things = [*there[:20], *locked]
    run(now + timedelta(hours=5))
    soon = utc_now() + timedelta(minutes=40)
    Source.objects.update(next_at=soon)
    Source.objects.create(
        name="hosts", kind="endpoints", options={"hosts": HOSTS * 4}, next_at=soon, found=0,
        outcome="complete", complete_at=now, finished_at=now,
    )  # fmt: skip
    Source.objects.create(
        name="vault", kind="vault-pki", options={"url": "https://vault.example.com"}, failures=7,
        outcome="failed", message="It answered 503: Vault is sealed", next_at=soon,
    )  # fmt: skip
    Source.objects.create(name="ct", kind="ct-log", enabled=False, options={})
    judge_sources(now=utc_now())
    SourceRun.objects.filter(state="due").delete()
    page = f"/certs/sources/{shelf.pk}/"
    kinds = ("kubernetes", "vault-pki", "zone-file", "ct-log")
    return [
        "/certs/sources/", page, f"{page}?gone", f"{page}runs/", "/admin/certs/source/",
        "/admin/certs/source/add/", f"/admin/certs/source/{shelf.pk}/change/",
        *(f"/admin/certs/source/add/?kind={kind}" for kind in kinds),
    ]  # fmt: skip


def test_no_page_of_sources_complains_and_none_scrolls_sideways(visit, paths):
    if folder := os.environ.get("OPSPORTAL_TEST_SCREENSHOTS"):
        _picture(visit, paths, folder)
    wide = visit.too_wide(paths)
    assert visit.complaints == []
    assert wide == []


def _picture(visit, paths: list[str], folder: str) -> None:
    for scheme in ("light", "dark"):
        visit.page.emulate_media(color_scheme=scheme)
        for width in (1440, 390):
            visit.page.set_viewport_size({"width": width, "height": 1400})
            for number, path in enumerate(paths[:8]):
                visit.open(path)
                visit.page.evaluate(f"localStorage.setItem('adminTheme', '\"{scheme}\"')")
                visit.open(path)
                name = f"{folder}/{number}-{width}-{scheme}.png"
                visit.page.screenshot(path=name)
