"""The words of a question, one attempt at a time."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from chronos.ask.asking import Asking
from chronos.ask.conditions import Conditions
from chronos.ask.cursor import Cursor
from chronos.ask.filters import spell
from chronos.ask.found import MOST_SUGGESTIONS, Found
from chronos.ask.names import nearest_in_grammar
from chronos.ask.reading import Filter
from chronos.ask.times import Times
from chronos.ask.tokens import Sort
from chronos.ask.vocabulary import FILLERS, NOT_WORDS, PREPOSITIONS, group_of
from opsportal.lib.errors import PayloadError

_PREFERRED = {
    "in": ("environment", "region", "service"),
    "by": ("actor", "team"),
    "from": ("source", "region", "team"),
}


class Phrases:
    """Reads one word or phrase after the other."""

    def __init__(self, cursor: Cursor, times: Times, found: Found) -> None:
        self.cursor = cursor
        self.times = times
        self.found = found
        self.names = found.names
        self.asking = Asking(cursor, times, found)
        self.conditions = Conditions(cursor, found)
        asking, conditions = self.asking, self.conditions
        # What is understood without regard to the names of this portal; what is longer, first.
        self.attempts: tuple[Callable[[], bool], ...] = (
            conditions.phrase, conditions.matchers, self._negation, conditions.prefix,
            conditions.filter, asking.subject, asking.shape, asking.ongoing, asking.grouping,
            asking.latest, times.read, conditions.version, asking.reference, conditions.kind,
            conditions.status, conditions.field_and_name,
        )  # fmt: skip
        self.negatable: tuple[Callable[[], bool], ...] = (
            conditions.prefix, conditions.filter, conditions.kind, conditions.status,
            conditions.name,
        )  # fmt: skip

    def step(self) -> None:
        """Go past what stands here."""
        self.found.negated = False
        found = self._any_of(self.attempts) or self._preposition()
        if not (found or self.conditions.name() or self._filler()):
            self._unknown()

    def _any_of(self, attempts: Sequence[Callable[[], bool]]) -> bool:
        begun = self.cursor.at
        for attempt in attempts:
            if attempt():
                return True
            self.cursor.at = begun
        return False

    def _negation(self) -> bool:
        """`-kind:alert`, `not prod`, `except alerts`."""
        cursor, found = self.cursor, self.found
        token = cursor.token()
        dashed = token.sort is Sort.WORD and len(token.text) > 1 and token.text[0] in "-!"
        if found.negated or not (dashed or token.lower in NOT_WORDS):
            return False
        if dashed:
            bare = replace(token, text=token.text[1:])
            cursor.tokens = (*cursor.tokens[: cursor.at], bare, *cursor.tokens[cursor.at + 1 :])
        else:
            cursor.at += 1
            cursor.accept("in", "by", "for", "of", "on", "from", "to")
        found.negated = True
        if not cursor.ended and self._any_of(self.negatable):
            return True
        if dashed:
            raise PayloadError(
                f"{token.text[:60]!r} is not known; write what to leave out as -kind:alert or "
                "-service:example"
            )
        found.negated = False
        return False

    def _preposition(self) -> bool:
        """In prod, by ann, of api."""
        cursor = self.cursor
        preposition = cursor.peek()
        default = PREPOSITIONS.get(preposition)
        if default is None:
            return False
        cursor.at += 1
        cursor.accept("the", "our", "all")
        if cursor.ended:
            return True
        token = cursor.token()
        known = self.names.fields_of(token.text) if token.lower else ()
        if not known and (self._any_of(self.attempts) or self._filler()):
            return True
        preferred = [f for f in _PREFERRED.get(preposition, ()) if f in known] or known
        name = preferred[0] if preferred else default
        if not name or not token.lower:
            return True
        cursor.at += 1
        made = Filter(name, "=", (spell(name, token.text, self.names),))
        self.found.add(made)
        if not known:
            self.found.suggest_known(token, made)
        return True

    def _filler(self) -> bool:
        word = self.cursor.peek()
        self.found.did |= word == "did"
        plain = not any(letter.isalnum() for letter in word)
        if not plain and word not in FILLERS and word not in PREPOSITIONS and not group_of(word):
            return False
        if not word:
            return False
        self.cursor.at += 1
        return True

    def _unknown(self) -> None:
        token = self.cursor.token()
        self.cursor.at += 1
        if token.text in self.found.unknown:
            return
        self.found.add_word(token.text)
        self.found.unknown.append(token.text)
        if len(self.found.unknown) > MOST_SUGGESTIONS:
            return
        if meant := nearest_in_grammar(token.text):
            self.found.suggest(token, meant)
        elif near := self.names.nearest_word(token.text):
            self.found.suggest(token, f"{near[0]}:{near[1]}")
