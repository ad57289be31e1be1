"""Configuration as code: a YAML file is compared with what is stored, and made so.

The sections of a file are plug-ins (`settings.CONFIG_SECTIONS`), each with the key it has in the
file as its slug. A file is applied in one transaction: all of it or nothing.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

import yaml
from django.db import transaction

from opsportal.lib.confignode import ConfigError, Node, load_yaml
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import FieldError, OpsError
from opsportal.lib.registry import plugins

HEADER = (
    "# opsportal configuration, for `manage.py applyconfig`.\n"
    f'# A secret is shown as "{MASK}", which keeps the stored one.\n'
)

Mask = Callable[[object], str]


@dataclass(frozen=True, slots=True)
class Deed:
    """On whose behalf and when."""

    actor: Any
    now: datetime


class Section(Protocol):
    """One key of the file: a list of named things."""

    slug: ClassVar[str]
    # What an entry may have: all that the pages can set, which a test holds.
    keys: ClassVar[Sequence[str]]

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """What is stored, as the file would say it, in a stable order; `mask` hides secrets."""

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one thing as its entry says; keys that are absent stay untouched."""

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the thing of that name."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an apply did (or would do): a unified diff, and what the file does not mention."""

    difference: str
    left: Mapping[str, Sequence[str]]


def export_config() -> str:
    """Everything stored, as a file that `apply_config` understands."""
    return HEADER + _dump(_read_all(lambda value: MASK if value else ""))


def apply_config(
    content: bytes, *, deed: Deed, mask: Mask, prune: bool = False, check: bool = False
) -> Outcome:
    """Make everything as the file says, or only find out what would change (`check`).

    `mask` makes a secret's stand-in for the difference. Raises ConfigError; nothing is stored then.
    """
    sections = {slug: section() for slug, section in plugins("CONFIG_SECTIONS").items()}
    given = _entries(load_yaml(content), sections)
    with transaction.atomic():
        before = _read_all(mask)
        for slug, entries in given.items():
            section = sections[slug]
            for entry in entries.values():
                _write(section.write, entry, deed)
            # What refers to others of its section, which may come later in the file.
            if connect := getattr(section, "connect", None):
                for entry in entries.values():
                    _write(connect, entry, deed)
        left = _unmentioned(given)
        if prune:
            # What uses something goes before what it uses.
            for slug in reversed(list(left)):
                for name in left[slug]:
                    _remove(sections[slug], name, deed)
            left = {}
        after = _read_all(mask)
        if check:
            transaction.set_rollback(True)
    return Outcome(_difference(before, after), left)


def _entries(root: Node, sections: Mapping[str, Section]) -> dict[str, dict[str, Node]]:
    """Section -> name -> entry, in the order in which sections are applied."""
    given = root.mapping(known=list(sections))
    found: dict[str, dict[str, Node]] = {}
    for slug in sections:
        if slug not in given:
            continue
        found[slug] = {}
        for entry in given[slug].items():
            name = entry.named()
            if name in found[slug]:
                raise ConfigError(entry.path, f'a second "{name}"; merge it with the first')
            found[slug][name] = entry
    return found


def _write(write: Callable[[Node, Deed], None], entry: Node, deed: Deed) -> None:
    try:
        write(entry, deed)
    except ConfigError:
        raise
    except OpsError as error:
        raise _located(entry.path, error.errors, error.message) from error


def _remove(section: Section, name: str, deed: Deed) -> None:
    try:
        section.remove(name, deed)
    except OpsError as error:
        raise ConfigError(f'{section.slug}, removing "{name}"', error.message) from error


def _located(path: str, errors: Sequence[FieldError], message: str) -> ConfigError:
    if not errors or not errors[0].field:
        return ConfigError(path, message)
    first = errors[0]
    return ConfigError(f"{path}.{first.field}", first.message)


def _unmentioned(given: Mapping[str, Mapping[str, Node]]) -> dict[str, list[str]]:
    stored = _read_all(lambda _: "")
    found = {
        slug: [entry["name"] for entry in stored[slug] if entry["name"] not in entries]
        for slug, entries in given.items()
    }
    return {slug: names for slug, names in found.items() if names}


def _read_all(mask: Mask) -> dict[str, list[dict[str, Any]]]:
    return {slug: section().read(mask) for slug, section in plugins("CONFIG_SECTIONS").items()}


def _dump(state: Mapping[str, object]) -> str:
    text: str = yaml.safe_dump(
        dict(state), sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )
    return text


def _difference(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    lines = difflib.unified_diff(
        _dump(before).splitlines(), _dump(after).splitlines(), "stored", "wanted", lineterm=""
    )
    return "\n".join(lines)
