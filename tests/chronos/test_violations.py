"""Changes that began during a freeze are marked, once, and no others."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chronos.metrics import FreezeMetrics
from chronos.models import Violation
from chronos.normalise import Change
from chronos.record import record_change
from chronos.violations import LATE, RECENT, mark_violations
from tests.chronos.freezing import NOW, deployed, later, make_freeze

pytestmark = pytest.mark.django_db


def mark(now=None, back=RECENT) -> int:
    now = now or later(minutes=1)
    return mark_violations(now=now, since=now - back)


def test_a_deployment_in_a_freeze_is_marked_once():
    make_freeze(match='environment="prod"')
    event = deployed()
    assert (mark(), mark()) == (1, 0)
    violation = Violation.objects.get()
    assert (violation.event_id, violation.freeze_name, violation.at) == (event.pk, "quarter", NOW)
    [family] = FreezeMetrics().collect()
    assert [(sample.labels, sample.value) for sample in family.samples] == [
        ({"freeze": "quarter"}, 1)
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"environment": "staging"},
        {"kind": "rollback"},
        {"kind": "config"},
        {"started_at": later(hours=-2)},
        {"status": "planned"},
        {"status": "cancelled"},
        {"service": "status-page"},
        {"actor": "fixer"},
        {"source": "opsportal"},
    ],
)
def test_what_is_not_concerned_is_not_marked(values):
    make_freeze(
        match='environment="prod"', exempt_services=["status-page"], exempt_actors=["fixer"]
    )
    deployed(**values)
    assert mark(back=LATE) == 0


def test_the_portal_s_own_changes_are_none():
    make_freeze(kinds=["rule"])
    record_change(Change(kind="rule", title="Rule x was changed", started_at=NOW), now=NOW)
    assert mark() == 0


def test_what_began_before_the_freeze_was_made_is_none():
    make_freeze(known_at=later(minutes=1))
    deployed(1)
    deployed(2, started_at=later(minutes=2))
    assert mark(later(minutes=3)) == 1


def test_a_planned_change_is_one_once_it_has_started():
    make_freeze()
    deployed(status="planned")
    assert mark() == 0
    deployed(status="started")
    assert mark() == 1


def test_what_is_heard_of_late_is_found_by_the_long_look():
    make_freeze()
    deployed(now=later(days=3))
    assert mark(later(days=3)) == 0
    assert mark(later(days=3), LATE) == 1


def test_a_freeze_that_is_removed_leaves_its_violations():
    freeze = make_freeze()
    deployed()
    mark()
    freeze.delete()
    assert Violation.objects.get().freeze_name == "quarter"


def test_without_a_freeze_in_force_a_look_is_one_query_and_with_one_it_is_bounded():
    make_freeze(starts_at=later(days=5), ends_at=later(days=6))
    with CaptureQueriesContext(connection) as queries:
        mark()
    assert len(queries) == 1
    make_freeze(name="now")
    for number in range(20):
        deployed(number)
    with CaptureQueriesContext(connection) as queries:
        assert mark() == 20
    writes = [query for query in queries if "INSERT" in query["sql"]]
    assert (len(queries) - len(writes), len(writes)) == (2, 1) or len(queries) < 8


def test_each_freeze_counts_for_itself():
    make_freeze()
    make_freeze(name="other", starts_at=later(minutes=-5), ends_at=later(minutes=5))
    deployed()
    assert mark(NOW + timedelta(seconds=1)) == 2
