"""The differences between revisions, in lines."""

from collections.abc import Mapping
from typing import Any

from msgspec import ValidationError, convert

from opsportal.lib.errors import FieldError, PayloadError
from security.collectors import Collector, collector_of
from security.diff import Line, Op, compare, lines_of
from security.models import ConfigRevision

_Kind = ConfigRevision.Kind


def revision_before(revision: ConfigRevision) -> ConfigRevision | None:
    """The one before it."""
    return ConfigRevision.objects.filter(
        resource_id=revision.resource_id, number=revision.number - 1
    ).first()


def differences_of(revision: ConfigRevision) -> list[Line]:
    """What the revision changed, as it was stored with it."""
    technology = _collector(revision.technology)
    try:
        ops = convert(revision.changes, list[Op])
    except ValidationError:
        return []
    return lines_of(ops, technology.shape, technology.words)


def between(old: ConfigRevision, new: ConfigRevision) -> list[Line]:
    """What is different from the one to the other, which may be of another resource.

    Raises PayloadError when they are not of the same technology.
    """
    if old.technology != new.technology:
        message = f"{old.technology} and {new.technology} cannot be compared"
        raise PayloadError(message, [FieldError("to", message)])
    technology = _collector(old.technology)
    ops = compare(_config(old), _config(new), technology.shape)
    return lines_of(ops, technology.shape, technology.words)


def _config(revision: ConfigRevision) -> Mapping[str, Any]:
    found: Mapping[str, Any] = revision.config
    return found


def _collector(technology: str) -> type[Collector]:
    """The collector; of one that is no longer there all is compared as it is."""
    return collector_of(technology) or Collector
