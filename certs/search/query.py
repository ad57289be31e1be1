"""What may be asked for, read from a URL's parameters."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from django.db.models import Q

from certs.kinds import KINDS
from certs.models import Certificate
from certs.search.match import read_matchers
from certs.search.meant import (
    LEAST_HEX,
    SHA256,
    addressed,
    conditions_meant,
    fingerprinted,
    hex_of,
    named,
    narrow,
    serial_spellings,
)
from certs.search.refuse import Params, check_sizes, refused, text_of
from opsportal.lib.api import parse_time
from opsportal.lib.matchers import Matchers

# Where a name is asked for: none.
NONE = "-"
_SPAN = re.compile(r"\d{1,6}[smhdw]", re.ASCII)
_DAYS = re.compile(r"-?\d{1,5}", re.ASCII)
_WORD = re.compile(r"\d{1,18}", re.ASCII)
_LEAST_CONTAINED = 3


class State(StrEnum):
    """Which part of the inventory is looked at. In use: served or stored, and not retired."""

    # In use, and not expired.
    COMING = "coming"
    # In use, and expired.
    EXPIRED = "expired"
    # Only heard of, or gone from everywhere.
    UNUSED = "unused"
    RETIRED = "retired"
    ALL = "all"


# Parameter -> column, of those that take several values.
COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "use": "use", "issuer": "issuer_title", "owner": "team__name",
        "environment": "environment", "key_type": "key_type",
    }
)  # fmt: skip
LISTS = (*COLUMNS, "source", "finding")
# These say which certificate: where one is asked for, it may be in any state.
IDENTIFYING = ("q", "name", "contains", "address", "serial", "fingerprint", "spki", "lineage")
TIMES = ("expires_within", "expires_before", "expires_after", "min_days", "max_days")
FILTERS = ("state", *LISTS, *IDENTIFYING, *TIMES, "service", "ca", "match")


@dataclass(frozen=True, slots=True)
class CertificateQuery:
    """What is looked for; an empty field asks nothing."""

    now: datetime
    state: State = State.COMING
    wanted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # Of certificates.
    conditions: Sequence[Q] = ()
    matchers: Sequence[Matchers] = ()
    # From the one on, before the other.
    after: datetime | None = None
    before: datetime | None = None

    @property
    def newest_first(self) -> bool:
        """Whether what expires last comes first: where nothing is to come, what was lately."""
        return self.state is not State.COMING

    @property
    def keyset(self) -> tuple[str, str]:
        """The order."""
        return ("-not_after", "-id") if self.newest_first else ("not_after", "id")


def read_query(params: Params, *, now: datetime) -> CertificateQuery:
    """The query that URL parameters describe; one query for each way to ask for names.

    Raises PayloadError.
    """
    check_sizes(params)
    box = text_of(params, "q")
    matchers = [
        read_matchers(text, name)
        for name, text in (("match", text_of(params, "match")), ("q", box))
        if text and (name == "match" or text.startswith("{"))
    ]
    words = "" if box.startswith("{") else box
    conditions = _conditions(params, _OTHERS)
    conditions += [narrow([], [name]) for name in _conditions(params, _NAMES)]
    if words:
        conditions.append(narrow(*conditions_meant(words)))
    wanted = {name: tuple(params[name]) for name in LISTS if params.get(name)}
    _check_choices(wanted)
    after, before = _bounds(params, now)
    return CertificateQuery(
        now=now, state=_state(params, words), wanted=wanted, conditions=conditions,
        matchers=matchers, after=after, before=before,
    )  # fmt: skip


def _state(params: Params, words: str) -> State:
    text = text_of(params, "state")
    if text and text not in set(State):
        raise refused("state", f"{text[:40]!r} is none of {', '.join(State)}")
    if text:
        return State(text)
    named_one = words or any(text_of(params, name) for name in IDENTIFYING if name != "q")
    return State.ALL if named_one else State.COMING


def _check_choices(wanted: Mapping[str, Sequence[str]]) -> None:
    known = {"use": Certificate.Use.values, "finding": [*KINDS, "any"]}
    for name, values in known.items():
        if unknown := set(wanted.get(name, ())) - set(values):
            raise refused(name, f"{min(unknown)[:40]!r} is none of {', '.join(values)}")


def _conditions(params: Params, readers: Mapping[str, Callable[[str], Q]]) -> list[Q]:
    return [read(text) for name, read in readers.items() if (text := text_of(params, name))]


def _contained(text: str) -> Q:
    if len(text) < _LEAST_CONTAINED:
        raise refused("contains", f"at least {_LEAST_CONTAINED} characters")
    return Q(value__contains=text.lower()) | Q(unicode__contains=text.lower())


def _address(text: str) -> Q:
    if (found := addressed(text)) is None:
        raise refused("address", f"{text[:60]!r} is no IPv4 or IPv6 address")
    return found


def _serial(text: str) -> Q:
    if not (spellings := serial_spellings(text)):
        raise refused("serial", f"{text[:60]!r} is no number, hex or decimal")
    return Q(serial__in=spellings)


def _fingerprint(text: str) -> Q:
    if (found := fingerprinted(text)) is None:
        raise refused("fingerprint", f"{LEAST_HEX} to 64 hex digits of SHA-256")
    return found


def _spki(text: str) -> Q:
    if len(hex_of(text)) != SHA256:
        raise refused("spki", "64 hex digits: the SHA-256 of the SubjectPublicKeyInfo")
    return Q(spki_sha256=hex_of(text))


def _lineage(text: str) -> Q:
    if not _WORD.fullmatch(text):
        raise refused("lineage", "the number of a lineage")
    return Q(lineage_id=int(text))


def _ca(text: str) -> Q:
    if text not in ("true", "false"):
        raise refused("ca", "true or false")
    return Q(is_ca=text == "true")


# Of a name that each must have, and of certificates.
_NAMES: Mapping[str, Callable[[str], Q]] = MappingProxyType(
    {"name": named, "contains": _contained, "address": _address}
)
_OTHERS: Mapping[str, Callable[[str], Q]] = MappingProxyType(
    {
        "serial": _serial, "fingerprint": _fingerprint, "spki": _spki, "lineage": _lineage,
        "service": lambda text: Q(service=text), "ca": _ca,
    }
)  # fmt: skip


def _bounds(params: Params, now: datetime) -> tuple[datetime | None, datetime | None]:
    after, before = [], []
    if text := text_of(params, "expires_within"):
        if not _SPAN.fullmatch(text):
            raise refused("expires_within", "a span such as 30d, 12h or 4w")
        after.append(now)
        before.append(parse_time(f"+{text}", now=now, field="expires_within"))
    for name, edges in (("expires_before", before), ("expires_after", after)):
        if text := text_of(params, name):
            ahead = f"+{text}" if _SPAN.fullmatch(text) else text
            edges.append(parse_time(ahead, now=now, field=name))
    for name, edges, more in (("max_days", before, 1), ("min_days", after, 0)):
        if text := text_of(params, name):
            if not _DAYS.fullmatch(text):
                raise refused(name, "a whole number of days")
            edges.append(now + timedelta(days=int(text) + more))
    return max(after, default=None), min(before, default=None)
