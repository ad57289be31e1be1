"""Audits are asked again when what they are asked by changes, of what that touches and no more."""

import pytest

from security.audit.basis import notice_basis
from security.audit.dependents import mark_dependents
from security.models import (
    AddressUse,
    CheckOverride,
    CloudAccount,
    CloudResource,
    NetworkAllowlist,
)
from tests.security.collecting import NOW, later, make_account
from tests.security.findings import (
    CHECKS,
    LISTS,
    Told,
    audit,
    finding,
    make_resource,
    refer,
    states,
    sweep,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def account(settings):
    settings.AUDITORS = CHECKS
    return make_account()


@pytest.fixture
def row(account):
    """One with a finding, audited; nothing is due."""
    found = make_resource(account, issues=[["a", 9]])
    sweep(NOW)
    assert due() == set()
    return found


def due():
    rows = CloudResource.objects.filter(audit_at__isnull=False)
    return set(rows.values_list("resource_id", flat=True))


def test_without_a_difference_it_costs_four_small_queries(row, django_assert_num_queries):
    with django_assert_num_queries(4):
        assert notice_basis(now=later(minutes=1)) == 0


def test_a_new_version_of_a_check_closes_what_it_no_longer_says_as_the_checks_doing(
    row, monkeypatch
):
    monkeypatch.setattr(Told, "version", 2)
    monkeypatch.setattr(Told, "audit", classmethod(lambda *_: iter(())))
    sweep(later(minutes=1))
    found = finding()
    assert (found.status, found.fixed_reason, found.fixed_by) == ("fixed", "check", None)


def test_a_check_that_is_gone_closes_its_findings(row, settings):
    settings.AUDITORS = CHECKS[1:]
    sweep(later(minutes=1))
    assert finding().fixed_reason == "check"
    settings.AUDITORS = []
    sweep(later(minutes=2))
    settings.AUDITORS = CHECKS
    sweep(later(minutes=3))
    assert states() == [("a", "open", 9)]


def test_an_override_changes_scores_where_it_applies(account, row):
    make_resource(account, "sg-2", issues=[["b", 9]], tags={"env": "dev"})
    sweep(NOW)
    CheckOverride.objects.create(check_id="T-01", match='{env="dev"}', score=2, reason="dev")
    sweep(later(minutes=1))
    assert states() == [("a", "open", 9), ("b", "open", 2)]
    CheckOverride.objects.create(check_id="T-01", account=account, enabled=False, reason="off")
    sweep(later(minutes=2))
    assert states() == [("a", "fixed", 9), ("b", "fixed", 2)]
    assert finding().fixed_reason == "check"
    CheckOverride.objects.all().delete()
    sweep(later(minutes=3))
    assert states() == [("a", "open", 9), ("b", "open", 9)]


def test_of_overrides_the_closest_counts(account, row):
    row.tags = {"env": "dev"}
    row.save(update_fields=["tags"])
    for score, where in (
        (1, {}),
        (2, {"match": '{env="dev"}'}),
        (3, {"account": account}),
        (4, {"account": account, "match": '{env="dev"}'}),
    ):
        CheckOverride.objects.create(check_id="T-01", score=score, reason="r", **where)
        sweep(later(minutes=score))
        assert states() == [("a", "open", score)]


def test_a_known_network_touches_what_has_addresses_in_it_until_its_time_is_over(account, row):
    listed = make_resource(account, "pl-1", technology=LISTS)
    refer(row, "pl-1")
    sweep(NOW)
    AddressUse.objects.create(
        resource=listed, role="lists", first="00000000000000000000ffffcb007100", length=120,
        cidr="203.0.113.0/24", since=NOW,
    )  # fmt: skip
    make_resource(account, "sg-3")
    sweep(NOW)
    NetworkAllowlist.objects.create(cidr="203.0.112.0/20", note="office", expires_at=later(days=1))
    assert notice_basis(now=later(minutes=1)) == 2
    assert due() == {"sg-1", "pl-1"}
    sweep(later(minutes=2))
    assert notice_basis(now=later(days=2)) == 2


def test_who_is_trusted_touches_all_that_is_audited(row):
    CloudAccount.objects.create(account_id="999999999999", name="them", kind="thirdparty")
    assert notice_basis(now=later(minutes=1)) == 1
    CloudAccount.objects.update(note="of no account")
    assert notice_basis(now=later(minutes=2)) == 0


def test_what_changes_sets_those_due_that_have_to_do_with_it(account, row):
    listed = make_resource(account, "pl-1", technology=LISTS)
    near = make_resource(account, "sg-2", lists=["pl-1"])
    refer(near, "pl-1")
    whole = make_resource(account, account.account_id)
    audit(listed, near, whole)
    mark_dependents(account, LISTS, [listed], now=NOW)
    assert due() == {"sg-2", account.account_id}
    audit(near, whole)
    mark_dependents(account, LISTS, [], whole=True, now=NOW)
    assert due() == {"sg-1", "sg-2", account.account_id}


def test_nothing_is_set_due_by_what_nothing_follows(row, django_assert_num_queries):
    with django_assert_num_queries(0):
        mark_dependents(row.account, row.technology, [row], now=NOW)
