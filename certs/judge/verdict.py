"""What a judge says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from certs.models import Certificate, Endpoint, Source

Subject = Certificate | Endpoint | Source


@dataclass(frozen=True, slots=True)
class Crossed:
    """A threshold that is crossed: when that was due."""

    threshold: str
    severity: str
    due_at: datetime
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Something is wrong. `severity` empty: noted, nobody is alerted.

    `key` tells apart several of one kind about one subject; words that last, never a text.
    `certificate_id`: of an endpoint's, the one that it serves.
    """

    kind: str
    severity: str
    summary: str
    key: str = ""
    certificate_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    threshold: str = ""
    crossed: tuple[Crossed, ...] = ()


def fingerprint_of(subject: Subject, kind: str, key: str = "") -> str:
    """What a finding is recognised by."""
    parts = (subject._meta.model_name or "", str(subject.pk), kind, key)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
