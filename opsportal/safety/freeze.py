"""The plan as frozen JSON, and the hash that an approval is for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from opsportal.lib.times import format_instant
from opsportal.safety.models import Operation
from opsportal.safety.plugins import Call, Target


def freeze(value: Any) -> Any:
    """Plain JSON, as the database gives it back. Raises TypeError, ValueError."""
    return json.loads(json.dumps(value, allow_nan=False))


def freeze_target(target: Target) -> dict[str, Any]:
    """As it is stored and hashed."""
    frozen: dict[str, Any] = freeze(asdict(target))
    return frozen


def freeze_call(call: Call) -> dict[str, Any]:
    """As it is stored and hashed."""
    frozen: dict[str, Any] = freeze(asdict(call))
    return frozen


def thaw_targets(operation: Operation) -> dict[str, Target]:
    """The plan's targets by key."""
    return {stored["key"]: Target(**stored) for stored in operation.targets}


def thaw_calls(operation: Operation) -> list[Call]:
    """The plan's calls, in their order."""
    return [Call(**stored) for stored in operation.calls]


def hash_plan(operation: Operation) -> str:
    """SHA-256 over all that was planned, as canonical JSON."""
    plan: Mapping[str, Any] = {
        "plugin": operation.plugin,
        "token": operation.token,
        "requester": operation.requester,
        "requested_by": operation.requested_by,
        "subject": operation.subject,
        "reason": operation.reason,
        "team": operation.team_id,
        "parameters": operation.parameters,
        "targets": operation.targets,
        "calls": operation.calls,
        "needs_approval": operation.needs_approval,
        "dry_run": operation.dry_run,
        "expires_at": format_instant(operation.expires_at),
    }
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
