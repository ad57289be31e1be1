"""Policies: which applies, and how they are changed, by deeds, files and machines."""

from datetime import timedelta

import pytest
import yaml

from certs.change.policies import delete_policy, save_policy
from certs.models import Certificate, CertificatePolicy, OwnershipRule
from chronos.models import ChangeEvent
from opsportal.accounts.actors import COMMAND_LINE, Actor
from opsportal.accounts.audit import mask_secret
from opsportal.accounts.models import AuditEntry
from opsportal.lib.configfile import Deed, apply_config, export_config
from opsportal.lib.confignode import ConfigError
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_team
from tests.certs.judging import finding, judge, kinds, the_alert
from tests.certs.lifecycle_api import Api
from tests.certs.making import make_endpoint, make_observation, make_placement, make_source
from tests.certs.pki import DAY, NOW, intermediate, later

pytestmark = pytest.mark.django_db
JO = Actor("jo", None, None)
WEEK = [{"severity": "critical", "days": 7}]
FILE = """\
teams:
- name: web
  members: []
certificate_policies:
- name: short
  position: 10
  match: lifetime_days<"8"
  thresholds:
  - severity: high
    ratio: 0.2
    floor: 2h
  without:
  - key_reuse
  stale_grace: 30m
certificate_owners:
- name: ours
  team: web
  match: domain="example.com"
  environment: prod
"""


@pytest.fixture
def row():
    issued = intermediate().issue("a.example.com", not_before=NOW - 80 * DAY)
    make_observation(make_endpoint("a.example.com"), issued)
    return Certificate.objects.get(sha256=issued.parsed.sha256)


def policy(name="mine", **fields) -> CertificatePolicy:
    made = CertificatePolicy(name=name, **fields)
    save_policy(made, actor=JO, now=NOW)
    return made


def test_the_first_policy_that_matches_counts_and_a_change_judges_anew(row):
    judge()
    assert finding(row, "expiring").severity == "high"
    mine = policy(match='{domain="example.com"}', thresholds=WEEK)
    judge(later(minutes=1))
    assert kinds(row) == []
    first = policy("first", position=1, thresholds=[{"severity": "low", "days": 12}])
    judge(later(minutes=2))
    assert (the_alert().severity, finding(row, "expiring").threshold) == ("low", "12d")
    delete_policy(first, actor=JO, now=later(minutes=3))
    judge(later(minutes=3))
    assert kinds(row) == []
    mine.enabled = False
    save_policy(mine, actor=JO, now=later(minutes=4))
    judge(later(minutes=4))
    assert the_alert().severity == "high"


def test_what_a_policy_does_without_is_noted_and_alerts_nobody(row):
    policy(without=["expiring"])
    judge()
    assert finding(row, "expiring").severity == ""
    CertificatePolicy.objects.all().delete()
    Certificate.objects.update(judge_at=NOW)
    judge()
    assert the_alert().severity == "high"
    policy(without=["expiring"])
    judge(later(minutes=1))
    with pytest.raises(ValueError, match="unpack"):
        the_alert()


def test_a_stored_policy_that_cannot_be_read_falls_back_to_the_usual_thresholds(row):
    CertificatePolicy.objects.create(name="bad", thresholds=[{"severity": "pink"}])
    judge()
    assert finding(row, "expiring").severity == "high"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\0"),
        ("match", "{"),
        ("thresholds", [{"severity": "high"}]),
        ("thresholds", {"severity": "high"}),
        ("stale_grace", timedelta(days=-1)),
        ("stale_grace", timedelta(days=400)),
        ("without", ["expring"]),
        ("without", ["unreachable"]),
        ("without", [{}]),
        ("without", "expiring"),
    ],
)
def test_what_is_no_policy_is_refused(field, value):
    with pytest.raises(PayloadError) as refused:
        policy(**{"name": "mine", field: value})
    assert refused.value.errors[0].field == field
    assert not CertificatePolicy.objects.exists()


def test_each_change_is_audited_and_on_the_timeline():
    mine = policy()
    assert not save_policy(mine, actor=JO, now=later(minutes=1))
    mine.position = 5
    assert save_policy(mine, actor=JO, now=later(minutes=2))
    delete_policy(mine, actor=JO, now=later(minutes=3))
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["create", "change", "delete"]
    assert ChangeEvent.objects.filter(kind="certificate_policy").count() == 3


def apply(text, now=NOW):
    return apply_config(text.encode(), deed=Deed(COMMAND_LINE, now), mask=mask_secret)


def test_a_file_makes_policies_and_owners_and_reads_the_same_back():
    apply(FILE)
    made = CertificatePolicy.objects.get()
    assert (made.stale_grace, made.without) == (timedelta(minutes=30), ["key_reuse"])
    assert OwnershipRule.objects.get().team.name == "web"
    exported, given = yaml.safe_load(export_config()), yaml.safe_load(FILE)
    for slug in ("certificate_policies", "certificate_owners"):
        assert exported[slug] == given[slug]
    before = AuditEntry.objects.count()
    apply(FILE, later(minutes=1))
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize(
    "bad",
    [
        "certificate_policies: [{name: x, thresholds: 5}]",
        "certificate_policies: [{name: x, thresholds: [{severity: a}]}]",
        "certificate_policies: [{name: x, match: '{'}]",
        "certificate_owners: [{name: x}]",
        "certificate_owners: [{name: x, team: nobody}]",
    ],
)
def test_a_file_that_says_nonsense_changes_nothing(bad):
    with pytest.raises((ConfigError, PayloadError)):
        apply(bad)
    assert not CertificatePolicy.objects.exists()
    assert not OwnershipRule.objects.exists()


def test_machines_read_and_change_policies_and_rules(client):
    api = Api(client)
    body = {"name": "mine", "match": '{use="served"}', "thresholds": WEEK, "stale_grace": 600}
    made = api.send("post", "policies", body)
    assert made.status_code == 201, made.content
    one = f"policies/{made.json()['id']}"
    assert api.send("patch", one, {"position": 3}).json()["position"] == 3
    assert api.get("policies").json()["results"][0]["stale_grace"] == 600
    assert api.send("post", "policies", body).status_code in (400, 409)
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404
    make_team("web")
    rule = api.send("post", "owner-rules", {"name": "all", "team": "web"})
    assert rule.status_code == 201, rule.content
    one = f"owner-rules/{rule.json()['id']}"
    assert api.send("patch", one, {"environment": "prod"}).json()["environment"] == "prod"
    assert api.delete(one).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"name": "x", "thresholds": "a"},
        {"name": "x", "thresholds": [[]]},
        {"name": "x", "thresholds": [{"severity": "high", "days": 10**400}]},
        {"name": "x", "position": 10**30},
        {"name": "x", "without": {"a": 1}},
        {"name": "x\0"},
        {"name": "x" * 101},
        {"name": "x", "match": "}{"},
        {"name": "x", "stale_grace": -1},
    ],
)
def test_nonsense_of_machines_is_refused_in_words(client, body):
    answer = Api(client).send("post", "policies", body)
    assert answer.status_code == 400, answer.content
    assert not CertificatePolicy.objects.exists()


def test_a_teams_key_changes_nothing_that_is_everybodys(client):
    api = Api(client, team=make_team("web"))
    assert api.send("post", "policies", {"name": "x"}).status_code == 403


def test_machines_say_whose_it_is_what_replaces_it_and_that_it_is_of_no_interest(client, row):
    api, one = Api(client), f"certificates/{row.pk}"
    judge()
    assert api.send("post", f"{one}/owner", {"team": "nobody"}).status_code == 400
    make_team("web")
    owner = api.send("post", f"{one}/owner", {"team": "web", "environment": "prod"}).json()
    assert (owner["team"], owner["owner_pinned"]) == ("web", True)
    assert api.delete(f"{one}/owner").json()["owner_pinned"] is False
    other = make_placement(intermediate().issue("b.test"), make_source()).certificate
    assert api.send("post", f"{one}/replacement", {"by": 10**12}).status_code == 400
    assert api.send("post", f"{one}/replacement", {}).status_code == 400
    by = api.send("post", f"{one}/replacement", {"by": other.pk}).json()
    assert (by["replaced_by"], by["replacement_pinned"]) == (other.pk, True)
    assert api.delete(f"{one}/replacement").json()["replacement_pinned"] is False
    assert api.send("post", f"{one}/retired", {"reason": " "}).status_code == 400
    assert api.send("post", f"{one}/retired", {"reason": "decommissioned"}).status_code == 200
    assert api.send("post", f"{one}/retired", {"reason": "again"}).status_code == 409
    judge(later(days=3650))
    assert kinds(row) == []
    assert finding(row, "expiring").closed_reason == "retired"
    assert ChangeEvent.objects.filter(kind="certificate", action="retired").count() == 1
    assert api.delete(f"{one}/retired").json()["retired_at"] is None
    assert api.send("post", f"{one}/retired", {"reason": "x" * 2000}).status_code == 400


def test_another_teams_key_does_nothing_to_it(client, row):
    Certificate.objects.filter(pk=row.pk).update(team=make_team("pay"))
    api = Api(client, team=make_team("web"))
    answer = api.send("post", f"certificates/{row.pk}/retired", {"reason": "no"})
    assert answer.status_code == 403
