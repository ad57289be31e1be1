"""DORA's figures: each by its definition, and honest about what is not known."""

from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from django.test import Client

from alerts.models import Suspicion
from alerts.suspect import confirmed_causes
from chronos.dora import measure_dora, read_dora_query
from chronos.models import ChangeEvent
from chronos.record import record_changes
from opsportal.lib.errors import PayloadError
from tests.accounts.people import bearer, make_key
from tests.alerts.makers import make_alert
from tests.chronos.deployments import deployed as deployed_then

pytestmark = pytest.mark.django_db
# A Wednesday noon: the week under way is two and a half days old.
NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


def deployed(version, hours, **facts):
    """A deployment that ended so many hours before that."""
    end = NOW - timedelta(hours=hours)
    return deployed_then(
        version, hours, **{"started_at": end - timedelta(minutes=5), "ended_at": end, **facts}
    )


def measured(*changes, blamed=None, **params):
    record_changes(changes, now=NOW)
    query = read_dora_query({name: [text] for name, text in params.items()}, now=NOW)
    return measure_dora(query, blamed)


def test_frequency_counts_successes_in_production_and_says_how_long_it_looked():
    report = measured(
        deployed("1", 1), deployed("2", 30, environment="production"),
        deployed("3", 2, status="failed"), deployed("4", 3, environment="staging"),
        deployed("5", 4, kind="rollback"), deployed("6", 5, action="removed"),
        deployed("7", 6, status="started", ended_at=None), deployed("8", 24 * 5),
        deployed("9", 24 * 99), weeks="2",
    )  # fmt: skip
    assert (report.total.deployments, report.total.days) == (3, 9.5)
    assert report.total.per_day == pytest.approx(3 / 9.5)
    assert [(str(monday), week.deployments, week.days) for monday, week in report.weeks] == [
        ("2026-03-02", 1, 7.0), ("2026-03-09", 2, 2.5)
    ]  # fmt: skip


def committed(*hours):
    return [{"id": "x", "timestamp": (NOW - timedelta(hours=h)).isoformat()} for h in hours]


def test_lead_time_is_of_commits_whose_times_are_known_and_else_unknown():
    nothing = measured(deployed("0", 9), service="api").total
    assert (nothing.lead_time, nothing.with_commits, nothing.deployments) == (None, 0, 1)
    total = measured(
        deployed("1", 8, data={"commits": committed(10, 12)}),
        deployed("2", 7, labels={"committed_at": (NOW - timedelta(hours=8)).isoformat()}),
        deployed("3", 6, data={"commits": committed(1)}),  # after its deployment
        deployed("4", 5, data={"commits": [{"timestamp": "2026-03-11T01:00:00"}, 7, None]}),
        deployed("5", 4, data={"commits": "abc"}),
        deployed("6", 3, data={"commits": [{"timestamp": 12}, {"timestamp": "soon"}]}),
        deployed("7", 2, status="failed", data={"commits": committed(30)}),
    ).total
    assert (total.with_commits, total.deployments) == (2, 7)
    assert total.lead_time == timedelta(hours=median([2, 4, 1]))


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ([deployed("2", 19)], ""),
        ([deployed("1", 19, external_id="1 again")], "rolled_back"),
        ([deployed("1", 19, kind="rollback")], "rolled_back"),
        ([deployed("", 19, kind="rollback")], "rolled_back"),
        ([deployed("1", 19, kind="rollback", region="eu")], ""),
        ([deployed("1", 19, kind="rollback", status="failed")], ""),
        ([deployed("b", 19, status="failed"), deployed("bad", 18, kind="rollback")], ""),
        ([deployed("3", 19, tags=("Hotfix",))], "hotfixed"),
        ([deployed("3", 19, labels={"hotfix": "true"})], "hotfixed"),
        ([deployed("3", 19, action="hotfix")], "hotfixed"),
        ([deployed("3", 1, action="hotfix")], ""),
        # Of the one that it mended, which is the last.
        ([deployed("2", 19), deployed("3", 18, action="hotfix")], "hotfixed"),
    ],
)
def test_a_deployment_failed_if_it_was_taken_back_or_mended_soon(after, reason):
    report = measured(deployed("1", 99), deployed("bad", 20), *after, within="12h", weeks="1")
    del report.total.reasons["failed"]
    assert dict(report.total.reasons) == ({reason: 1} if reason else {})


def test_failures_and_their_recovery():
    total = measured(
        deployed("1", 9), deployed("2", 8, status="failed"), deployed("3", 6),
        deployed("4", 5), deployed("3", 4, kind="rollback", external_id="back"),
        deployed("9", 3, service="web", status="failed"),
    ).total  # fmt: skip
    assert (total.attempts, total.failed, total.recovered) == (5, 3, 2)
    assert total.fail_rate == 0.6
    assert total.recovery_time == timedelta(hours=1.5)
    assert (total.rework, total.rework_rate) == (1, 1 / 6)


def test_a_confirmed_cause_of_an_alert_counts_and_recovery_is_from_its_start():
    record_changes([deployed("1", 9), deployed("2", 5)], now=NOW)
    cause = ChangeEvent.objects.get(version="1")
    began = NOW - timedelta(hours=8)
    for verdict, starts_at in (("confirmed", began), ("rejected", NOW), ("confirmed", NOW)):
        alert = make_alert(starts_at=starts_at, received_at=starts_at)
        Suspicion.objects.create(
            alert=alert, change_id=cause.pk, verdict=verdict, actor="jo", at=NOW
        )
    assert confirmed_causes(NOW - timedelta(days=9)) == {cause.pk: began}
    total = measured().total
    assert dict(total.reasons) == {"blamed": 1}
    assert total.recovery_time == timedelta(hours=3)


def test_nothing_is_unknown_rather_than_zero():
    total = measured().total
    known = (total.lead_time, total.fail_rate, total.recovery_time, total.rework_rate)
    assert known == (None,) * 4
    assert total.per_day == 0


def test_groups_are_by_service_environment_or_team():
    changes = [
        deployed("1", 9, team="core"), deployed("2", 8, service="web", team="core"),
        deployed("3", 7, service="web", environment="production"),
    ]  # fmt: skip
    for by, names in (
        ("service", {"web": 2, "api": 1}), ("environment", {"prod": 2, "production": 1}),
        ("team", {"core": 2, "": 1}),
    ):  # fmt: skip
        report = measured(*changes, by=by)
        assert {name: one.deployments for name, one in report.groups} == names
    assert measured(team="core").total.deployments == 2
    assert measured(env="production").total.deployments == 1


def test_it_costs_two_queries_however_much_there_is(django_assert_num_queries):
    record_changes([deployed(str(n), n + 1, service=f"s{n % 7}") for n in range(200)], now=NOW)
    query = read_dora_query({}, now=NOW)
    with django_assert_num_queries(2):  # deployments, confirmed causes
        assert measure_dora(query).total.deployments == 200


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("weeks", "0"), ("weeks", "99"), ("weeks", "x"), ("weeks", "٣"), ("by", "cost"),
        ("within", "soon"), ("within", "0"), ("within", "99w"), ("team", "\0"), ("env", "\0"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(name, text):
    with pytest.raises(PayloadError) as raised:
        read_dora_query({name: [text]}, now=NOW)
    assert raised.value.errors[0].field == {"env": "environment"}.get(name, name)


def test_the_api_tells_the_same_with_null_for_unknown():
    _, key = make_key("events:read")
    client = Client(headers=bearer(key))
    answer = client.get("/api/v1/dora", {"weeks": "2", "by": "team", "within": "2h"}).json()
    assert answer["environments"] == ["prod", "production"]
    assert (answer["within"], answer["by"], len(answer["weeks"])) == (7200.0, "team", 2)
    total = answer["total"]
    assert (total["lead_time"], total["fail_rate"], total["deployments"]) == (None, None, 0)
    assert total["reasons"] == dict.fromkeys(("failed", "blamed", "rolled_back", "hotfixed"), 0)
    assert client.get("/api/v1/dora", {"weeks": "x"}).status_code == 400
