"""What a sender is answered: fields, keys, refusals."""

import json

import pytest
import time_machine
from django.test import Client

from alerts.formats.alerta.body import parse_time
from alerts.models import Alert
from tests.alerts.alerta.client import ERROR

pytestmark = pytest.mark.django_db


def raw_post(alerta, body, content_type="application/json", **headers):
    headers = {"Authorization": f"Key {alerta.key}"} | headers
    return Client().post("/alerta/alert", body, content_type=content_type, headers=headers)


class TestSending:
    def test_an_alert_is_answered_with_all_of_alertas_fields(self, alerta):
        answer = alerta.ask("post", "/alert", {"resource": "a", "event": "b"}, 201)
        assert set(answer) == {"status", "id", "alert"}
        assert set(answer["alert"]) == {
            "id", "href", "resource", "event", "environment", "severity", "correlate", "status",
            "service", "group", "value", "text", "tags", "attributes", "origin", "type",
            "createTime", "timeout", "rawData", "customer", "duplicateCount", "repeat",
            "previousSeverity", "trendIndication", "receiveTime", "lastReceiveId",
            "lastReceiveTime", "updateTime", "history",
        }  # fmt: skip
        assert set(answer["alert"]["history"][0]) == {
            "id", "href", "event", "severity", "status", "value", "text", "type", "updateTime",
            "user", "timeout",
        }  # fmt: skip
        parse_time(answer["alert"]["createTime"], "createTime")
        assert (answer["alert"]["severity"], answer["alert"]["status"]) == ("normal", "closed")

    def test_nothing_that_the_client_leaves_out_is_needed(self, alerta):
        """As `alertaclient` sends it: everything, with null where nothing was said."""
        names = (
            "id", "environment", "severity", "group", "value", "text", "origin", "type", "timeout",
            "rawData", "customer",
        )  # fmt: skip
        body = {"resource": "a", "event": "b", "correlate": [], "service": [], "tags": []}
        body |= {"attributes": {}, "createTime": "2026-01-01T00:00:00.123Z"}
        alert = alerta.ask("post", "/alert", body | dict.fromkeys(names), 201)["alert"]
        assert alert["createTime"] == "2026-01-01T00:00:00.123Z"

    @pytest.mark.parametrize(
        ("headers", "query"),
        [
            ({"Authorization": "Key KEY"}, ""),
            ({"Authorization": "Bearer KEY"}, ""),
            ({"X-API-Key": "KEY"}, ""),
            ({}, "?api-key=KEY"),
        ],
    )
    def test_the_key_comes_in_each_of_alertas_ways(self, alerta, headers, query):
        headers = {name: value.replace("KEY", alerta.key) for name, value in headers.items()}
        query = query.replace("KEY", alerta.key)
        body = json.dumps({"resource": "a", "event": "b"})
        send = {"content_type": "application/json", "headers": headers}
        assert Client().post(f"/alerta/alert{query}", body, **send).status_code == 201
        assert Client().get(f"/alerta/alerts{query}", headers=headers).status_code == 200

    @pytest.mark.parametrize(
        ("body", "content_type", "status"),
        [
            ('{"resource": "a"}', "application/json", 400),
            ('{"resource": "a", "event": "b"}', "text/plain", 415),
            ("{", "application/json", 400),
            ("[]", "application/json", 400),
            ('{"resource": "a", "event": "b", "text": "' + "x" * 40_000 + '"}',
             "application/json", 400),
        ],
    )  # fmt: skip
    def test_refusals_have_alertas_shape(self, alerta, body, content_type, status):
        answer = raw_post(alerta, body, content_type)
        assert answer.status_code == status
        assert set(answer.json()) == ERROR
        assert (answer.json()["status"], answer.json()["code"]) == ("error", status)
        assert not Alert.objects.exists()

    def test_a_bad_key_is_401_and_is_not_repeated(self, alerta):
        alerta.key = "ops_abcdefghijkl_" + "x" * 43
        for answer in (alerta.call("get", "/alerts"), raw_post(alerta, "{}")):
            assert answer.status_code == 401
            assert set(answer.json()) == ERROR
            assert alerta.key not in answer.content.decode()

    def test_too_large_is_413(self, alerta, settings):
        settings.MAX_BODY_BYTES = 1000
        body = {"resource": "a", "event": "b", "text": "x" * 1000}
        assert alerta.ask("post", "/alert", body, 413)["code"] == 413
        assert alerta.ask("post", "/heartbeat", body, 413)["code"] == 413

    def test_a_limited_key_is_429_with_a_time_to_wait(self, alerta):
        from opsportal.accounts.models import ApiKey

        ApiKey.objects.update(rate_limit=1)
        with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
            alerta.post()
            answer = alerta.call("post", "/alert", {"resource": "a", "event": "b"})
        assert answer.status_code == 429
        assert answer.json()["status"] == "error"
        assert int(answer.headers["Retry-After"]) > 0

    @pytest.mark.parametrize(
        "values",
        [
            {"resource": "\0", "event": "\0", "text": "\0", "tags": ["\0"], "value": "\0"},
            {"attributes": {"\0": "\0"}, "group": "x\0", "rawData": "\0", "customer": "\0"},
            {"value": 10**400}, {"value": 1.5}, {"value": True}, {"value": []},
            {"tags": ["a\nb", "", "a"]}, {"service": [1, 2.5]}, {"correlate": [None]},
            {"attributes": {"x": 10**400}}, {"attributes": {"": ""}}, {"attributes": {"x": None}},
            {"id": 5}, {"id": "not a uuid"}, {"createTime": 5}, {"createTime": "9999"},
            {"createTime": "0001-01-01T00:00:00.000Z"}, {"timeout": True}, {"timeout": 1.5},
            {"environment": {}}, {"origin": "😀" * 300}, {"severity": 5}, {"type": []},
        ],
    )  # fmt: skip
    def test_whatever_comes_is_stored_or_refused(self, alerta, values):
        body = {"resource": "a", "event": "b", "severity": "major", **values}
        answer = alerta.call("post", "/alert", body)
        assert answer.status_code in (201, 400)
        if answer.status_code == 201:
            number = answer.json()["id"]
            assert alerta.alert(number) == answer.json()["alert"]
            assert alerta.get("/alerts")["total"] == 1
            assert alerta.get("/alerts/tags")["status"] == "ok"

    def test_the_same_idempotency_key_is_answered_as_before(self, alerta):
        body = json.dumps({"resource": "a", "event": "b"})
        first, second = (raw_post(alerta, body, **{"Idempotency-Key": "x"}) for _ in range(2))
        assert first.json() == second.json()
        assert alerta.get("/alerts")["alerts"][0]["duplicateCount"] == 0
