"""What came in is kept with its verdict, replayed by people, and counted by sender."""

import io
import json
from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError

from alerts.keep import MOST_FAILED_A_MINUTE
from alerts.models import Alert, IdempotentReply, RawDelivery, Sender, SenderCount
from alerts.prune import prune_deliveries
from alerts.replay import replay_delivery
from chronos.models import ChangeEvent
from opsportal import wsgi
from opsportal.accounts.keys import revoke_key
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, PayloadError
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key, make_team
from tests.alerts.makers import JO, NOW, make_alert

NATIVE, ALERTMANAGER, HOOK = "/api/v1/alerts", "/alertmanager/api/v2/alerts", "/hooks/test"


@pytest.fixture(autouse=True)
def _hook(settings, transactional_db):
    settings.ALERT_FORMATS = [*settings.ALERT_FORMATS, "tests.alerts.plugins.HookFormat"]


@pytest.fixture
def key():
    return make_key("alerts:write", "events:write", short=True)


def post(path, payload, text="", **headers):
    """Through the web server's entrance: (status, headers, body)."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    if text:
        headers["Authorization"] = f"Bearer {text}"
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body), "REMOTE_ADDR": "198.51.100.7", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json", "QUERY_STRING": "a=1",
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }  # fmt: skip
    seen = {}

    def start_response(status, fields):
        seen.update(status=int(status.split()[0]), headers=dict(fields))

    content = b"".join(wsgi.application(environ, start_response))
    return seen["status"], seen["headers"], content


def words(*given):
    return {"words": list(given)}


def test_a_request_is_kept_with_what_became_of_it(key):
    made, text = key
    status, _, _ = post(HOOK, words("Full", "Hot"), text, **{"X-Mood": "good", "X-Other": "no"})
    assert status == 202
    row = RawDelivery.objects.get()
    assert (row.key, row.format, row.path, row.query) == (made, "hook", HOOK, "a=1")
    assert (row.verdict, row.events, row.error) == ("stored", 2, "")
    assert row.alert_ids == sorted(Alert.objects.values_list("pk", flat=True))
    assert (row.headers, row.address) == ({"x-mood": "good"}, "198.51.100.7")
    assert json.loads(row.body) == words("Full", "Hot")


def test_a_key_in_the_path_opens_the_door_and_is_kept_nowhere(key):
    made, text = key
    assert post(f"{HOOK}/{text}", words("Full"))[0] == 202
    row = RawDelivery.objects.get()
    assert (row.path, row.key) == ("/hooks/test/<key>", made)
    assert text not in str(RawDelivery.objects.values()) + str(Sender.objects.values())


@pytest.mark.parametrize("path", [f"{HOOK}/nonsense", f"{HOOK}/", f"{HOOK}/a/b", HOOK])
def test_what_is_no_key_in_the_path_opens_nothing(path, db):
    assert post(path, words("Full"))[0] in (401, 404)
    assert not RawDelivery.objects.exists()
    assert not Sender.objects.exists()


@pytest.mark.parametrize(
    ("payload", "verdict", "error"),
    [
        (words("Full", "bad"), "partial", "1: word is bad"),
        (words("bad"), "failed", "0: word is bad"),
        (words(), "ignored", "empty"),
        (words("ack:Nothing"), "ignored", "No alert is open that it is about."),
        (words("ack:Nothing", "change:v2"), "stored", ""),
        (b"nonsense", "failed", "There are no words."),
        (b"\xff\0", "failed", "There are no words."),
        (b"{}", "failed", "There are no words."),
        ({"words": "bug"}, "failed", "The portal failed here; it has been logged."),
    ],
)
def test_the_verdict_says_what_became_of_it(key, payload, verdict, error):
    post(HOOK, payload, key[1])
    row = RawDelivery.objects.get()
    assert (row.verdict, row.error) == (verdict, error)


def test_what_is_not_from_whom_it_says_is_refused_and_never_replayed(key):
    assert post(HOOK, words("Full"), key[1], **{"X-Mood": "forged"})[0] == 403
    row = RawDelivery.objects.get()
    assert (row.verdict, row.error) == ("refused", "The signature is wrong.")
    with pytest.raises(ConflictError, match="refused"):
        replay_delivery(row, actor=JO, now=NOW)
    assert not Alert.objects.exists()


def test_the_bulk_doors_keep_only_what_failed(key):
    _, text = key
    post(NATIVE, {"name": "Full"}, text)
    post(ALERTMANAGER, [{"labels": {"alertname": "Full"}}], text)
    assert not RawDelivery.objects.exists()
    post(NATIVE, [{"name": "Full"}, {"name": ""}], text)
    post(ALERTMANAGER, [{"labels": {"alertname": "Full"}}, {"labels": {}}], text)
    post(NATIVE, b"{", text)
    kept = RawDelivery.objects.order_by("id").values_list("format", "verdict")
    assert list(kept) == [("native", "partial"), ("alertmanager", "partial"), ("native", "failed")]


def test_secrets_are_not_kept(key):
    body = {**words("Full"), "deep": [{"db_password": "hush", "routing_key": "hush"}]}
    post(HOOK, body, key[1])
    post(HOOK, b"not json but api_key=hush&x=1", key[1])
    kept = "".join(RawDelivery.objects.values_list("body", flat=True))
    assert "hush" not in kept
    assert kept.count("[redacted]") == 3


def test_what_is_larger_than_the_door_takes_is_413_and_is_not_kept(key):
    assert post(HOOK, words("x" * 2000), key[1])[0] == 413
    assert not RawDelivery.objects.exists()
    assert Sender.objects.get().last_error == "The body is larger than 1 KiB; send it in parts."


def test_a_sender_of_rubbish_does_not_fill_the_disk(key):
    for _ in range(MOST_FAILED_A_MINUTE + 50):
        post(HOOK, b"rubbish", key[1])
    # The minute may have turned meanwhile.
    assert RawDelivery.objects.count() < MOST_FAILED_A_MINUTE + 50
    assert sum(SenderCount.objects.values_list("failures", flat=True)) == MOST_FAILED_A_MINUTE + 50


@pytest.mark.parametrize("away", [OperationalError, InterfaceError])
def test_the_answer_does_not_depend_on_what_is_kept(key, monkeypatch, away):
    def gone(rows):
        raise away

    monkeypatch.setattr("alerts.keep.keep_deliveries", gone)
    assert post(HOOK, b"rubbish", key[1])[0] == 400


def test_a_replay_stores_what_can_be_understood_by_now(key):
    _, text = key
    post(HOOK, words("Full", "bad"), text)
    row = RawDelivery.objects.get()
    RawDelivery.objects.update(body=json.dumps(words("Full", "Hot")))
    replayed = replay_delivery(row, actor=JO, now=utc_now())
    assert (replayed.verdict, replayed.events, replayed.error) == ("stored", 2, "")
    assert replayed.replayed_at is not None
    assert RawDelivery.objects.count() == 1
    names = dict(Alert.objects.values_list("name", "repeat_count"))
    assert names == {"Full": 1, "Hot": 0}
    entry = AuditEntry.objects.get(action="replay")
    assert (entry.actor, entry.target_id) == ("jo", str(row.pk))
    with pytest.raises(ConflictError, match="stored"):
        replay_delivery(row, actor=JO, now=utc_now())


def test_a_replay_that_fails_again_changes_nothing(key):
    post(HOOK, words("bad"), key[1])
    row = RawDelivery.objects.get()
    with pytest.raises(PayloadError):
        replay_delivery(row, actor=JO, now=NOW)
    assert RawDelivery.objects.values().get() == {
        **RawDelivery.objects.values().get(),
        "replayed_at": None,
        "verdict": "failed",
    }
    assert not AuditEntry.objects.filter(action="replay").exists()


def test_a_replay_needs_all_of_it_and_a_good_key(key):
    made, text = key
    post(HOOK, words("Full", "bad"), text)
    row = RawDelivery.objects.get()
    RawDelivery.objects.update(truncated=True)
    with pytest.raises(ConflictError, match="more came in"):
        replay_delivery(row, actor=JO, now=NOW)
    RawDelivery.objects.update(truncated=False)
    revoke_key(made, actor=JO, now=NOW)
    with pytest.raises(ConflictError, match="no longer good"):
        replay_delivery(row, actor=JO, now=NOW)
    assert RawDelivery.objects.get().replayed_at is None


def test_a_sender_that_is_over_its_limit_is_told_to_come_again_as_its_contract_has_it():
    _, text = make_key("alerts:write", rate_limit=1)
    answers = [post(HOOK, words("Full"), text) for _ in range(3)]
    refused = next(answer for answer in answers if answer[0] != 202)
    assert refused[0] == 503
    assert 1 <= int(refused[1]["Retry-After"]) <= 60
    # Prometheus would drop what is refused.
    alert = [{"labels": {"alertname": "Full"}}]
    assert {post(ALERTMANAGER, alert, text)[0] for _ in range(3)} == {200}


def test_orders_are_carried_out_with_the_events(key):
    alert = make_alert(dedup_key="known")
    post(HOOK, words("ack:known", "ack:unknown", "change:api 412"), key[1])
    alert.refresh_from_db()
    assert alert.status == "acknowledged"
    assert ChangeEvent.objects.filter(kind="deployment").get().title == "change:api 412"
    row = RawDelivery.objects.get()
    assert (row.verdict, row.alert_ids) == ("stored", [alert.pk])
    assert row.change_ids == [ChangeEvent.objects.get(kind="deployment").pk]
    assert AuditEntry.objects.get(action="acknowledge").actor == "key sender"
    post(HOOK, words("ack:known"), key[1])  # once more does no harm
    assert RawDelivery.objects.count() == 2


def test_a_teams_sender_has_no_say_in_another_teams_alert():
    alert = make_alert(dedup_key="known", team=make_team("other"))
    _, text = make_key("alerts:write", team=make_team("mine"))
    post(HOOK, words("ack:known"), text)
    alert.refresh_from_db()
    assert alert.status == "firing"


def test_a_request_with_the_senders_own_number_is_taken_once(key):
    first = post(HOOK, words("token:1", "Full"), key[1])
    again = post(HOOK, words("token:1", "Full"), key[1])
    assert first[2] == again[2] == b'["opened"]'
    assert Alert.objects.get().repeat_count == 0
    assert (IdempotentReply.objects.count(), RawDelivery.objects.count()) == (1, 1)


def test_senders_are_counted_with_their_last_trouble(key):
    made, text = key
    post(HOOK, words("Full", "Hot"), text, **{"User-Agent": "curl/8"})
    post(HOOK, b"rubbish", text)
    post(NATIVE, {"name": "Full"}, text)
    hook, native = Sender.objects.order_by("format")
    assert (hook.key, hook.format, hook.agent) == (made, "hook", "")
    assert (hook.last_error, native.last_error) == ("There are no words.", "")
    assert hook.last_failed_at == hook.last_seen_at > hook.first_seen_at
    sums = [0, 0, 0]
    for row in SenderCount.objects.filter(format="hook"):
        sums = [a + b for a, b in zip(sums, (row.requests, row.events, row.failures), strict=True)]
    assert sums == [2, 2, 1]


def test_what_came_in_is_forgotten_in_time(settings, key):
    _, text = key
    post(HOOK, words("Full"), text)
    settings.RAW_RETENTION = timedelta(days=7)
    assert prune_deliveries(now=utc_now() + timedelta(days=6)) == 0
    assert prune_deliveries(now=utc_now() + timedelta(days=8)) == 2
    assert not RawDelivery.objects.exists()
