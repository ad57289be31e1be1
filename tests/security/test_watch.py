"""Collecting that does not work is alerted on, and resolves by itself."""

import pytest

from alerts.models import Alert
from opsportal.lib.aws import Unknown
from security.models import CloudAccount, Scope
from security.watch import watch_collections
from tests.security.collecting import NOW, later
from tests.security.things import DENIED, THROTTLED, account, refusal, sweep, work

pytestmark = pytest.mark.django_db(transaction=True)


def open_alerts():
    rows = Alert.objects.filter(resolved_at=None).order_by("dedup_key")
    return {row.dedup_key.removeprefix("security:watch:"): row for row in rows}


def watch(now):
    watch_collections(now=now)
    return open_alerts()


def test_what_is_refused_is_one_alert_for_each_account_and_says_what_to_grant(sky):
    account(regions=["eu-west-1", "eu-north-1", "us-east-1"])
    sky.fails[0] = DENIED
    sweep()
    found = watch(NOW)
    assert list(found) == ["collector:123456789012:denied"]
    alert = found["collector:123456789012:denied"]
    assert alert.name == "CollectorDenied"
    assert "test:ListThings" in alert.summary
    assert "3 scopes" in alert.summary
    assert watch(later(minutes=1)).keys() == found.keys()
    assert Alert.objects.count() == 1
    sky.fails.clear()
    sweep(later(minutes=5))
    assert watch(later(minutes=5)) == {}


def test_a_facet_that_is_refused_is_told_with_its_permission(sky):
    account()
    sky.there = {"a": {"rules": Unknown("AccessDenied", "no", "test:GetRules")}}
    sweep()
    (alert,) = watch(NOW).values()
    assert "test:GetRules" in alert.summary
    CloudAccount.objects.update(frozen=True)
    assert watch(later(minutes=1)) == {}


def test_a_role_that_cannot_be_assumed_says_what_to_check(sky):
    account()
    sky.fails[0] = refusal("AccessDenied", "no", 403, "AssumeRole")
    sweep()
    (alert,) = watch(NOW).values()
    assert "cannot be assumed" in alert.summary
    assert "trust policy" in alert.description


def test_what_may_pass_is_told_when_it_lasts(sky):
    account()
    sky.fails[0] = THROTTLED
    sweep()
    assert watch(NOW) == {}
    sweep(later(minutes=5))
    assert list(watch(later(minutes=5))) == ["collector:123456789012:throttled"]


def test_a_scope_without_a_complete_listing_for_three_intervals_is_stale(sky):
    account()
    account("210987654321", "other")
    sky.fill(3)
    sweep()
    assert watch(later(minutes=45)) == {}
    assert watch(later(minutes=46)).keys() == {"stale:123456789012", "stale:210987654321"}
    Scope.objects.filter(account__name="other").update(enabled=False)
    (alert,) = watch(later(minutes=47)).values()
    assert "47" in alert.summary
    sweep(later(minutes=48))
    assert watch(later(minutes=48)) == {}


def test_a_scope_that_never_was_complete_is_stale_as_well(sky):
    account()
    sky.fails[0] = KeyError("odd")
    sweep()
    assert "stale:123456789012" in watch(later(minutes=46))


def test_a_mass_disappearance_is_told_and_over_when_each_is_proved(sky):
    account()
    sky.fill(40)
    sweep()
    sky.there.clear()
    sweep(later(minutes=5))
    found = watch(later(minutes=5))
    assert list(found) == ["vanished:123456789012:eu-west-1:test.thing"]
    (alert,) = found.values()
    assert (alert.severity, "40 of 40" in alert.summary) == ("high", True)
    work(later(minutes=6))
    sweep(later(minutes=10))
    assert watch(later(minutes=10)) == {}


def test_the_number_of_queries_does_not_grow(sky, django_assert_max_num_queries):
    for number in range(8):
        account(f"{number:012}", f"a{number}", regions=["eu-west-1", "us-east-1"])
    sky.fails[0] = DENIED
    sweep()
    watch_collections(now=later(minutes=60))
    with django_assert_max_num_queries(14):
        watch_collections(now=later(minutes=61))
    assert len(open_alerts()) == 16
