"""The first start, and all later ones."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django_q.models import OrmQ, Schedule, Task

from opsportal.accounts.models import ApiKey, AuditEntry
from opsportal.lib import jobs
from opsportal.lib.times import utc_now
from opsportal.runtime import assets, prepare
from opsportal.runtime.models import Process
from opsportal.runtime.prune import prune_runtime_rows
from opsportal.runtime.schedules import sync_schedules
from opsportal.runtime.welcome import ready_text

JOB = "opsportal.runtime.tasks.prune_runtime"


@pytest.fixture
def quick(monkeypatch, settings):
    """Without what is slow and tested with the real processes."""
    monkeypatch.setattr(prepare, "call_command", lambda *args, **kwargs: None)
    monkeypatch.setattr(prepare, "collect_assets", lambda: False)
    settings.SCHEDULES = {}


@pytest.mark.django_db
def test_the_first_start_makes_one_administrator_and_one_key_and_later_ones_none(quick, settings):
    settings.ADMIN_USER, settings.ADMIN_PASSWORD = "ops", ""
    made = prepare.prepare_portal(utc_now())
    user = get_user_model().objects.get()
    assert (user.username, user.is_superuser) == ("ops", True)
    assert user.check_password(made.password)
    scopes = {"alerts:write", "alerts:read", "events:write", "events:read"}
    assert set(ApiKey.objects.get().scopes) == scopes
    trail = AuditEntry.objects.values_list("actor", "action", "target_type")
    assert set(trail) == {
        ("command line", "create", "accounts.user"),
        ("command line", "create", "accounts.apikey"),
    }
    again = prepare.prepare_portal(utc_now())
    assert (again.admin, again.password, again.key) == ("", "", "")
    assert (get_user_model().objects.count(), ApiKey.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_password_from_the_environment_is_used_and_not_shown(quick, settings):
    settings.ADMIN_PASSWORD = "from the environment"
    made = prepare.prepare_portal(utc_now())
    assert get_user_model().objects.get().check_password("from the environment")
    assert "from the environment" not in ready_text("http://x", made)


@pytest.mark.django_db
def test_schedules_follow_the_setting_and_keep_their_next_run(settings):
    now = utc_now()
    settings.SCHEDULES = {"a": (JOB, timedelta(minutes=5)), "b": (JOB, timedelta(hours=1))}
    sync_schedules(now)
    Schedule.objects.filter(name="a").update(next_run=now + timedelta(minutes=3))
    Schedule.objects.create(name="a", func="double")
    settings.SCHEDULES = {"a": (JOB, timedelta(minutes=7))}
    sync_schedules(now + timedelta(minutes=1))
    row = Schedule.objects.get()
    assert (row.name, row.minutes, row.func, row.repeats) == ("a", 7, JOB, -1)
    assert row.next_run == now + timedelta(minutes=3)


def test_a_schedule_that_cannot_run_fails_the_check(settings):
    settings.SCHEDULES = {
        "gone": ("opsportal.nowhere.job", timedelta(minutes=1)),
        "odd": (JOB, timedelta(seconds=90)),
    }
    found = {error.id: error.msg for error in run_checks()}
    assert "'gone'" in found["opsportal.E002"]
    assert "'odd'" in found["opsportal.E003"]


def test_a_bad_plugin_path_fails_the_check_and_names_the_setting(settings):
    settings.METRICS = ["alerts.metrics.Missing"]
    assert any("METRICS: cannot import 'alerts.metrics.Missing'" in e.msg for e in run_checks())


def test_static_files_are_collected_only_when_they_changed(settings, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(assets, "call_command", lambda *a, **k: calls.append(a))
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.css").write_text("a {}")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    assert assets.collect_assets()
    assert not assets.collect_assets()
    (source / "a.css").write_text("a { color: red }")
    assert assets.collect_assets()
    assert len(calls) == 2


@pytest.mark.django_db
def test_old_rows_of_the_running_portal_are_pruned():
    now = utc_now()
    for age, pid in ((timedelta(hours=2), 1), (timedelta(0), 2)):
        Process.objects.create(name="web", host="h", pid=pid, started_at=now, beat_at=now - age)
    for age, pk in ((timedelta(days=8), "old"), (timedelta(days=1), "new")):
        Task.objects.create(id=pk, name=pk, func="f", started=now, stopped=now - age)
    assert prune_runtime_rows(now=now) == 2
    assert Process.objects.get().pid == 2
    assert Task.objects.get().pk == "new"


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_nudges_is_one_job(monkeypatch):
    monkeypatch.setattr(jobs, "_last", {})
    for _ in range(50):
        jobs.nudge("alerts.decisions")
    assert OrmQ.objects.count() == 1


@pytest.mark.django_db
def test_a_nudge_waits_for_the_commit(monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(jobs, "_last", {})
    with django_capture_on_commit_callbacks(execute=True):
        jobs.nudge("alerts.decisions")
        assert not OrmQ.objects.exists()
    assert OrmQ.objects.get().func() == "opsportal.runtime.tasks.run_outbox_by_slug"


@pytest.mark.django_db
def test_a_nudge_that_fails_does_no_harm(monkeypatch, django_capture_on_commit_callbacks, caplog):
    def refuse(*args):
        raise ConnectionError("redis is away")

    monkeypatch.setattr(jobs, "_last", {})
    monkeypatch.setattr(jobs, "async_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.nudge("alerts.decisions")
    assert "nudge not sent" in caplog.text
