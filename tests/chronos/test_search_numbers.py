"""Severities are looked for as numbers, without a look at all that there are."""

import pytest

from chronos.models import ChangeEvent
from chronos.normalise import Change
from chronos.record import record_changes
from chronos.search import EventQuery, page_of_events
from opsportal.lib.matchers import parse_matchers
from opsportal.lib.times import utc_now

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ('severity="3"', {3}),
        ('severity!="3"', {0, 5}),
        ('severity="03"', set()),
        ('severity!="x"', {0, 3, 5}),
        ('severity=""', set()),
        ('severity!=""', {0, 3, 5}),
        (f'severity="{"9" * 19}"', set()),
        ('severity="-1"', set()),
        ('severity>="3"', {3, 5}),
        ('severity=~"3|5"', {3, 5}),
    ],
)
def test_a_severity_is_found_by_its_own_text(match, found, django_assert_max_num_queries):
    now = utc_now()
    record_changes([Change("job", "x", severity=number) for number in (0, 3, 5)], now=now)
    assert ChangeEvent.objects.count() == 3
    listed = "=~" in match and 1
    with django_assert_max_num_queries(1 + listed):
        rows, _ = page_of_events(EventQuery(matchers=parse_matchers(f"{{{match}}}")), 10)
    assert {row.severity for row in rows} == found
