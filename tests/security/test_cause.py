"""From a call to a revision that says who, whichever of the two is heard of first."""

from datetime import timedelta
from itertools import permutations

import pytest

from alerts.models import Alert
from chronos.models import ChangeEvent
from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.lib.outbox import claim_due
from security.activity.call import read_record
from security.activity.handle import handle_activities
from security.activity.store import store_calls
from security.audit import audit_due, tell_findings
from security.cause import causes_of
from security.cause.find import link_deployments
from security.cause.match import Moment, Span, match
from security.cause.pending import settle_pending
from security.collect import run_collection
from security.models import ConfigRevision, Finding, RevisionCause
from security.tasks import CollectionOutbox
from tests.security.collecting import GROUPS, NOW, collect, later, make_account
from tests.security.test_collect import allow, make_group
from tests.security.trail import CI, CONSOLE, opened, record


def at(seconds):
    return NOW + timedelta(seconds=seconds)


SPANS = [Span(1, at(0), at(100)), Span(2, at(0), at(200)), Span(3, at(300), at(400))]


@pytest.mark.parametrize(
    ("when", "revision"),
    [
        (50, 1),
        (100, 1),  # as it was captured
        (101, 2),
        (0, 1),  # CloudTrail cuts to the second
        (-1, None),
        (250, None),  # a capture in between saw nothing of it
        (300, 3),
        (401, None),  # not seen yet
    ],
)
def test_a_call_belongs_to_the_first_revision_captured_after_it(when, revision):
    found = match(SPANS, [Moment(9, at(when))])
    assert found == ({(revision, 9)} if revision else set())


def test_clocks_may_differ_only_where_that_is_allowed():
    late = Moment(9, at(460))
    assert match(SPANS, [late]) == set()
    assert match(SPANS, [late], skew=timedelta(minutes=2)) == {(3, 9)}


def test_the_order_in_which_calls_are_heard_of_does_not_matter():
    moments = [Moment(n, at(n)) for n in (50, 101, 350)]
    assert len({frozenset(match(SPANS, some)) for some in permutations(moments)}) == 1


def hear(*records, now=NOW):
    taken = store_calls([read_record(told, now=now) for told in records], via="queue", now=now)
    handle_activities(now=now)
    return taken


def ask(now):
    """What the workers do."""
    while rows := claim_due(CollectionOutbox(), now, 50):
        for row in rows:
            run_collection(row, clock=lambda: now)


@pytest.fixture
def group(cloud):
    """A group that is known."""
    make_account()
    group = make_group(cloud)
    collect(GROUPS)
    return group


def last(group):
    rows = ConfigRevision.objects.filter(resource__resource_id=group)
    return rows.order_by("-number").first()


db = pytest.mark.django_db(transaction=True)


@db
def test_a_call_leads_to_revision_finding_and_who_within_one_pass(cloud, group):
    allow(cloud, group, "0.0.0.0/0", port=-1, protocol="-1")
    hear(opened(group, at=later(minutes=1), userAgent=CONSOLE), now=later(minutes=2))
    ask(later(minutes=2))
    revision = last(group)
    assert (revision.kind, revision.source, revision.attribution) == ("changed", "event", "exact")
    assert (revision.actor, revision.effective_at) == ("alice", later(minutes=1))
    assert Finding.objects.filter(resource=revision.resource, check_id="SG-01").exists()
    (cause,) = causes_of([revision.pk])[revision.pk]
    assert cause.words == "alice by console (no deploy, console, no MFA)"
    told = ChangeEvent.objects.get(pk=revision.event_id)
    assert (told.actor, told.causation_id) == ("alice", cause.activity.event_id)
    assert told.links[1]["href"].endswith(f"/changes/{cause.activity.change_id}/")


@db
def test_a_call_heard_of_after_the_poll_is_attached_to_the_revision_that_is_there(cloud, group):
    allow(cloud, group, "0.0.0.0/0")
    collect(GROUPS, now=later(minutes=5))
    assert last(group).attribution == "pending"
    days_later = later(days=3)
    hear(opened(group, at=later(minutes=3)), now=days_later)
    assert (last(group).attribution, last(group).actor) == ("exact", "alice")
    hear(opened(group, at=later(minutes=3)), now=days_later)
    assert RevisionCause.objects.count() == 1


@db
def test_alerts_say_who_at_once_or_as_soon_as_it_is_known(cloud, group):
    allow(cloud, group, "0.0.0.0/0")
    collect(GROUPS, now=later(minutes=5))
    tell_findings(now=later(minutes=5))
    finding = Finding.objects.get(resource__resource_id=group, check_id="SG-02")
    key = f"security:finding:{finding.fingerprint}"
    assert "alice" not in Alert.objects.get(dedup_key=key).summary
    hear(opened(group, at=later(minutes=3)), now=later(minutes=9))
    tell_findings(now=later(minutes=9))
    found = Alert.objects.get(dedup_key=key)
    assert (found.repeat_count, found.labels["actor"]) == (1, "alice")
    assert found.summary.endswith("by alice")


@db
def test_a_widened_prefix_list_has_the_groups_that_refer_to_it_audited(cloud):
    make_account()
    ec2 = cloud.client("ec2")
    made = ec2.create_managed_prefix_list(
        PrefixListName="office", AddressFamily="IPv4", MaxEntries=5,
        Entries=[{"Cidr": "10.0.0.0/8"}],
    )["PrefixList"]  # fmt: skip
    name, group = made["PrefixListId"], make_group(cloud)
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                  "PrefixListIds": [{"PrefixListId": name}]}  # fmt: skip
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    collect(GROUPS, "aws.ec2.prefixlist")
    assert not Finding.objects.filter(resource__resource_id=group, check_id="SG-02").exists()
    ec2.modify_managed_prefix_list(
        PrefixListId=name, CurrentVersion=1, AddEntries=[{"Cidr": "0.0.0.0/0"}]
    )
    request = {"ModifyManagedPrefixListRequest": {"PrefixListId": name}}
    hear(record("ModifyManagedPrefixList", request, at=later(minutes=1)), now=later(minutes=2))
    ask(later(minutes=2))
    audit_due(now=later(minutes=2))
    assert Finding.objects.filter(resource__resource_id=group, check_id="SG-02").exists()
    assert last(name).actor == "alice"


@db
def test_many_calls_are_all_causes_and_the_last_one_says_who(cloud, group):
    allow(cloud, group, "0.0.0.0/0")
    collect(GROUPS, now=later(minutes=5))
    first, second = opened(group, at=later(minutes=1)), opened(group, at=later(minutes=2))
    second["userIdentity"] = CI
    for told in (second, first):
        hear(told, now=later(minutes=6))
    assert RevisionCause.objects.count() == 2
    assert (last(group).actor, last(group).effective_at) == ("deployer/ci-4821", later(minutes=2))


@db
def test_neither_what_was_refused_nor_what_names_another_group_is_a_cause(cloud, group):
    allow(cloud, group, "0.0.0.0/0")
    collect(GROUPS, now=later(minutes=5))
    hear(
        opened(group, at=later(minutes=1), errorCode="Client.UnauthorizedOperation"),
        opened("sg-other", at=later(minutes=1)),
        opened(group, at=later(minutes=1), awsRegion="us-east-1"),
        now=later(minutes=6),
    )
    assert last(group).attribution == "pending"
    assert not RevisionCause.objects.exists()


@db
def test_a_forged_call_makes_no_revision_and_no_deletion(cloud, group):
    forged = opened(group, at=later(minutes=1), eventName="DeleteSecurityGroup")
    hear(forged, now=later(minutes=2))
    ask(later(minutes=2))
    assert last(group).number == 1
    assert last(group).resource.state == "active"


@db
def test_the_deployment_that_a_session_names_is_the_causes(cloud, group):
    started = later(minutes=-2)
    record_changes(
        [
            Change(kind="deployment", title="shop 4821", service="shop", external_id="4821",
                   source="ci", started_at=started, ended_at=later(minutes=3)),
            Change(kind="deployment", title="other", service="other", source="ci",
                   external_id="5000", started_at=started, ended_at=later(minutes=3)),
        ],
        now=NOW,
    )  # fmt: skip
    allow(cloud, group, "0.0.0.0/0")
    told = opened(group, at=later(minutes=1), userAgent="APN/1.0 HashiCorp/1.0 Terraform/1.9.0")
    told["userIdentity"] = CI
    hear(told, now=later(minutes=2))
    ask(later(minutes=2))
    (cause,) = causes_of([last(group).pk])[last(group).pk]
    assert cause.words == "deployer/ci-4821 by terraform in deployment shop 4821"
    RevisionCause.objects.update(deployment_id=None)
    assert link_deployments(now=later(minutes=30)) == 1
    assert link_deployments(now=later(minutes=31)) == 0
    assert RevisionCause.objects.get().deployment_id is not None


@db
def test_without_a_call_none_is_said_only_where_the_trail_is_heard(cloud, group):
    allow(cloud, group, "0.0.0.0/0")
    collect(GROUPS, now=later(minutes=5))
    settle_pending(now=later(hours=2))
    assert last(group).attribution == "pending"
    hear(opened("sg-other", at=later(minutes=20)), now=later(minutes=20))
    settle_pending(now=later(minutes=34))
    assert last(group).attribution == "pending"
    settle_pending(now=later(minutes=36))
    assert last(group).attribution == "none"
    hear(opened(group, at=later(minutes=3)), now=later(days=3))
    assert last(group).attribution == "exact"


@db
def test_a_call_that_mentions_the_resource_is_likely_and_one_that_names_nothing_is_a_guess(
    cloud, group
):
    allow(cloud, group, "0.0.0.0/0")
    collect(GROUPS, now=later(minutes=5))
    hear(record("ModifyVpcAttribute", {"x": 1}, at=later(minutes=2)), now=later(minutes=6))
    settle_pending(now=later(hours=1))
    assert (last(group).attribution, last(group).effective_at) == ("window", None)
    tags = {"resourcesSet": {"items": [{"resourceId": group}]}}
    cloud.client("ec2").create_tags(Resources=[group], Tags=[{"Key": "a", "Value": "b"}])
    collect(GROUPS, now=later(hours=2))
    hear(record("CreateTags", tags, at=later(minutes=90)), now=later(hours=2))
    settle_pending(now=later(hours=3))
    assert last(group).attribution == "likely"


@db
def test_a_clock_that_is_ahead_is_allowed_once_nothing_fits_otherwise(cloud, group):
    allow(cloud, group, "0.0.0.0/0")
    collect(GROUPS, now=later(minutes=5))
    hear(opened(group, at=later(minutes=6)), now=later(minutes=6))
    assert last(group).attribution == "pending"
    settle_pending(now=later(hours=1))
    assert last(group).attribution == "exact"
