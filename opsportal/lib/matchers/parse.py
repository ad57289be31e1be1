"""From text to matchers. Every complaint points at its column and says what to write instead.

The escapes are those of Alertmanager's classic parser: `\\"`, `\\\\` and `\\n`; any other backslash
stands for itself, so that `=~"\\d+"` needs no doubling.
"""

import re
from functools import lru_cache

import re2

from opsportal.lib.matchers.errors import MatcherError
from opsportal.lib.matchers.language import BARE_NAME, COMPARISONS, Matcher, Matchers
from opsportal.lib.matchers.values import compile_pattern, parse_number

MAX_TEXT = 4000
MAX_MATCHERS = 50
MAX_NAME = 200
MAX_PATTERN = 1000

_SPACE = re.compile(r"\s*")
_OPERATOR = re.compile(r"=~|!~|!=|<=|>=|=|<|>")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE_VALUE = re.compile(r'[^\s,{}"]*')
_ESCAPE = re.compile(r'\\([n"\\])')
_WORD = re.compile(r"[^\s,{}=!~<>\"]+")


@lru_cache(maxsize=4096)
def parse_matchers(text: str) -> Matchers:
    """The matchers of the text; the empty text matches everything. Raises MatcherError."""
    _refuse_unreadable(text)
    return Matchers(tuple(_Parser(text).parse()))


def _refuse_unreadable(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise MatcherError(
            f"the text has {len(text)} characters and may have {MAX_TEXT}; split it up",
            MAX_TEXT + 1,
        )
    for index, char in enumerate(text):
        if char == "\0" or "\ud800" <= char <= "\udfff":
            what = "a NUL character" if char == "\0" else "an invalid character"
            raise MatcherError(f"{what} cannot be stored or matched; leave it out", index + 1)


class _Parser:
    """Walks over the text once, without recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def parse(self) -> list[Matcher]:
        braced = self.accept("{")
        found: list[Matcher] = []
        while not self.ended():
            if self.peek() == "}":
                break
            if len(found) == MAX_MATCHERS:
                raise self.error(f"more than {MAX_MATCHERS} matchers; use `=~` to join values")
            found.append(self.matcher())
            if not self.accept(",") and not self.ended() and self.peek() != "}":
                raise self.error("expected a comma before the next matcher")
        self.closing(braced=braced)
        return found

    def closing(self, *, braced: bool) -> None:
        start = self.at
        closed = self.accept("}")
        if braced and not closed:
            raise self.error("the opening brace is never closed; add `}` at the end")
        if closed and not braced:
            self.at = start
            raise self.error("a closing brace without an opening one; begin with `{`")
        if not self.ended():
            raise self.error("nothing may follow the closing brace; remove the rest")

    def matcher(self) -> Matcher:
        name = self.name()
        op = self.operator(name)
        self.skip_space()
        start = self.at
        value = self.value(op)
        if op in {"=~", "!~"}:
            self.check_pattern(value, start)
        elif op in COMPARISONS and parse_number(value) is None:
            raise self.error(f"`{op}` needs a number, such as {name}{op}90", start)
        return Matcher(name, op, value)

    def name(self) -> str:
        self.skip_space()
        start = self.at
        if self.peek() == '"':
            name = self.quoted()
        else:
            found = BARE_NAME.match(self.text, self.at)
            name = found.group() if found else ""
            self.at += len(name)
            word = _WORD.match(self.text, start)
            if word and word.group() != name:
                raise self.error(f'put the name in quotes: "{word.group()}"', start)
        if not name:
            raise self.error('expected a label name, as in severity="critical"', start)
        if len(name) > MAX_NAME:
            raise self.error(f"a label name may have {MAX_NAME} characters", start)
        return name

    def operator(self, name: str) -> str:
        self.skip_space()
        found = _OPERATOR.match(self.text, self.at)
        if not found:
            raise self.error(
                f'expected one of = != =~ !~ < <= > >= after {name!r}, as in {name}="..."'
            )
        self.at = found.end()
        return found.group()

    def value(self, op: str) -> str:
        if self.peek() == '"':
            return self.quoted()
        start = self.at
        if self.peek() in tuple("=!~<>"):
            raise self.error(f'no such operator; if the value begins so, write {op}"..."')
        if self.peek() in tuple("'`"):
            raise self.error('quote values with double quotes: "..."')
        raw = _BARE_VALUE.match(self.text, start)
        self.at = raw.end() if raw else start
        if self.peek() in tuple('"{'):
            raise self.error('put the whole value in quotes: "..."', start)
        return _unescape(self.text[start : self.at])

    def quoted(self) -> str:
        found = _QUOTED.match(self.text, self.at)
        if not found:
            raise self.error('the quoted text is never closed; add `"` where it ends')
        self.at = found.end()
        return _unescape(found.group(1))

    def check_pattern(self, pattern: str, start: int) -> None:
        if len(pattern) > MAX_PATTERN:
            raise self.error(f"a pattern may have {MAX_PATTERN} characters", start)
        try:
            compile_pattern(pattern)
        except re2.error as error:
            reason = error.args[0] if error.args else "not understood"
            reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
            raise self.error(f"not an RE2 pattern: {reason}", start) from error

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def accept(self, char: str) -> bool:
        self.skip_space()
        if self.peek() != char:
            return False
        self.at += 1
        return True

    def ended(self) -> bool:
        self.skip_space()
        return self.at >= len(self.text)

    def skip_space(self) -> None:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def error(self, message: str, at: int | None = None) -> MatcherError:
        return MatcherError(message, (self.at if at is None else at) + 1)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found.group(1) == "n" else found.group(1), text)
