"""What patterns and numbers mean: the one truth behind the predicate and the databases' filters."""

import re
from collections.abc import Callable
from functools import lru_cache

import re2

# What one pattern may take in memory; RE2 then falls back to its slower, still linear engine.
PATTERN_MEMORY = 1 << 20
_CACHED_PATTERNS = 4096
_CACHED_NUMBERS = 1024
# Of each pattern; labels such as issuers and services have few values in a batch.
_CACHED_ANSWERS = 16

# Numbers that every database reads as the same double: no overflow, no underflow, no "nan". The
# second form holds what `repr` makes of very large and very small doubles.
NUMBER_PATTERN = (
    r"[-+]?(?:"
    r"(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,2})?"
    r"|[1-9](?:\.[0-9]{1,40})?[eE][-+]?(?:[12][0-9][0-9]|30[0-6])"
    r")"
)
_NUMBER = re.compile(NUMBER_PATTERN)
LARGEST, SMALLEST = 1e307, 1e-306
# Characters that mean themselves in a pattern; `a|b|c` of such is a list of words.
_LITERALS = re.compile(r"[^\\.+*?()\[\]{}^$|]*(?:\|[^\\.+*?()\[\]{}^$|]*)*")


@lru_cache(maxsize=_CACHED_NUMBERS)
def parse_number(text: str) -> float | None:
    """The number a label's text stands for; None when it is not a (reasonable) number."""
    return float(text) if _NUMBER.fullmatch(text) else None


def text_of(value: object) -> str:
    """A column's value as the text that matchers compare: NULL is the empty string."""
    if isinstance(value, float):
        return repr(value + 0.0)  # databases do not tell -0.0 from 0.0
    return "" if value is None else str(value)


def literal_words(pattern: str) -> frozenset[str] | None:
    """The words of a pattern such as `critical|high`; None when it is more than a list of words."""
    return frozenset(pattern.split("|")) if _LITERALS.fullmatch(pattern) else None


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    options.log_errors = False
    return options


@lru_cache(maxsize=_CACHED_PATTERNS)
def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A test for "the whole text matches the RE2 pattern". Raises re2.error."""
    # Alone first: `a)|(?:b` is not a pattern, though it would be one between the anchors.
    re2.compile(pattern, _options())
    words = literal_words(pattern)
    if words is not None:
        return words.__contains__
    search = re2.compile(f"^(?:{pattern})$".encode(), _options()).search

    @lru_cache(maxsize=_CACHED_ANSWERS)
    def test(text: str) -> bool:
        return search(text.encode("utf-8", "replace")) is not None

    return test
