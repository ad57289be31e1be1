"""Findings follow from what checks say, and from nothing else."""

import pytest

from security.audit import settle
from security.audit.judge import judge
from security.models import CloudResource, ConfigRevision, Finding, Scope
from tests.security.collecting import GROUPS, NOW, later, make_account
from tests.security.findings import (
    CHECKS,
    LISTS,
    audit,
    finding,
    make_resource,
    refer,
    revise,
    states,
    sweep,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def account(settings):
    settings.AUDITORS = CHECKS
    return make_account()


def test_a_finding_opens_with_the_revision_that_brought_it_and_closes_with_the_one_that_mends_it(
    account,
):
    row = make_resource(account)
    audit(row)
    opened = revise(row, now=later(minutes=1), issues=[["a", 9]])
    audit(row, now=later(minutes=1))
    found = finding()
    assert (found.status, found.score, found.introduced_by) == ("open", 9, opened)
    assert (row.score, row.full_score, row.audit_at) == (9, 9, None)
    mended = revise(row, now=later(minutes=2))
    audit(row, now=later(minutes=2))
    found = finding()
    assert (found.status, found.fixed_reason, found.fixed_by) == ("fixed", "fixed", mended)
    changes = ConfigRevision.objects.order_by("number").values_list("score_change", flat=True)
    assert list(changes) == [0, 9, -9]
    assert [step["status"] for step in found.history] == ["open", "fixed"]


def test_a_new_score_and_text_are_the_same_finding(account):
    row = make_resource(account, issues=[["a", 4]])
    audit(row)
    first = finding()
    revise(row, now=later(minutes=1), issues=[["a", 8]])
    audit(row, now=later(minutes=1))
    found = finding()
    assert (found.pk, found.fingerprint, found.score) == (first.pk, first.fingerprint, 8)
    assert [step["score"] for step in found.history] == [4, 8]
    assert found.introduced_by == first.introduced_by


def test_of_two_issues_with_one_subject_the_worse_counts(account):
    row = make_resource(account, issues=[["a", 4], ["a", 7], ["a", 5]])
    audit(row)
    assert states() == [("a", "open", 7)]


def test_what_is_deleted_has_no_open_findings_and_what_comes_back_has_them_again(account):
    row = make_resource(account, issues=[["a", 9]])
    audit(row)
    gone = revise(row, now=later(minutes=1), kind="deleted")
    audit(row, now=later(minutes=1))
    found = finding()
    assert (found.status, found.fixed_reason, found.fixed_by) == ("fixed", "deleted", gone)
    assert row.score == 0
    back = revise(row, now=later(minutes=2), kind="restored", issues=[["a", 9]])
    audit(row, now=later(minutes=2))
    found = finding()
    assert (found.status, found.introduced_by, found.fixed_reason) == ("open", back, "")
    assert found.opened_at == later(minutes=2)


def test_what_cannot_be_read_is_unknown_and_neither_fixed_nor_passed(account):
    row = make_resource(account, issues=[["a", 9]])
    audit(row)
    CloudResource.objects.update(unknown={"rules": {"code": "AccessDenied"}}, audit_at=NOW)
    row.refresh_from_db()
    audit(row, now=later(minutes=1))
    assert states() == [("", "unknown", 9), ("a", "unknown", 9)]
    assert finding("a").undecided == "rules could not be read: AccessDenied"
    assert (finding("a").fires, finding("").fires) == (True, False)
    assert row.score == 9
    assert Scope.objects.get(technology=GROUPS).passes == {"T-01": 0, "T-02": 1}
    CloudResource.objects.update(unknown={}, audit_at=NOW)
    audit(row, now=later(minutes=2))
    assert states() == [("", "fixed", 9), ("a", "open", 9)]
    assert finding("").fixed_reason == "decided"


def test_a_check_that_fails_is_undecided_and_the_others_go_on(account, caplog):
    wide = make_resource(account, "pl-1", technology=LISTS, wide=True)
    row = make_resource(account, fails=1, lists=["pl-1"], issues=[["a", 9]])
    audit(row, wide)
    assert states() == [("", "unknown", 9), ("pl-1", "open", 5)]
    assert "ValueError: no such key" in finding("").undecided
    assert "check T-01 failed" in caplog.text


def test_a_fixed_finding_that_cannot_be_read_any_more_stays_fixed(account):
    row = make_resource(account, issues=[["a", 9]])
    audit(row)
    revise(row, now=later(minutes=1))
    audit(row, now=later(minutes=1))
    revise(row, now=later(minutes=2), undecided=1)
    audit(row, now=later(minutes=2))
    assert states() == [("", "unknown", 9), ("a", "fixed", 9)]


def test_what_time_alone_changes_is_looked_at_when_its_time_comes(account):
    row = make_resource(account, later=7)
    audit(row)
    assert row.audit_at == later(days=7)
    sweep(later(days=8))
    row.refresh_from_db()
    assert row.audited_at == later(days=8)


def test_a_worker_that_dies_before_the_audit_leaves_it_to_the_sweep(account):
    make_resource(account, issues=[["a", 9]])
    assert states() == []
    sweep(later(seconds=5))
    assert states() == [("a", "open", 9)]


def test_what_changed_while_it_was_judged_is_left_to_who_changed_it(account, monkeypatch):
    row = make_resource(account, issues=[["a", 9]])

    def meanwhile(*given):
        yield from judge(*given)
        revise(CloudResource.objects.get(pk=row.pk), now=later(minutes=1))

    monkeypatch.setattr("security.audit.run.judge", meanwhile)
    audit(row)
    assert states() == []
    assert row.audit_at == later(minutes=1)


def test_dependents_carry_the_revision_of_what_they_refer_to(account):
    listed = make_resource(account, "pl-1", technology=LISTS)
    row = make_resource(account, lists=["pl-1"])
    refer(row, "pl-1")
    audit(row, listed)
    widened = revise(listed, now=later(minutes=5), wide=True)
    CloudResource.objects.update(audit_at=later(minutes=5))
    audit(listed, row, now=later(minutes=6))
    assert finding("pl-1").introduced_by == widened
    assert Finding.objects.count() == 1


def test_what_cannot_be_audited_is_put_off_and_keeps_no_other_from_it(account, monkeypatch):
    rows = [make_resource(account, f"sg-{n}", issues=[[f"s-{n}", 9]]) for n in range(5)]
    load = settle.load_rules

    def fail(resources, **kwargs):
        if rows[1].pk in {row.pk for row in resources}:
            raise ValueError("whatever")
        return load(resources, **kwargs)

    monkeypatch.setattr(settle, "load_rules", fail)
    sweep(later(minutes=1))
    assert [subject for subject, *_ in states()] == ["s-0", "s-2", "s-3", "s-4"]
    assert sweep(later(minutes=2)) == 0
    monkeypatch.setattr(settle, "load_rules", load)
    assert sweep(later(hours=2)) == 1
    assert len(states()) == 5
