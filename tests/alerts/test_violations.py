"""Who begins a change during a freeze is alerted on, once for each freeze and service."""

import pytest

from alerts.expire import expire_episodes
from alerts.models import Alert
from alerts.violations import find_late_violations, sweep_violations
from chronos.models import Violation
from opsportal.accounts.models import Team
from tests.chronos.freezing import deployed, later, make_freeze

pytestmark = pytest.mark.django_db


def test_violations_of_a_freeze_and_a_service_are_one_alert_that_goes_by_itself():
    payments = Team.objects.create(name="payments")
    make_freeze(team=payments, match='environment="prod"')
    deployed(1)
    deployed(2)
    deployed(3, service="web")
    assert sweep_violations(now=later(minutes=1)) == 3
    assert sweep_violations(now=later(minutes=2)) == 0
    api, web = Alert.objects.order_by("service")
    assert (api.name, api.service, web.service) == ("FreezeViolation", "api", "web")
    assert api.summary == "api 2 by jo began during the freeze quarter"
    assert "the books are closed" in api.description
    assert (api.team, api.severity, api.environment) == (payments, "warning", "prod")
    deployed(4, started_at=later(minutes=3))
    sweep_violations(now=later(minutes=4))
    api.refresh_from_db()
    assert (Alert.objects.count(), api.repeat_count) == (2, 1)
    expire_episodes(now=later(hours=4, minutes=3))
    api.refresh_from_db()
    web.refresh_from_db()
    assert (api.resolved_at, web.resolved_at is None) == (None, False)
    expire_episodes(now=later(hours=4, minutes=5))
    api.refresh_from_db()
    assert api.resolved_at is not None


def test_what_is_heard_of_days_later_is_alerted_on_by_the_hourly_look():
    make_freeze()
    deployed(now=later(days=2))
    assert sweep_violations(now=later(days=2)) == 0
    assert find_late_violations(now=later(days=2)) == 1
    assert Violation.objects.get().alerted_at == later(days=2)


def test_texts_that_are_too_long_or_odd_fit_all_the_same():
    make_freeze(name="x" * 100, reason="y" * 1000)
    deployed(title="t\0" + "x" * 600, service="s" * 300, actor="a" * 300)
    assert sweep_violations(now=later(minutes=1)) == 1
    assert Alert.objects.get().service == "s" * 200
