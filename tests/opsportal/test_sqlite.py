"""SQLite's one write lock: waited for, and given up in time."""

import sqlite3
import threading

import pytest
from django.db import OperationalError, connection, transaction

from alerts.models import Channel

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite only"),
]


@pytest.fixture
def holder():
    """Another connection that has the write lock."""
    other = sqlite3.connect(
        connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    yield other
    if other.in_transaction:
        other.execute("ROLLBACK")
    other.close()


def test_a_writer_waits_for_the_lock(holder):
    threading.Timer(0.2, holder.execute, ["ROLLBACK"]).start()
    with transaction.atomic():
        Channel.objects.create(name="late", kind="email")
    assert Channel.objects.filter(name="late").exists()


def test_a_lock_that_is_never_freed_is_an_operational_error(holder, monkeypatch):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.1)
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        Channel.objects.create(name="never", kind="email")
    holder.execute("ROLLBACK")
    with transaction.atomic():
        Channel.objects.create(name="then", kind="email")
    assert list(Channel.objects.values_list("name", flat=True)) == ["then"]
