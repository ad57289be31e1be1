"""What is older than the retention of its kind goes, and nothing else."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from chronos.count import count_changes, mark_stale
from chronos.models import ChangeEvent, EventKey, KnownName
from chronos.names import mention_names
from chronos.partitions import existing_months, month_of
from chronos.prune import prune_changes, prune_names
from opsportal.lib.env import env_days
from tests.chronos.reports import NOW, ago, change, record

pytestmark = pytest.mark.django_db
on_postgres = pytest.mark.skipif("connection.vendor != 'postgresql'")


@pytest.fixture(autouse=True)
def _retention(settings):
    settings.CHANGE_RETENTION = timedelta(days=100)
    settings.CHANGE_RETENTION_BY_KIND = {
        "alert": timedelta(days=10),
        "security": timedelta(days=1000),
    }


def kinds():
    return sorted(ChangeEvent.objects.values_list("kind", flat=True))


def test_each_kind_is_kept_for_its_own_time():
    for days in (11, 101, 1001):
        record(*(change(ago(days=days), kind=kind) for kind in ("alert", "security", "config")))
    prune_changes(now=NOW)
    assert kinds() == ["config", "security", "security"]
    assert EventKey.objects.count() == 3


def test_what_is_pruned_and_told_again_is_recorded_anew():
    record(change(ago(days=200), external_id="1"))
    prune_changes(now=NOW)
    assert record(change(ago(days=200), external_id="1"))[0].outcome == "recorded"


def test_nothing_goes_before_it_is_counted():
    record(change(ago(days=200)))
    mark_stale([ago(days=200)])
    assert prune_changes(now=NOW) == 0
    count_changes(now=NOW)
    prune_changes(now=NOW)
    assert kinds() == []


@on_postgres
def test_a_month_goes_whole_when_nothing_of_it_is_kept():
    old, mixed = ago(days=300), ago(days=200)
    record(change(old), change(mixed), change(mixed, kind="security"), change(ago(days=1)))
    assert {month_of(old), month_of(mixed)} <= existing_months()
    assert prune_changes(now=NOW) == 1  # by row; the rest went with its month
    assert month_of(old) not in existing_months()
    assert month_of(mixed) in existing_months()
    assert kinds() == ["config", "security"]
    assert EventKey.objects.count() == 2


def test_names_are_forgotten_when_nobody_tells_them(settings):
    settings.CHANGE_RETENTION_BY_KIND = {}
    record(change(service="old"), now=ago(days=101))
    record(change(service="new"), now=NOW)
    mention_names("service", ["spoken-of"], now=NOW)
    prune_names(now=NOW)
    names = KnownName.objects.filter(field="service").values_list("name", flat=True)
    assert sorted(names) == ["new", "spoken-of"]


def test_retention_by_kind_is_read_strictly(monkeypatch):
    monkeypatch.setenv("OPSPORTAL_CHANGE_RETENTION_BY_KIND", "alert:90, security:2555")
    assert env_days("CHANGE_RETENTION_BY_KIND") == {
        "alert": timedelta(days=90),
        "security": timedelta(days=2555),
    }
    for wrong in ("alert", "alert:", ":9", "alert:0", "alert:-1", "alert:1.5", "alert:²"):
        monkeypatch.setenv("OPSPORTAL_CHANGE_RETENTION_BY_KIND", wrong)
        with pytest.raises(ImproperlyConfigured, match="NAME:DAYS"):
            env_days("CHANGE_RETENTION_BY_KIND")


def test_pruning_costs_the_same_for_few_and_many(django_assert_max_num_queries):
    record(*(change(ago(days=101, minutes=n)) for n in range(100)))
    with django_assert_max_num_queries(40 if connection.vendor == "postgresql" else 20):
        assert prune_changes(now=NOW) == 100 or connection.vendor == "postgresql"
    assert not ChangeEvent.objects.exists()
