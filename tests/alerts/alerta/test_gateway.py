"""What the gateway is told of Alerta's documents."""

from datetime import timedelta

import pytest

from alerts.models import Alert, Notification, RawDelivery, Transition
from alerts.replay import replay_delivery
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.alerts.alerta.client import CORRELATE, episode
from tests.alerts.makers import JO, claim, make_channel, make_rule

pytestmark = pytest.mark.django_db


def route(now=None):
    now = now or utc_now() + timedelta(seconds=1)
    route_transitions(claim(DecisionOutbox(), now), now=now)


def kinds():
    return list(Transition.objects.order_by("id").values_list("kind", flat=True))


class TestTheGatewayIsTold:
    def test_of_an_alert_as_of_every_other(self, alerta):
        alert = alerta.post(
            severity="security", text="it is down", value="93.5", group="OS", tags=["x", "y,z"],
            service=["Web", "Db"], origin="app/host", attributes={"region": "eu", "deep": {}},
            timeout=60, correlate=CORRELATE,
        )  # fmt: skip
        found = episode()
        assert (found.name, found.severity, found.status) == ("node_down", "critical", "firing")
        assert (found.source, found.environment, found.resource) == ("alerta", "Production", "web1")
        assert (found.service, found.value, found.summary) == ("Web", 93.5, "it is down")
        assert found.labels == {
            "alerta_severity": "security", "group": "OS", "origin": "app/host",
            "type": "exceptionAlert", "services": "Web,Db", "tags": "x,y;z",
        }  # fmt: skip
        assert found.annotations == {"region": "eu", "ip": "127.0.0.1"}
        assert found.dedup_key == f"alerta:{alert['id']}"
        assert found.expires_at == found.last_received_at + timedelta(seconds=60)
        assert '"it is down"' in found.raw

    def test_and_of_the_same_episode_while_it_fires_whatever_its_event(self, alerta):
        alerta.post(correlate=CORRELATE)
        alerta.post(correlate=CORRELATE)
        alerta.post(event="node_marginal", severity="critical", correlate=CORRELATE)
        assert (Alert.objects.count(), episode().repeat_count) == (1, 2)
        assert kinds() == ["opened", "worsened"]
        alerta.post(event="node_up", severity="ok")
        assert (episode().status, Alert.objects.count()) == ("resolved", 1)
        alerta.post()
        assert (episode().status, Alert.objects.count()) == ("firing", 2)
        assert kinds()[-2:] == ["resolved", "reopened"]

    def test_a_first_alert_that_all_is_well_is_no_episode(self, alerta):
        assert alerta.post(severity="ok")["status"] == "closed"
        assert not Alert.objects.exists()

    def test_of_actions(self, alerta):
        number = alerta.post()["id"]
        alerta.act(number, "ack", text="mine")
        assert episode().status == "acknowledged"
        made = Transition.objects.latest("id")
        assert (made.kind, made.actor, made.note) == ("acknowledged", "key alerta", "mine")
        alerta.act(number, "shelve", timeout=600)
        found = episode()
        assert found.status == "acknowledged"
        left = (found.snoozed_until - utc_now()).total_seconds()
        assert 590 < left <= 600
        alerta.act(number, "unshelve")
        assert (episode().status, episode().snoozed_until) == ("acknowledged", None)
        alerta.act(number, "unack")
        assert episode().status == "firing"
        alerta.act(number, "close")
        assert episode().status == "resolved"
        alerta.act(number, "open")
        assert (episode().status, Alert.objects.count()) == ("firing", 2)

    def test_and_tells_people_by_its_rules_but_not_what_is_shelved(self, alerta):
        make_rule("all", '{environment="Production", tags=~".*night.*"}', make_channel())
        number = alerta.post(tags=["night"])["id"]
        route()
        assert Notification.objects.count() == 1
        alerta.act(number, "shelve")
        alerta.post(severity="critical")
        route()
        assert Notification.objects.count() == 1
        assert episode().snoozed_until is not None
        alerta.act(number, "unshelve")
        alerta.post(severity="ok")
        route()
        assert set(Notification.objects.values_list("about", flat=True)) == {"high", "resolved"}

    def test_what_gets_worse_stays_shelved_for_as_long_as_it_was_to_be(self, alerta):
        number = alerta.post()["id"]
        alerta.act(number, "shelve", timeout=600)
        until = episode().snoozed_until
        assert alerta.post(severity="critical")["status"] == "shelved"
        assert (episode().severity, episode().snoozed_until) == ("critical", until)
        assert Transition.objects.latest("id").actor == "opsportal"

    def test_of_when_the_sender_saw_it(self, alerta):
        alerta.post(createTime="2026-01-01T00:00:00.000Z")
        assert f"{episode().starts_at:%Y-%m-%d}" == "2026-01-01"
        alerta.set(alerta.post()["id"], "closed")
        alerta.post()
        assert episode().starts_at == episode().received_at

    def test_what_closed_while_shelved_comes_back_hushed(self, alerta):
        number = alerta.post()["id"]
        alerta.act(number, "shelve", timeout=600)
        alerta.post(severity="ok")
        assert alerta.post(severity="critical")["status"] == "shelved"
        assert episode().status == "firing"
        assert episode().snoozed_until is not None

    def test_an_acknowledgement_ends_when_alerta_says_so(self, alerta):
        """`warning` and `minor` are one severity here."""
        number = alerta.post(severity="warning")["id"]
        alerta.act(number, "ack")
        assert alerta.post(severity="minor")["status"] == "open"
        assert episode().status == "firing"

    def test_an_acknowledgement_stays_when_alerta_says_so(self, alerta):
        number = alerta.post(severity="indeterminate")["id"]
        alerta.act(number, "ack")
        assert alerta.post(severity="critical")["status"] == "ack"
        assert episode().status == "acknowledged"

    def test_deleting_ends_it_and_keeps_its_story(self, alerta):
        number = alerta.post()["id"]
        alerta.ask("delete", f"/alert/{number}")
        alerta.ask("get", f"/alert/{number}", expect=404)
        assert episode().status == "resolved"
        trail = AuditEntry.objects.filter(target_type="alerts.alertaalert").latest("id")
        assert (trail.action, trail.before) == ("delete", {"severity": "major", "status": "open"})

    def test_a_status_with_a_timeout_moves_when_it_expires(self, alerta):
        number = alerta.post()["id"]
        alerta.set(number, "ack", timeout=30)
        found = episode()
        assert found.expires_at - found.last_received_at < timedelta(seconds=31)
        alerta.set(number, "ack", timeout=0)
        assert episode().expires_at is None

    def test_what_came_in_is_kept_with_its_verdict(self, alerta):
        alerta.post(severity="major")
        alerta.post(400, severity="bad")
        stored, failed = RawDelivery.objects.order_by("id")
        assert (stored.verdict, stored.format, stored.events) == ("stored", "alerta", 1)
        assert stored.alert_ids == [episode().pk]
        assert (failed.verdict, failed.error.startswith("Severity (bad)")) == ("failed", True)
        failed.body = failed.body.replace('"bad"', '"minor"')
        failed.save()
        replay_delivery(failed, actor=JO, now=utc_now())
        assert (RawDelivery.objects.get(pk=failed.pk).verdict, episode().severity) == (
            "stored",
            "warning",
        )


def test_attributes_that_are_addresses_are_links(alerta):
    alerta.post(
        attributes={
            "moreInfo": '<a href="https://g.example.org/d/1" target="_blank">Graph</a>',
            "runbook": "https://wiki.example.org/disk",
            "bad": "<a href='javascript:alert(1)'>x</a>",
            "worse": "javascript:alert(1)",
            "text": "see https://elsewhere.example.org",
            "region": "eu",
        }
    )
    assert episode().links == [
        {"href": "https://g.example.org/d/1", "text": "moreInfo"},
        {"href": "https://wiki.example.org/disk", "text": "runbook"},
    ]
