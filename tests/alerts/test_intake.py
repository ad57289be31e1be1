"""Ingest over HTTP: both doors, keys, limits, idempotency, a database that is away."""

import io
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection

from alerts import submit
from alerts.models import Alert, IdempotentReply
from opsportal import wsgi
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key, revoke_key
from opsportal.accounts.models import ApiKey

NOW = datetime.now(UTC)
NATIVE = "/api/v1/alerts"
ALERTMANAGER = "/alertmanager/api/v2/alerts"
BULK = [NATIVE, ALERTMANAGER]


@pytest.fixture(params=["django", "wsgi"])
def post(request, client):
    """Posts through either door: (status, headers, decoded body)."""

    def through_django(path, body, headers):
        meta = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        reply = client.post(path, body, content_type="application/json", **meta)
        return reply.status_code, dict(reply.headers), reply.content

    def through_wsgi(path, body, headers):
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            "wsgi.input": io.BytesIO(body),
            **{f"HTTP_{name.upper().replace('-', '_')}": v for name, v in headers.items()},
        }  # fmt: skip
        seen = {}

        def start_response(status, fields):
            seen.update(status=int(status.split()[0]), headers=dict(fields))

        content = b"".join(wsgi.application(environ, start_response))
        return seen["status"], seen["headers"], content

    door = through_django if request.param == "django" else through_wsgi

    def send(payload, key="", path=NATIVE, **headers):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        if key:
            headers["Authorization"] = f"Bearer {key}"
        status, fields, content = door(path, body, headers)
        return status, fields, json.loads(content) if content else None

    return send


@pytest.fixture
def key(transactional_db):
    return create_key("sender", ["alerts:write"], actor=COMMAND_LINE, now=NOW)[1]


def test_the_first_post_is_created_and_the_next_a_repeat(post, key):
    status, _, first = post({"name": "disk full", "service": "billing"}, key)
    assert (status, first["outcome"], first["status"]) == (201, "opened", "firing")
    assert first["url"].endswith(f"/alerts/{first['id']}/")
    status, _, second = post({"name": "disk full", "service": "billing"}, key)
    assert (status, second["outcome"], second["repeat_count"]) == (200, "repeated", 1)
    assert second["id"] == first["id"]


def test_a_resolve_for_nothing_open_is_ignored(post, key):
    status, _, answer = post({"name": "x", "status": "resolved"}, key)
    assert (status, answer["outcome"], answer["id"]) == (200, "ignored", None)


def test_an_array_keeps_its_good_members(post, key):
    status, _, answer = post([{"name": "a"}, {"name": ""}], key)
    assert (status, answer["accepted"], answer["rejected"][0]["index"]) == (200, 1, 1)
    assert Alert.objects.get().name == "a"


def test_an_unknown_field_is_kept_in_the_raw_record(post, key):
    post({"name": "a", "colour": "red"}, key)
    assert json.loads(Alert.objects.get().raw) == {"name": "a", "colour": "red"}


@pytest.mark.parametrize("path", BULK)
def test_without_a_key_nobody_comes_in(post, transactional_db, path):
    status, headers, _ = post({"name": "a"}, path=path)
    assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="opsportal"')


@pytest.mark.parametrize("path", BULK)
def test_a_key_needs_the_scope(post, transactional_db, path):
    reader = create_key("reader", ["alerts:read"], actor=COMMAND_LINE, now=NOW)[1]
    assert post({"name": "a"}, reader, path=path)[0] == 403


def test_a_revoked_key_is_refused_at_once(post, key):
    assert post({"name": "a"}, key)[0] == 201
    made, text = create_key("short", ["alerts:write"], actor=COMMAND_LINE, now=NOW)
    assert post({"name": "a"}, text)[0] == 200
    revoke_key(made, actor=COMMAND_LINE, now=NOW)
    assert post({"name": "a"}, text)[0] == 401


def test_a_scope_that_is_granted_or_taken_acts_at_once(post, transactional_db):
    made, text = create_key("grows", ["alerts:read"], actor=COMMAND_LINE, now=NOW)
    assert post({"name": "a"}, text)[0] == 403
    ApiKey.objects.filter(pk=made.pk).update(scopes=["alerts:write"])
    assert post({"name": "a"}, text)[0] == 201
    ApiKey.objects.filter(pk=made.pk).update(scopes=["alerts:read"])
    assert post({"name": "a"}, text)[0] == 403


def test_a_spent_key_hears_when_to_come_again(post, transactional_db):
    text = create_key("slow", ["alerts:write"], rate_limit=1, actor=COMMAND_LINE, now=NOW)[1]
    answers = [post({"name": "a"}, text) for _ in range(3)]
    assert {429} <= {status for status, _, _ in answers}
    refused = next(answer for answer in answers if answer[0] == 429)
    assert 1 <= int(refused[1]["Retry-After"]) <= 60
    assert refused[2]["code"] == "rate_limited"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[[[", b"7", b"[]x", b"[" * 99_999])
def test_rubbish_is_a_400_in_the_one_shape(post, key, body):
    status, _, answer = post(body, key)
    assert (status, set(answer)) == (400, {"code", "message", "errors"})


@pytest.mark.parametrize("path", BULK)
def test_a_text_that_is_not_utf_8_is_refused_where_nobody_reads_it_too(post, key, path):
    body = b'[{"name":"Full","labels":{"alertname":"Full"},"else":"\xff"}]'
    assert post(body, key, path)[0] == 400
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    "value",
    [b"1e999", b"9" * 5000, b"[" * 600 + b"]" * 600, b'{"a":' * 600 + b"1" + b"}" * 600],
    ids=["inf", "integer", "array", "object"],
)
@pytest.mark.parametrize("path", BULK)
def test_what_cannot_be_redacted_is_not_kept_and_the_alert_is(post, key, path, value):
    body = b'[{"name":"Full","labels":{"alertname":"Full"},"token":"hush","else":%s}]' % value
    assert post(body, key, path)[0] == 200
    assert Alert.objects.get().raw == '"[redacted]"'


def test_ten_megabytes_are_too_large(post, key):
    status, _, answer = post(b'{"name":"' + b"x" * 10_000_000 + b'"}', key)
    assert (status, answer["code"]) == (413, "too_large")


def test_compressed_bodies_are_refused_by_name(post, key):
    status, _, answer = post({"name": "a"}, key, **{"Content-Encoding": "gzip"})
    assert status == 400
    assert "gzip" in answer["message"]


def test_the_same_idempotency_key_gets_the_same_answer(post, key):
    headers = {"Idempotency-Key": "one"}
    first = post({"name": "a"}, key, **headers)
    again = post({"name": "a"}, key, **headers)
    assert (first[0], again[0]) == (201, 201)
    assert first[2] == again[2]
    assert again[1]["Idempotent-Replayed"] == "true"
    assert Alert.objects.get().repeat_count == 0


def test_an_idempotency_key_with_another_body_is_a_conflict(post, key):
    headers = {"Idempotency-Key": "one"}
    post({"name": "a"}, key, **headers)
    status, _, answer = post({"name": "b"}, key, **headers)
    assert (status, answer["code"]) == (409, "conflict")
    assert Alert.objects.count() == 1


def test_an_idempotency_key_is_of_one_address(post, key):
    headers = {"Idempotency-Key": "one"}
    body = {"alerts": []}
    assert post(body, key, path="/v2/alerts/a/close", **headers)[0] == 202
    assert post(body, key, path="/v2/alerts/a/close", **headers)[1]["Idempotent-Replayed"] == "true"
    for path in ("/v2/alerts/b/close", "/v2/alerts/a/acknowledge", "/hooks/grafana"):
        assert post(body, key, path=path, **headers)[0] == 409, path


def test_a_lost_database_is_503_and_then_all_is_as_before(post, key, monkeypatch):
    def gone(*args, **kwargs):
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr("alerts.submit.store_alerts", gone)
        status, headers, answer = post({"name": "a"}, key, **{"Idempotency-Key": "one"})
    assert (status, headers["Retry-After"], answer["code"]) == (503, "5", "unavailable")
    assert IdempotentReply.objects.count() == 0
    assert post({"name": "a"}, key, **{"Idempotency-Key": "one"})[0] == 201


def failing_once(monkeypatch, error):
    """The deed of storing, which fails the first time after all its work."""
    store, failures = submit.store_alerts, [error]

    def store_then_fail(prepared):
        receipts = store(prepared)
        if failures:
            raise failures.pop()
        return receipts

    monkeypatch.setattr(submit, "store_alerts", store_then_fail)


def test_a_deadlock_between_shared_commits_is_started_over(post, key, monkeypatch):
    class DeadlockError(Exception):
        sqlstate = "40P01"

    error = OperationalError("deadlock detected")
    error.__cause__ = DeadlockError()
    failing_once(monkeypatch, error)
    assert post({"name": "DiskFull"}, key)[0] == 201
    assert Alert.objects.get().repeat_count == 0


def test_an_idempotency_key_that_another_process_has_just_used_is_looked_up_again(
    post, key, monkeypatch
):
    failing_once(monkeypatch, IntegrityError("one_reply_per_token"))
    assert post({"name": "DiskFull"}, key, **{"Idempotency-Key": "k1"})[0] == 201
    assert Alert.objects.get().repeat_count == 0


def test_a_fault_of_ours_is_told_in_the_contracts_shape(post, key, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr("alerts.submit.store_alerts", broken)
    assert post({"name": "a"}, key)[0] == 500
    assert post({"name": "a"}, key)[2]["code"] == "error"
    status, _, answer = post([{"labels": {"alertname": "a"}}], key, path=ALERTMANAGER)
    assert (status, answer["code"]) == (500, 500)


def test_prometheus_gets_what_alertmanager_answers(post, key):
    soon = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    alert = {"labels": {"alertname": "Up"}, "endsAt": soon, "generatorURL": "http://p/g"}
    assert post([alert], key, path=ALERTMANAGER)[::2] == (200, None)
    assert Alert.objects.get().dedup_key.startswith("am:")
    assert post({}, key, path=ALERTMANAGER)[0] == 400


def test_twenty_concurrent_posts_of_one_idempotency_key_are_one(key):
    answers = []

    def send():
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": NATIVE, "CONTENT_LENGTH": "12",
            "HTTP_AUTHORIZATION": f"Bearer {key}", "HTTP_IDEMPOTENCY_KEY": "t",
            "wsgi.input": io.BytesIO(b'{"name":"a"}'),
        }  # fmt: skip
        wsgi.application(environ, lambda status, headers: answers.append(status))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["201 Created"] * 20
    assert Alert.objects.get().repeat_count == 0
