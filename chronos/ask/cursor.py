"""A place in the words of a question."""

import re
from collections.abc import Sequence

from chronos.ask.clock import Span
from chronos.ask.tokens import Token
from chronos.ask.vocabulary import NUMBERS, UNITS

_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,3})?", re.ASCII)
_PIECES = re.compile(r"(?:\d{1,6}(?:\.\d{1,3})?[a-z]{1,8})+", re.ASCII)
_PIECE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([a-z]{1,8})", re.ASCII)


class Cursor:
    """Walks over the words; whoever finds nothing puts it back to where it was."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0

    @property
    def ended(self) -> bool:
        """Whether there is no more word."""
        return self.at >= len(self.tokens)

    def token(self) -> Token:
        """The word here."""
        return self.tokens[self.at]

    def peek(self, ahead: int = 0) -> str:
        """The word so far ahead in lower case; empty past the end and for what is no word."""
        at = self.at + ahead
        return self.tokens[at].lower if at < len(self.tokens) else ""

    def accept(self, *words: str) -> str:
        """Go past the word if it is one of these, and tell which; else the empty string."""
        here = self.peek()
        if here and here in words:
            self.at += 1
            return here
        return ""

    def accept_all(self, *words: str) -> bool:
        """Go past these words if they stand here in this order."""
        if tuple(self.peek(ahead) for ahead in range(len(words))) != words:
            return False
        self.at += len(words)
        return True

    def said(self, begun: int) -> str:
        """What stands between an earlier place and here."""
        if self.at <= begun:
            return ""
        return self.text[self.tokens[begun].start : self.tokens[self.at - 1].end].strip()

    def number(self) -> float | None:
        """A number or the word for one."""
        here = self.peek()
        if here in NUMBERS:
            self.at += 1
            return NUMBERS[here]
        if _NUMBER.fullmatch(here):
            self.at += 1
            return float(here)
        return None

    def span(self) -> Span | None:
        """A length of time: `90m`, `1h30m`, `90 minutes`, `an hour`, `half an hour`."""
        begun = self.at
        if self.accept_all("half", "an", "hour") or self.accept_all("half", "hour"):
            return Span.of(30, "minute")
        if _PIECES.fullmatch(self.peek()):
            return self._pieces(self.peek())
        number = self.number()
        unit = UNITS.get(self.peek())
        if number is None or unit is None:
            self.at = begun
            return None
        self.at += 1
        return Span.of(number, unit)

    def _pieces(self, word: str) -> Span | None:
        pieces = [(float(number), UNITS.get(unit)) for number, unit in _PIECE.findall(word)]
        total = Span()
        for number, unit in pieces:
            if unit is None or (len(pieces) > 1 and unit in {"month", "quarter", "year"}):
                return None
            span = Span.of(number, unit)
            total = Span(total.elapsed + span.elapsed, total.months + span.months)
        self.at += 1
        return Span.of(1, "day") if total == Span() else total
