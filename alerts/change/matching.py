"""Matchers of what holds back or takes in alerts, checked alike everywhere."""

from opsportal.lib.errors import FieldError
from opsportal.lib.matchers import MatcherError, parse_matchers


def complaint_of_match(text: str, field: str, *, narrow: bool) -> list[FieldError]:
    """What is wrong with the text, if anything.

    `narrow`: one matcher at least must not hold for an empty label. Without one, everything that
    lacks the label would be meant, which is nearly everything.
    """
    try:
        matchers = parse_matchers(text)
    except MatcherError as error:
        return [FieldError(field, error.message)]
    if narrow and matchers.matches({}):
        message = (
            "would match nearly everything; add a matcher that no empty label fulfils, "
            'such as service="billing"'
        )
        return [FieldError(field, message)]
    return []


def same_match(one: str, other: str) -> bool:
    """Whether two texts say the same, whatever their order and spaces."""
    try:
        return set(parse_matchers(one).items) == set(parse_matchers(other).items)
    except MatcherError:
        return one == other
