"""Senders: what each sends, and who fell silent; their page, their API, the gauge."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from alerts.metrics import AlertMetrics
from alerts.models import RawDelivery, Sender, SenderCount
from alerts.senders import sender_figures
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key, make_person, make_team
from tests.alerts.makers import NOW

pytestmark = pytest.mark.django_db
LIST = "/admin/alerts/sender/"


def make_sender(name="kuma", slug="generic", *, now=NOW, ago=timedelta(0), **values):
    key = make_key("alerts:write", name=name, **values)[0]
    return Sender.objects.create(
        key=key, format=slug, first_seen_at=now - timedelta(days=9), last_seen_at=now - ago,
        address="192.0.2.7", agent="UptimeKuma/2.0",
    )  # fmt: skip


def count(sender, ago, requests=1, failures=0, *, now=NOW):
    SenderCount.objects.create(
        key=sender.key, format=sender.format, slot=now - ago, requests=requests,
        events=2 * requests, failures=failures,
    )  # fmt: skip


def minutes(number):
    return timedelta(minutes=number)


def figures(sender, now=NOW):
    return sender_figures([sender], now=now)[sender.pk]


def test_requests_and_failures_are_summed_by_the_hour():
    sender, other = make_sender(), make_sender("other")
    count(sender, minutes(5), 3)
    count(sender, minutes(55), 4, 2)
    count(sender, minutes(65), 5)
    count(sender, minutes(24 * 60 - 1), 6, 6)
    count(sender, minutes(24 * 60 + 5), 7)
    count(other, minutes(5), 100)
    found = figures(sender)
    assert (found.rate, found.requests[-1], found.requests[-2]) == (7, 7, 5)
    assert (found.requests[0], sum(found.requests)) == (6, 18)
    assert (found.failures[-1], found.failed, found.events) == (2, 8, 36)


def test_one_who_was_never_counted_has_nothing():
    found = figures(make_sender())
    assert (sum(found.requests), found.failed, found.silent) == (0, 0, False)


def test_the_figures_of_many_take_one_query(django_assert_num_queries):
    senders = [make_sender(f"s{number}") for number in range(20)]
    for sender in senders:
        count(sender, minutes(5))
    with django_assert_num_queries(1):
        found = sender_figures(senders, now=NOW)
    assert all(found[sender.pk].rate == 1 for sender in senders)


@pytest.mark.parametrize(
    ("every", "times", "silent_for", "silent"),
    [
        (10, 30, 29, False),
        (10, 30, 31, True),
        (10, 30, 60 * 24 * 5, True),
        (10, 11, 600, False),  # not a regular one
        (60, 20, 170, False),
        (60, 20, 200, True),
        (300, 5, 6000, False),
    ],
)
def test_a_regular_sender_is_silent_after_three_of_its_longest_pauses(
    every, times, silent_for, silent
):
    sender = make_sender(ago=minutes(silent_for))
    for number in range(times):
        count(sender, minutes(silent_for + number * every))
    assert figures(sender).silent is silent


def test_the_list_tells_how_each_is_doing(client):
    now = utc_now()
    calm = make_sender("calm", now=now, team=make_team("payments"))
    count(calm, minutes(5), 42, now=now)
    failing = make_sender("failing", now=now)
    failing.last_error = "<b>No alert</b> can be made of it"
    failing.save()
    count(failing, minutes(5), 9, 9, now=now)
    silent = make_sender("gone", "alertmanager", now=now, ago=minutes(300))
    for number in range(40):
        count(silent, minutes(300 + 10 * number), now=now)
    revoked = make_sender("revoked", now=now, ago=minutes(900))
    revoked.key.revoked_at = now
    revoked.key.save()
    client.force_login(make_person("viewer"))
    page = client.get(LIST).content.decode()
    assert page.index("calm") < page.index("gone") < page.index("revoked")
    for word in ("payments", "42", "silent", "key revoked", "192.0.2.7", "UptimeKuma/2.0"):
        assert word in page
    assert "&lt;b&gt;No alert&lt;/b&gt;" in page
    only = client.get(LIST, {"format": "alertmanager"}).content.decode()
    assert "gone" in only
    assert "calm" not in only


def test_a_sender_s_page_has_its_chart_and_its_latest_deliveries(client):
    now = utc_now()
    sender, other = make_sender(now=now), make_sender("other", now=now)
    count(sender, minutes(5), 7, 3, now=now)
    for key, error in ((sender.key, "mine is wrong"), (other.key, "theirs is wrong")):
        RawDelivery.objects.create(
            key=key, format="generic", received_at=now, path="/hooks/generic", size=2, body="{}",
            verdict="failed", error=error,
        )  # fmt: skip
    client.force_login(make_person("viewer"))
    page = client.get(f"{LIST}{sender.pk}/change/").content.decode()
    assert "7 requests, 3 failed" in page
    assert "mine is wrong" in page
    assert "theirs is wrong" not in page


def test_machines_read_the_same(client):
    now = utc_now()
    sender = make_sender(now=now, team=make_team("payments"))
    count(sender, minutes(5), 7, 3, now=now)
    text = make_key("config:read")[1]
    answer = client.get("/api/v1/senders?limit=1", headers=bearer(text)).json()
    assert answer["next"] is None
    (row,) = answer["results"]
    assert (row["key"], row["name"], row["team"]) == (sender.key.prefix, "kuma", "payments")
    assert (row["requests_last_hour"], row["requests_last_day"]) == (7, 7)
    assert (row["failures_last_day"], row["silent"]) == (3, False)


def test_the_list_for_machines_takes_as_many_queries_for_many(
    client, django_assert_max_num_queries
):
    for number in range(12):
        make_sender(f"s{number}", now=utc_now(), team=make_team())
    text = make_key("config:read")[1]
    with django_assert_max_num_queries(5):
        assert len(client.get("/api/v1/senders", headers=bearer(text)).json()["results"]) == 12


def test_a_gauge_counts_failures_of_the_last_hour_by_format():
    now = utc_now()
    count(make_sender(now=now), minutes(5), 9, 4, now=now)
    count(make_sender("b", now=now), minutes(15), 9, 2, now=now)
    count(make_sender("c", "native", now=now), minutes(90), 9, 5, now=now)
    registry = CollectorRegistry()
    registry.register(AlertMetrics())
    text = generate_latest(registry).decode()
    assert 'opsportal_received_failed_last_hour{format="generic"} 6.0' in text
    assert 'format="native"' not in text
