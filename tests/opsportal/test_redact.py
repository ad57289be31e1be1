"""Values of secret names do not stay, however they are written."""

import json

import pytest

from opsportal.lib.redact import REDACTED, is_clean, redact_json, redact_text, redact_value


@pytest.mark.parametrize(
    "body",
    [
        '{"routing_key": "hush", "a": 1}',
        '{"\\u0072outing_key": "hush", "a": 1}',
        '{"routing\\u005fkey": "hush", "a": 1}',
        '{"api\\u002dkey": "hush", "a": 1}',
        '{"a": 1, "deep": [{"db_password": {"value": "hush"}}]}',
        '{"a": 1, "token": ["hush"]}',
        '{"a": 1, "UnsubscribeURL": "https://sns/?hush"}',
        '{"a": 1, "Message": "{\\"deep\\": [{\\"password\\": \\"hush\\"}]}"}',
        '{"a": 1, "Message": "[{\\"t\\\\u006fken\\": \\"hush\\"}]"}',
        '{"a": 1, "Message": "{token=hush} and more"}',
    ],
)
def test_json_is_redacted_by_its_names(body):
    for redact in (redact_text, redact_json):
        kept = redact(body.encode())
        assert "hush" not in kept
        assert json.loads(kept)["a"] == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"routing_key": "hush", ',
        "{'routing_key': 'hush'}",
        '"{\\"routing_key\\": \\"hush\\"}" and more',
        "a=1&api_key=hush&b=2",
        "password: hush",
        "TOKEN=hush",
    ],
)
def test_other_text_is_redacted_by_what_is_assigned(text):
    assert "hush" not in redact_text(text.encode())


@pytest.mark.parametrize("levels", [400, 900, 5000])
def test_what_is_too_deep_to_look_through_is_not_kept(levels):
    body = b'{"token":"hush","deep":' + b"[" * levels + b"]" * levels + b"}"
    assert "hush" not in redact_text(body)
    assert "hush" not in redact_json(body)


def test_what_has_no_secret_stays_as_it_came():
    body = '{"a" : "\\u003ctag\\u003e \\u00e9", "b": "é"}'
    assert is_clean(body.encode())
    assert redact_json(body.encode()) == redact_text(body.encode()) == body


def test_a_key_of_the_portal_s_does_not_stay_wherever_it_stands():
    key = f"ops_{'a1' * 6}_{'-Zq_' * 10}xyz"
    for body in (f'{{"note": "use {key}!"}}', f'["{key}"]', f"{{bad {key}"):
        assert key not in redact_text(body.encode())
    assert redact_value({"x-gitlab-event": key}) == {"x-gitlab-event": REDACTED}
