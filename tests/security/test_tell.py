"""Each finding that fires is one alert, by its fingerprint, whatever dies in between."""

import pytest
from django.db import transaction

from alerts.models import Alert, Notification, Subscription
from opsportal.accounts.models import Team
from security.audit import settle, tell_again, tell_findings
from security.audit.tell import severity_of
from security.models import ApiActivity, CloudResource, Finding, RevisionCause
from tests.alerts.makers import make_channel
from tests.alerts.routing import route
from tests.chronos.freezing import deployed
from tests.security.collecting import NOW, later, make_account
from tests.security.findings import (
    CHECKS,
    audit,
    finding,
    make_acceptance,
    make_resource,
    refer,
    revise,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def account(settings):
    settings.AUDITORS = CHECKS
    return make_account(team=Team.objects.create(name="cloud"))


def alert(subject="a"):
    return Alert.objects.get(dedup_key=f"security:finding:{finding(subject).fingerprint}")


def open_keys():
    return set(Alert.objects.filter(resolved_at=None).values_list("dedup_key", flat=True))


def test_an_alert_says_what_is_wrong_where_and_since_which_change(account):
    row = make_resource(account, name="sg-1")
    audit(row)
    for number in range(2):
        refer(
            make_resource(account, f"eni-{number}", technology="aws.ec2.networkinterface"), "sg-1"
        )
    revision = revise(row, now=later(minutes=1), issues=[["a", 9]])
    activity = ApiActivity.objects.create(
        event_id="1", account=account, at=NOW, received_at=NOW, service="ec2",
        action="AuthorizeSecurityGroupIngress", actor="alice", user_agent="Terraform/1.9",
        source_address="203.0.113.9", mfa=False, tool="terraform",
    )  # fmt: skip
    deployment = deployed(4821)
    RevisionCause.objects.create(
        revision=revision, activity=activity, confidence="exact", deployment_id=deployment.pk
    )
    audit(row, now=later(minutes=1))
    found = alert()
    assert (found.name, found.severity, found.team) == (
        "Open to the world",
        "critical",
        account.team,
    )
    assert found.summary == "sg-1 in main: a is open, by alice"
    assert found.labels == {
        "account": account.account_id, "account_name": "main", "region": "eu-west-1",
        "technology": "aws.ec2.securitygroup", "resource": "sg-1", "resource_name": "sg-1",
        "check": "T-01", "score": "9", "class": "security", "actor": "alice",
    }  # fmt: skip
    for said in (
        "+ in tcp 22",
        "Exposed by it: 2 aws.ec2.networkinterface (eni-0 and others).",
        f"Done by alice, with terraform, in deployment {deployment.title}",
        "ec2 AuthorizeSecurityGroupIngress from 203.0.113.9 (exact)",
        "Close the door.",
    ):
        assert said in found.description
    assert found.links[-1]["href"].endswith(f"/changes/{deployment.pk}/")
    assert [link["href"].partition("/security")[2] for link in found.links[:-1]] == [
        f"/findings/{finding().pk}/",
        f"/resources/{row.pk}/",
        f"/revisions/{revision.pk}/",
    ]


def test_what_no_deployment_did_is_said_by_whom_and_how(account):
    row = make_resource(account, name="sg-1")
    audit(row)
    revision = revise(row, now=later(minutes=1), issues=[["a", 9]])
    for number, who in enumerate(("bob", "alice")):
        activity = ApiActivity.objects.create(
            event_id=str(number), account=account, at=later(seconds=number), received_at=NOW,
            service="ec2", action="X", actor=who, user_agent="Mozilla", tool="console", mfa=False,
        )  # fmt: skip
        RevisionCause.objects.create(revision=revision, activity=activity, confidence="exact")
    audit(row, now=later(minutes=1))
    assert "Done by alice, with console, no deploy, no MFA" in alert().description


def test_what_was_changed_elsewhere_is_named(account):
    row = make_resource(account, issues=[["a", 9]])
    other = make_resource(account, "pl-1", technology="aws.ec2.prefixlist")
    audit(row)
    elsewhere = revise(other, now=later(minutes=1), issues=[])
    Finding.objects.update(introduced_by=elsewhere, to_tell=True)
    tell_findings(now=later(minutes=2))
    assert f"Since revision {elsewhere.number} of prefix list pl-1" in alert().description


@pytest.mark.parametrize(
    ("score", "severity"),
    [(10, "critical"), (9, "critical"), (8, "high"), (7, "high"), (6, "warning"), (4, "warning"),
     (3, "low"), (1, "low")],
)  # fmt: skip
def test_severity_follows_the_score(score, severity):
    assert severity_of(score) == severity


def test_a_worse_score_is_the_same_alert_and_what_is_fixed_is_resolved(account):
    row = make_resource(account, issues=[["a", 4], ["b", 9]])
    audit(row)
    assert alert().severity == "warning"
    revise(row, now=later(minutes=1), issues=[["a", 10]])
    audit(row, now=later(minutes=1))
    assert (alert().severity, alert().labels["score"]) == ("critical", "10")
    assert Alert.objects.count() == 2
    assert open_keys() == {alert().dedup_key}


def test_what_is_accepted_is_resolved_and_fires_again_when_that_ends(account):
    row = make_resource(account, issues=[["a", 9]])
    audit(row)
    accepted = make_acceptance(finding())
    audit(row, now=later(minutes=1))
    assert open_keys() == set()
    accepted.delete()
    audit(row, now=later(minutes=2))
    assert len(open_keys()) == 1


def test_what_cannot_be_read_any_more_keeps_burning_and_what_never_could_stays_dark(account):
    row = make_resource(account, issues=[["a", 9]])
    audit(row)
    CloudResource.objects.update(unknown={"rules": {"code": "AccessDenied"}}, audit_at=NOW)
    row.refresh_from_db()
    audit(row, now=later(minutes=1))
    assert open_keys() == {alert().dedup_key}
    assert "It cannot be told now" in Alert.objects.get().description


def test_what_scores_nothing_is_no_alert(account):
    audit(make_resource(account, issues=[["a", 0]]))
    assert Finding.objects.get().status == "open"
    assert not Alert.objects.exists()


def test_a_process_that_dies_before_telling_loses_nothing_and_tells_nothing_twice(
    account, monkeypatch
):
    monkeypatch.setattr("security.audit.run.tell_findings", lambda **_: 0)
    audit(make_resource(account, issues=[["a", 9]]))
    assert not Alert.objects.exists()
    with transaction.atomic():
        tell_findings(now=later(seconds=1))
        transaction.set_rollback(True)  # killed
    assert tell_findings(now=later(seconds=5)) == 1
    assert tell_findings(now=later(seconds=10)) == 0
    assert Alert.objects.get().repeat_count == 0


def test_the_alert_is_said_anew_when_its_cause_becomes_known(account):
    row = make_resource(account, issues=[["a", 9]])
    audit(row)
    revision = finding().introduced_by
    revision.actor = "mallory"
    revision.save(update_fields=["actor"])
    tell_again([revision.pk])
    assert tell_findings(now=later(minutes=1)) == 1
    assert alert().summary.endswith("by mallory")


def test_an_audit_does_not_overrule_what_is_to_be_said_anew(account, monkeypatch):
    row = make_resource(account, issues=[["a", 9]])
    audit(row)
    revision = finding().introduced_by
    revise(row, now=later(minutes=1), issues=[["a", 9]], undecided=True)
    Finding.objects.update(evidence={"rules": ["of before"]})
    load = settle.load_rules

    def meanwhile(*args, **kwargs):
        tell_again([revision.pk])
        return load(*args, **kwargs)

    monkeypatch.setattr(settle, "load_rules", meanwhile)
    monkeypatch.setattr("security.audit.run.tell_findings", lambda **_: 0)
    audit(row, now=later(minutes=1))
    assert finding().to_tell


def test_thousands_at_a_first_look_are_told_in_batches(account, django_assert_max_num_queries):
    rows = [make_resource(account, f"sg-{n}", issues=[["a", 9], ["b", 4]]) for n in range(150)]
    with django_assert_max_num_queries(75):
        audit(*rows[:1])
        one = Alert.objects.count()
    with django_assert_max_num_queries(90 + len(rows)):  # reading each back takes one
        audit(*rows[1:])
    assert (one, Alert.objects.count()) == (2, 300)


def test_a_subscription_to_a_technology_and_score_hears_of_it_by_its_channel(account):
    channel = make_channel()
    Subscription.objects.create(
        name="open groups", team=account.team, channel=channel,
        match='{technology="aws.ec2.securitygroup", score>="9", account_name="main"}',
    )  # fmt: skip
    audit(make_resource(account, issues=[["a", 9], ["b", 8]]))
    route(later(minutes=1))
    told = Notification.objects.get(channel=channel)
    assert told.alert == alert("a")
