"""How often rules took part, counted by one statement."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.hits import count_hits, prune_hits
from alerts.models import RuleHit
from tests.alerts.makers import NOW, make_rule

pytestmark = pytest.mark.django_db


def counts() -> dict[Any, Any]:
    return {(h.rule_id, h.day): (h.matched, h.told) for h in RuleHit.objects.all()}


def test_counts_of_a_day_add_up():
    one, two = make_rule("one"), make_rule("two")
    count_hits({one.pk: (3, 1), two.pk: (1, 0)}, now=NOW)
    count_hits({one.pk: (2, 2)}, now=NOW)
    count_hits({one.pk: (1, 0)}, now=NOW + timedelta(days=1))
    today, tomorrow = NOW.date(), NOW.date() + timedelta(days=1)
    assert counts() == {
        (one.pk, today): (5, 3), (two.pk, today): (1, 0), (one.pk, tomorrow): (1, 0),
    }  # fmt: skip


def test_a_batch_is_one_statement_and_nothing_is_none():
    rules = [make_rule(f"rule {number}") for number in range(60)]
    with CaptureQueriesContext(connection) as caught:
        count_hits({rule.pk: (1, 1) for rule in rules}, now=NOW)
    assert len(caught) == 1
    with CaptureQueriesContext(connection) as caught:
        count_hits({}, now=NOW)
        count_hits({rules[0].pk: (0, 0)}, now=NOW)
    assert len(caught) == 0


def test_a_rule_that_is_gone_stops_nobody():
    count_hits({4711: (1, 1)}, now=NOW)
    assert RuleHit.objects.get().matched == 1


def test_days_beyond_the_retention_are_forgotten(settings):
    rule = make_rule("one")
    settings.RETENTION = timedelta(days=30)
    count_hits({rule.pk: (1, 0)}, now=NOW - timedelta(days=31))
    count_hits({rule.pk: (1, 0)}, now=NOW)
    assert prune_hits(now=NOW) == 1
    assert [hit.day for hit in RuleHit.objects.all()] == [NOW.date()]
