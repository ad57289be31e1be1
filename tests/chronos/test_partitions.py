"""On PostgreSQL each month of changes is a partition, and nothing notices but the clock."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pkgutil import iter_modules
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chronos import migrations
from chronos.models import ChangeEvent, EventKey
from chronos.partitions import (
    drop_partition,
    ensure_partitions,
    existing_months,
    forget_partitions,
    make_partition,
    month_of,
    next_month,
    tend_partitions,
)
from chronos.record import record_change
from tests.chronos.reports import NOW, ago, change, record

on_postgres = pytest.mark.skipif("connection.vendor != 'postgresql'")
pytestmark = pytest.mark.django_db
JULY, MAY = month_of(NOW), datetime(2026, 5, 1, tzinfo=UTC)


def table_of(event_id):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM chronos_changeevent WHERE id = %s", [event_id]
        )
        return cursor.fetchone()[0]


def query(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def test_a_month_begins_and_ends_in_utc():
    ahead = datetime.fromisoformat("2026-01-01T01:00:00+02:00")
    assert month_of(ahead) == datetime(2025, 12, 1, tzinfo=UTC)
    assert next_month(datetime(2025, 12, 1, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert next_month(datetime(2024, 1, 1, tzinfo=UTC)) == datetime(2024, 2, 1, tzinfo=UTC)


@pytest.mark.skipif("connection.vendor == 'postgresql'")
def test_elsewhere_there_is_nothing_to_do(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ensure_partitions([NOW], now=NOW) == tend_partitions(now=NOW) == 0


@on_postgres
def test_the_table_has_what_django_thinks_it_has():
    assert query("SELECT relkind FROM pg_class WHERE relname = 'chronos_changeevent'") == [("p",)]
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "chronos_changeevent")
    assert {index.name for index in ChangeEvent._meta.indexes} <= set(found)
    assert found["chronos_changeevent_pkey"]["columns"] == ["id", "started_at"]
    assert sum(constraint["check"] for constraint in found.values()) == 2
    [(sequence,)] = query("SELECT pg_get_serial_sequence('chronos_changeevent', 'id')")
    assert sequence


@on_postgres
def test_the_migration_keeps_rows_sequence_and_indexes():
    names = [module.name for module in iter_modules(migrations.__path__)]
    modules = [import_module(f"chronos.migrations.{name}") for name in names]
    [migration] = [module for module in modules if hasattr(module, "partition")]
    with connection.schema_editor() as editor:
        editor.execute("DROP TABLE chronos_changeevent")
        editor.create_model(ChangeEvent)
        editor.execute("SELECT setval(pg_get_serial_sequence('chronos_changeevent', 'id'), 41)")
    dates = (NOW - timedelta(days=40), NOW, datetime(1999, 1, 1, tzinfo=UTC))
    old = [record_change(change(at), now=NOW) for at in dates]
    with connection.schema_editor() as editor:
        migration.partition(None, editor)
        migration.partition(None, editor)
    assert [row.pk for row in ChangeEvent.objects.order_by("pk")] == [42, 43, 44]
    assert table_of(old[2].pk) == "chronos_changeevent_default"
    assert record_change(change(), now=NOW).pk == 45
    test_the_table_has_what_django_thinks_it_has()


@on_postgres
def test_a_month_is_made_when_its_first_change_comes():
    [of_may, of_july, absurd] = record(
        change(datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC)),
        change(NOW),
        change(datetime(1971, 1, 1, tzinfo=UTC)),
    )
    assert table_of(of_may.event_id) == "chronos_changeevent_202605"
    assert table_of(of_july.event_id) == "chronos_changeevent_202607"
    assert table_of(absurd.event_id) == "chronos_changeevent_default"
    assert {MAY, JULY} <= existing_months()


@on_postgres
def test_a_process_asks_once_for_a_month(django_assert_num_queries):
    ensure_partitions([NOW], now=NOW)
    with django_assert_num_queries(1):
        ensure_partitions([NOW], now=NOW)
    with django_assert_num_queries(0):
        ensure_partitions([NOW, ago(days=3)], now=NOW)


@on_postgres
def test_what_lies_in_the_default_partition_is_moved_when_its_month_is_made():
    for month in existing_months():
        drop_partition(month)
    event = record_change(change(datetime(2026, 5, 2, tzinfo=UTC)), now=NOW)
    assert table_of(event.pk) == "chronos_changeevent_default"
    assert tend_partitions(now=NOW) == 4  # its own, this month and the two to come
    assert table_of(event.pk) == "chronos_changeevent_202605"
    assert tend_partitions(now=NOW) == 0


@on_postgres
def test_an_earlier_start_moves_a_change_to_its_month():
    [first] = record(change(NOW, external_id="7", status="started"))
    [again] = record(change(datetime(2026, 5, 9, tzinfo=UTC), external_id="7", status="succeeded"))
    assert (again.event_id, again.outcome) == (first.event_id, "updated")
    event = ChangeEvent.objects.get(pk=first.event_id)
    assert (month_of(event.started_at), table_of(event.pk)) == (MAY, "chronos_changeevent_202605")


@on_postgres
def test_a_report_reads_the_months_around_it_and_no_others():
    record(*(change(ago(days=days), external_id=str(days)) for days in (0, 100, 200)))
    with CaptureQueriesContext(connection) as queries:
        record(change(NOW, external_id="0", status="failed"), change(NOW, external_id="0"))
    [locking] = [found["sql"] for found in queries if "FOR UPDATE" in found["sql"]]
    plan = "".join(row for (row,) in query(f"EXPLAIN {locking}"))
    assert "chronos_changeevent_202607" in plan
    assert "202604" not in plan
    with CaptureQueriesContext(connection) as queries:
        assert record(change(NOW, external_id="200"))[0].outcome == "repeated"
    assert sum("FOR UPDATE" in found["sql"] for found in queries) == 2


@on_postgres
def test_django_writes_and_locks_rows_as_ever():
    instants = [datetime(2026, month, 3, tzinfo=UTC) for month in (5, 6, 7)]
    record(*(change(at, external_id=str(at)) for at in instants))
    ids = list(ChangeEvent.objects.order_by("pk").values_list("pk", flat=True))
    with transaction.atomic():
        rows = ChangeEvent.objects.select_for_update().order_by("pk").in_bulk(ids)
    for row in rows.values():
        row.started_at -= timedelta(days=31)
        row.title = "moved"
    ChangeEvent.objects.bulk_update(list(rows.values()), ["title", "started_at"])
    assert [row.title for row in ChangeEvent.objects.all()] == ["moved"] * 3
    assert ChangeEvent.objects.filter(pk__in=ids).delete()[0] == 3
    assert EventKey.objects.count() == 3


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_many_that_need_a_new_month_at_once_all_have_it():
    month, failed = datetime(2026, 3, 1, tzinfo=UTC), []
    drop_partition(month)
    start = Barrier(4)

    def come(number):
        try:
            start.wait(10)
            record(change(month + timedelta(days=number), external_id=str(number)))
        except Exception as error:  # a thread says so to the test
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=come, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    tables = {table_of(event.pk) for event in ChangeEvent.objects.all()}
    assert tables == {"chronos_changeevent_202603"}


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_a_reader_of_everything_delays_a_month_and_no_change():
    month = datetime(2026, 2, 1, tzinfo=UTC)
    drop_partition(month)
    reading, done = Barrier(2), Barrier(2)

    def read():
        with transaction.atomic():
            list(ChangeEvent.objects.all())
            reading.wait(10)
            done.wait(30)
        connection.close()

    reader = Thread(target=read)
    reader.start()
    reading.wait(10)
    [receipt] = record(change(month))
    assert not make_partition(month)
    assert table_of(receipt.event_id) == "chronos_changeevent_default"
    done.wait(10)
    reader.join(10)
    forget_partitions()
    tend_partitions(now=NOW)
    assert table_of(receipt.event_id) == "chronos_changeevent_202602"
