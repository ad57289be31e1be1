"""Risks are accepted for a time and up to a score, by people who answer for them."""

import pytest

from alerts.models import Alert
from chronos.models import ChangeEvent
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry, Team
from opsportal.lib.errors import ConflictError, PayloadError
from security.accept import (
    Terms,
    accept_findings,
    accept_risk,
    approve_acceptance,
    end_acceptance,
    watch_acceptances,
)
from security.models import RiskAcceptance
from tests.security.collecting import NOW, later, make_account
from tests.security.findings import (
    CHECKS,
    audit,
    finding,
    make_acceptance,
    make_resource,
    revise,
    states,
    sweep,
)

pytestmark = pytest.mark.django_db
CAROL, DAVE, KEY = Actor("carol", 1, None), Actor("dave", 2, None), Actor("key ci", None, None)


@pytest.fixture(autouse=True)
def account(settings):
    settings.AUDITORS = CHECKS
    return make_account(team=Team.objects.create(name="cloud"))


@pytest.fixture(autouse=True)
def _people(django_user_model):
    for pk, name in ((1, "carol"), (2, "dave")):
        django_user_model.objects.create_user(pk=pk, username=name, password="x")


@pytest.fixture
def row(account):
    found = make_resource(account, issues=[["a", 6], ["b", 9]])
    audit(found)
    return found


def terms(**values):
    return Terms(**{"reason": "behind a proxy", "expires_at": later(days=30), **values})


def accept(subject="a", actor=CAROL, **values):
    (made,) = accept_findings([finding(subject)], terms(**values), actor=actor, now=NOW)
    return made


def test_it_covers_the_finding_and_no_other(row):
    made = accept()
    assert states() == [("a", "accepted", 6), ("b", "open", 9)]
    assert finding().acceptance == made
    assert (made.team, made.accepted_by, made.max_score) == (row.account.team, "carol", 6)
    row.refresh_from_db()
    assert (row.score, row.full_score) == (9, 9)
    assert AuditEntry.objects.get(target_type="security.riskacceptance").action == "create"
    assert ChangeEvent.objects.filter(kind="risk_acceptance", action="created").exists()


def test_a_new_rule_is_a_new_finding_and_is_not_hidden(row):
    accept()
    revise(row, now=later(minutes=1), issues=[["a", 6], ["c", 6]])
    audit(row, now=later(minutes=1))
    assert states() == [("a", "accepted", 6), ("b", "fixed", 9), ("c", "open", 6)]


def test_it_ends_with_its_time(row):
    made = accept()
    sweep(later(days=29))
    assert watch_acceptances(now=later(days=29)) == 0
    assert watch_acceptances(now=later(days=30)) == 1
    sweep(later(days=30))
    made.refresh_from_db()
    assert made.ended_reason == "expired"
    assert states()[0] == ("a", "open", 6)
    assert AuditEntry.objects.filter(action="end", actor="opsportal").count() == 1


def test_it_ends_when_the_risk_outgrows_it_and_does_not_return(row):
    made = accept()
    revise(row, now=later(minutes=1), issues=[["a", 7]])
    audit(row, now=later(minutes=1))
    made.refresh_from_db()
    assert (made.ended_reason, finding().status) == ("the score rose to 7", "open")
    revise(row, now=later(minutes=2), issues=[["a", 6]])
    audit(row, now=later(minutes=2))
    assert finding().status == "open"


def test_it_does_not_return_with_a_resource_that_was_deleted(row):
    made = accept()
    revise(row, now=later(minutes=1), kind="deleted")
    # The audit of the deletion was lost.
    revise(row, now=later(minutes=2), kind="restored", issues=[["a", 6]])
    audit(row, now=later(minutes=2))
    made.refresh_from_db()
    assert (made.ended_reason, finding().status) == ("the resource was deleted", "open")


def test_one_that_is_told_to_end_ends_at_once(row):
    made = accept()
    end_acceptance(made, actor=DAVE, now=later(minutes=1), reason="was a mistake")
    assert finding().status == "open"
    with pytest.raises(ConflictError):
        end_acceptance(made, actor=DAVE, now=later(minutes=2))


def test_a_grave_risk_takes_a_second_person(row):
    made = accept("b")
    assert (made.is_waiting, finding("b").status) == (True, "open")
    with pytest.raises(ConflictError, match="Somebody else"):
        approve_acceptance(made, actor=CAROL, now=NOW)
    with pytest.raises(ConflictError, match="Only a person"):
        approve_acceptance(made, actor=KEY, now=NOW)
    approve_acceptance(made, actor=DAVE, now=later(minutes=1))
    assert finding("b").status == "accepted"
    assert RiskAcceptance.objects.get().approved_by == "dave"
    with pytest.raises(ConflictError, match="nobody's word"):
        approve_acceptance(made, actor=DAVE, now=later(minutes=2))


def test_a_new_one_takes_the_place_of_the_old(row):
    old = accept()
    new = accept(expires_at=later(days=60))
    old.refresh_from_db()
    assert (old.ended_reason, finding().acceptance) == ("replaced", new)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("reason", {"reason": "  "}),
        ("reason", {"reason": "a\0b"}),
        ("ticket", {"ticket": "t" * 201}),
        ("expires_at", {"expires_at": NOW}),
        ("expires_at", {"expires_at": later(days=366)}),
        ("max_score", {"max_score": 5}),
        ("max_score", {"max_score": 11}),
    ],
)
def test_what_is_not_right_is_refused_and_nothing_is_stored(row, field, values):
    with pytest.raises(PayloadError) as refusal:
        accept(**values)
    assert field in str(refusal.value)
    assert not RiskAcceptance.objects.exists()


def test_keys_accept_no_grave_risks(row):
    accept("a", KEY)
    with pytest.raises(PayloadError, match="people, not keys"):
        accept("b", KEY)


def wide(**values):
    made = RiskAcceptance(
        check_id="T-01", reason="dev", expires_at=later(days=9),
        **{"max_score": 7, **values},
    )  # fmt: skip
    accept_risk(made, actor=CAROL, now=NOW)
    return made


def test_a_check_is_accepted_in_an_account_up_to_a_score(row):
    made = wide(account=row.account)
    assert (states(), made.team) == ([("a", "accepted", 6), ("b", "open", 9)], row.account.team)


def test_a_check_is_accepted_on_a_resource_or_by_tags(account, row):
    other = make_resource(account, "sg-2", issues=[["c", 6]], tags={"env": "dev"})
    audit(other)
    wide(match='{env="dev"}')
    assert states() == [("a", "open", 6), ("b", "open", 9), ("c", "accepted", 6)]
    wide(resource=row)
    assert states()[0] == ("a", "accepted", 6)


@pytest.mark.parametrize(
    "values", [{}, {"check_id": "T-99", "match": '{a="b"}'}, {"match": "{env"}]
)
def test_what_would_cover_everything_or_nothing_is_refused(values):
    made = RiskAcceptance(**{"check_id": "T-01", "reason": "r", "max_score": 5, **values})
    made.expires_at = later(days=9)
    with pytest.raises(PayloadError):
        accept_risk(made, actor=CAROL, now=NOW)


def test_its_owner_is_alerted_two_weeks_before_its_end(row):
    made = accept()
    key = f"security:acceptance:{made.pk}"
    watch_acceptances(now=later(days=15))
    assert not Alert.objects.filter(dedup_key=key).exists()
    watch_acceptances(now=later(days=17))
    watch_acceptances(now=later(days=18))
    found = Alert.objects.get(dedup_key=key)
    assert (found.team, found.repeat_count, found.resolved_at) == (row.account.team, 0, None)
    watch_acceptances(now=later(days=30))
    found.refresh_from_db()
    assert found.resolved_at is not None


def test_many_are_accepted_by_as_many_statements_as_few(account, django_assert_max_num_queries):
    rows = [make_resource(account, f"sg-{n}", issues=[[f"f{n}", 5]]) for n in range(60)]
    audit(*rows)
    found = [finding(f"f{n}") for n in range(60)]
    with django_assert_max_num_queries(70):
        accept_findings(found, terms(), actor=CAROL, now=NOW)
    assert {status for _, status, _ in states()} == {"accepted"}


def test_an_acceptance_that_is_over_covers_nothing_though_no_sweep_has_ended_it(row):
    make_acceptance(finding(), expires_at=later(days=1))
    audit(row, now=later(days=2))
    assert finding().status == "open"
