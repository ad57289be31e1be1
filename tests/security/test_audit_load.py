"""What audits cost does not grow with what is audited; and two at once are one."""

from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from security.audit import audit_resources
from security.models import CloudResource, ConfigRevision, Finding, Scope
from tests.security.collecting import GROUPS, NOW, later, make_account
from tests.security.findings import CHECKS, audit, make_resource, revise


@pytest.fixture(autouse=True)
def _checks(settings):
    settings.AUDITORS = CHECKS


def many(account, number, **config):
    rows = CloudResource.objects.bulk_create(
        CloudResource(
            account=account, region="eu-west-1", technology=GROUPS, resource_id=f"sg-{n}",
            first_seen_at=NOW, changed_at=NOW, captured_at=NOW, complete_hash=str(n),
            durable_hash="-", normaliser_version=1, config=config, revision_count=1, audit_at=NOW,
        )
        for n in range(number)
    )  # fmt: skip
    ConfigRevision.objects.bulk_create(
        ConfigRevision(
            resource=row, number=1, kind="created", source="poll", change_class="security",
            captured_at=NOW, config=config, complete_hash="-", durable_hash="-",
            normaliser_version=1, account=account, technology=GROUPS,
        )
        for row in rows
    )  # fmt: skip
    Scope.objects.create(account=account, region="eu-west-1", technology=GROUPS, next_at=NOW)
    return [row.pk for row in rows]


def statements(ids, now=NOW):
    with CaptureQueriesContext(connection) as captured:
        audit_resources(ids, now=now)
    savepoints = ("SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(savepoints) for query in captured.captured_queries)


@pytest.mark.django_db
def test_a_thousand_that_pass_take_a_dozen_statements_and_leave_no_rows():
    ids = many(make_account(), 1000)
    assert statements(ids) <= 12
    assert not Finding.objects.exists()
    assert Scope.objects.get().passes == {"T-01": 1000, "T-02": 1000}


@pytest.mark.django_db
def test_findings_of_many_take_as_many_statements_as_of_few_but_for_batches_of_500(monkeypatch):
    monkeypatch.setattr("security.audit.run.tell_findings", lambda **_: 0)
    account = make_account()
    ids = many(account, 400, issues=[["a", 9]])
    few = statements(ids[:3])
    assert statements(ids[3:]) <= few + 1
    assert Finding.objects.count() == 400
    assert set(ConfigRevision.objects.values_list("score_change", flat=True)) == {9}


@pytest.mark.django_db
def test_nothing_is_asked_when_nothing_changed(django_assert_num_queries):
    with django_assert_num_queries(0):
        audit_resources([], now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_the_same_resources_find_everything_once():
    account = make_account()
    rows = [make_resource(account, f"sg-{n}", issues=[[f"a{n}", 9]]) for n in range(20)]
    ids, errors, start = [row.pk for row in rows], [], Barrier(2)

    def work():
        try:
            start.wait(10)
            audit_resources(ids, now=NOW)
        except BaseException as error:  # noqa: BLE001  (told below)
            errors.append(error)
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert errors == []
    audit(*rows, now=later(seconds=5))
    assert Finding.objects.filter(status="open", to_tell=False).count() == 20
    assert Alert.objects.filter(resolved_at=None).count() == 20
    assert not CloudResource.objects.filter(audit_at__isnull=False).exists()
    assert {len(found.history) for found in Finding.objects.all()} == {1}
    revise(rows[0], now=later(minutes=1))
    audit(rows[0], now=later(minutes=1))
    assert Alert.objects.filter(resolved_at=None).count() == 19
