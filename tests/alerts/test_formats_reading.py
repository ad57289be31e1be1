"""What a mapping makes of a payload."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from alerts.formats.mapping import FIELDS
from alerts.formats.reading import MOST_ALERTS
from opsportal.lib.errors import PayloadError
from tests.alerts.mapping import FIELDS as KUMA
from tests.alerts.mapping import PAYLOAD, STATUSES, event, read, readings, remarks


def test_every_field_is_filled_by_its_expression():
    found = event(PAYLOAD, fields=KUMA, statuses=STATUSES, labels={"team": "monitor.tags[0].value"})
    assert (found.name, found.status, found.severity) == ("SiteDown", "firing", "high")
    assert (found.dedup_key, found.source, found.service) == ("map:3:7", "kuma", "shop")
    assert found.summary == "[shop] [Down] timeout of 48000ms exceeded"
    assert (found.value, found.labels, found.team_id) == (812.5, {"team": "payments"}, 7)
    assert found.starts_at == datetime(2026, 3, 1, 11, 58, tzinfo=UTC)
    assert found.links[0].href == "https://shop.example.org/"
    assert json.loads(found.payload) == PAYLOAD


@pytest.mark.parametrize(
    ("said", "statuses", "meant"),
    [
        (None, {}, "firing"),
        ("", {"*": "ignore"}, "firing"),
        ("firing", {}, "firing"),
        ("Resolved ", {}, "resolved"),
        ("UP", {"up": "resolved"}, "resolved"),
        (True, {"true": "firing", "false": "resolved"}, "firing"),
        (0, {"0": "resolved"}, "resolved"),
        (1.5, {"1.5": "resolved"}, "resolved"),
        ("else", {"up": "resolved", "*": "firing"}, "firing"),
        ("resolved", {"*": "firing"}, "resolved"),
        ("resolved", {"resolved": "firing"}, "firing"),
    ],
)
def test_a_status_means_what_the_table_says(said, statuses, meant):
    fields = {"name": "'x'", "status": "/state"}
    assert event({"state": said}, fields=fields, statuses=statuses).status == meant


def test_an_unknown_status_refuses_the_alert_and_one_to_be_ignored_makes_none():
    fields = {"name": "'x'", "status": "/state"}
    refused = read({"state": "odd"}, fields=fields)
    assert refused.event is None
    assert "'odd' is not in the table" in refused.errors[0].message
    ignored = read({"state": "odd"}, fields=fields, statuses={"odd": "ignore"})
    assert (ignored.event, ignored.ignored, ignored.errors) == (None, True, [])


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, "warning"), ("High", "high"), ("P1", "critical"), ("sev-9", "low"), (3, "info"),
        ("major", "info"),
    ],
)  # fmt: skip
def test_a_severity_is_looked_up_in_the_table_then_among_the_synonyms(said, meant):
    table = {"SEV-9": "low", "3": "info", "major": "info"}
    fields = {"name": "'x'", "severity": "/sev"}
    assert event({"sev": said}, fields=fields, severities=table).severity == meant


def test_an_unknown_severity_is_a_warning_with_a_remark_or_what_the_star_says():
    fields = {"name": "'x'", "severity": "/sev"}
    found = read({"sev": "odd"}, fields=fields)
    assert found.event.severity == "warning"
    assert "'odd' is not in the table" in remarks(found)["severity"]
    found = read({"sev": "odd"}, fields=fields, severities={"*": "critical"})
    assert (found.event.severity, found.remarks) == ("critical", [])


def test_an_alert_needs_a_name():
    for payload in ({}, {"name": None}, {"name": "  "}, {"name": ""}):
        found = read(payload)
        assert found.event is None
        assert [(error.field, error.message) for error in found.errors] == [
            ("name", "found nothing")
        ]
    found = read({"name": 7}, fields={"name": "length(name)"})
    assert "length() takes" in found.errors[0].message


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("value", "much", "'much' is none"),
        ("value", True, "is none"),
        ("value", [1], "is none"),
        ("value", "inf", "is none"),
        ("starts_at", "yesterday", "not a time"),
        ("starts_at", 10**30, "not a time"),
        ("starts_at", "1969-01-01T00:00:00Z", "not within"),
        ("timeout", "soon", "is none"),
        ("timeout", -1, "is none"),
        ("timeout", 1e300, "is none"),
        ("timeout", {"a": 1}, "is none"),
        ("link", "javascript:alert(1)", "http:// or https://"),
        ("link", "https://x.example/" + "y" * 2000, "http:// or https://"),
    ],
)
def test_what_cannot_be_read_beside_is_left_out_with_a_remark(field, value, words):
    found = read({"name": "x", "it": value}, fields={"name": "/name", field: "/it"})
    assert words in remarks(found)[field]
    assert found.event.value is found.event.starts_at is found.event.timeout is None
    assert found.event.links == ()


def test_what_jmespath_cannot_do_to_a_field_is_a_remark():
    found = read({"name": "x"}, fields={"name": "/name", "summary": "join(', ', hosts)"})
    assert "join() takes" in remarks(found)["summary"]
    assert found.event.summary == ""


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-03-01T12:00:00+01:00", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("2026-03-01 12:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        (1_772_366_400, datetime(2026, 3, 1, 12, tzinfo=UTC)),
        (1_772_366_400_000, datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("1772366400.5", datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_times_are_understood_as_senders_write_them(value, instant):
    found = event({"name": "x", "at": value}, fields={"name": "/name", "starts_at": "/at"})
    assert found.starts_at == instant


@pytest.mark.parametrize(
    ("value", "span"), [("2h", timedelta(hours=2)), (90, timedelta(seconds=90)), ("0", None)]
)
def test_a_timeout_is_a_span_or_seconds(value, span):
    assert event({"name": "x", "t": value}, fields={"name": "/name", "timeout": "/t"}).timeout == (
        span
    )


def test_a_number_may_be_a_text_and_a_text_a_number_or_a_list():
    payload = {"name": 7, "load": "0.95", "hosts": ["a", "b"], "none": None}
    found = event(
        payload,
        fields={"name": "/name", "value": "/load", "summary": "/hosts"},
        labels={"first": "/hosts/0", "all": "/hosts", "none": "/none", "gone": "/gone"},
    )
    assert (found.name, found.value, found.summary) == ("7", 0.95, '["a","b"]')
    assert found.labels == {"first": "a", "all": '["a","b"]'}


def test_long_texts_are_cut_to_what_an_alert_holds():
    payload = {"name": "n" * 400, "text": "t" * 40_000, "id": "i" * 400}
    fields = dict.fromkeys(("summary", "description", "service", "resource", "region"), "/text")
    fields |= {"name": "/name", "environment": "/text", "dedup_key": "/id"}
    found = event(payload, fields=fields, labels={"text": "/text"})
    lengths = [
        len(getattr(found, name))
        for name in ("name", "summary", "description", "service", "resource", "environment")
    ]
    assert lengths == [300, 1024, 32_768, 200, 300, 100]
    assert len(found.labels["text"]) == 4096
    assert found.dedup_key.startswith("map:3:sha256:")


def test_without_a_dedup_key_it_is_made_of_where_and_what():
    fields = {"name": "'Full'", "service": "/s", "resource": "/r", "environment": "'prod'"}
    assert event({"s": "a|b", "r": "c"}, fields=fields).dedup_key == "map:3:prod|a\\|b|c|Full"
    found = read({"s": "a"}, fields=fields | {"dedup_key": "/id"})
    assert found.event.dedup_key == "map:3:prod|a||Full"
    assert "found nothing" in remarks(found)["dedup_key"]


def test_what_no_database_holds_is_replaced():
    body = b'{"name": "a\\u0000b"}'
    assert event(body).name == "a\ufffdb"
    found = event({"name": "x"}, fields={"name": "/name", "summary": '`"\\ud800\\u0000"`'})
    found.summary.encode()
    assert "\0" not in found.summary


def test_one_payload_holds_many_alerts_and_the_dollar_looks_at_all_of_it():
    payload = {
        "env": "prod",
        "alerts": [{"n": "A", "s": "up"}, {"n": "B", "s": "down"}, {"s": "down"}, {"n": "C"}],
    }
    found = readings(
        payload,
        alerts="/alerts",
        fields={"name": "n", "status": "/s", "environment": "$/env", "resource": "$.alerts[1].n"},
        statuses={"up": "ignore", "down": "firing"},
    ).alerts
    assert [reading.event and reading.event.name for reading in found] == [None, "B", None, "C"]
    assert [reading.ignored for reading in found] == [True, False, False, False]
    assert found[2].errors[0].field == "name"
    assert (found[1].event.environment, found[1].event.resource) == ("prod", "B")
    assert json.loads(found[1].event.payload) == {"n": "B", "s": "down"}


def test_the_payload_itself_may_be_the_list():
    found = readings([{"name": "A"}, {"name": "B"}], alerts="@").alerts
    assert [reading.event.name for reading in found] == ["A", "B"]


@pytest.mark.parametrize(
    ("payload", "words"),
    [({}, "found nothing"), ({"alerts": [{"name": "x"}] * (MOST_ALERTS + 1)}, "at most 1000")],
)
def test_a_list_that_is_not_there_or_too_long_is_told(payload, words):
    with pytest.raises(PayloadError, match=words) as caught:
        readings(payload, alerts="alerts")
    assert caught.value.errors[0].field == "alerts"


def test_an_empty_list_and_a_condition_that_does_not_hold_make_nothing():
    found = readings({"alerts": []}, alerts="alerts")
    assert (found.alerts, found.note) == ([], "The list of alerts is empty.")
    for payload, count in (({"type": "alert"}, 1), ({"type": "test"}, 0), ({}, 0)):
        found = readings(payload, condition="type == 'alert'", fields={"name": "'x'"})
        assert len(found.alerts) == count
    assert "condition" in found.note


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b"\xff", b'{"a": 1e999}', b"9" * 5000, b"[" * 99_999, b'"\\ud800"'],
)
def test_what_is_no_json_is_refused(body):
    with pytest.raises(PayloadError):
        readings(body)


@pytest.mark.parametrize("body", [b"null", b"7", b'"x"', b"[]", b"{}", b"[" * 500 + b"]" * 500])
def test_whatever_json_it_is_an_alert_comes_of_it_or_a_complaint(body):
    everything = {name: "@" for name in FIELDS if name != "status"}
    found = read(body, fields=everything, labels={"all": "@"})
    assert found.event or found.errors


def test_a_payload_of_the_largest_size_is_read_within_its_steps():
    alerts = [{"name": f"a{number}", "text": "x" * 180} for number in range(1000)]
    found = readings(
        {"alerts": alerts}, alerts="/alerts", fields=dict.fromkeys(FIELDS[:1], "/name")
    )
    assert sum(reading.event is not None for reading in found.alerts) == 1000
