"""Alertmanager's webhook: what Debian's posted, newer fields, groups cut short, rubbish."""

import json
from datetime import UTC, datetime

import pytest

from alerts.formats.alertmanager import AlertmanagerFormat
from alerts.formats.alertmanager_webhook import AlertmanagerWebhookFormat
from alerts.models import Alert, RawDelivery, Transition
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_key, make_team
from tests.alerts.posting import fixture, post, store_rubbish

NOW = datetime(2026, 11, 28, 11, 0, tzinfo=UTC)
DOOR = "/hooks/alertmanager"
FORMAT = AlertmanagerWebhookFormat()


def parse(payload):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return FORMAT.parse(Received(body, NOW))


def group(*alerts, **fields):
    return {"version": "4", "status": "firing", "receiver": "ops", "alerts": list(alerts), **fields}


def alert(name="DiskFull", **fields):
    return {"labels": {"alertname": name}, "status": "firing", **fields}


def test_what_alertmanager_posts_is_understood():
    events = parse(fixture("alertmanager_webhook/firing_truncated.json")).events
    assert [(event.name, event.resource) for event in events] == [
        ("DiskFull", "h1:9100"), ("DiskFull", "h2:9100"),
    ]  # fmt: skip
    event = events[0]
    assert (event.status, event.severity, event.service) == ("firing", "critical", "node")
    assert (event.summary, event.source) == ("Disk of h1 is full", "alertmanager")
    assert event.runbook_url == "https://wiki.example/disk"
    assert event.starts_at == datetime(2026, 11, 28, 10, 40, 5, 912473, tzinfo=UTC)
    assert event.annotations["receiver"] == "all"
    assert event.annotations["group_key"] == '{}:{alertname="DiskFull"}'
    assert [(link.href, link.text) for link in event.links] == [
        ("http://prometheus.example:9090/graph?g0.expr=up", "source"),
        ("http://alertmanager.example:9093", "Alertmanager"),
    ]


def test_its_key_is_alertmanagers_fingerprint_as_when_prometheus_sends_it():
    payload = json.loads(fixture("alertmanager_webhook/firing_truncated.json"))
    posted = [{"labels": payload["alerts"][0]["labels"]}]
    received = Received(json.dumps(posted).encode(), NOW, content_type="application/json")
    direct = AlertmanagerFormat().parse(received).events[0]
    passed_on = parse(payload).events[0]
    assert passed_on.dedup_key == direct.dedup_key == f"am:{payload['alerts'][0]['fingerprint']}"


def test_each_alerts_own_status_wins_over_the_groups():
    events = parse(fixture("alertmanager_webhook/one_resolved_truncated.json")).events
    assert [event.status for event in events] == ["resolved", "firing"]
    assert events[0].ends_at == datetime(2026, 11, 28, 10, 40, 7, 441883, tzinfo=UTC)
    assert parse(group({"labels": {"a": "b"}}, status="resolved")).events[0].status == "resolved"


def test_a_firing_one_lasts_until_it_is_resolved():
    event = parse(group(alert(endsAt="2026-11-28T10:00:00Z"))).events[0]
    assert (event.status, event.ends_at, event.timeout) == ("firing", None, None)


def test_fields_of_newer_versions_are_accepted():
    newer, older = (
        parse(fixture(f"alertmanager_webhook/{name}.json")).events
        for name in ("newer", "firing_truncated")
    )
    assert newer == older


def test_the_senders_own_annotations_stay():
    event = parse(group(alert(annotations={"receiver": "mine"}), groupKey="g")).events[0]
    assert event.annotations == {"receiver": "mine", "group_key": "g"}


def test_one_alert_of_no_use_does_not_stop_the_others():
    parsed = parse(group({"labels": {}}, alert(), alert(status="odd"), {"labels": {"a": 5}}))
    assert [event.name for event in parsed.events] == ["DiskFull"]
    assert [rejection.index for rejection in parsed.rejected] == [0, 2, 3]
    assert parsed.rejected[0].errors[0].message == "at least one label pair required"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"[{}]", b"null", b"7", b'"x"', b"{}", b'{"alerts": {}}', b'{"alerts": [7]}',
     b'{"alerts": [{"labels": {}}]}', b'{"alerts": "x"}', b'{"alerts": [], "status": 3}', b"\xff",
     b'{"alerts":' + b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_group_is_refused(body):
    with pytest.raises(PayloadError):
        parse(body)


def test_a_group_without_alerts_is_nothing_to_do():
    parsed = parse(group())
    assert (list(parsed.events), parsed.note) == ([], "The group holds no alerts.")


@pytest.mark.django_db
def test_rubbish_in_any_field_is_refused_or_can_be_stored():
    payload = json.loads(fixture("alertmanager_webhook/newer.json"))
    stored, refused = store_rubbish(FORMAT, payload, NOW)
    assert stored > 100
    assert refused > 100


@pytest.mark.django_db
class TestThroughTheDoor:
    def test_a_group_fires_and_resolves_and_what_it_left_out_goes_on(self):
        team = make_team()
        text = make_key("alerts:write", team=team)[1]
        status, _, answer = post(DOOR, fixture("alertmanager_webhook/firing_truncated.json"), text)
        assert (status, answer) == (200, {"accepted": 2, "rejected": []})
        # Cut short: of the three that fire, the group names two; then one, and that one resolved.
        payload = json.loads(fixture("alertmanager_webhook/one_resolved_truncated.json"))
        del payload["alerts"][1]
        post(DOOR, payload, text)
        states = dict(Alert.objects.values_list("resource", "status"))
        assert states == {"h1:9100": "resolved", "h2:9100": "firing"}
        assert set(Alert.objects.values_list("team", flat=True)) == {team.pk}
        # The third was never told of, so its end is nobody's news.
        post(DOOR, fixture("alertmanager_webhook/resolved.json"), text)
        assert list(Alert.objects.values_list("status", flat=True)) == ["resolved"] * 2
        kinds = Transition.objects.order_by("pk").values_list("kind", flat=True)
        assert list(kinds) == ["opened", "opened", "resolved", "resolved"]

    def test_an_alert_of_prometheus_and_the_same_by_webhook_are_one_episode(self):
        text = make_key("alerts:write")[1]
        payload = json.loads(fixture("alertmanager_webhook/firing_truncated.json"))
        labels = payload["alerts"][0]["labels"]
        assert post("/alertmanager/api/v2/alerts", [{"labels": labels}], text)[0] == 200
        post(DOOR, payload, text)
        assert Alert.objects.get(resource="h1:9100").repeat_count == 1

    def test_the_key_may_stand_in_the_path_and_basic_authentication_will_do(self):
        text = make_key("alerts:write", short=True)[1]
        assert post(f"{DOOR}/{text}", group(alert()))[0] == 200
        assert post(f"{DOOR}/{text[::-1]}", group(alert()))[0] == 401
        assert set(RawDelivery.objects.values_list("path", flat=True)) == {f"{DOOR}/<key>"}

    def test_a_spent_key_is_503_so_that_alertmanager_comes_again_soon(self):
        text = make_key("alerts:write", rate_limit=1)[1]
        answers = [post(DOOR, group(alert()), text) for _ in range(3)]
        refused = next(answer for answer in answers if answer[0] != 200)
        assert refused[0] == 503
        assert int(refused[1]["Retry-After"]) >= 1

    def test_what_is_stored_in_part_is_kept_for_somebody_to_look_at(self):
        text = make_key("alerts:write")[1]
        status, _, answer = post(DOOR, group(alert(), {"labels": {}}), text)
        assert (status, answer["accepted"], answer["rejected"][0]["index"]) == (200, 1, 1)
        assert RawDelivery.objects.get().verdict == "partial"
        assert post(DOOR, group({"labels": {}}), text)[0] == 400
        assert RawDelivery.objects.first().verdict == "failed"
