"""The names a portal knows, and which of them was meant by one that it does not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property

from chronos.ask.vocabulary import (
    ENVIRONMENTS,
    FIELDS,
    FILLERS,
    KIND_WORDS,
    NAMED,
    SAME_ENVIRONMENT,
    STATUS_WORDS,
    UNITS,
    WEEKDAYS,
)
from chronos.normalise import KINDS, STATUSES

# How much two words must have in common, of 1.
_ALIKE = 0.7
# Of a field; more names than these are not looked through for a near miss.
_LOOKED_THROUGH = 2000
# Words of questions that are no names, as far as they are long enough to be missed.
_GRAMMAR = tuple(
    word
    for word in (*FILLERS, *UNITS, *WEEKDAYS, "last", "yesterday", "today", "since", "between")
    if len(word) > 3
)


@dataclass(frozen=True)
class KnownNames:
    """What is known of each field, such as {"service": ("api", "web")}; case does not matter."""

    names: Mapping[str, Iterable[str]] = field(default_factory=dict)
    # (field, name) -> what it is recorded as.
    aliases: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def _spelling(self) -> dict[str, dict[str, str]]:
        return {
            name: {value.lower(): value for value in self.names.get(name, ())} for name in FIELDS
        }

    @cached_property
    def _recorded_as(self) -> dict[tuple[str, str], str]:
        return {(name, alias.lower()): other for (name, alias), other in self.aliases.items()}

    def spelled(self, name: str, value: str) -> str | None:
        """The known name of that field as it is written, or None; of an alias what it means."""
        if recorded := self._recorded_as.get((name, value.lower())):
            return recorded
        known = self._spelling.get(name, {})
        found = known.get(value.lower())
        if found is None and name == "environment":
            other = SAME_ENVIRONMENT.get(value.lower(), "")
            found = known.get(other)
            if found is None and value.lower() in ENVIRONMENTS:
                found = value.lower()
        return found

    def fields_of(self, word: str) -> tuple[str, ...]:
        """Which fields know the name, the likeliest first."""
        return tuple(name for name in NAMED if self.spelled(name, word) is not None)

    def kind_of(self, word: str) -> str | None:
        """The portal's own kind that the word, or its plural, names."""
        kinds = self._spelling["kind"]
        return kinds.get(word) or kinds.get(word.removesuffix("s"))

    def known(self, name: str) -> tuple[str, ...]:
        """All that may be said of a field whose values are known."""
        values = tuple(self._spelling.get(name, {}).values())
        return values + {"kind": KINDS, "status": STATUSES}.get(name, ())

    def nearest(self, name: str, value: str) -> str | None:
        """The known name of the field that was meant by a near miss."""
        return _nearest(value, self.known(name))

    def nearest_word(self, word: str) -> tuple[str, str] | None:
        """The field and known name that a word standing alone is nearest to."""
        if kind := _nearest(word, KIND_WORDS):
            return "kind", KIND_WORDS[kind]
        if status := _nearest(word, STATUS_WORDS):
            return "status", STATUS_WORDS[status]
        for name in NAMED:
            if value := self.nearest(name, word):
                return name, value
        return None


def nearest_in_grammar(word: str) -> str | None:
    """The word of a question that was meant by a near miss: `huor`, `yesterdya`."""
    return _nearest(word, _GRAMMAR) if len(word) > 3 else None


def _nearest(word: str, known: Iterable[str]) -> str | None:
    word = word.lower()
    if not 3 <= len(word) <= 50:
        return None
    matcher: SequenceMatcher[str] = SequenceMatcher(autojunk=False)
    matcher.set_seq2(word)
    letters = {*word}
    best, found = _ALIKE, None
    for _, name in zip(range(_LOOKED_THROUGH), known, strict=False):
        if abs(len(name) - len(word)) > 2 or len({*name.lower()} ^ letters) > 4:
            continue
        matcher.set_seq1(name.lower())
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            ratio = matcher.ratio()
            if ratio > best:
                best, found = ratio, name
    return found if found is None or found.lower() != word else None
