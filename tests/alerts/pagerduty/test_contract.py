"""The key of PagerDuty's events, and what is said of those that are wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.lib.errors import PayloadError
from tests.alerts.pagerduty.conftest import EVENT, FORMAT, KEY, PAYLOAD, fired, parse, received


def complaints(event: object, method=FORMAT.parse) -> list[str]:
    with pytest.raises(PayloadError) as caught:
        method(received(event))
    reply = FORMAT.refuse(caught.value)
    assert reply.status == 400
    answer = json.loads(reply.body)
    assert answer["status"] == "invalid event"
    assert answer["message"] == "Event object is invalid"
    return list(answer["errors"])


def test_complaints_are_in_pagerdutys_words():
    severities = "must be one of the following: 'critical', 'warning', 'error' or 'info'"
    assert complaints({}) == ["'event_action' is missing or blank"]
    assert complaints({"event_action": "trigger"}) == [
        "'payload.summary' is missing or blank",
        "'payload.source' is missing or blank",
        "'payload.severity' is missing or blank",
    ]
    assert complaints({**EVENT, "payload": PAYLOAD | {"severity": "none"}}) == [
        f"'payload.severity' is invalid ({severities})"
    ]
    assert complaints({**EVENT, "payload": PAYLOAD | {"summary": "x" * 1025}}) == [
        "'summary' is too long (maiximum is 1024 characters)"
    ]
    assert complaints({"event_action": "resolve"}) == ["'dedup_key' is missing or blank"]
    assert complaints({**EVENT, "dedup_key": "x" * 256}) == [
        "'dedup_key' is too long (maximum is 255 characters)"
    ]
    assert complaints({**EVENT, "event_action": "close"}) == [
        "'event_action' is invalid"
        " (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"
    ]


def test_a_key_that_can_be_none_is_complained_of_with_the_rest():
    length = "Length of 'routing_key' is incorrect (should be 32 characters)"
    letters = "'routing_key' cannot contain non-alphanumeric characters."
    ask = FORMAT.key_text
    assert complaints({"routing_key": "short"}, ask) == [
        length,
        "'event_action' is missing or blank",
    ]
    assert complaints({**EVENT, "routing_key": "e+23rschqsESqk9Q6_-g"}, ask) == [length, letters]
    assert complaints({**EVENT, "routing_key": "-" * 32}, ask) == [letters]
    assert complaints({**EVENT, "routing_key": ["x"]}, ask) == [length, letters]


def test_the_key_is_found_in_the_body():
    assert FORMAT.key_text(received(EVENT)) == KEY
    ours = "ops_k3v9x0c2m4q8_" + "A-_" * 14 + "A"
    assert FORMAT.key_text(received({**EVENT, "routing_key": ours})) == ours
    for none in ({}, {"routing_key": None}, {"routing_key": ""}):
        assert FORMAT.key_text(received(none)) == ""


def test_an_event_is_of_no_endless_depth():
    for levels, taken in ((90, True), (110, False), (900, False)):
        deep = json.loads("[" * levels + "]" * levels)
        if taken:
            assert fired(custom_details={"deep": deep}).annotations["deep"].startswith("[[[")
            continue
        with pytest.raises(PayloadError) as caught:
            fired(custom_details={"deep": deep})
        assert "deeper than 100" in caught.value.errors[0].message


def test_whose_a_broken_event_is_can_still_be_told():
    assert FORMAT.key_text(received(b'{"routing_key": "%b", "payload": {' % KEY.encode())) == KEY


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b"null", b'"x"', b"\xff", b"[" * 99_999, b'{"a":' * 2000 + b"}" * 2000,
     b'{"event_action":"\xff"}', b'{"event_action":"\\ud800"}', b'{"event_action":1e999}'],
)  # fmt: skip
def test_what_is_no_object_is_unrecognized(body):
    for method in (FORMAT.parse, FORMAT.key_text):
        with pytest.raises(PayloadError) as caught:
            method(received(body))
        reply = FORMAT.refuse(caught.value)
        assert (reply.status, json.loads(reply.body)) == (
            400,
            {
                "status": "Unrecognized object",
                "message": "Event object format is unrecognized",
                "errors": ["JSON parse error"],
            },
        )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3
    ),
    max_leaves=8,
)  # fmt: skip
places = [
    (name,) for name in (*EVENT, "links", "images", "client", "client_url")
] + [
    ("payload", name)
    for name in (*PAYLOAD, "timestamp", "component", "group", "class", "custom_details")
]  # fmt: skip


@given(st.sampled_from(places), anything)
def test_whatever_stands_in_a_field_it_is_an_event_or_a_complaint(place, value):
    event = json.loads(json.dumps(EVENT))
    inner = event if len(place) == 1 else event[place[0]]
    inner[place[-1]] = value
    for method in (FORMAT.key_text, FORMAT.parse):
        try:
            method(received(event))
        except PayloadError as error:
            assert error.errors
            continue
    try:
        parsed = parse(event)
    except PayloadError:
        return
    for found in parsed.events:
        assert 0 < len(found.name) <= 300
        assert len(found.dedup_key) <= 255
        assert all(isinstance(text, str) for text in found.labels.values())
        assert "\0" not in str(found)
