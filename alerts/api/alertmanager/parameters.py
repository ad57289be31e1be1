"""What the query and the bodies of requests ask for."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.http import QueryDict
from msgspec import Struct

from alerts.alertmanager.alerts import Wanted
from alerts.alertmanager.matchers import ApiMatcher, check_pattern, parse_filter
from alerts.alertmanager.silences import WantedSilence
from alerts.formats.alertmanager import ShapeError, unreadable
from alerts.formats.labels import instant_of
from opsportal.lib.contracts import split_json
from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import Matcher, Matchers

# go-openapi/swag ConvertBool; everything else is false.
_TRUE = {"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"}
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def read_flag(query: QueryDict, name: str) -> bool:
    """A flag that holds unless it is said not to; of several the last counts."""
    given = query.get(name, "")
    return given == "" or given.lower() in _TRUE


def read_wanted(query: QueryDict) -> Wanted:
    """Which alerts are asked for. Raises PayloadError."""
    return Wanted(
        active=read_flag(query, "active"),
        silenced=read_flag(query, "silenced"),
        inhibited=read_flag(query, "inhibited"),
        muted=read_flag(query, "muted"),
        filter=parse_filter(query.getlist("filter")),
        receiver=_read_receiver(query),
    )


def read_receiver_matchers(query: QueryDict) -> bool:
    """Whether receivers without labels, which all of ours are, match. Raises PayloadError."""
    try:
        return parse_filter(query.getlist("receiver_matchers")).matches({})
    except PayloadError as error:
        raise PayloadError(f"failed to parse receiver_matchers param: {error.message}") from error


def _read_receiver(query: QueryDict) -> Callable[[str], bool] | None:
    pattern = query.get("receiver", "")
    if not read_receiver_matchers(query):
        return lambda _: False
    if not pattern:
        return None
    matcher = Matcher("receiver", "=~", pattern)
    check_pattern(matcher, "failed to parse receiver param: ")
    matches = Matchers((matcher,)).matches
    return lambda name: matches({"receiver": name})


class _PostedMatcher(Struct, rename="camel"):
    name: str | None = None
    value: str | None = None
    is_regex: bool | None = None
    is_equal: bool | None = None


class _PostedSilence(Struct, rename="camel"):
    id: str | None = None
    matchers: list[_PostedMatcher] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    created_by: str | None = None
    comment: str | None = None


_silence = msgspec.json.Decoder(_PostedSilence | None)


def read_silence(body: Any) -> WantedSilence:
    """`postableSilence` of the contract. Raises ShapeError."""
    if not isinstance(body, bytes) or not body:
        raise _required("silence")
    try:
        members, many = split_json(body)
        if many:
            raise unreadable("silence", "it is an array")
        posted = _silence.decode(members[0]) or _PostedSilence()
    except ShapeError:
        raise
    except PayloadError as error:
        raise unreadable("silence", error.message) from error
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise unreadable("silence", error) from error
    comment = _given("comment", posted.comment)
    created_by = _given("createdBy", posted.created_by)
    ends_at = _given("endsAt", posted.ends_at)
    matchers = _read_matchers(_given("matchers", posted.matchers))
    starts_at = _given("startsAt", posted.starts_at)
    return WantedSilence(
        id=posted.id or "",
        matchers=matchers,
        starts_at=instant_of(starts_at) or _BEGINNING,
        ends_at=instant_of(ends_at) or _BEGINNING,
        created_by=created_by,
        comment=comment,
    )


def _read_matchers(posted: Sequence[_PostedMatcher]) -> list[ApiMatcher]:
    if not posted:
        raise ShapeError(422, "matchers in body should have at least 1 items", 612)
    return [
        ApiMatcher(
            is_regex=_given(f"matchers.{number}.isRegex", item.is_regex),
            name=_given(f"matchers.{number}.name", item.name),
            value=_given(f"matchers.{number}.value", item.value),
            is_equal=item.is_equal is not False,
        )
        for number, item in enumerate(posted)
    ]


def _given(name: str, value: Any) -> Any:
    if value is None:
        raise _required(name)
    return value


def _required(name: str) -> ShapeError:
    return ShapeError(422, f"{name} in body is required", 602)
