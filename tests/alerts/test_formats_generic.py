"""Generic webhooks: what a mapping makes of a payload."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from alerts.formats import Received
from alerts.formats.generic import GenericFormat, mapping_of
from alerts.formats.mapping import FIELDS, compile_mapping
from alerts.formats.reading import MOST_ALERTS, read_payload
from alerts.models import Mapping
from opsportal.lib.errors import PayloadError
from tests.accounts.people import make_key, make_team
from tests.alerts.makers import NOW
from tests.alerts.mapping import FIELDS as KUMA
from tests.alerts.mapping import PAYLOAD, STATUSES, make_mapping, status

EMPTY = {
    "id": 3, "name": "kuma", "condition": "", "alerts": "", "fields": {"name": "/name"},
    "labels": {}, "statuses": {}, "severities": {},
}  # fmt: skip


def readings(payload, **values):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return read_payload(compile_mapping(EMPTY | values), Received(body, NOW, team_id=7))


def read(payload, **values):
    (reading,) = readings(payload, **values).alerts
    return reading


def event(payload, **values):
    found = read(payload, **values)
    assert found.event is not None, found.errors
    return found.event


def remarks(reading):
    return {remark.field: remark.message for remark in reading.remarks}


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


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"fields": {}}, "fields.name", "say where"),
        ({"fields": {"name": "a ]"}}, "fields.name", "column 3"),
        ({"fields": {"name": "a", "colour": "b"}}, "fields.colour", "unknown"),
        ({"fields": {"name": 7}}, "fields", "texts"),
        ({"fields": []}, "fields", "texts"),
        ({"alerts": "[", "fields": {"name": "a"}}, "alerts", "column 2"),
        ({"condition": "a ==", "fields": {"name": "a"}}, "condition", "column 5"),
        ({"labels": {"host": "a."}}, "labels.host", "column 3"),
        ({"labels": {"": "a"}}, "labels", "names"),
        ({"labels": {"host": ""}}, "labels.host", "empty"),
        ({"labels": {str(n): "a" for n in range(51)}}, "labels", "at most 50"),
        ({"statuses": {"up": "fine"}}, "statuses.up", "'fine' is none of"),
        ({"statuses": {"up": "firing", "UP": "firing"}}, "statuses.UP", "twice"),
        ({"severities": {"a": "awful"}}, "severities.a", "none of critical"),
        ({"severities": "x"}, "severities", "texts"),
    ],
)
def test_a_mapping_that_is_wrong_is_told_at_its_field(values, field, words):
    with pytest.raises(PayloadError) as caught:
        compile_mapping(EMPTY | values)
    assert words in {error.field: error.message for error in caught.value.errors}[field]


@pytest.mark.django_db
class TestDoor:
    @pytest.fixture
    def key(self):
        return make_key("alerts:write", short=True, team=make_team("payments"))

    def post(self, client, payload, key, method="post"):
        body = payload if isinstance(payload, bytes) else json.dumps(payload)
        send = getattr(client, method)
        return send(f"/hooks/generic/{key[1]}", body, content_type="application/json")

    def test_an_alert_is_opened_and_resolved(self, client, key):
        make_mapping(key[0])
        answer = self.post(client, PAYLOAD, key)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
        assert answer.json()["alerts"][0]["outcome"] == "opened"
        answer = self.post(client, status(1), key, "put")
        assert answer.json()["alerts"][0]["outcome"] == "resolved"
        assert "rejected" not in answer.json()

    def test_what_is_ignored_is_accepted_as_nothing(self, client, key):
        make_mapping(key[0])
        answer = self.post(client, status(3), key)
        assert (answer.status_code, answer.json()) == (202, {"accepted": 0, "alerts": []})

    def test_without_a_mapping_the_sender_hears_what_to_do(self, client, key):
        answer = self.post(client, PAYLOAD, key)
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid"
        assert "no mapping for this key" in answer.json()["message"]
        assert f"/admin/alerts/mapping/add/?key={key[0].pk}" in answer.json()["message"]

    def test_complaints_come_in_the_portal_s_shape(self, client, key):
        make_mapping(key[0])
        answer = self.post(client, status(9), key)
        assert answer.status_code == 400
        assert answer.json()["errors"] == [
            {
                "field": "status",
                "message": "'9' is not in the table of statuses; say what it means",
            }
        ]

    def test_good_ones_of_a_batch_are_stored_and_the_rest_is_told(self, client, key):
        make_mapping(key[0], alerts="@", fields={"name": "/name"}, statuses={})
        answer = self.post(client, [{"name": "A"}, {}, {"name": "B"}], key)
        assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
        assert answer.json()["rejected"] == [
            {"index": 1, "errors": [{"field": "name", "message": "found nothing"}]}
        ]
        answer = self.post(client, [{}, {}], key)
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == ["0.name", "1.name"]

    @pytest.mark.parametrize(("size", "code"), [(256 * 1024, 400), (256 * 1024 + 1, 413)])
    def test_the_payload_is_bounded(self, client, key, size, code):
        make_mapping(key[0])
        assert self.post(client, b" " * size, key).status_code == code

    def test_a_changed_mapping_is_used_at_once_and_read_once(
        self, client, key, django_assert_num_queries
    ):
        mapping = make_mapping(key[0])
        with django_assert_num_queries(1):
            first = mapping_of(key[0].pk)
        assert mapping_of(key[0].pk) is first
        Mapping.objects.filter(pk=mapping.pk).update(fields=KUMA | {"severity": "'low'"})
        received = Received(json.dumps(PAYLOAD).encode(), NOW, key_id=key[0].pk)
        assert GenericFormat().parse(received).events[0].severity == "low"

    def test_a_remark_is_kept_with_the_delivery(self, key):
        make_mapping(key[0], fields=KUMA | {"link": "'nowhere'"})
        received = Received(json.dumps(PAYLOAD).encode(), NOW, key_id=key[0].pk)
        parsed = GenericFormat().parse(received)
        assert parsed.note.startswith("link: not an http://")
        assert len(parsed.events) == 1
