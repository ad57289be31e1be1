"""The webhook asks a system of the operator's, signed, once."""

import pytest

from alerts.channels.webhook import sign_body
from alerts.models import Channel
from alerts.remediate import approve_remediation
from alerts.remediations.webhook import WebhookRemediation
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_person, make_team
from tests.alerts.delivering import hook_channel
from tests.alerts.makers import NOW, make_alert, make_channel, make_rule
from tests.alerts.receivers import Reply
from tests.alerts.remediating import arm, make_wish, operation_of, walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel(hooks):
    arm("webhook")
    return hook_channel(hooks, "runbooks")


def wish(**options):
    alert = make_alert(resource="db-1", labels={"disk": "sda"})
    parameters = {"channel": "runbooks", "action": "clean"}
    return make_wish(alert=alert, plugin="webhook", parameters=parameters, **options)


def test_it_is_posted_signed(hooks, channel):
    found = wish()
    assert walk(found).state == "done"
    (request,) = hooks.requests
    assert request.json["action"] == "clean"
    assert request.json["about"] == "db-1"
    assert request.json["alert"]["labels"] == {"disk": "sda"}
    assert request.json["id"] == request.headers["idempotency-key"]
    stamp = request.headers["x-opsportal-signature"].split(",")[0].removeprefix("t=")
    assert request.headers["x-opsportal-signature"] == sign_body("s3cret", request.body, int(stamp))


def test_nothing_secret_is_in_the_plan_nor_the_address(channel):
    operation = walk(wish())
    text = f"{operation.targets}{operation.calls}{operation.parameters}"
    assert "s3cret" not in text
    assert "127.0.0.1" not in text


def test_leashed_nothing_is_posted(hooks, channel):
    assert walk(wish(dry_run=True)).state == "simulated"
    assert hooks.requests == []


@pytest.mark.parametrize(("status", "state"), [(404, "failed"), (302, "failed"), (503, "unknown")])
def test_another_answer_is_not_success_and_is_not_tried_again(hooks, channel, status, state):
    hooks.reply = lambda request: Reply(status, b"no")
    assert walk(wish()).state == state
    assert len(hooks.requests) == 1


def test_a_channel_that_changes_after_the_plan_is_refused(hooks, channel):
    found = wish(approval="required")
    operation = walk(found)
    user = make_person("administrator")
    actor = Actor(user.username, user.pk, None)
    approve_remediation(found, operation.plan_hash, user=user, actor=actor, now=NOW)
    channel.settings = {"url": f"{hooks.url}/other", "secret": "s3cret"}
    channel.save()
    assert "the channel was changed" in walk(found).outcome
    assert operation_of(found).state == "refused"
    assert hooks.requests == []


def test_a_disabled_channel_is_refused(hooks, channel):
    channel.enabled = False
    channel.save()
    assert "no enabled webhook channel" in walk(wish()).outcome


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "channel"),
        ({"channel": "nonsense"}, "channel"),
        ({"channel": "mail"}, "channel"),
        ({"channel": 5}, "channel"),
        ({"channel": "runbooks", "action": "x\n"}, "action"),
        ({"channel": "runbooks", "url": "http://x"}, "url"),
    ],
)
def test_parameters_that_are_not_right_are_told(channel, given, field):
    make_channel("mail")
    with pytest.raises(PayloadError) as raised:
        WebhookRemediation.clean(given)
    assert [error.field for error in raised.value.errors] == [field]


def test_a_persons_own_channel_is_nobody_elses(hooks):
    hook_channel(hooks, "mine", user=make_person("responder"))
    with pytest.raises(PayloadError):
        WebhookRemediation.clean({"channel": "mine"})


def test_a_team_s_rule_reaches_no_channel_of_another_team(hooks, channel):
    payments, search = make_team("payments"), make_team("search")
    Channel.objects.filter(pk=channel.pk).update(team=payments)
    foreign = walk(wish(rule=make_rule("foreign", team=search)))
    assert foreign.state == "refused"
    assert "another team's" in foreign.outcome
    assert walk(wish(rule=make_rule("own", team=payments))).state == "done"
    assert len(hooks.requests) == 1
