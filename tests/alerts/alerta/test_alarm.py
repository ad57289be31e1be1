"""Alerta's alarm model, and the bodies that are posted."""

import json
from datetime import UTC, datetime

import pytest

from alerts.formats.alerta import AlertaFormat
from alerts.formats.alerta.alarm import OURS, SEVERITIES, Standing, transition, trend
from alerts.formats.alerta.body import read_alert, read_object
from alerts.normalise import SEVERITY_RANK
from opsportal.lib.contracts import Received
from opsportal.lib.errors import ConflictError, PayloadError, UnsupportedMediaError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ALERT = {"resource": "web1", "event": "down"}


class TestAlarm:
    def test_what_is_worse_there_is_never_better_here(self):
        ranked = sorted(SEVERITIES, key=SEVERITIES.__getitem__)
        ranks = [SEVERITY_RANK[OURS[severity]] for severity in ranked]
        assert ranks == sorted(ranks, reverse=True)

    def test_the_trend_goes_by_the_code(self):
        assert trend("minor", "critical") == "moreSevere"
        assert trend("ok", "normal") == "noChange"
        assert trend("normal", "debug") == "lessSevere"

    @pytest.mark.parametrize(
        ("standing", "action", "given", "then"),
        [
            (Standing("major", "open"), "ack", "open", ("major", "ack")),
            (Standing("major", "open"), "close", "open", ("normal", "closed")),
            (Standing("normal", "closed", "major"), "open", "open", ("major", "open")),
            (Standing("critical", "ack", "major"), "", "open", ("critical", "open")),
            (Standing("critical", "ack"), "", "open", ("critical", "ack")),
            (Standing("critical", "closed", "ok", "shelved"), "", "open", ("ok", "shelved")),
            (Standing("ok", "shelved"), "", "open", ("normal", "closed")),
            (Standing("major", "open"), "", "ack", ("major", "ack")),
            (Standing("ok", "open"), "", "ack", ("normal", "closed")),
            (Standing("major", "blackout", previous_status="ack"), "", "open", ("major", "ack")),
            (Standing("major", "assign"), "createTicket", "open", ("major", "assign")),
            (Standing("major", "shelved", previous_status="ack"), "unshelve", "open",
             ("major", "ack")),
            (Standing("major", "ack", previous_status="ack"), "timeout", "open",
             ("major", "ack")),
        ],
    )  # fmt: skip
    def test_it_goes_on(self, standing, action, given, then):
        assert transition(standing, action=action, given=given) == then

    @pytest.mark.parametrize(
        ("status", "action", "message"),
        [
            ("open", "open", "alert is already in open status"),
            ("closed", "ack", "invalid action for current closed status"),
            ("open", "unshelve", "invalid action for current open status"),
            ("expired", "shelve", "invalid action for current expired status"),
        ],
    )
    def test_what_makes_no_sense_is_a_conflict(self, status, action, message):
        severity = "normal" if status == "closed" else "major"
        with pytest.raises(ConflictError, match=message):
            transition(Standing(severity, status), action=action)


class TestBodies:
    def test_what_is_not_said_is_as_alerta_has_it(self):
        alert = read_alert(ALERT)
        assert (alert.severity, alert.status, alert.group) == ("normal", "open", "Misc")
        assert (alert.timeout, alert.type, alert.value) == (86_400, "exceptionAlert", None)

    def test_the_event_belongs_to_its_own_list(self):
        assert read_alert({**ALERT, "correlate": ["up"]}).correlate == ["up", "down"]
        assert read_alert({**ALERT, "correlate": []}).correlate == []

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"resource": ""}, 'Missing mandatory value for "resource"'),
            ({"event": None}, 'Missing mandatory value for "event"'),
            ({"service": "web"}, "service must be a list"),
            ({"tags": {}}, "tags must be a list"),
            ({"correlate": "x"}, "correlate must be a list"),
            ({"attributes": []}, "attributes must be a JSON object"),
            ({"attributes": {"a.b": 1}}, 'Attribute keys must not contain "." or "$"'),
            ({"timeout": "10"}, "timeout must be an integer"),
            ({"timeout": -1}, "Invalid negative 'timeout' value (-1)"),
            ({"timeout": 10**12}, "timeout must not be more than 316224000 seconds"),
            ({"customer": ""}, "customer must not be an empty string"),
            ({"createTime": "2026-01-01"},
             "dates must be ISO 8601 date format YYYY-MM-DDThh:mm:ss.sssZ"),
            ({"severity": "bad"}, "Severity (bad) is not one of security, critical, major, minor, "
             "warning, indeterminate, informational, normal, ok, cleared, debug, trace, unknown"),
            ({"severity": ["major"]}, "Severity (['major']) is not one of"),
            ({"status": "gone"}, "Status (gone) is not one of open, assign, ack"),
            ({"text": {}}, "text must be a string"),
            ({"tags": [None]}, "tags must be a list of strings"),
            ({"resource": "x" * 301}, "resource must not be longer than 300 characters"),
            ({"attributes": {"a": [[[[[[[[[[[1]]]]]]]]]]]}}, "must not be nested so deeply"),
            ({"attributes": {"a": "x" * 70_000}}, "attributes must not be larger than 65536"),
        ],
    )  # fmt: skip
    def test_each_complaint_is_alertas(self, fields, message):
        with pytest.raises(PayloadError) as refused:
            read_alert({**ALERT, **fields})
        assert message in refused.value.message

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b'"x"', b"{", b"\xff", b'{"a": 1e999}', b"[" * 5000]
    )
    def test_what_is_no_object_is_refused(self, body):
        with pytest.raises(PayloadError):
            read_object(body)

    def test_nul_is_replaced(self):
        assert read_object(rb'{"a": "x\u0000"}') == {"a": "x\ufffd"}

    def test_the_door_wants_json(self):
        body = json.dumps(ALERT).encode()
        with pytest.raises(UnsupportedMediaError):
            AlertaFormat().parse(Received(body, NOW, content_type="text/plain"))
        parsed = AlertaFormat().parse(Received(body, NOW, content_type="application/json"))
        assert (parsed.size, parsed.orders[0].payload) == (1, body)
