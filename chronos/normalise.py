"""A change as the portal hands it around."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was changed by someone: a deployment, a rule, a security group."""

    kind: str  # dotted, noun first: "rule.changed", "deployment.finished"
    summary: str
    actor: str
    started_at: datetime
    ended_at: datetime | None = None
    source: str = "opsportal"
    service: str = ""
    environment: str = ""
    region: str = ""
    version: str = ""
    team: str = ""
    subject: str = ""  # what was changed, e.g. "alerts.rule:12"
    labels: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)
