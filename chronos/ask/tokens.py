"""From text to words: one walk over the characters, no patterns that could run long."""

import re
from dataclasses import dataclass
from enum import StrEnum

from opsportal.lib.errors import PayloadError

MAX_QUESTION = 1000
_QUOTES = str.maketrans("“”„«»", '"""""')
_TRAILING = "?!.,;)"
_LEADING = "("
# `10:00-11:30`, `2026-11-20..2026-11-22`, `2-3pm`: two times in one word.
_CLOCK = r"\d{1,2}(?::\d\d){0,2}(?:am|pm)?"
_PAIR = re.compile(rf"({_CLOCK})(?:-|\u2013|\u2014|\.\.)({_CLOCK})", re.ASCII | re.IGNORECASE)
_DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?:\u2013|\u2014|\.\.)(\d{4}-\d\d-\d\d)", re.ASCII)
_TIMELIKE = re.compile(r":|m$|\d{4}", re.IGNORECASE)
_ESCAPE = re.compile(r'\\(["\\])')
_TIME_KEYS = frozenset({"since", "until", "from", "before", "after", "around", "at", "during"})


class Sort(StrEnum):
    """What a token is."""

    WORD = "word"
    PHRASE = "phrase"
    MATCHERS = "matchers"


@dataclass(frozen=True, slots=True)
class Token:
    """One word, quoted phrase or block of matchers; `start` and `end` are its place."""

    text: str
    start: int
    end: int
    sort: Sort = Sort.WORD

    @property
    def lower(self) -> str:
        """The word in lower case; empty for what is no word."""
        return self.text.lower() if self.sort is Sort.WORD else ""


def split_question(text: str) -> tuple[Token, ...]:
    """The words of the question. Raises PayloadError."""
    if len(text) > MAX_QUESTION:
        raise PayloadError(
            f"the question has {len(text)} characters and may have {MAX_QUESTION}; ask shorter"
        )
    for char in text:
        if char == "\0" or "\ud800" <= char <= "\udfff":
            raise PayloadError("the question holds a character that is no text; leave it out")
    text = text.translate(_QUOTES)
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        end = _end_of(text, at)
        found += _tokens(text, at, end)
        at = end
    return tuple(found)


def _end_of(text: str, at: int) -> int:
    """Where the word, the quoted text or the block of matchers that begins here ends."""
    if text[at] == "{":
        return _close_brace(text, at)
    while at < len(text) and not text[at].isspace():
        at = _close_quote(text, at) if text[at] == '"' else at + 1
    return at


def _close_quote(text: str, begun: int) -> int:
    """The place after the closing quote; a backslash escapes."""
    at = begun + 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise PayloadError(f'the quote at column {begun + 1} is never closed; add " at its end')
    return at + 1


def _close_brace(text: str, begun: int) -> int:
    at = begun + 1
    while at < len(text) and text[at] != "}":
        at = _close_quote(text, at) if text[at] == '"' else at + 1
    if at >= len(text):
        raise PayloadError(f"the brace at column {begun + 1} is never closed; add }} at its end")
    return at + 1


def _tokens(text: str, start: int, end: int) -> list[Token]:
    if text[start] == "{":
        return [Token(text[start:end], start, end, Sort.MATCHERS)]
    if text[start] == '"' and _close_quote(text, start) >= len(text[:end].rstrip(_TRAILING)):
        close = _close_quote(text, start)
        return [Token(unescape(text[start + 1 : close - 1]), start, end, Sort.PHRASE)]
    while start < end and text[start] in _LEADING:
        start += 1
    while end > start and text[end - 1] in _TRAILING:
        end -= 1
    return _split(text[start:end], start)


def _split(word: str, start: int) -> list[Token]:
    """Usually the one word; two times in one word are `from`, the first, `to`, the second."""
    end = start + len(word)
    if not word:
        return []
    if '"' in word:
        return [Token(word, start, end)]
    pair = _PAIR.fullmatch(word) or _DATES.fullmatch(word)
    if pair and _TIMELIKE.search(word):
        middle = start + len(pair[1])
        return [
            Token(pair[1], start, middle),
            Token("to", middle, middle),
            Token(pair[2], end - len(pair[2]), end),
        ]
    key, colon, rest = word.partition(":")
    if colon and rest and key.lower() in _TIME_KEYS:
        after = start + len(key) + 1
        return [Token(key, start, after), *_split(rest, after)]
    for sign in ("±", "+/-", "+-"):
        before, found, span = word.partition(sign)
        if found:
            after = end - len(span)
            parts = [(before, start), ("±", after - len(sign)), (span, after)]
            return [Token(text, at, at + len(text)) for text, at in parts if text]
    return [Token(word, start, end)]


def unescape(text: str) -> str:
    """Without the backslashes before quotes and backslashes."""
    return _ESCAPE.sub(r"\1", text)
