"""PagerDuty's routing keys over HTTP: which are taken, for what, and that none is kept."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command

from alerts.models import Alert, RawDelivery, Sender
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import revoke_key
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key, make_team
from tests.alerts.pagerduty.conftest import CHANGES, EVENT, EVENTS, event, stored

NO_KEY = "x" * 32


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
