"""Matchers as Alertmanager writes and sends them, and as ours.

Its names are those of labels as they were sent; where ours has a field of that name, `label.` goes
before it. Texts and complaints are those of its classic parser (prometheus/alertmanager
pkg/labels/parse.go), which newer ones fall back to; names in quotes are of the newer one.
"""

import re
from collections.abc import Sequence

import re2
from msgspec import Struct

from alerts.labels import LABEL, MATCH_FIELDS
from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import Matcher, MatcherError, Matchers, parse_matchers
from opsportal.lib.matchers.values import compile_pattern

_MATCHER = re.compile(
    r'\s*([a-zA-Z_:][a-zA-Z0-9_:]*|"(?:[^"\\]|\\.)+")\s*(=~|!=|!~|=)\s*(.*?)\s*',
    re.DOTALL | re.ASCII,
)
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^"\\]|\\.|\\\Z)*)', re.DOTALL)
_ESCAPE = re.compile(r'\\([n"\\])')
_FIELD_OF = {"name": "alertname", "resource": "instance"}
_EQUALITIES = ("=", "!=", "=~", "!~")


class ApiMatcher(Struct, rename="camel"):
    """`matcher` of the contract."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool = True

    @property
    def op(self) -> str:
        """As a text has it."""
        return (
            ("=~" if self.is_equal else "!~") if self.is_regex else ("=" if self.is_equal else "!=")
        )


def parse_matcher(text: str) -> Matcher:
    """One matcher of a text such as `instance=~"h.*"`. Raises PayloadError with its complaints."""
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise PayloadError(f"bad matcher format: {text}")
    name, op, raw = found.groups()
    value = _VALUE.fullmatch(raw)
    if value is None:
        raise PayloadError(f"matcher value contains unescaped double quote: {raw}")
    plain = _unescape(name[1:-1]) if name[0] == '"' else name
    matcher = Matcher(plain, op, _unescape(value[1] if value[2] is None else value[2]))
    check_pattern(matcher, "")
    return matcher


def check_pattern(matcher: Matcher, where: str) -> None:
    """Raise PayloadError that says where and why, for a pattern that is none."""
    if matcher.op in ("=~", "!~"):
        try:
            compile_pattern(matcher.value)
        except re2.error as error:
            reason = error.args[0] if error.args else "not understood"
            reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
            raise PayloadError(f"{where}error parsing regexp: {reason}") from error


def parse_filter(texts: Sequence[str]) -> Matchers:
    """All matchers of a repeated parameter. Raises PayloadError."""
    return Matchers(tuple(parse_matcher(text) for text in texts))


def to_ours(matchers: Sequence[ApiMatcher]) -> str:
    """The text in our language that means these."""
    found = tuple(
        Matcher(LABEL + item.name if item.name in MATCH_FIELDS else item.name, item.op, item.value)
        for item in matchers
    )
    return str(Matchers(found))


def from_ours(text: str) -> list[ApiMatcher]:
    """What that text means in its words, as far as it has words for it.

    A comparison of numbers is shown as if the label had to be that text: `{"load", "> 5"}`.
    """
    found = []
    try:
        items = parse_matchers(text).items
    except MatcherError:  # made by an older portal: it matches nothing
        items = (Matcher("match", "=", text),)
    for item in items:
        value = item.value if item.op in _EQUALITIES else f"{item.op} {item.value}"
        regex, equal = item.op in ("=~", "!~"), item.op not in ("!=", "!~")
        found.append(ApiMatcher(sent_name(item.name), value, regex, equal))
    return found


def in_its_words(text: str) -> bool:
    """Whether `from_ours` says all that the text means."""
    try:
        return all(item.op in _EQUALITIES for item in parse_matchers(text).items)
    except MatcherError:
        return False


def sent_name(name: str) -> str:
    """The label that a name of ours means."""
    field = name.removeprefix(LABEL)
    if field != name and field in MATCH_FIELDS:
        return field
    return _FIELD_OF.get(name, name)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found.group(1) == "n" else found.group(1), text)
