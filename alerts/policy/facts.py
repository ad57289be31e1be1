"""What a policy is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerts.policy.compiled import (
    CompiledInhibition,
    CompiledRule,
    CompiledSilence,
    CompiledSubscription,
)
from alerts.policy.windows import CompiledWindow


@dataclass(frozen=True, slots=True)
class ChannelFact:
    """What deciding knows of a channel."""

    name: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is asked; rules in the order in which they are asked."""

    version: int
    rules: Sequence[CompiledRule] = ()
    silences: Sequence[CompiledSilence] = ()
    inhibitions: Sequence[CompiledInhibition] = ()
    subscriptions: Sequence[CompiledSubscription] = ()
    windows: Sequence[CompiledWindow] = ()
    channels: Mapping[int, ChannelFact] = field(default_factory=dict)
    # Every team's id by its name.
    teams: Mapping[str, int] = field(default_factory=dict)
