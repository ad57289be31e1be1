"""Why who was told, or not: by the rules as they were, matcher by matcher, and in words."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.change import delete_rule, save_rule
from alerts.change.silences import save_silence
from alerts.explain import explain_alert
from alerts.labels import alert_labels
from alerts.models import Decision, PolicyVersion, Rule, RuleAction, Silence
from alerts.policy import StoredSubject, forget_policy, load_policy
from alerts.policy.firing import find_firing
from tests.accounts.people import make_person
from tests.alerts.makers import (
    JO,
    NOW,
    make_alert,
    make_channel,
    make_decision,
    make_notification,
    make_transition,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_policy():
    forget_policy()
    yield
    forget_policy()


def rule(name, match, *actions, **values) -> Rule:
    made = Rule(name=name, match=match, **values)
    save_rule(made, [notify(channel) for channel in actions], actor=JO, now=NOW)
    return made


def notify(channel) -> RuleAction:
    return RuleAction(kind="notify", channel=channel)


def decide(alert, kind="opened", outcome="notified") -> Decision:
    """What routing would store."""
    forget_policy()
    policy = load_policy()
    subject = StoredSubject(alert)
    firing = find_firing(policy, [subject.matched_labels()])
    verdict = policy.decide(subject, alert.severity, now=NOW, firing=firing)
    decision = make_decision(alert, kind)
    decision.state, decision.finished_at, decision.outcome = "done", NOW, outcome
    decision.reasons, decision.labels = verdict.reasons, verdict.labels
    decision.policy_version = PolicyVersion.objects.order_by("-pk").values_list("pk", flat=True)[0]
    decision.save()
    return decision


def silence(match, **values) -> Silence:
    made = Silence(
        match=match, starts_at=NOW - timedelta(hours=1), ends_at=NOW + timedelta(hours=1),
        comment="maintenance of the switch", author="jo", **values,
    )  # fmt: skip
    save_silence(made, actor=JO, now=NOW)
    return made


def names(parts) -> list[str]:
    return [part.name for part in parts]


def test_what_took_part_comes_first_and_the_rest_with_the_matcher_that_failed():
    channel = make_channel("ops")
    rule("billing", '{service="billing", severity=~"high|critical"}', channel)
    rule("search", '{service="search", severity="high"}', channel)
    alert = make_alert(service="billing", severity="high")
    decide(alert)
    (found,) = explain_alert(alert, now=NOW).decisions
    assert found.traced
    assert names(found.took_part) == ["billing"]
    assert [holds for _, holds in found.took_part[0].matchers] == [True, True]
    assert found.took_part[0].actions == ["notify ops"]
    (other,) = found.others
    assert not other.acted
    assert list(other.matchers) == [('service="search"', False), ('severity="high"', True)]


def test_a_decision_shows_the_rule_as_it_was_and_now_as_it_is():
    ops, night = make_channel("ops"), make_channel("night")
    changed = rule("billing", '{service="billing"}', ops)
    alert = make_alert(service="billing")
    decide(alert)
    changed.match = '{service="billing", severity="critical"}'
    save_rule(changed, [notify(night)], actor=JO, now=NOW)
    forget_policy()
    explanation = explain_alert(alert, now=NOW)
    (part,) = explanation.decisions[0].took_part
    assert (part.version, part.match) == (1, '{service="billing"}')
    assert list(part.matchers) == [('service="billing"', True)]
    now = explanation.asked_now
    assert now.took_part == []
    assert now.others[0].version == 2
    assert "would tell nobody" in now.words


def test_a_rule_that_was_deleted_still_explains():
    gone = rule("billing", '{service="billing"}', make_channel("ops"))
    alert = make_alert(service="billing")
    decide(alert)
    delete_rule(gone, actor=JO, now=NOW)
    forget_policy()
    explanation = explain_alert(alert, now=NOW)
    assert names(explanation.decisions[0].took_part) == ["billing"]
    assert explanation.asked_now.others == []


def test_a_silenced_alert_says_by_whom_and_until_when():
    rule("all", "", make_channel("ops"))
    made = silence('{service="billing"}')
    silence('{service="search"}')
    held = f"silence {made.pk}: {made.comment}"
    alert = make_alert(service="billing", suppressed=held)
    decide(alert, outcome="suppressed")
    explanation = explain_alert(alert, now=NOW)
    (found,) = explanation.decisions
    assert [(part.kind, part.name) for part in found.took_part] == [
        ("rule", "all"), ("silence", made.comment),
    ]  # fmt: skip
    assert list(found.took_part[1].matchers) == [('service="billing"', True)]
    assert [part.kind for part in found.others] == ["silence"]
    text = " ".join(explanation.words)
    assert "held back" in text
    assert "Silenced by jo until 2026-03-01 13:00 UTC: maintenance of the switch." in text
    assert "It would be held back" in explanation.asked_now.words


def test_the_paragraph_says_who_was_told_when_and_because_of_what():
    ops, dead = make_channel("payments"), make_channel("hook", kind="webhook")
    told = rule("billing", '{service="billing"}', ops)
    alert = make_alert(service="billing")
    make_notification(alert, ops, state="done", finished_at=NOW, rule=told)
    make_notification(alert, dead, state="dead", last_error="HTTP 410", rule=told)
    decide(alert)
    words = explain_alert(alert, now=NOW).words
    assert (
        "E-mailed to payments at 2026-03-01 12:00 (warning) because rule billing says so." in words
    )
    assert "hook could not be told of 'warning': HTTP 410." in words


def test_who_is_paged_was_not_necessarily_on_call():
    pages = rule("pages", 'service="billing"', make_channel("ops"))
    alert = make_alert(service="billing")
    make_notification(
        alert, make_channel("jo"), about="page 0.1", state="done", finished_at=NOW, rule=pages
    )
    decide(alert)
    words = explain_alert(alert, now=NOW).words
    assert words[0] == "E-mailed to jo at 2026-03-01 12:00 (page) because rule pages pages them."


def test_a_channel_that_waits_with_two_severities_is_named_once():
    alert, ops = make_alert(), make_channel("ops")
    for about in ("high", "critical"):
        make_notification(alert, ops, about=about, state="held")
    assert explain_alert(alert, now=NOW).words.count("ops is told with its group.") == 1


def test_paging_is_told_too():
    alert = make_alert()
    paged = make_transition(alert, "paged", "jo's e-mail")
    paged.note = "Step 1 of 2 of nights: ada has no address, so she is skipped."
    paged.save()
    words = explain_alert(alert, now=NOW).words
    assert words[0].startswith("At the last page: Step 1 of 2 of nights: ada has no address")


def test_decisions_from_before_labels_were_kept_say_so():
    alert = make_alert()
    decision = make_decision(alert)
    decision.outcome, decision.reasons = "notified", [
        {"rule": 7, "name": "old", "match": "", "matched": True, "actions": ["notify ops"]},
        {"note": "Already told of 'high': night"},
    ]  # fmt: skip
    decision.save()
    (found,) = explain_alert(alert, now=NOW).decisions
    assert not found.traced
    assert "before the portal kept" in found.note
    assert [part.kind for part in found.took_part] == ["rule", "cap"]
    assert found.took_part[0].version == 0


def test_what_is_not_decided_yet_and_what_asks_no_rule_say_so():
    alert = make_alert()
    end = make_decision(alert, "resolved")
    end.outcome, end.reasons = "nobody", [{"note": "Nobody was told of this episode."}]
    end.save()
    make_decision(alert, "opened")
    waiting, ended = explain_alert(alert, now=NOW).decisions
    assert "waits for its turn" in waiting.note
    assert "told to everyone who was told" in ended.note


def test_what_is_over_is_not_asked_again():
    alert = make_alert(status="resolved", resolved_at=NOW)
    assert explain_alert(alert, now=NOW).asked_now is None


def test_the_price_does_not_grow_with_rules_or_decisions():
    channel = make_channel("ops")
    rule("all", "", channel)
    alert = make_alert()
    decide(alert)

    def price():
        forget_policy()
        with CaptureQueriesContext(connection) as caught:
            explain_alert(alert, now=NOW)
        return len(caught)

    few = price()
    for number in range(30):
        rule(f"rule {number}", f'{{service="s{number}"}}', channel)
    for _ in range(40):
        decide(alert, "worsened")
    assert price() == few


def test_older_policies_than_the_last_few_are_not_put_together_again():
    channel = make_channel("ops")
    alert = make_alert()
    for number in range(8):
        rule(f"rule {number}", "", channel)
        decide(alert, "worsened")
    explained = explain_alert(alert, now=NOW).decisions
    assert [found.traced for found in explained] == [True] * 5 + [False] * 3
    assert "Only the latest" in explained[-1].note
    assert names(explained[-1].took_part) == ["rule 0"]


class TestPages:
    def test_both_show_what_took_part_and_fold_the_rest(self, client):
        channel = make_channel("ops")
        rule("billing", '{service="billing"}', channel)
        for number in range(12):
            rule(f"other {number}", f'{{service="s{number}"}}', channel)
        alert = make_alert(service="billing")
        decide(alert)
        client.force_login(make_person("viewer"))
        text = client.get(f"/alerts/{alert.pk}/explain/").text
        assert "s3&quot;" in text
        assert "and 12 that did not take part" in text
        assert "would tell ops" in text
        short = client.get(alert.get_absolute_url()).text
        assert "because of rule billing" in short
        assert "s3&quot;" not in short
        assert client.get("/alerts/4711/explain/").status_code == 404

    def test_what_matchers_hold_is_escaped(self, client):
        rule("<b>x</b>", '{service="<script>"}', make_channel("ops"))
        alert = make_alert(service="<script>")
        assert alert_labels(alert)["service"] == "<script>"
        decide(alert)
        client.force_login(make_person("viewer"))
        for path in (alert.get_absolute_url(), f"/alerts/{alert.pk}/explain/"):
            text = client.get(path).text
            assert "<b>x</b>" not in text
            assert "<script>&" not in text
