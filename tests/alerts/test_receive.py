"""Store: what a batch of events makes of the episodes."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from alerts.models import Alert, Decision, Transition
from alerts.normalise import AlertEvent, Link
from alerts.receive import receive_alerts

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def event(key="k", **fields):
    return AlertEvent(name=fields.pop("name", "disk full"), dedup_key=key, **fields)


def outcomes(receipts):
    return [receipt.outcome for receipt in receipts]


def kinds():
    return list(Transition.objects.order_by("id").values_list("kind", flat=True))


@pytest.mark.django_db
class TestOneSender:
    def test_a_first_firing_opens_an_episode_with_a_decision_to_make(self):
        receipt = receive_alerts(
            [event(severity="critical", labels={"a": "b"}, links=(Link("https://x/"),), value=1.5)],
            now=NOW,
        )[0]
        alert = Alert.objects.get(pk=receipt.alert_id)
        assert receipt.outcome == "opened"
        assert (alert.status, alert.severity, alert.repeat_count) == ("firing", "critical", 0)
        assert alert.labels == {"a": "b"}
        assert alert.links == [{"href": "https://x/", "text": ""}]
        assert alert.received_at == alert.last_received_at == alert.starts_at == NOW
        decision = Decision.objects.get()
        assert decision.transition.kind == "opened"
        assert (decision.state, decision.due_at, decision.reasons) == ("due", NOW, [])

    def test_a_repeat_raises_the_count_and_asks_for_no_decision(self):
        receive_alerts([event()], now=NOW)
        later = NOW + timedelta(minutes=1)
        receipt = receive_alerts([event()], now=later)[0]
        alert = Alert.objects.get()
        assert (receipt.outcome, receipt.repeat_count, alert.repeat_count) == ("repeated", 1, 1)
        assert (alert.received_at, alert.last_received_at) == (NOW, later)
        assert Decision.objects.count() == 1

    def test_a_repeat_with_other_words_is_stored_and_tells_nobody(self):
        receive_alerts([event(summary="91 %", value=91)], now=NOW)
        receipt = receive_alerts([event(summary="93 %", value=93, payload=b'{"s":1}')], now=NOW)[0]
        alert = Alert.objects.get()
        assert receipt.outcome == "repeated"
        assert (alert.summary, alert.value, alert.raw) == ("93 %", 93, '{"s":1}')
        assert kinds() == ["opened"]

    def test_a_rise_ends_acknowledgement_and_snooze(self):
        receive_alerts([event()], now=NOW)
        Alert.objects.update(status="acknowledged", snoozed_until=NOW + timedelta(hours=1))
        receipt = receive_alerts([event(severity="critical")], now=NOW)[0]
        alert = Alert.objects.get()
        assert (receipt.outcome, receipt.status) == ("changed", "firing")
        assert (alert.status, alert.severity, alert.snoozed_until) == ("firing", "critical", None)
        assert kinds() == ["opened", "worsened"]

    def test_a_fall_keeps_acknowledgement_and_snooze(self):
        until = NOW + timedelta(hours=1)
        receive_alerts([event(severity="critical")], now=NOW)
        Alert.objects.update(status="acknowledged", snoozed_until=until)
        receipt = receive_alerts([event(severity="low")], now=NOW)[0]
        alert = Alert.objects.get()
        assert (receipt.outcome, receipt.status) == ("changed", "acknowledged")
        assert (alert.severity, alert.snoozed_until) == ("low", until)
        assert kinds() == ["opened", "improved"]

    def test_a_severity_set_by_a_rule_survives_repeats(self):
        receive_alerts([event(severity="low")], now=NOW)
        Alert.objects.update(severity="critical")
        receipt = receive_alerts([event(severity="low", summary="again")], now=NOW)[0]
        assert (receipt.outcome, receipt.severity) == ("repeated", "critical")
        assert Alert.objects.get().severity == "critical"

    def test_a_resolve_ends_the_episode_once(self):
        receive_alerts([event()], now=NOW)
        later = NOW + timedelta(minutes=9)
        end = later - timedelta(minutes=1)
        first = receive_alerts([event(status="resolved", ends_at=end)], now=later)[0]
        second = receive_alerts([event(status="resolved", ends_at=end)], now=later)[0]
        alert = Alert.objects.get()
        assert (first.outcome, second.outcome, second.alert_id) == ("resolved", "ignored", None)
        assert (alert.status, alert.resolved_at) == ("resolved", end)

    def test_an_episode_never_ends_before_it_started(self):
        receive_alerts([event()], now=NOW)
        receive_alerts([event(status="resolved", ends_at=NOW - timedelta(days=1))], now=NOW)
        assert Alert.objects.get().resolved_at == NOW

    def test_firing_after_a_resolve_is_a_new_episode(self):
        receive_alerts([event(), event(status="resolved")], now=NOW)
        soon = receive_alerts([event()], now=NOW + timedelta(hours=1))[0]
        receive_alerts([event(status="resolved")], now=NOW + timedelta(hours=2))
        late = receive_alerts([event()], now=NOW + timedelta(days=3))[0]
        assert (soon.outcome, late.outcome) == ("reopened", "opened")
        assert Alert.objects.count() == 3

    def test_a_timeout_moves_with_every_receipt(self):
        receive_alerts([event(timeout=timedelta(minutes=5))], now=NOW)
        later = NOW + timedelta(minutes=4)
        receive_alerts([event(timeout=timedelta(minutes=5))], now=later)
        assert Alert.objects.get().expires_at == later + timedelta(minutes=5)

    def test_secrets_are_not_kept_in_the_raw_record(self):
        receive_alerts([event(payload=b'{"auth":{"Password":"x"},"apiKey":[1],"b":2}')], now=NOW)
        raw = Alert.objects.get().raw
        assert raw == '{"auth":{"Password":"[redacted]"},"apiKey":"[redacted]","b":2}'


@pytest.mark.django_db
class TestBatches:
    def test_a_batch_is_told_in_its_order(self):
        batch = [
            event("a"),
            event("b", status="resolved"),
            event("a", severity="critical"),
            event("a"),
            event("a", status="resolved"),
            event("a", status="resolved"),
            event("a", severity="high"),
            event("c"),
        ]
        receipts = receive_alerts(batch, now=NOW)
        assert outcomes(receipts) == [
            "opened", "ignored", "changed", "changed", "resolved", "ignored", "reopened", "opened",
        ]  # fmt: skip
        assert [receipt.repeat_count for receipt in receipts] == [0, 0, 1, 2, 2, 0, 0, 0]
        first, second = Alert.objects.filter(dedup_key="a").order_by("id")
        assert (first.status, first.repeat_count, first.severity) == ("resolved", 2, "warning")
        assert (second.status, second.severity) == ("firing", "high")

    def test_ten_thousand_of_one_key_are_one_episode(self):
        receive_alerts([event()] * 10_000, now=NOW)
        assert Alert.objects.get().repeat_count == 9_999
        assert Decision.objects.count() == 1

    def test_nothing_is_nothing(self):
        assert receive_alerts([], now=NOW) == []


@pytest.mark.django_db(transaction=True)
class TestManySenders:
    def run_together(self, *batches):
        receipts, errors = [], []
        gate = threading.Barrier(len(batches))

        def send(batch):
            try:
                gate.wait()
                receipts.extend(receive_alerts(batch, now=NOW))
            except Exception as error:
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=send, args=(batch,)) for batch in batches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        return receipts

    def test_twenty_concurrent_first_posts_are_one_episode(self):
        receipts = self.run_together(*[[event()] for _ in range(20)])
        assert sorted(outcomes(receipts)) == ["opened"] + ["repeated"] * 19
        assert Alert.objects.get().repeat_count == 19

    def test_crossed_batches_of_new_keys_lose_nothing(self):
        keys = [f"k{number:02}" for number in range(40)]
        batches = [[event(key) for key in keys[::step]] for step in (1, -1, 1, -1, 1, -1)]
        receipts = self.run_together(*batches)
        assert sorted(outcomes(receipts)) == ["opened"] * 40 + ["repeated"] * 200
        assert set(Alert.objects.values_list("repeat_count", flat=True)) == {5}

    def test_concurrent_resolves_and_firings_keep_the_books(self):
        batches = [[event(), event(status="resolved")] for _ in range(8)]
        receipts = self.run_together(*batches)
        told = outcomes(receipts)
        assert told.count("resolved") + told.count("ignored") == 8
        assert Alert.objects.filter(resolved_at=None).count() == 0
        assert told.count("opened") + told.count("reopened") == Alert.objects.count()
