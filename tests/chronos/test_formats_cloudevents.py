"""CloudEvents in their three modes become changes, or are refused with the reason."""

from datetime import UTC, datetime

import pytest

from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError, UnsupportedMediaError
from tests.chronos.cloudevents import BATCHED, FORMAT, NOW, STRUCTURED, binary, change, event, parse


def refused(body, content_type=STRUCTURED, given=None):
    with pytest.raises(PayloadError) as caught:
        parse(body, content_type, given)
    return {error.field: error.message for error in caught.value.errors} or caught.value.message


def test_attributes_are_what_they_say():
    found = change(
        subject="api", correlationid="c", causationid="b", authid="jo", authtype="user",
        severitynumber=17, sequence="5", retried=True, unset=None, dataref="https://x.example/1",
    )  # fmt: skip
    assert (found.source, found.external_id, found.report_id) == ("/ci", "A1", "A1")
    assert (found.kind, found.action, found.status) == ("deployment", "finished", "succeeded")
    assert found.started_at == datetime(2026, 3, 4, 5, tzinfo=UTC)
    assert (found.subject, found.correlation_id, found.causation_id) == ("api", "c", "b")
    assert (found.actor, found.actor_type, found.severity) == ("jo", "user", 4)
    assert found.labels == {
        "type": "com.example.deployment.finished", "sequence": "5", "retried": "true",
    }  # fmt: skip
    assert found.links == ({"href": "https://x.example/1", "text": "data", "rel": "data"},)
    assert found.title == "com.example.deployment.finished api"


def test_data_in_our_words_fills_fields_and_the_rest_stays():
    found = change(
        data={
            "app": "api", "env": "prod", "version": 412, "status": "failure", "title": "Deploy",
            "actor": {"name": "ci", "type": "bot"}, "started_at": "2026-03-04T04:00:00+01:00",
            "tags": ["hotfix"], "severity": 9, "external_id": "run-7", "colour": "red",
            "ended_at": "yesterday",
        }
    )  # fmt: skip
    assert (found.service, found.environment, found.version) == ("api", "prod", "412")
    assert (found.status, found.title, found.tags) == ("failed", "Deploy", ("hotfix",))
    assert (found.actor, found.actor_type) == ("ci", "automation")
    assert found.started_at == datetime(2026, 3, 4, 3, tzinfo=UTC)
    assert found.ended_at == datetime(2026, 3, 4, 5, tzinfo=UTC)
    assert (found.external_id, found.report_id) == ("run-7", "A1")
    assert found.data == {"severity": 9, "colour": "red", "ended_at": "yesterday"}


@pytest.mark.parametrize(
    ("kind", "noun", "action", "status"),
    [
        ("com.example.deploy.started.v1", "deployment", "started", "started"),
        ("com.example.rollback.failed", "rollback", "failed", "failed"),
        ("com.github.pull_request.opened", "pull_request", "opened", ""),
        ("com.example.feature_flag.changed", "flag", "changed", ""),
        ("com.example.someevent", "someevent", "", ""),
        ("x", "x", "", ""),
        ("1.0", "event", "", ""),
    ],
)
def test_a_type_says_kind_action_and_status(kind, noun, action, status):
    found = change(type=kind)
    assert (found.kind, found.action, found.status) == (noun, action, status)


@pytest.mark.parametrize(
    ("attributes", "severity"),
    [
        ({"severitynumber": 1}, 0), ({"severitynumber": 9}, 2), ({"severitynumber": 24}, 5),
        ({"severitynumber": 999}, 5), ({"severitytext": "WARN"}, 3), ({"severitytext": "odd"}, 0),
    ],
)  # fmt: skip
def test_severities_are_opentelemetrys(attributes, severity):
    assert change(**attributes).severity == severity


def test_the_time_of_recording_stands_in_for_the_time():
    found = change(time=None, recordedtime="2026-01-01T00:00:00Z")
    assert found.started_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.labels["recordedtime"] == "2026-01-01T00:00:00Z"
    assert change(time=None).started_at is None


def test_null_attributes_are_absent_and_null_data_is_none():
    assert change(subject=None, data=None).data == {}
    assert change(data="null").data == {"data": "null"}


def test_a_text_of_a_json_type_is_not_parsed_again():
    assert change(datacontenttype="application/json", data='{"app": "x"}').service == ""
    assert change(datacontenttype="text/xml", data="<a/>").data == {"data": "<a/>"}
    assert "data" in refused(event(datacontenttype="text/xml", data={"a": 1}))


def test_base64_is_data_of_its_type():
    encoded = "eyJhcHAiOiAiYXBpIn0="
    assert change(data_base64=encoded, datacontenttype="application/json").service == "api"
    assert change(data_base64=encoded).data == {"data": '{"app": "api"}'}
    assert change(data_base64="/////w==").data == {"data_base64": "/////w=="}
    assert refused(event(data_base64=encoded, data={})) == {"data_base64": "excludes data"}
    assert refused(event(data_base64="?")) == {"data_base64": "is not Base64"}


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
@pytest.mark.parametrize("value", [None, "", 7, [], {}])
def test_what_is_required_is_a_text_with_something_in_it(name, value):
    assert name in refused(event(**{name: value}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"specversion": "0.3"}, {"Subject": "x"}, {"my_ext": "x"}, {"ext": {}}, {"ext": 1.5},
        {"subject": "a\nb"}, {"time": "2026-03-04T05:00:00"}, {"time": "soon"}, {"time": 5},
        {"time": "9999-12-31T23:59:59Z"}, {"recordedtime": "2026-03-04 05:00"},
    ],
)  # fmt: skip
def test_what_the_contract_forbids_is_refused_by_name(wrong):
    assert list(refused(event(**wrong))) == list(wrong)


def test_binary_attributes_are_headers():
    found = binary(
        b'{"app": "api"}', "application/json; charset=utf-8",
        subject="Euro%20%E2%82%AC%20%F0%9F%98%80", ext='"a \\"b\\" %41"', severitynumber="21",
    )  # fmt: skip
    assert (found.subject, found.service, found.severity) == ("Euro € 😀", "api", 5)
    assert found.labels["ext"] == 'a "b" A'
    assert binary(subject="%e2%82%ac%2541").subject == "€%41"
    assert binary(subject="50%").subject == "50%"


@pytest.mark.parametrize("value", ["%C0%A0", "%ff", "\xff", "%00", "a%0Ab", "%ED%A0%80"])
def test_overlong_utf_8_and_control_characters_in_headers_are_refused(value):
    given = {"ce-" + name: text for name, text in event(subject=value).items()}
    assert list(refused(b"", "", given)) == ["ce-subject"]


def test_binary_complaints_name_headers():
    given = {"ce-datacontenttype": "text/plain", "ce-id": "1", "ce-my-ext": "x"}
    assert set(refused(b"{", "application/json", given)) == {
        "ce-datacontenttype", "ce-my-ext", "ce-specversion", "ce-source", "ce-type", "data",
    }  # fmt: skip


def test_binary_data_is_of_the_content_type():
    assert binary(b"hello", "text/plain").data == {"data": "hello"}
    assert binary(b'"x"', "application/vnd.x+json").data == {"data": "x"}
    assert binary(b"\xff\xfe").data == {"data_base64": "//4="}
    assert binary().data == {}


def test_in_structured_mode_the_body_counts_and_not_the_headers():
    (found,) = parse(event(), "Application/CloudEvents+JSON; charset=UTF-8", {"ce-id": "9"}).changes
    assert found.external_id == "A1"


def test_a_batch_keeps_its_good_members():
    parsed = parse([event(), event(specversion="0.3"), 5, event(id="A2")], BATCHED)
    assert [found.external_id for found in parsed.changes] == ["A1", "A2"]
    assert [found.index for found in parsed.rejected] == [1, 2]
    assert refused([{}, event(id="")], BATCHED)["1.id"] == "is missing"
    assert parse([], BATCHED).changes == []
    assert "array" in refused(event(), BATCHED)
    assert "batch" in refused([event()])


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents+avro", "application/cloudevents-batch+xml", "application/json", "",
        "application/cloudevents+json; charset=utf-16", "text/plain",
    ],
)  # fmt: skip
def test_what_is_not_read_here_is_415(content_type):
    with pytest.raises(UnsupportedMediaError):
        parse(event(), content_type)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[]", b"7", b'{"a":' * 99_999, b'{"data":' + b"[" * 400 + b"]" * 400
     + b"}", b'{"id": "\\ud800"}', b'{"id": 1e999}'],
)  # fmt: skip
def test_what_is_no_event_is_refused(body):
    with pytest.raises(PayloadError):
        parse(body)


def test_secrets_are_not_kept():
    found = change(data={"password": "hunter2"}, authtoken="abc")
    assert "hunter2" not in str(found)
    assert "abc" not in found.labels.values()


def test_the_token_may_be_in_the_query():
    assert FORMAT.key_text(Received(b"", NOW, query="a=1&access_token=ops_x")) == "ops_x"
    assert FORMAT.key_text(Received(b"", NOW)) == ""
