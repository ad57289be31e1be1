"""Parameters of a page's URL."""

from collections.abc import Mapping, Sequence

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict


def params_of(request: HttpRequest, names: Sequence[str]) -> dict[str, list[str]]:
    """What is asked for, without blanks and without what the page does not know."""
    found = {}
    given: MultiValueDict[str, str] = request.GET
    for name in names:
        texts = [text.strip() for text in given.getlist(name)]
        if kept := list(dict.fromkeys(filter(None, texts))):
            found[name] = kept
    return found


def last(params: Mapping[str, Sequence[str]], name: str) -> str:
    """The last value of a parameter, or nothing."""
    return (params.get(name) or [""])[-1]


def read_number(text: str) -> int | None:
    """An id; None: it is none that a database could have."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
