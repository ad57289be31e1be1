"""A statement that takes too long ends."""

import pytest
from django.db import OperationalError, connection

from opsportal.lib import statements

pytestmark = pytest.mark.django_db
# Counts to a number that takes minutes.
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def bounded(monkeypatch):
    monkeypatch.setattr(statements, "LONGEST", 0.2)
    wrappers = list(connection.execute_wrappers)
    statements.bound_connection(connection)
    yield connection
    connection.execute_wrappers[:] = wrappers
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(None, 0)


def test_what_takes_too_long_is_given_up_and_the_next_has_its_time(bounded):
    with bounded.cursor() as cursor:
        for _ in range(2):
            cursor.execute("SAVEPOINT here")
            with pytest.raises(OperationalError):
                cursor.execute(ENDLESS)
            cursor.execute("ROLLBACK TO here")
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert len(bounded.execute_wrappers) <= 1


def test_a_connection_made_anew_is_watched_once(bounded):
    statements.bound_connection(bounded)
    assert sum(isinstance(one, statements._Watch) for one in bounded.execute_wrappers) <= 1
