"""The native contract: what is understood, what is refused, and how it says so."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.formats.native import NativeFormat, joined_key
from alerts.normalise import Receipt
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def parse(payload, raw=False):
    body = payload if raw else json.dumps(payload).encode()
    return NativeFormat().parse(Received(body, NOW, team_id=7))


def one(**fields):
    return parse({"name": "disk full", **fields}).events[0]


def complaints(payload, raw=False):
    with pytest.raises(PayloadError) as caught:
        parse(payload, raw)
    return {error.field: error.message for error in caught.value.errors}


def test_a_name_is_enough():
    event = one()
    assert (event.name, event.status, event.severity) == ("disk full", "firing", "warning")
    assert (event.dedup_key, event.team_id) == ("||||disk full", 7)
    assert event.payload == b'{"name": "disk full"}'


@pytest.mark.parametrize("key", ["security:finding:0a1b", "opsportal:escalations-late"])
def test_no_sender_says_that_an_alert_of_the_portals_own_is_over(key):
    told = complaints({"name": "x", "dedup_key": key, "status": "resolved"})
    assert told == {"dedup_key": "is one of the portal's own; name another"}


def test_the_derived_key_names_what_the_alert_is_about():
    event = one(source="cron", environment="prod", service="a|b", resource="h1")
    assert event.dedup_key == r"cron|prod|a\|b|h1|disk full"


def test_a_long_derived_key_is_hashed():
    assert one(resource="r" * 300).dedup_key.startswith("sha256:")


@given(*[st.lists(st.text(alphabet="a|\\", max_size=4), min_size=3, max_size=3)] * 2)
def test_different_parts_never_give_the_same_key(one_thing, other):
    assert (joined_key(one_thing) == joined_key(other)) == (one_thing == other)


@pytest.mark.parametrize(
    ("given_severity", "meant"),
    [("page", "critical"), ("ERROR", "high"), ("major", "high"), ("minor", "warning"),
     ("P1", "critical"), ("p2", "high"), ("P3", "warning"), ("P4", "low"), ("P5", "info"),
     ("Critical", "critical"), (None, "warning")],
)  # fmt: skip
def test_synonyms_of_severity_are_mapped(given_severity, meant):
    assert one(severity=given_severity).severity == meant


def test_all_complaints_about_meaning_come_at_once():
    found = complaints(
        {"name": "x", "severity": "bad", "status": "off", "timeout": -1, "runbook_url": "ftp://x",
         "links": [{"href": "javascript:alert(1)"}], "starts_at": "9999-12-31T00:00:00Z"}
    )  # fmt: skip
    assert set(found) == {
        "severity", "status", "timeout", "runbook_url", "links[0].href", "starts_at",
    }  # fmt: skip
    assert "critical, high, warning, low, info" in found["severity"]


@pytest.mark.parametrize(
    ("payload", "field"),
    [({}, "name"), ({"name": 5}, "name"), ({"name": ""}, "name"), ({"name": "x" * 301}, "name"),
     ({"name": "x", "labels": {f"l{n}": "v" for n in range(10_000)}}, "labels"),
     ({"name": "x", "labels": {"a": {"b": 1}}}, "labels[...]"),
     ({"name": "x", "labels": {"a": "v" * 5000}}, "labels.a"),
     ({"name": "x", "value": "high"}, "value"),
     ({"name": "x", "starts_at": "0001-01-01T00:00:00Z"}, "starts_at"),
     ({"name": "x", "starts_at": "yesterday"}, "starts_at"),
     ({"name": "x", "starts_at": 1e300}, "starts_at"),
     ({"name": "x", "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"},
      "ends_at"),
     ({"name": "x", "dedup_key": "k" * 256}, "dedup_key")],
)  # fmt: skip
def test_a_bad_field_is_named(payload, field):
    assert list(complaints(payload)) == [field]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1", b"\xff\xfe", b'"\\ud800"', b"NaN", b"[" * 100_000 + b"]" * 100_000, b"5",
     b'"text"', b"null", b'{"name": 1e400}'],
)  # fmt: skip
def test_what_is_no_alert_is_refused(body):
    complaints(body, raw=True)


def test_nul_becomes_the_replacement_character():
    event = parse(b'{"name":"a\\u0000b","summary":"c\\\\u0000"}', raw=True).events[0]
    assert (event.name, event.summary) == ("a�b", "c\\u0000")


def test_the_good_members_of_an_array_are_kept():
    parsed = parse([{"name": "a"}, {"name": 5}, 7, {"name": "b"}])
    assert [event.name for event in parsed.events] == ["a", "b"]
    assert [rejection.index for rejection in parsed.rejected] == [1, 2]
    receipts = [Receipt(n, "k", "opened", "firing", "low", 0) for n in (1, 2)]
    reply = NativeFormat().answer(parsed, receipts)
    answer = json.loads(reply.body)
    assert (reply.status, answer["accepted"]) == (200, 2)
    assert answer["rejected"][0]["errors"][0]["field"] == "name"
    assert answer["results"][0]["url"].endswith("/alerts/1/")


def test_an_array_without_a_good_member_is_refused():
    assert list(complaints([{"name": 5}, {}])) == ["0.name", "1.name"]


def test_more_than_ten_thousand_are_refused():
    with pytest.raises(PayloadError, match="at most 10000"):
        parse([{"name": "x"}] * 10_001)


def test_firing_with_an_end_in_the_past_is_resolved():
    assert one(ends_at=NOW.isoformat()).status == "resolved"
    assert one(ends_at=(NOW + timedelta(hours=1)).isoformat()).status == "firing"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_no_json_breaks_the_parser(payload):
    try:
        parsed = parse(
            json.dumps(
                [{"name": "x", **payload}] if isinstance(payload, dict) else payload
            ).encode(),
            raw=True,
        )
    except PayloadError as error:
        assert error.message
    else:
        assert all("\x00" not in event.name for event in parsed.events)


FIELDS = st.sampled_from(
    ["name", "status", "severity", "summary", "labels", "annotations", "links", "value", "timeout",
     "starts_at", "ends_at", "dedup_key", "runbook_url"]
)  # fmt: skip
VALUES = st.one_of(
    st.text(), st.none(), st.integers(), st.floats(), st.booleans(),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.dictionaries(st.text(), st.text() | st.integers()),
    st.lists(st.dictionaries(st.sampled_from(["href", "text"]), st.text())),
)  # fmt: skip


@given(st.dictionaries(FIELDS, VALUES))
def test_no_value_of_a_field_breaks_the_parser(payload):
    try:
        event = parse({"name": "x", **payload}).events[0]
    except PayloadError as error:
        assert error.errors or error.message
    else:
        assert event.severity in ("critical", "high", "warning", "low", "info")


@given(st.binary())
def test_no_bytes_break_the_parser(body):
    try:
        parse(body, raw=True)
    except PayloadError as error:
        assert error.message
