"""What an event says beside its fields: `custom_details`, `links`, `images`."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from chronos.formats.pagerduty.contract import text_of

MOST_NAMED, MOST_LINKS = 100, 20
LONGEST_NAME, LONGEST_LABEL, LONGEST_TEXT = 200, 200, 4096
LONGEST_URL, LONGEST_LINK_TEXT = 1000, 300


def spread_details(details: object, *, without: str) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations of all but one: the short ones are labels, to be matched on.

    Objects that are called `labels` and `annotations` are that; other nested ones are kept as JSON.
    """
    if not isinstance(details, dict):
        details = {} if details is None else {"custom_details": details}
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    for name, value in details.items():
        if name == without:
            continue
        if isinstance(value, dict) and name == "labels":
            labels |= _texts(value)
        elif isinstance(value, dict) and name == "annotations":
            annotations |= _texts(value)
        elif isinstance(value, dict | list):
            annotations |= _texts({name: msgspec.json.encode(value).decode()})
        else:
            text = text_of(value)
            short = len(text) <= LONGEST_LABEL and "\n" not in text
            (labels if short else annotations).update(_texts({name: text}))
    return _first(labels), _first(annotations)


def links_of(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Address and text of links, images and the client's page, where a browser may open them."""
    found: dict[str, str] = {}
    for href, text in _pages(event):
        if href.startswith(("http://", "https://")) and len(href) <= LONGEST_URL:
            found.setdefault(href, text[:LONGEST_LINK_TEXT])
    return list(islice(found.items(), MOST_LINKS))


def first_text(details: Mapping[str, Any], *names: str, cut: int) -> str:
    """The first of these that is there, cut to its column."""
    return next((text[:cut] for name in names if (text := text_of(details.get(name)))), "")


def _texts(named: Mapping[str, object]) -> dict[str, str]:
    """Those of which something can be said, within what pages and columns hold."""
    return {
        name[:LONGEST_NAME]: text[:LONGEST_TEXT]
        for name, value in named.items()
        if name and (text := text_of(value))
    }


def _first(named: Mapping[str, str]) -> dict[str, str]:
    return dict(islice(named.items(), MOST_NAMED))


def _pages(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for link in _objects(event.get("links")):
        yield text_of(link.get("href")), text_of(link.get("text"))
    for image in _objects(event.get("images")):
        yield text_of(image.get("src")), text_of(image.get("alt")) or "image"
        yield text_of(image.get("href")), text_of(image.get("alt"))
    yield text_of(event.get("client_url")), text_of(event.get("client"))


def _objects(given: object) -> Iterable[dict[str, Any]]:
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else ()
