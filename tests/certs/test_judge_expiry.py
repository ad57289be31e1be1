"""Certificates that end: found, told once, and over when a renewed one is in their place."""

from datetime import timedelta

import pytest

from alerts.models import Alert, Transition
from certs.models import Certificate, Crossing, Finding
from tests.certs.judging import finding, judge, kinds, open_alerts, the_alert
from tests.certs.making import (
    make_certificate,
    make_endpoint,
    make_observation,
    make_placement,
    make_source,
)
from tests.certs.pki import DAY, NOW, Issued, intermediate, later

pytestmark = pytest.mark.django_db


def served(issued: Issued, host: str = "api.example.com", **fields) -> Certificate:
    make_observation(make_endpoint(host), issued, **fields)
    return Certificate.objects.get(sha256=issued.parsed.sha256)


def ending(**left: float) -> Issued:
    """Of 90 days, with so much left."""
    end = NOW + timedelta(**left)
    return intermediate().issue("api.example.com", not_before=end - 90 * DAY, not_after=end)


def test_expired_by_two_days_is_minus_two():
    row = served(ending(days=-2))
    judge()
    assert kinds(row) == ["expired"]
    assert finding(row, "expired").facts["days_left"] == -2
    alert = the_alert()
    assert (alert.severity, alert.labels["days_left"]) == ("critical", "-2")
    assert alert.summary == (
        "api.example.com expired 2 days ago (2026-02-28 12:00 UTC), served at 1 endpoint"
    )


def test_the_last_six_hours_are_zero_days_and_alert():
    row = served(ending(hours=6))
    judge()
    assert kinds(row) == ["expiring"]
    alert = the_alert()
    assert (alert.severity, alert.labels["days_left"]) == ("critical", "0")
    assert "expires in 6 hours" in alert.summary


def test_not_yet_valid_is_not_expiring():
    issued = intermediate().issue("api.example.com", not_before=later(days=5), lifetime=DAY)
    row = served(issued)
    judge()
    assert kinds(row) == ["not_yet_valid"]
    judge(later(days=5))
    assert kinds(row) == []


def test_a_threshold_that_fell_on_a_day_when_all_was_down_is_told_once_on_return():
    row = served(ending(days=30))
    judge()
    assert not open_alerts()
    # 25 % was due at 22.5 days left, 15 % at 13.5.
    judge(later(days=20))
    alert = the_alert()
    assert (alert.severity, alert.repeat_count) == ("high", 0)
    assert judge(later(days=20, hours=1)) == 0
    due = {each.threshold: each.due_at for each in Crossing.objects.all()}
    assert due == {"25%": later(days=7.5), "15%": later(days=16.5)}
    assert {each.noticed_at for each in Crossing.objects.all()} == {later(days=20)}
    assert finding(row, "expiring").threshold == "15%"


def test_many_thresholds_at_first_sight_are_one_alert_of_the_most_urgent():
    served(ending(days=2))
    judge()
    assert the_alert().severity == "critical"
    assert Transition.objects.filter(kind="opened").count() == 1
    assert Transition.objects.count() == 1
    assert Crossing.objects.count() == 3


def test_a_wildcard_on_200_endpoints_is_one_alert_that_lists_them(django_assert_max_num_queries):
    issued = ending(days=10)
    for number in range(200):
        make_observation(make_endpoint(f"h{number:03}.example.com"), issued)
    with django_assert_max_num_queries(80):
        judge()
    alert = the_alert()
    assert alert.labels["endpoints"] == "200"
    assert "Served at 200: h000.example.com:443," in alert.description
    assert "h019.example.com:443 and 180 more" in alert.description


def test_a_worse_threshold_is_the_same_alert_told_again():
    served(ending(days=20))
    judge()
    assert the_alert().severity == "warning"
    judge(later(days=10))
    assert the_alert().severity == "high"
    judge(later(days=20))
    assert the_alert().severity == "critical"
    assert "expired" in the_alert().summary
    kinds_ = list(Transition.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds_ == ["opened", "worsened", "worsened"]
    assert Alert.objects.count() == 1


def test_the_days_that_are_left_are_kept_current_and_nobody_is_told_of_that():
    served(ending(days=20))
    judge()
    judge(later(days=3, hours=1))
    assert the_alert().labels["days_left"] == "16"
    assert "expires in 16 days" in the_alert().summary
    assert Transition.objects.count() == 1


def test_what_is_only_stored_alerts_a_step_lower_and_pages_nobody_once_expired():
    row = make_placement(ending(days=10), make_source()).certificate
    judge()
    assert the_alert().severity == "warning"
    judge(later(days=9))
    assert the_alert().severity == "high"
    judge(later(days=11))
    assert kinds(row) == ["expired"]
    assert the_alert().severity == "low"


def test_what_is_only_heard_of_is_no_alert():
    row = make_certificate(ending(days=1))
    judge()
    assert kinds(row) == []
    assert not open_alerts()


def test_it_resolves_when_a_renewed_one_is_served_and_says_which():
    ca = intermediate()
    old = ca.issue("api.example.com", not_before=NOW - 80 * DAY)
    new = ca.issue("api.example.com", not_before=later(hours=1))
    row = served(old)
    judge()
    alert = the_alert()
    endpoint = row.served.get().observation.endpoint
    make_observation(endpoint, new, now=later(hours=2))
    judge(later(hours=2))
    alert.refresh_from_db()
    assert alert.resolved_at == later(hours=2)
    assert "renewed; the new one is seen in its place" in alert.summary
    row.refresh_from_db()
    assert row.replaced_by.sha256 == new.parsed.sha256
    assert finding(row, "expiring").closed_reason == "renewed"


def test_what_nobody_serves_any_more_is_over_as_well():
    row = served(ending(days=5))
    judge()
    endpoint = row.served.get().observation.endpoint
    make_observation(endpoint, intermediate().issue("other.test"), now=later(hours=2))
    judge(later(hours=2))
    assert not open_alerts()
    assert finding(row, "expiring").closed_reason == "no longer in use"


def test_hourly_renewals_of_a_day_never_alert_and_a_missed_rhythm_does():
    ca = intermediate()
    endpoint = make_endpoint("short.example.com")
    key = ca.issue("x").key
    hours = 7 * 24
    for hour in range(0, hours, 4):  # every fourth of 168 is enough to see
        now = later(hours=hour)
        made = ca.issue("short.example.com", not_before=now, lifetime=DAY, key=key)
        make_observation(endpoint, made, now=now)
        judge(now)
    assert not Alert.objects.exists()
    assert not Finding.objects.exclude(kind="unowned").exists()
    end = later(hours=hours - 4) + DAY
    judge(end - timedelta(hours=5))
    assert the_alert().severity == "warning"
    judge(end - timedelta(hours=2))
    assert the_alert().severity == "critical"


def test_an_authority_is_told_of_where_its_key_lies_and_not_by_who_serves_it():
    ca = intermediate(not_before=NOW - 1800 * DAY)
    served(ca.issue("a.test", lifetime=20 * DAY))
    judge()
    assert kinds(Certificate.objects.get(is_ca=True)) == []


def test_an_alert_of_one_that_was_only_stored_learns_whose_it_is_once_it_is_served():
    issued = ending(days=5)
    make_placement(issued, make_source())
    judge()
    assert the_alert().service == ""
    make_observation(make_endpoint(service="shop", environment="prod"), issued)
    judge(later(minutes=1))
    assert (the_alert().service, the_alert().environment) == ("shop", "prod")
