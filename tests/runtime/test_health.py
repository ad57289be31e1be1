"""What the portal says about itself, and to whom."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor
from prometheus_client.parser import text_string_to_metric_families

from alerts.models import Alert, Decision, Transition
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.lib.outbox import Outbox
from opsportal.lib.times import utc_now
from opsportal.runtime import health
from opsportal.runtime.heartbeat import DISPATCHER, beat
from opsportal.runtime.models import Process


class Decisions(Outbox):
    slug = "test.decisions"
    model = Decision


@pytest.fixture(autouse=True)
def _own_outbox(settings):
    settings.OUTBOXES = [f"{__name__}.Decisions"]
    settings.METRICS = ["opsportal.runtime.metrics.RuntimeMetrics", "alerts.metrics.AlertMetrics"]


def make_decision(due_at, state="due"):
    now = utc_now()
    alert, _ = Alert.objects.get_or_create(
        dedup_key="k",
        name="disk full",
        severity="high",
        received_severity="high",
        defaults={"starts_at": now, "received_at": now, "last_received_at": now},
    )
    transition = Transition.objects.create(alert=alert, kind="opened", at=now)
    return Decision.objects.create(transition=transition, due_at=due_at, state=state)


def test_alive_asks_no_database(client):
    assert client.get("/healthz").status_code == 200  # pytest-django refuses any query here


@pytest.mark.django_db
def test_ready_when_every_check_passes(client):
    beat(DISPATCHER, started_at=utc_now(), now=utc_now())
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert answer.json()["checks"]["outboxes"]["oldest_due_seconds"] == {"test.decisions": 0.0}


@pytest.mark.django_db
def test_not_ready_without_a_fresh_dispatcher(client):
    assert client.get("/readyz").status_code == 503
    beat(DISPATCHER, started_at=utc_now(), now=utc_now() - timedelta(seconds=60))
    checks = client.get("/readyz").json()["checks"]
    assert not checks["dispatcher"]["ok"]
    assert checks["dispatcher"]["last_seen_seconds_ago"] >= 60


@pytest.mark.django_db
def test_not_ready_when_work_waits_for_long(client):
    beat(DISPATCHER, started_at=utc_now(), now=utc_now())
    make_decision(utc_now() - timedelta(minutes=10))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert not answer.json()["checks"]["outboxes"]["ok"]


@pytest.mark.django_db
def test_not_ready_with_missing_migrations(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", [])
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: [1, 2])
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["migrations"]["missing"]) == (503, 2)


@pytest.mark.django_db
def test_a_lost_database_is_told_without_details(client, monkeypatch):
    def lose():
        raise OperationalError("password authentication failed for user 'secret'")

    monkeypatch.setattr(health, "check_database", lose)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "secret" not in answer.text


@pytest.mark.django_db
def test_readyz_is_cheap(client, django_assert_max_num_queries):
    client.get("/readyz")
    with django_assert_max_num_queries(4):
        client.get("/readyz")


def samples(answer):
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.django_db
def test_metrics_count_outboxes_alerts_processes_and_jobs(client, django_assert_max_num_queries):
    make_decision(utc_now() - timedelta(seconds=30))
    make_decision(utc_now(), state="dead")
    make_decision(utc_now(), state="done")
    beat(DISPATCHER, started_at=utc_now(), now=utc_now())
    with django_assert_max_num_queries(12):
        answer = client.get("/metrics")
    found = samples(answer)
    assert found["opsportal_outbox_rows", "test.decisions"] == 1
    assert found["opsportal_outbox_dead_rows", "test.decisions"] == 1
    assert 29 < found["opsportal_outbox_oldest_due_seconds", "test.decisions"] < 60
    assert found["opsportal_alerts_open", "firing", "high"] == 1
    assert found["opsportal_process_heartbeat_age_seconds", "dispatcher"] < 10
    assert found["opsportal_queue_jobs",] == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.7", {}),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}),
        ("::ffff:127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}),
        ("", {}),
    ],
)
def test_metrics_from_elsewhere_need_a_key_with_the_scope(client, address, headers):
    def scrape(key=""):
        bearer = {"Authorization": f"Bearer {key}"} if key else {}
        return client.get("/metrics", headers={**headers, **bearer}, REMOTE_ADDR=address)

    _, reader = create_key("scraper", ["metrics:read"], actor=COMMAND_LINE, now=utc_now())
    _, writer = create_key("sender", ["alerts:write"], actor=COMMAND_LINE, now=utc_now())
    assert scrape().status_code == 401
    assert scrape("ops_wrong_key").status_code == 401
    assert scrape(writer).status_code == 403
    assert scrape(reader).status_code == 200


@pytest.mark.django_db
def test_metrics_behind_a_trusted_proxy_are_for_allowed_clients(client, settings):
    settings.TRUSTED_PROXIES, settings.METRICS_ALLOW = ["127.0.0.1"], ["192.0.2.0/24"]

    def scrape(forwarded):
        headers = {"X-Forwarded-For": forwarded}
        return client.get("/metrics", headers=headers, REMOTE_ADDR="127.0.0.1").status_code

    assert scrape("192.0.2.7") == 200
    assert scrape("198.51.100.7") == 401


@pytest.mark.django_db
def test_a_process_has_one_row_however_often_it_beats():
    now = utc_now()
    for second in range(3):
        beat("web", started_at=now, now=now + timedelta(seconds=second))
    assert Process.objects.get().beat_at == now + timedelta(seconds=2)
