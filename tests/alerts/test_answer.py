"""Acknowledge from the message: by a link that is good for one thing only, and by a press only."""

import logging
import re
from datetime import timedelta

import pytest
from django.core.signing import Signer

from alerts.answer import LIFETIME, BadLinkError, ExpiredLinkError, answer_url, read_link
from alerts.models import Alert, Channel, Notification, Transition
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import make_person
from tests.alerts.delivering import flush, hook_channel, run
from tests.alerts.makers import (
    end,
    hold_in,
    later,
    make_alert,
    make_channel,
    make_group,
    make_notification,
)

pytestmark = pytest.mark.django_db


def link_of(notification) -> str:
    return "/a/" + answer_url(notification).rpartition("/a/")[2]


def sent(channel=None, **values) -> Notification:
    """A notification of just now."""
    alert = make_alert(**values)
    return make_notification(alert, channel or make_channel(), created_at=utc_now(), state="done")


def statuses() -> list[str]:
    return list(Alert.objects.order_by("pk").values_list("status", flat=True))


def test_looking_changes_nothing_and_pressing_acknowledges(client):
    row = sent(summary="Disk <full>")
    for method in (client.get, client.head):
        assert method(link_of(row)).status_code == 200
    text = client.get(link_of(row)).text
    assert "Disk &lt;full&gt;" in text
    assert "warning" in text
    assert statuses() == ["firing"]
    assert not AuditEntry.objects.exists()
    text = client.post(link_of(row)).text
    assert "Acknowledged" in text
    assert statuses() == ["acknowledged"]
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.user) == ("link of channel ops", "acknowledge", None)
    assert Transition.objects.filter(kind="acknowledged").get().actor == "link of channel ops"


def test_in_a_channel_of_ones_own_the_link_is_the_person(client):
    jo = make_person("responder")
    row = sent(make_channel(user=jo))
    client.post(link_of(row))
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.user) == (f"{jo.username} by link", jo)


def test_a_second_press_is_harmless_and_is_told_who_has_it(client):
    row = sent()
    for _ in range(3):
        response = client.post(link_of(row))
    assert response.status_code == 200
    assert "taken by link of channel ops" in response.text
    assert "<button" not in response.text
    assert AuditEntry.objects.count() == 1


def test_what_is_over_says_so(client):
    row = sent()
    end(row.alert, utc_now())
    for response in (client.get(link_of(row)), client.post(link_of(row))):
        assert "nothing to acknowledge" in response.text or "Nothing was left" in response.text
        assert "over since" in response.text
    assert statuses() == ["resolved"]
    assert not AuditEntry.objects.exists()


def test_a_link_is_good_for_its_own_alert_only(client):
    one, other = sent(), sent(make_channel("other"))
    client.post(link_of(one))
    other.alert.refresh_from_db()
    assert other.alert.status == "firing"
    forged = Signer(salt="alerts.answer").sign_object(
        [one.pk, other.channel_id, int(utc_now().timestamp())]
    )
    assert client.get(f"/a/{forged}/").status_code == 404


def test_a_link_of_a_group_takes_all_that_fires(client, hooks):
    group = make_group(make_channel("g"), opened_at=utc_now())
    alerts = [make_alert(severity=name) for name in ("critical", "low", "high")]
    for alert in alerts:
        hold_in(group, alert, created_at=utc_now())
    stranger = make_alert()
    flush(utc_now())
    lead = Notification.objects.get(state="due")
    end(alerts[1], utc_now())
    text = client.get(link_of(lead)).text
    assert "Acknowledge 2 alerts" in text
    assert text.index("critical") < text.index("high")
    assert "2 alerts acknowledged" in client.post(link_of(lead)).text
    assert statuses() == ["acknowledged", "resolved", "acknowledged", "firing"]
    assert "All that fires is taken" in client.post(link_of(lead)).text
    stranger.refresh_from_db()
    assert stranger.status == "firing"
    assert AuditEntry.objects.count() == 2


def test_a_tampered_link_is_refused_and_costs_no_query(client, django_assert_num_queries):
    row = sent()
    token = link_of(row).split("/")[2]
    head, _, signature = token.partition(":")
    guesses = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        head[::-1] + ":" + signature,
        head,
        ":" + signature,
        "x" * 5000,
        "é:ü",
        Signer(salt="other").sign_object([row.pk, row.channel_id, 2**31]),
    ]
    with django_assert_num_queries(0):
        for guess in guesses * 50:
            assert client.get(f"/a/{guess}/").status_code == 404
            assert client.post(f"/a/{guess}/").status_code == 404
    assert statuses() == ["firing"]


def test_an_expired_link_is_refused_and_says_so(client):
    row = sent()
    token = link_of(row).split("/")[2]
    issued = row.created_at.replace(microsecond=0)
    assert read_link(token, now=issued + LIFETIME - timedelta(seconds=1)).total == 1
    with pytest.raises(ExpiredLinkError):
        read_link(token, now=issued + LIFETIME)
    old = make_notification(make_alert(), make_channel("old"), created_at=utc_now() - LIFETIME)
    response = client.post(link_of(old))
    assert (response.status_code, "expired" in response.text) == (410, True)
    assert statuses() == ["firing", "firing"]


def test_a_group_that_waited_long_has_a_link_of_the_day_it_was_told():
    group = make_group(make_channel())
    hold_in(group, make_alert())
    flush(later(days=6))
    lead = Notification.objects.select_related("group").get()
    token = link_of(lead).split("/")[2]
    assert read_link(token, now=later(days=12)).total == 1


def test_a_disabled_channel_and_a_person_who_left_take_their_links_along(client):
    jo = make_person("responder")
    row = sent(make_channel(user=jo))
    jo.is_active = False
    jo.save()
    assert client.post(link_of(row)).status_code == 404
    jo.is_active = True
    jo.save()
    Channel.objects.update(enabled=False)
    assert client.post(link_of(row)).status_code == 404
    with pytest.raises(BadLinkError):
        read_link(link_of(row).split("/")[2], now=utc_now())
    assert statuses() == ["firing"]


def test_the_address_leaks_nowhere(client):
    row = sent()
    for response in (client.get(link_of(row)), client.get("/a/nonsense/")):
        assert response["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"
        assert not re.search(r'(?:src|href)="https?://', response.text)
        assert response.cookies == {}


def test_the_access_log_does_not_repeat_it(client, settings, caplog):
    settings.ACCESS_LOG = True
    caplog.set_level(logging.INFO, "opsportal.access")
    token = link_of(sent())
    client.get(token)
    lines = [record for record in caplog.records if record.name == "opsportal.access"]
    assert [line.__dict__["path"] for line in lines] == ["/a/.../"]


def test_other_methods_are_refused(client):
    assert client.put(link_of(sent())).status_code == 405


def test_every_attempt_carries_the_same_link_and_an_end_none(hooks):
    channel = hook_channel(hooks)
    alert = make_alert()
    row = make_notification(alert, channel)
    assert answer_url(row) == answer_url(row)
    make_notification(alert, channel, "resolved")
    run()
    run(later(minutes=1))
    opened, ended = [request.json for request in hooks.requests]
    assert opened["acknowledge_url"] == answer_url(row)
    assert ended["acknowledge_url"] == ""
