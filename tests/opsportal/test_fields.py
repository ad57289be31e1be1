"""What may stand in foreign JSON, and in the places of a door's path."""

from datetime import UTC, datetime

import pytest

from opsportal.lib.contracts import MOST_LEVELS, is_deep, path_pattern, path_route, places_of
from opsportal.lib.fields import instant, text, unix_instant


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("2021-04-28 21:50:00 +0200", datetime(2021, 4, 28, 19, 50, tzinfo=UTC)),
        ("2020-11-02 12:55:12 UTC", datetime(2020, 11, 2, 12, 55, 12, tzinfo=UTC)),
        ("2020-11-02T12:55:12", datetime(2020, 11, 2, 12, 55, 12, tzinfo=UTC)),
        ("Mon, 02 Nov 2020 12:55:12 GMT", datetime(2020, 11, 2, 12, 55, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None), ("9999-12-31T23:59:59-12:00", None), (" UTC", None),
        ("", None), ("soon", None), (12, None), (None, None), ("2020-02-30", None),
    ],
)  # fmt: skip
def test_instants_of_text(given, found):
    assert instant(given) == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (1471040808, datetime(2016, 8, 12, 22, 26, 48, tzinfo=UTC)),
        ("1471040808", datetime(2016, 8, 12, 22, 26, 48, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, None), (1e300, None), (10**40, None), (float("nan"), None), (True, None),
        ("1e9", None), ("9" * 30, None), ([], None),
    ],
)  # fmt: skip
def test_instants_of_seconds(given, found):
    assert unix_instant(given) == found


def test_what_is_no_text_is_none():
    assert [text(value, 5) for value in ("a\0bcdef", 1.5, True, None, [], {})] == [
        "a\ufffdbcd", "1.5", "true", "", "", "",
    ]  # fmt: skip


def test_depth():
    def nested(levels):
        return [nested(levels - 1)] if levels else 1

    assert not is_deep(nested(MOST_LEVELS - 1))
    assert is_deep({"a": nested(MOST_LEVELS + 1)})
    assert not is_deep("x")


def test_places_of_a_path():
    path = "/api/0/organizations/<org>/releases/<version>/deploys/"
    assert path_route(path) == "api/0/organizations/<str:org>/releases/<str:version>/deploys/"
    assert path_route("/v2/alerts/<id>/close") == "v2/alerts/<path:id>/close"
    found = places_of([path], "/api/0/organizations/acme/releases/a\0@1/deploys/")
    assert found == {"org": "acme", "version": "a\ufffd@1"}
    assert places_of([path], "/api/0/organizations/acme/releases/a/b/deploys/") == {}
    assert path_pattern("/v2/alerts/<id>/close").fullmatch("/v2/alerts/a/b/close")
    assert not path_pattern("/v2/alerts/<id>/close").fullmatch("/v2/alerts//close/x")
