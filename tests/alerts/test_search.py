from datetime import UTC, datetime, timedelta

import pytest

from alerts.search import AlertQuery, read_query, search_alerts
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import NOW, make_alert

pytestmark = pytest.mark.django_db


def found(**query) -> list[int]:
    return [alert.pk for alert in search_alerts(AlertQuery(**query))]


def test_an_empty_query_finds_all_newest_first():
    one, two = make_alert(), make_alert()
    assert found() == [two.pk, one.pk]


def test_each_status_finds_its_own():
    firing = make_alert()
    taken = make_alert(status="acknowledged")
    over = make_alert(status="resolved", resolved_at=NOW)
    assert found(status=("open",)) == [taken.pk, firing.pk]
    assert found(status=("firing",)) == [firing.pk]
    assert found(status=("acknowledged",)) == [taken.pk]
    assert found(status=("resolved",)) == [over.pk]


def test_fields_narrow_and_a_dash_asks_for_none():
    team, jo = make_team("payments"), make_person("responder", username="jo")
    mine = make_alert(team=team, assignee=jo, severity="critical", environment="production")
    other = make_alert(severity="low")
    assert found(team=("payments",)) == found(assignee=("jo",)) == [mine.pk]
    assert found(team=("-",)) == found(assignee=("-",)) == [other.pk]
    assert found(severity=("critical", "high")) == found(environment=("production",)) == [mine.pk]


def test_every_word_must_be_in_name_summary_or_service():
    make_alert(name="DiskFull", summary="on web")
    both = make_alert(name="DiskFull", summary="on db-7")
    assert found(text="diskfull DB-7") == [both.pk]


def test_matchers_see_labels_and_fields():
    make_alert(labels={"pod": "a"})
    wanted = make_alert(labels={"pod": "b"}, severity="high")
    assert found(match='{pod="b", severity=~"critical|high"}') == [wanted.pk]


def test_times_bound_the_first_receipt():
    old = make_alert(received_at=NOW - timedelta(days=2))
    new = make_alert()
    assert found(since=NOW - timedelta(days=1)) == [new.pk]
    assert found(until=NOW - timedelta(days=1)) == [old.pk]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": ("burning",)}, "status"),
        ({"severity": ("awful",)}, "severity"),
        ({"match": '{severity="high"'}, "match"),
        ({"match": '{severity=~"("}'}, "match"),
        ({"service": ("a\0b",)}, "service"),
        ({"text": "x" * 3000}, "text"),
        ({"text": "a b c d e f g h i j k"}, "text"),
    ],
)
def test_what_cannot_be_looked_for_names_its_field(query, field):
    with pytest.raises(PayloadError) as caught:
        search_alerts(AlertQuery(**query))
    assert [error.field for error in caught.value.errors] == [field]


def test_parameters_become_a_query():
    query = read_query({"severity": "high, low", "since": "24h", "q": "db down"}, now=NOW)
    assert query.severity == ("high", "low")
    assert query.since == NOW - timedelta(hours=24)
    assert query.text == "db down"
    assert read_query({"q": ' {a="b"}'}, now=NOW).match == '{a="b"}'
    assert read_query({"q": "cpu>90"}, now=NOW).match == "cpu>90"
    when = read_query({"until": "2026-01-31T10:00:00 01:00"}, now=NOW).until
    assert when == datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["yesterday", "999999w", "0001-01-01T00:00:00Z", "9999-12-31", "2026-13-01"]
)
def test_a_time_that_is_none_names_its_field(text):
    with pytest.raises(PayloadError) as caught:
        read_query({"since": text}, now=NOW)
    assert caught.value.errors[0].field == "since"
