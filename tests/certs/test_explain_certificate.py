"""Why somebody was, or was not, told of a certificate."""

import pytest

from alerts.act import acknowledge_alert, snooze_alert
from alerts.deliver import deliver_notifications
from alerts.expire import wake_snoozed
from alerts.models import Alert, Notification, Silence, Subscription, Transition
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox, NotificationOutbox
from certs.explain import explain_certificate
from certs.models import Certificate, CertificatePolicy
from certs.retire import retire_certificate
from opsportal.accounts.actors import Actor
from opsportal.lib.outbox import claim_due
from tests.accounts.people import make_person
from tests.alerts.makers import make_channel
from tests.certs.judging import judge, the_alert
from tests.certs.lifecycle_api import Api
from tests.certs.making import make_endpoint, make_observation, make_placement, make_source
from tests.certs.pki import DAY, NOW, intermediate, later

pytestmark = pytest.mark.django_db(transaction=True)
JO = Actor("jo", None, None)


@pytest.fixture
def ca():
    return intermediate()


@pytest.fixture
def row(ca):
    issued = ca.issue("a.example.com", not_before=NOW - 80 * DAY)
    make_observation(make_endpoint("a.example.com"), issued)
    return again(issued.parsed.sha256)


def again(sha256) -> Certificate:
    return Certificate.objects.select_related("team", "replaced_by").get(sha256=sha256)


def explain(row, now=NOW):
    return explain_certificate(again(row.sha256), now=now)


def dispatch(now=NOW) -> int:
    judge(now)
    wake_snoozed(now=now)
    route_transitions(claim_due(DecisionOutbox(), now, 500), now=now)
    rows = claim_due(NotificationOutbox(), now, 50)
    if rows:
        deliver_notifications(rows, now=now)
    return len(rows)


def subscribe(**values) -> Subscription:
    user = make_person("responder")
    return Subscription.objects.create(
        name="jo's", user=user, channel=make_channel("ops"), **values
    )


def test_who_was_told_by_which_threshold_of_which_policy(row):
    subscribe(match='{finding="expiring", days_left<"15", issuer=~".*Test CA 1"}')
    assert dispatch() == 1
    found = explain(row)
    text = " ".join(found.words)
    assert "a.example.com expires in 10 days" in text
    assert "expiring (high)" in text
    assert "E-mailed to ops" in text
    assert found.policy_why == "there are no policies of your own"
    steps = [(step.threshold, step.crossed, bool(step.noticed_at)) for step in found.steps]
    assert steps == [
        ("25%", True, True), ("15%", True, True), ("5% or 1d", False, False), ("end", False, False),
    ]  # fmt: skip


def test_why_nobody_was_told(row):
    dispatch()
    assert "told to nobody" in " ".join(explain(row).words)
    CertificatePolicy.objects.create(name="mine", match='{use="served"}', without=["expiring"])
    assert explain(row).policy_why == 'it is the first that matches: {use="served"}'
    assert "Policy mine does without expiring." in explain(row).holds


def test_what_holds_back_is_named(row):
    subscribe()
    Silence.objects.create(
        match='{source="certs"}', starts_at=NOW - DAY, ends_at=later(days=1), comment="quiet",
        author="jo",
    )  # fmt: skip
    assert dispatch() == 0
    assert any("is held back: " in each for each in explain(row).holds)


@pytest.mark.parametrize("use", ["placed", "known", "retired"])
def test_what_is_not_served_or_retired_says_so(ca, use):
    issued = ca.issue("b.test", not_before=NOW - 80 * DAY)
    row = make_placement(issued, make_source()).certificate
    if use == "known":
        Certificate.objects.update(use="known")
    if use == "retired":
        retire_certificate(row.pk, "gone for good", actor=JO, now=NOW)
    judge()
    holds = " ".join(explain(row).holds)
    said = {"placed": "a step less severe", "known": "neither served nor stored",
            "retired": "retired by jo on 2026-03-02: gone for good"}  # fmt: skip
    assert said[use] in holds


def test_an_acknowledgement_dies_with_the_renewal(row, ca):
    subscribe()
    dispatch()
    alert = the_alert()
    acknowledge_alert(alert.pk, actor=JO, now=NOW)
    assert "acknowledged" in " ".join(explain(row).holds)
    endpoint = row.observations.get().endpoint
    new = ca.issue("a.example.com", not_before=later(hours=1))
    make_observation(endpoint, new, now=later(hours=2))
    assert dispatch(later(hours=2)) == 1
    alert.refresh_from_db()
    assert alert.status == "resolved"
    # The renewed one, when its time has come, is told as if nobody had ever acknowledged anything.
    dispatch(later(days=80))
    assert the_alert().status == "firing"
    assert the_alert().pk != alert.pk


def test_a_snooze_that_has_passed_is_told_once(row):
    subscribe()
    dispatch()
    snooze_alert(the_alert().pk, later(days=2), actor=JO, now=NOW)
    assert dispatch(later(days=1)) == 0
    assert "snoozed until 2026-03-04" in " ".join(explain(row, later(days=1)).holds)
    assert dispatch(later(days=2)) == 1
    assert dispatch(later(days=2, hours=1)) == 0
    assert Notification.objects.count() == 2


def test_a_snooze_dies_with_the_renewal(row, ca):
    subscribe()
    dispatch()
    snooze_alert(the_alert().pk, later(days=2), actor=JO, now=NOW)
    endpoint = row.observations.get().endpoint
    new = ca.issue("a.example.com", not_before=later(hours=1))
    make_observation(endpoint, new, now=later(hours=2))
    dispatch(later(hours=2))
    assert not Alert.objects.filter(resolved_at=None).exists()
    dispatch(later(days=3))
    assert not Transition.objects.filter(kind="woken").exists()


def test_machines_are_told_why(client, row, django_assert_max_num_queries):
    subscribe()
    dispatch()
    api = Api(client)
    with django_assert_max_num_queries(45):
        answer = api.get(f"certificates/{row.pk}/explain").json()
    assert answer["policy"]["name"] == "usual"
    assert answer["alerts"][0]["told"][0]["channel"] == "ops"
    assert [each["kind"] for each in answer["findings"]] == ["unowned", "expiring"]
    assert api.get("certificates/x/explain").status_code == 404
