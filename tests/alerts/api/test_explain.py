"""Explanations through the API."""

from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from opsportal.lib.outbox import claim_due
from tests.alerts.api.conftest import NOW, make_alert
from tests.alerts.makers import make_channel, make_rule


def test_a_decision_is_told_with_its_parts_and_words(api):
    make_rule("mine", '{name="DiskFull"}', make_channel("ops"))
    alert = make_alert()
    route_transitions(claim_due(DecisionOutbox(), NOW, 10), now=NOW)
    answer = api.get(f"alerts/{alert.pk}/explain")
    assert answer.status_code == 200
    body = answer.json()
    (decision,) = body["decisions"]
    assert decision["outcome"] == "notified"
    part = decision["took_part"][0]
    assert (part["kind"], part["name"], part["actions"]) == ("rule", "mine", ["notify ops"])
    assert body["asked_now"]["took_part"][0]["matchers"] == [
        {"text": 'name="DiskFull"', "holds": True}
    ]
    assert body["words"]
