"""Settings from the environment: typed, strict, and each secret also as `NAME_FILE`.

Every variable that is read is remembered in `READ`, so that a test can hold the documented table
complete.
"""

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

PREFIX = "OPSPORTAL_"
READ: set[str] = set()

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def env_str(name: str, default: str = "") -> str:
    """The variable's text, or the default when unset or empty."""
    READ.add(PREFIX + name)
    return os.environ.get(PREFIX + name, "").strip() or default


def env_bool(name: str, *, default: bool) -> bool:
    """A strict boolean: anything but 1/0, true/false, yes/no, on/off stops the start."""
    raw = env_str(name).lower()
    if not raw:
        return default
    if raw in _TRUE or raw in _FALSE:
        return raw in _TRUE
    raise ImproperlyConfigured(f"{PREFIX}{name}: {raw!r} is neither true nor false")


def env_int(name: str, default: int, *, least: int = 0) -> int:
    """A whole number not below `least`."""
    raw = env_str(name)
    if not raw:
        return default
    try:
        number = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{PREFIX}{name}: {raw!r} is not a whole number") from None
    if number < least:
        raise ImproperlyConfigured(f"{PREFIX}{name}: {number} is below {least}")
    return number


def env_list(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Comma-separated values, without blanks."""
    raw = env_str(name)
    return [part.strip() for part in raw.split(",") if part.strip()] if raw else list(default)


def env_choices(name: str, known: tuple[str, ...]) -> list[str]:
    """Comma-separated values out of `known`; all of them when nothing is set."""
    chosen = env_list(name, known)
    if unknown := [value for value in chosen if value not in known]:
        raise ImproperlyConfigured(
            f"{PREFIX}{name}: {', '.join(unknown)} cannot be chosen; known: {', '.join(known)}"
        )
    return chosen


def env_choice(name: str, default: str, known: tuple[str, ...]) -> str:
    """One value out of `known`."""
    value = env_str(name, default)
    if value not in known:
        raise ImproperlyConfigured(
            f"{PREFIX}{name}: {value!r} cannot be chosen; known: {', '.join(known)}"
        )
    return value


def env_networks(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Comma-separated CIDRs, each one checked."""
    ranges = env_list(name, default)
    for text in ranges:
        try:
            ip_network(text, strict=False)
        except ValueError as error:
            raise ImproperlyConfigured(f"{PREFIX}{name}: {error}; write 10.0.0.0/8") from error
    return ranges


def env_days(name: str) -> dict[str, timedelta]:
    """Comma-separated `what:days`, such as `alert:90,security:2555`; each at least a day."""
    spans: dict[str, timedelta] = {}
    for part in env_list(name):
        what, _, days = (text.strip() for text in part.rpartition(":"))
        if not what or not days.isascii() or not days.isdecimal() or not 0 < int(days) <= 36_500:
            raise ImproperlyConfigured(
                f"{PREFIX}{name}: {part!r} is not NAME:DAYS, such as alert:90"
            )
        spans[what] = timedelta(days=int(days))
    return spans


def env_secret(name: str, default: str = "") -> str:
    """The variable's text, or the content of the file that `NAME_FILE` names."""
    READ.add(f"{PREFIX}{name}_FILE")
    path = os.environ.get(f"{PREFIX}{name}_FILE", "").strip()
    value = env_str(name)
    if not path:
        return value or default
    if value:
        raise ImproperlyConfigured(f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set")
    try:
        return Path(path).read_text().strip() or default
    except OSError as error:
        raise ImproperlyConfigured(f"{PREFIX}{name}_FILE: {error}") from error


def kept_secret(path: Path) -> str:
    """A generated secret: made once, readable by its owner only."""
    if not path.exists():
        # Whole before it has its name: whoever starts at the same time reads all of it or none.
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        with suppress(FileExistsError):  # theirs was first
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text().strip()
