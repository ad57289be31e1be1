"""A source of changes that falls silent is an alert until it is heard again."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.coverage import mention_services, watch_sources
from alerts.models import Alert, Notification
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from chronos.models import ChangeCount, CountProgress, KnownName, SourceExpectation

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 6, 12, tzinfo=UTC)


@pytest.fixture
def source():
    CountProgress.objects.create(pk=1, listening_since=NOW - timedelta(days=30))
    ChangeCount.objects.create(
        hour=NOW - timedelta(days=1), kind="deployment", source="ci", status="succeeded", count=1
    )
    SourceExpectation.objects.create(source="ci", every=timedelta(hours=20))
    return KnownName.objects.create(
        field="source",
        name="ci",
        first_seen_at=NOW - timedelta(days=9),
        last_seen_at=NOW - timedelta(days=1),
    )


def test_a_silent_source_is_one_alert_until_it_is_heard_again(source):
    assert watch_sources(now=NOW) == 1
    assert watch_sources(now=NOW + timedelta(minutes=5)) == 1
    alert = Alert.objects.get()
    assert (alert.name, alert.dedup_key, alert.status) == (
        "SourceSilent",
        "opsportal:silent-source:ci",
        "firing",
    )
    assert alert.labels["change_source"] == "ci"
    source.last_seen_at = NOW + timedelta(minutes=9)
    source.save()
    assert watch_sources(now=NOW + timedelta(minutes=10)) == 0
    alert.refresh_from_db()
    assert alert.resolved_at is not None
    assert watch_sources(now=NOW + timedelta(minutes=15)) == 0
    assert Alert.objects.count() == 1


def test_a_source_that_is_no_longer_watched_is_resolved(source):
    watch_sources(now=NOW)
    SourceExpectation.objects.update(watched=False)
    watch_sources(now=NOW + timedelta(minutes=5))
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_where_all_are_heard_nothing_is_written(source, django_assert_max_num_queries):
    SourceExpectation.objects.update(every=timedelta(days=3))
    with django_assert_max_num_queries(6):
        watch_sources(now=NOW)
    assert not Alert.objects.exists()
    assert not Notification.objects.exists()


def test_services_of_alerts_are_known_to_the_timeline():
    receive_alerts(
        [AlertEvent(name="Down", dedup_key=name, service=name) for name in ("api", "web", "")],
        now=NOW,
    )
    mention_services(now=NOW + timedelta(minutes=5))
    mention_services(now=NOW + timedelta(minutes=10))
    found = KnownName.objects.filter(field="service").order_by("name")
    assert [(row.name, row.first_seen_at) for row in found] == [("api", None), ("web", None)]
