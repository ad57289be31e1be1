"""What every kind of source is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from certs.normalise import Found
from opsportal.lib.errors import FieldError
from opsportal.lib.registry import plugin, plugins


class SourceError(Exception):
    """A source could not be read, or not to its end; the text says what to do, no secrets."""


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of a source, as forms, API and files ask for it.

    `lines`: one value each line; `document`: a long text.
    """

    name: str
    label: str
    kind: Literal["text", "lines", "document", "number", "truth", "choice"] = "text"
    required: bool = False
    secret: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a source is asked with. `stopping` says whether the portal is about to end."""

    options: Mapping[str, Any]
    secret: Mapping[str, Any]
    now: datetime
    cursor: Mapping[str, Any] = field(default_factory=dict)
    stopping: Callable[[], bool] = lambda: False


class CertificateSource:
    """Base of the kinds.

    `look` yields what it finds as it finds it, one after the other; whoever calls it stores. What
    it raises ends the run as partial or failed, and then nothing counts as gone.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    # What a locator is, such as "file".
    noun: ClassVar[str] = "place"
    help: ClassVar[str] = ""
    interval: ClassVar[timedelta] = timedelta(hours=1)
    options: ClassVar[tuple[Option, ...]] = ()
    # Whether a run that comes to its end has listed everything, so that the rest is gone.
    lists_all: ClassVar[bool] = True
    # Certificates come by themselves; it is never asked.
    pushed: ClassVar[bool] = False

    def check(self, options: Mapping[str, Any], secret: Mapping[str, Any]) -> list[FieldError]:
        """What is wrong with these options, beyond what `options` says of each."""
        del options, secret
        return []

    def look(self, ask: Ask) -> Iterator[Found]:
        """Everything that is there. Raises SourceError."""
        raise NotImplementedError


def source_kind(slug: str) -> CertificateSource | None:
    """The kind of that slug; None when the portal has it no more."""
    if slug not in plugins("CERTIFICATE_SOURCES"):
        return None
    found: CertificateSource = plugin("CERTIFICATE_SOURCES", slug)()
    return found
