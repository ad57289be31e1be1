"""What an app brings: executors, and the frozen things that they hand over.

An executor plans without changing anything, looks at a target as often as it is asked, and calls
exactly what was planned. To add one: copy the nearest in `alerts/remediations/`, name it in the
app's registry setting, and that setting in `LEASHED` if it is a new one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from opsportal.lib.errors import OpsError


class RefusedError(OpsError):
    """A brake holds: it will not be done. Never a bug, never worth another try by itself."""

    code = "refused"
    status = 409


class CallFailedError(OpsError):
    """The other side said no: surely nothing was done."""

    code = "call_failed"
    status = 502


class CallUnknownError(OpsError):
    """Nobody knows whether it was done: the answer did not arrive, or makes no sense."""

    code = "call_unknown"
    status = 502


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants done, about what, and why."""

    plugin: str
    # Whose wish it is: no wish is planned twice.
    token: str
    requester: str
    requested_by: str
    subject: str
    # The path of the page where people decide about it.
    page: str = ""
    reason: str = ""
    # The team that decides about it, and the team whose wish it is; None: an administrator's.
    team_id: int | None = None
    owner_id: int | None = None
    # What is known of the thing: resource, labels, region. Hostile text.
    facts: Mapping[str, Any] = field(default_factory=dict)
    # Service, environment, region: for the timeline.
    place: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = True
    needs_approval: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """A thing to act on. `key` names it world-wide; `facts` are plain JSON, frozen and hashed."""

    key: str
    name: str
    fleet: str
    # What the percentage is taken of, and how many it has; None where nothing can be counted.
    pool: str = ""
    pool_size: int | None = None
    group: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that changes something; the arguments are plain JSON, nothing secret."""

    target: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One look before acting."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to what."""

    targets: Sequence[Target]
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the target after the call shows."""

    state: Literal["done", "pending", "failed", "unknown"]
    text: str = ""


class Executor:
    """Base of the executors; never instantiated with state."""

    slug: ClassVar[str]
    label: ClassVar[str]
    # Whether `verify` proves that the call was made, not only that the target is well.
    proves: ClassVar[bool] = False

    @classmethod
    def clean(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as they are stored. Raises PayloadError, one error per field."""
        raise NotImplementedError

    @classmethod
    def plan(cls, request: Request) -> Plan:
        """The targets and calls; changes nothing. Raises RefusedError."""
        raise NotImplementedError

    @classmethod
    def check(cls, target: Target, parameters: Mapping[str, Any]) -> list[Check]:
        """Whether the target may be acted on, as it is now; changes nothing."""
        raise NotImplementedError

    @classmethod
    def call(cls, call: Call, target: Target, *, idempotency_key: str) -> str:
        """Make one call, once. Raises CallFailedError, CallUnknownError."""
        raise NotImplementedError

    @classmethod
    def verify(cls, call: Call, target: Target) -> Seen:
        """Whether the target shows that the call was carried out; changes nothing."""
        raise NotImplementedError
