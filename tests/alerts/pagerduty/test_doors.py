"""PagerDuty's contract over HTTP: what each action does, answers, and what is kept."""

import json
from typing import Any

import pytest

from alerts.act import resolve_alert
from alerts.models import Alert, RawDelivery, Transition
from alerts.replay import replay_delivery
from chronos.models import ChangeEvent
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key
from tests.alerts.makers import JO
from tests.alerts.pagerduty.conftest import CHANGES, EVENT, EVENTS, event, fixture, stored
from tests.alerts.test_keep import post as post_past_django


@pytest.mark.parametrize("path", ["/v2/enqueue", "/pagerduty/v2/enqueue"])
def test_an_episode_from_trigger_to_resolve(post, key, path):
    made, text = key
    answer = {"status": "success", "message": "Event processed", "dedup_key": "samplekeyhere"}
    for name, status, repeats in (
        ("trigger", "firing", 0),
        ("trigger", "firing", 1),
        ("acknowledge", "acknowledged", 1),
        ("trigger", "acknowledged", 2),
        ("resolve", "resolved", 2),
    ):
        assert post(fixture(name), text, path)[::2] == (202, answer)
        alert = Alert.objects.get()
        assert (alert.status, alert.repeat_count) == (status, repeats)
    assert alert.dedup_key == f"pd:{made.pk}:samplekeyhere"
    assert post(fixture("trigger"), text, path)[0] == 202
    assert list(Alert.objects.values_list("status", flat=True)) == ["firing", "resolved"]


def test_past_django_it_is_the_same(transactional_db):
    _, text = make_key("alerts:write", short=True)
    for name in ("trigger", "acknowledge", "resolve"):
        status, _, body = post_past_django(EVENTS, {**fixture(name), "routing_key": text})
        assert (status, json.loads(body)["dedup_key"]) == (202, "samplekeyhere")
    kinds = Transition.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["opened", "acknowledged", "resolved"]
    assert RawDelivery.objects.filter(verdict="stored").count() == 3


def test_the_sender_acknowledges_under_its_keys_name(post, key):
    post(event(), key[1])
    post(event("acknowledge"), key[1])
    assert AuditEntry.objects.get(action="acknowledge").actor == "key sender"


def test_triggers_without_a_key_are_alerts_of_their_own(post, key):
    answers = [post(event(key=None), key[1])[2]["dedup_key"] for _ in range(2)]
    assert len(set(answers)) == Alert.objects.count() == 2
    assert post(event("resolve", answers[0]), key[1])[0] == 202
    assert Alert.objects.filter(status="resolved").count() == 1


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_what_is_not_open_is_dropped_with_thanks(post, key, action):
    assert post(event(action, "nothing"), key[1])[::2] == (
        202,
        {"status": "success", "message": "Event processed", "dedup_key": "nothing"},
    )
    assert not Alert.objects.exists()
    post(event(), key[1])
    resolve_alert(Alert.objects.get().pk, actor=JO, now=utc_now())
    assert post(event(action), key[1])[0] == 202
    assert Alert.objects.get().status == "resolved"


def test_a_worse_trigger_ends_the_acknowledgement(post, key):
    post(event(payload=EVENT["payload"] | {"severity": "warning"}), key[1])
    post(event("acknowledge"), key[1])
    post(event(), key[1])
    alert = Alert.objects.get()
    assert (alert.status, alert.severity) == ("firing", "critical")


@pytest.mark.parametrize("path", [EVENTS, CHANGES])
def test_over_its_limit_a_sender_hears_when_to_come_again(post, db, path):
    _, text = make_key("alerts:write", "events:write", short=True, rate_limit=1)
    answers = [post(event(), text, path) for _ in range(3)]
    status, headers, answer = next(found for found in answers if found[0] != 202)
    assert (status, answer) == (429, None)
    assert 1 <= int(headers["Retry-After"]) <= 60


def test_more_than_512_kb_are_refused(post, key):
    def of_size(size):
        body = json.dumps(event() | {"routing_key": key[1], "x": ""}).encode()
        return body[:-2] + b"x" * (size - len(body)) + body[-2:]

    assert post(of_size(512 * 1024))[0] == 202
    status, _, answer = post(of_size(512 * 1024 + 1))
    assert (status, answer["status"]) == (400, "invalid event")
    assert "512 KiB" in answer["errors"][0]


def test_the_same_idempotency_key_gets_the_same_generated_key(post, key):
    first, again = (post(event(key=None), key[1], **{"Idempotency-Key": "1"}) for _ in range(2))
    assert first[2] == again[2]
    assert Alert.objects.get().repeat_count == 0


def test_a_broken_event_is_a_dead_letter_of_its_sender(post, key):
    made, text = key
    broken = b'{"routing_key": "%b", "event_action": "trigger", "payload": {' % text.encode()
    status, _, answer = post(broken)
    assert (status, answer["status"]) == (400, "Unrecognized object")
    row = RawDelivery.objects.get()
    assert (row.key, row.verdict) == (made, "failed")
    assert '"routing_key": "[redacted]"' in row.body


def test_a_refused_event_is_replayed_once_its_cause_is_gone(post, key):
    made, text = key
    post(event(payload=EVENT["payload"] | {"severity": "none"}), text)
    row = RawDelivery.objects.get()
    assert "'payload.severity' is invalid" in row.error
    RawDelivery.objects.update(body=row.body.replace('"none"', '"info"'))
    assert replay_delivery(row, actor=JO, now=utc_now()).verdict == "stored"
    assert Alert.objects.get().dedup_key == f"pd:{made.pk}:k"


@pytest.mark.parametrize("path", ["/v2/change/enqueue", "/pagerduty/v2/change/enqueue"])
def test_a_change_is_on_the_timeline(post, key, path):
    assert post(fixture("change"), key[1], path)[::2] == (
        202,
        {"status": "success", "message": "Change event processed"},
    )
    found = ChangeEvent.objects.get()
    assert (found.kind, found.actor) == ("change", "key sender")
    assert found.source == "acme-build-pipeline-tool-default-i-9999"
    assert found.data["custom_details"]["build_number"] == "2"
    assert not Alert.objects.exists()
    assert RawDelivery.objects.get().verdict == "stored"


RUBBISH: list[Any] = [
    None, True, -1, 10**30, 1.5e300, "", "\0", "x" * 5000, "\u2028\U0001f600", [], {}, ["a", None],
    {"a": {"b": [1]}}, {"": "", "\0": "\0", "x" * 500: "y" * 10_000}, [[[]]] * 30,
]  # fmt: skip


@pytest.mark.parametrize("path", [EVENTS, CHANGES])
def test_rubbish_in_any_field_is_stored_or_refused_and_never_a_fault(post, key, path):
    fields = [*EVENT, "links", "images", "client", "client_url"]
    inner = [*EVENT["payload"], "timestamp", "component", "group", "class", "custom_details"]
    for rubbish in RUBBISH:
        for name in fields:
            if name != "routing_key":
                assert post(event(**{name: rubbish}), key[1], path)[0] in {202, 400}, name
        for name in inner:
            wrong = event(payload=EVENT["payload"] | {name: rubbish})
            assert post(wrong, key[1], path)[0] in {202, 400}, name


@pytest.mark.parametrize("path", [EVENTS, CHANGES])
@pytest.mark.parametrize("value", [b"[" * 900 + b"]" * 900, b'{"a":' * 900 + b"1" + b"}" * 900,
                                   b"[" * 450 + b"]" * 450, b"9" * 4000, b"1e999"])  # fmt: skip
def test_what_is_deep_or_beyond_numbers_is_never_a_fault(post, key, path, value):
    known = json.dumps(event() | {"routing_key": key[1]}).encode()
    body = known.replace(b'"source":', b'"custom_details": {"d": %b}, "source":' % value)
    assert post(body, path=path)[0] in {202, 400}
    assert key[1] not in stored()
