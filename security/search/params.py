"""What URLs ask for, bounded."""

from collections.abc import Mapping, Sequence

from opsportal.lib.errors import FieldError, PayloadError

# Of one parameter: more than anybody types.
MOST_VALUES, LONGEST = 50, 2000
Params = Mapping[str, Sequence[str]]


def refused(field: str, message: str) -> PayloadError:
    """The error that says what is wrong with a parameter."""
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])


def values_of(params: Params, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The values of these parameters, several by repeating or with commas. Raises PayloadError."""
    found = {}
    for name in names:
        parts = [part.strip() for text in _given(params, name) for part in text.split(",")]
        found[name] = tuple(dict.fromkeys(filter(None, parts)))
        if len(found[name]) > MOST_VALUES:
            raise refused(name, f"must be at most {MOST_VALUES} values")
    return found


def last_of(params: Params, names: Sequence[str]) -> dict[str, str]:
    """The last value of each, empty where there is none. Raises PayloadError."""
    return {name: ([*_given(params, name)] or [""])[-1].strip() for name in names}


def choice_of(params: Params, name: str, known: Sequence[str]) -> str:
    """One of those, or nothing. Raises PayloadError."""
    value = last_of(params, [name])[name]
    if value and value not in known:
        raise refused(name, f"{value[:60]!r} is none of {', '.join(known)}")
    return value


def check_choices(name: str, values: Sequence[str], known: Sequence[str]) -> None:
    """Raises PayloadError for what is none of those."""
    if unknown := [value for value in values if value not in known]:
        raise refused(name, f"{unknown[0][:60]!r} is none of {', '.join(known)}")


def _given(params: Params, name: str) -> Sequence[str]:
    given = params.get(name) or ()
    texts = (given,) if isinstance(given, str) else given
    if len(texts) > MOST_VALUES or any(len(text) > LONGEST or "\0" in text for text in texts):
        raise refused(name, f"must be {MOST_VALUES} values of at most {LONGEST} characters, no NUL")
    return texts
