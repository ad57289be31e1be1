"""The page of a mapping in a real browser: point at values, see the alert, save, replay."""

import json

import pytest
from django.test import Client
from playwright.sync_api import expect

from alerts.models import Alert, Mapping, RawDelivery
from tests.accounts.people import make_key
from tests.alerts.mapping import PAYLOAD, make_mapping, status
from tests.browser.test_pages import CHROMIUM, chromium, visit

__all__ = ["chromium", "visit"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH"),
]
ADD = "/admin/alerts/mapping/add/"


@pytest.fixture
def key():
    return make_key("alerts:write", short=True, name="kuma")


def post(key, payload=PAYLOAD):
    body = json.dumps(payload)
    return Client().post(f"/hooks/generic/{key[1]}", body, content_type="application/json")


def press(page, text):
    page.locator("[data-tree]").get_by_role("button", name=text, exact=True).click()


def test_what_came_in_becomes_a_mapping_and_then_an_alert(visit, key):
    assert post(key).status_code == 400
    delivery = RawDelivery.objects.get()
    page = visit.open(f"/admin/alerts/rawdelivery/{delivery.pk}/change/")
    page.get_by_role("link", name="Make a mapping of this").click()
    expect(page.locator("#id_name")).to_have_value("kuma")
    expect(page.get_by_label(f"kuma ({key[0].prefix})")).to_be_checked()

    # The name is what a press goes to first; then whatever has the focus.
    press(page, '"shop"')
    expect(page.locator("#id_field_name")).to_have_value("/monitor/name")
    expect(page.locator("[data-found=field_name]")).to_have_text("“shop”")
    page.locator("#id_field_status").focus()
    expect(page.get_by_text("press a value: it goes into status")).to_be_visible()
    page.locator("[data-tree]").get_by_title("/heartbeat/status").last.click()
    expect(page.locator("#id_field_status")).to_have_value("/heartbeat/status")
    expect(page.locator("[data-complaint=field_status]")).to_contain_text("not in the table")
    page.fill("#id_statuses", "0 = firing\n1 = resolved")
    expect(page.locator("[data-complaint=field_status]")).to_be_hidden()
    page.fill("#id_field_severity", "'high' ]")
    expect(page.locator("[data-complaint=field_severity]")).to_contain_text("column 8")
    page.fill("#id_field_severity", "'high'")
    page.locator("#id_labels").focus()
    press(page, '"payments"')
    press(page, '"https://shop.example.org/"')
    expect(page.locator("#id_labels")).to_have_value(
        "value = /monitor/tags/0/value\nurl = /monitor/url"
    )
    result = page.locator("[data-result]")
    expect(result).to_contain_text("labels.url")
    expect(result.locator(".ops-sev")).to_have_text("high")
    expect(result).to_contain_text("It would tell nobody")
    assert not Mapping.objects.exists()

    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Replay what failed before").click()
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("replay")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("1 taken in.")).to_be_visible()
    alert = Alert.objects.get()
    assert (alert.name, alert.severity, alert.labels["value"]) == ("shop", "high", "payments")
    page = visit.open(f"/admin/alerts/rawdelivery/{delivery.pk}/change/")
    page.locator(".ops-lines a").first.click()
    page.wait_for_url(f"**{alert.get_absolute_url()}")
    assert visit.complaints == []


def test_in_a_list_pointers_start_at_the_alert_and_others_at_the_payload(visit):
    page = visit.open(ADD)
    payload = {"env": "prod", "a/b": {"list": [{"n~m": "Full", "hosts": ["web-1"]}]}}
    page.fill("#id_payload", json.dumps(payload))
    page.locator("#id_alerts").focus()
    press(page, "list: [1]")
    expect(page.locator("#id_alerts")).to_have_value("/a~1b/list")
    page.locator("#id_field_name").focus()
    press(page, '"Full"')
    expect(page.locator("#id_field_name")).to_have_value("/n~0m")
    page.locator("#id_field_resource").focus()
    press(page, '"web-1"')
    expect(page.locator("#id_field_resource")).to_have_value("/hosts/0")
    page.locator("#id_field_environment").focus()
    press(page, '"prod"')
    expect(page.locator("#id_field_environment")).to_have_value("$/env")
    result = page.locator("[data-result]")
    expect(result).to_contain_text("map:0:prod||web-1|Full")
    page.fill("#id_alerts", "env")
    expect(page.locator("[data-complaint=field_name]")).to_contain_text("found nothing")
    page.fill("#id_alerts", "env.")
    expect(page.locator("[data-complaint=alerts]")).to_contain_text("too early")
    assert visit.complaints == []


def test_another_captured_payload_is_tried_without_losing_what_was_written(visit, key):
    mapping = make_mapping(key[0])
    post(key)
    post(key, status(1))
    page = visit.open(f"/admin/alerts/mapping/{mapping.pk}/change/")
    result = page.locator("[data-result]")
    expect(result).to_contain_text("resolved")
    page.fill("#id_field_name", "'Renamed'")
    expect(result).to_contain_text("Renamed")
    page.locator("[name=_use]").last.click()
    expect(result).to_contain_text("firing")
    expect(result).to_contain_text("Renamed")
    expect(page.locator("#id_field_name")).to_have_value("'Renamed'")
    mapping.refresh_from_db()
    assert mapping.fields["name"] == "'SiteDown'"
    assert visit.complaints == []


def test_a_payload_that_is_evil_or_huge_harms_nothing(visit):
    page = visit.open(ADD)
    evil = "<img src=x onerror=alert(1)>"
    payload = {evil: evil, "deep": 1, "wide": list(range(5000)), "long": "x" * 100_000}
    for _ in range(60):
        payload["deep"] = {"deep": payload["deep"]}
    page.fill("#id_payload", json.dumps(payload))
    expect(page.get_by_text("4900 more, not shown")).to_be_visible()
    press(page, json.dumps(evil))
    expect(page.locator("#id_field_name")).to_have_value(f"/{evil}")
    expect(page.locator("[data-result] b").first).to_have_text(evil)
    assert page.locator("#content img").count() == 0
    page.fill("#id_payload", "{")
    expect(page.locator("[data-complaint=payload]")).to_contain_text("not valid JSON")
    expect(page.locator("[data-tree]")).to_be_hidden()
    assert visit.overflow() <= 0
    assert visit.complaints == []


def test_the_pages_of_senders_fit_a_phone_and_complain_of_nothing(visit, key):
    mapping = make_mapping(key[0], fields={"name": "/msg", "summary": f"'{'long-' * 80}'"})
    post(key)
    post(key, {"msg": None, "token": "hush", "x" * 200: "y" * 500})
    paths = [
        "/admin/alerts/sender/", "/admin/alerts/rawdelivery/", "/admin/alerts/mapping/",
        f"/admin/alerts/mapping/{mapping.pk}/change/",
        f"/admin/alerts/sender/{key[0].senders.get().pk}/change/",
        *(f"/admin/alerts/rawdelivery/{row.pk}/change/" for row in RawDelivery.objects.all()),
    ]  # fmt: skip
    assert visit.too_wide(paths) == []
    assert visit.complaints == []
