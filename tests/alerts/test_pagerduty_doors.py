"""PagerDuty's contract over HTTP: keys, what each action does, answers, and what is kept."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from alerts.act import resolve_alert
from alerts.models import Alert, RawDelivery, Sender, Transition
from alerts.replay import replay_delivery
from chronos.models import ChangeEvent
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import revoke_key
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key, make_team
from tests.alerts.makers import JO
from tests.alerts.test_formats_pagerduty import EVENT, fixture
from tests.alerts.test_keep import post as post_past_django

EVENTS, CHANGES = "/v2/enqueue", "/v2/change/enqueue"
NO_KEY = "x" * 32


@pytest.fixture
def key(db):
    return make_key("alerts:write", "events:write", short=True)


@pytest.fixture
def post(client):
    """Posts an event: (status, headers, decoded body)."""

    def send(event, text="", path=EVENTS, **headers):
        if isinstance(event, dict):
            event = json.dumps(event | ({"routing_key": text} if text else {})).encode()
        reply = client.post(path, event, content_type="application/json", headers=headers)
        return reply.status_code, reply.headers, json.loads(reply.content or b"null")

    return send


def event(action="trigger", key="k", **values):
    bare = {name: value for name, value in EVENT.items() if name != "routing_key"}
    return {**bare, "event_action": action, "dedup_key": key, **values}


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


def test_another_routing_key_of_the_same_team_touches_nothing(post, db):
    team = make_team()
    mine, theirs = (make_key("alerts:write", short=True, team=team)[1] for _ in range(2))
    post(event(), mine)
    for action in ("acknowledge", "resolve"):
        assert post(event(action), theirs)[0] == 202
        assert Alert.objects.get().status == "firing"
    post(event(), theirs)
    assert set(Alert.objects.values_list("status", "repeat_count", "team")) == {
        ("firing", 0, team.pk)
    }


def test_a_worse_trigger_ends_the_acknowledgement(post, key):
    post(event(payload=EVENT["payload"] | {"severity": "warning"}), key[1])
    post(event("acknowledge"), key[1])
    post(event(), key[1])
    alert = Alert.objects.get()
    assert (alert.status, alert.severity) == ("firing", "critical")


@pytest.mark.parametrize("path", [EVENTS, CHANGES])
def test_without_a_key_it_is_401_in_pagerdutys_shape(post, db, path):
    status, headers, answer = post({}, path=path)
    assert (status, answer) == (
        401,
        {
            "status": "invalid event",
            "message": "Event object is invalid",
            "errors": ["'routing_key' cannot be blank"],
        },
    )
    assert headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", [EVENTS, CHANGES])
@pytest.mark.parametrize("text", [NO_KEY, NO_KEY.upper(), "R0212P1QXGEIQE2NMTQ7L7WXD00DWHIN"])
def test_a_key_that_nobody_knows_is_invalid(post, db, path, text):
    status, _, answer = post(event(), text, path)
    assert (status, answer["errors"]) == (400, ["Invalid routing key"])


def test_a_revoked_key_is_invalid_at_once(post, key):
    made, text = key
    assert post(event(), text)[0] == 202
    revoke_key(made, actor=COMMAND_LINE, now=utc_now())
    assert post(event(), text)[2]["errors"] == ["Invalid routing key"]


def test_an_expired_key_is_invalid(post, db):
    made, text = make_key("alerts:write", short=True, expires_at=utc_now() + timedelta(hours=1))
    type(made).objects.update(expires_at=utc_now() - timedelta(hours=1))
    assert post(event(), text)[2]["errors"] == ["Invalid routing key"]


def test_a_key_of_another_length_is_told_so(post, key):
    assert post(event(), key[1][:-1])[::2] == (
        400,
        {
            "status": "invalid event",
            "message": "Event object is invalid",
            "errors": ["Length of 'routing_key' is incorrect (should be 32 characters)"],
        },
    )


@pytest.mark.parametrize(("path", "scope"), [(EVENTS, "alerts:write"), (CHANGES, "events:write")])
def test_each_door_wants_its_scope(post, db, path, scope):
    other = {"alerts:write": "events:write", "events:write": "alerts:write"}[scope]
    status, _, answer = post(event(), make_key(other, short=True)[1], path)
    assert status == 403
    assert scope in answer["errors"][0]
    assert post(event(), make_key(scope, short=True)[1], path)[0] == 202


def test_the_key_may_be_a_long_one_or_in_a_header(post, db):
    text = make_key("alerts:write")[1]
    for headers in ({"X-Routing-Key": text}, {"Authorization": f"Bearer {text}"}):
        assert post(event(), **headers)[0] == 202
    assert post(event(), text)[0] == 202
    assert Alert.objects.get().repeat_count == 2


def test_the_body_says_whose_an_event_is_whatever_a_proxy_adds(post, key):
    made, text = key
    other = make_key("alerts:write")[1]
    assert post(event(), text, Authorization=f"Bearer {other}")[0] == 202
    assert Alert.objects.get().dedup_key == f"pd:{made.pk}:k"


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
    assert (found.kind, found.actor) == ("change.reported", "key sender")
    assert found.source == "acme-build-pipeline-tool-default-i-9999"
    assert found.details["custom_details"]["build_number"] == "2"
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


def stored() -> str:
    """Every value of every row in the database."""
    return "".join(
        str(list(model._default_manager.values()))
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    )


def test_the_key_stays_nowhere(post, key, caplog, capsys):
    made, text = key
    hidden = {"custom_details": {"routing_key": text, "nested": {"api_key": text}}}
    sent = [
        (event(payload=EVENT["payload"] | hidden), EVENTS),
        (event("acknowledge"), EVENTS),
        (event("resolve"), EVENTS),
        (event("close"), EVENTS),
        ({"payload": {"summary": "Deployed"}}, CHANGES),
        ({"payload": {}}, CHANGES),
        (b'{"routing_key": "%b", "payload": {' % text.encode(), EVENTS),
        (b'{"\\u0072outing_key": "%b", "event_action": "x"}' % text.encode(), EVENTS),
        (b"{'routing_key': '%b', \"routing_key\":\"%b\"" % (text.encode(), text.encode()), EVENTS),
    ]
    for body, path in sent:
        post(body, text, path)
        post(body, path=path, **{"X-Routing-Key": text})
    post(event(), text + "x")
    revoke_key(made, actor=COMMAND_LINE, now=utc_now())
    post(event(), text)
    call_command("check")
    assert RawDelivery.objects.count() == 2 * len(sent)
    found = stored()
    assert re.search(made.prefix, found)
    assert text not in found.replace(made.key_hash, "")
    assert text[12:] not in found
    said = capsys.readouterr()
    assert text[12:] not in caplog.text + said.out + said.err
    assert Sender.objects.filter(key=made).count() == 2
